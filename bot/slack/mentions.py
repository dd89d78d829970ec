"""Mentions and direct messages: questions in plain words, answered where they were asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import fault_hook
from bot.domain.inbox import InboxKind
from bot.domain.person import Person
from bot.errors import Refused
from bot.slack import by_hand
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.commands import command_of
from bot.slack.curating import questions, remember
from bot.slack.edge import Body, Edge, Listener, guarded
from bot.slack.spoken import spoken
from bot.slack.upkeeping import stale

_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
# What is said in these very words is a command; a question that only begins like one is a question.
_COMMAND = re.compile(r"(?i:actions(?: \S+)?|run \S+|pending|unfreeze|freeze(?: [^?]{1,300})?)")

_QUESTIONS = ("questions", "open questions", "questions sans réponse", "questions sans reponse")
_STALE = ("stale", "stale runbooks", "à revoir", "a revoir", "runbooks à revoir", "périmés")


def register(app: AsyncApp, edge: Edge) -> None:
    async def asked(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Keep the question; a mention that comes as two events, or again, counts once."""
        event = body["event"]
        # A question that comes with a file is one too; edits, deletions and the like are not.
        is_said = event.get("subtype") in (None, "", "file_share")
        if event.get("bot_id") or not is_said or not event.get("user"):
            return
        by = {
            "user_id": event["user"],
            "team_id": event.get("user_team") or event.get("team") or body["team_id"],
        }
        person = await edge.person(by)
        words = _MENTION.sub("", event.get("text", "")).strip()
        thread = event.get("thread_ts")
        if _COMMAND.fullmatch(words):
            await obey(edge, person, event, words)
            return
        incident_id = await asyncio.to_thread(_incident_of, edge, event["channel"], thread)
        said_at = f"message:{event['channel']}:{event['ts']}"
        spoken_at = f"spoken:{said_at}"
        if (blocks := await _answered(edge, person, words, body, incident_id, spoken_at)) is not None:
            await edge.show(body, words, blocks)
            return
        question = {
            "question": words or "have we seen this before?",
            "user": person.user_id,
            "team": person.team_id,
            "access": list((await edge.rooms.of(event["channel"])).access(person.user_id)),
            "channel": event["channel"],
            "thread_ts": thread or event["ts"],
            "incident_id": incident_id,
        }
        fault_hook.point("mention")
        await asyncio.to_thread(edge.copilot.questions.ask, said_at, question)

    async def message(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Only direct messages are questions; what people say to each other is theirs."""
        if body["event"].get("bot_id"):
            await asyncio.to_thread(edge.bot_alerts.hear, body)
            return
        if body["event"].get("channel_type") == "im":
            await asked(ack=ack, body=body, client=client, respond=respond)

    app.event("app_mention", middleware=[before_ack(guarded(edge, asked))])(nothing_more)
    app.event("message", middleware=[before_ack(guarded(edge, message))])(nothing_more)


async def _answered(
    edge: Edge, person: Person, words: str, body: Body, incident_id: int | None, event: str
) -> list[Block] | None:
    """What to answer to words that are no question, to this person alone."""
    if (blocks := await heard(edge, person, words, body)) is not None:
        return blocks
    own = [str(one.get("user_id")) for one in body.get("authorizations") or []]
    said = body["event"].get("text", "")
    if (blocks := await by_hand.said(edge, person, said, own, incident_id, event)) is not None:
        return blocks
    return await spoken(edge, person, words, incident_id, event)


async def heard(edge: Edge, person: Person, words: str, body: Body) -> list[Block] | None:
    """What a mention asks of the knowledge base, in English or French; None where it is a question."""
    if (blocks := remember(words, body["event"])) is not None:
        return blocks
    said = " ".join(words.lower().strip(" .!?").split())
    if said in _QUESTIONS:
        return await questions(edge, person, body, "")
    if said in _STALE:
        return await stale(edge, person, body, "")
    return None


async def obey(edge: Edge, person: Person, event: Body, words: str) -> None:
    """Answer a sub-command of `/vigie` in a thread, where slash commands do not work; once a message."""
    channel, thread = event["channel"], event.get("thread_ts")
    key = f"message:{channel}:{event['ts']}"
    if await asyncio.to_thread(_is_kept, edge, key):
        return
    incident = await asyncio.to_thread(_incident_of, edge, channel, thread)
    body = {"channel_id": channel, "user_id": person.user_id, "thread_ts": thread, "event_key": key}
    name, answer, rest = command_of(words)
    assert answer is not None
    try:
        blocks = await answer(edge, person, body | {"incident_id": incident}, rest)
    except Refused as error:
        blocks = [parts.foreign(error.detail)]
    await edge.show(body, f"/vigie {name}", parts.within_limits(blocks))
    await asyncio.to_thread(edge.copilot.questions.keep, key, InboxKind.COMMAND, {"words": words[:200]})


def _is_kept(edge: Edge, key: str) -> bool:
    with edge.store.read() as tx:
        return tx.inbox.get(key) is not None


def before_ack(listener: Listener) -> Callable[..., Awaitable[None]]:
    """Bolt acknowledges an event before its listener runs, and a crash would lose it; middleware is first."""

    async def first(body: Body, client: Any, next: Callable[[], Awaitable[object]]) -> None:  # noqa: ANN401
        await listener(ack=nothing_more, body=body, client=client, respond=None)
        await next()

    return first


async def nothing_more() -> None:
    """All is done when this is called."""


def _incident_of(edge: Edge, channel: str, thread_ts: str | None) -> int | None:
    if not thread_ts:
        return None
    with edge.store.read() as tx:
        post = tx.posts.by_ts(channel, thread_ts)
    return post.subject if post and post.kind == "incident" else None
