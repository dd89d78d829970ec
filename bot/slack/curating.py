"""Saving a message or a thread as knowledge, taking it back, and questions that found no answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.domain.curation import Origin, Wording
from bot.domain.inbox import InboxKind
from bot.domain.person import Person
from bot.errors import Refused, WordingRefused
from bot.slack.blocks import curating as blocks
from bot.slack.blocks import parts
from bot.slack.blocks.curating import Given
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import told_view
from bot.slack.citing import readable, readers
from bot.slack.edge import Body, Edge, guarded
from bot.slack.forms import incident_of
from bot.slack.pressing import answer, opening
from bot.slack.reading import Words, asked_to_remember, read_thread, words_of
from bot.slack.values import chosen, entered, number, submission, text

SHORTCUT = "save_knowledge"
_FOREIGN = "That form is not one of ours."
Click = Callable[[Edge, Person, Body, str], Awaitable[None]]


async def questions(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie questions`: those that this person may know of, here."""
    found = await asyncio.to_thread(edge.copilot.gaps.seen, readers(body, person))
    return blocks.questions(found)


def remember(words: str, event: Mapping[str, Any]) -> list[Block] | None:
    """What `@Vigie remember this` is answered: a button; None where it is something else."""
    asked, given = asked_to_remember(words)
    if not asked:
        return None
    thread = event.get("thread_ts")
    if not thread and not given:
        how = "Say it in a thread, or write the text behind it: `@Vigie remember this: the relay needs ...`."
        return [parts.status(f"{how} Single messages: *Save as knowledge* in their menu.")]
    return blocks.save_button(f"{'' if given else thread}:{event['ts']}")


async def _shortcut_form(edge: Edge, person: Person, body: Body) -> Block:
    """A message that has replies stands for its thread, any other for itself."""
    message, channel = body["message"], str(body["channel"]["id"])
    ts = str(message["ts"])
    if message.get("reply_count") and message.get("thread_ts", ts) == ts:
        words = await read_thread(edge, channel, ts)
    else:
        words = await words_of(edge, [message])
    return await _form(edge, person, body, words, str(message.get("thread_ts") or ts))


async def _mention_form(edge: Edge, person: Person, body: Body, value: str) -> Block:
    """The thread in which it was asked, or the text that was given with it."""
    thread, _, asked = value.partition(":")
    channel = str(body["channel"]["id"])
    if thread:
        return await _form(edge, person, body, await read_thread(edge, channel, thread, asked), thread)
    found = await read_thread(edge, channel, asked)
    _, given = asked_to_remember(found.text.partition("): ")[2].partition(" ")[2])
    text_ = given or found.text
    title = parts.short(text_.splitlines()[0], 80)
    return await _form(edge, person, body, Words(text_, title, found.language, found.left_out), asked)


async def _form(
    edge: Edge, person: Person, body: Body, words: Words, thread: str = "", question: int | None = None
) -> Block:
    """The form with these words; what it is about is kept as a row, so that the form need not be believed."""
    channel = str((body.get("channel") or {}).get("id") or "")
    room = await edge.rooms.of(channel)
    place = "public" if room.is_public else "direct" if room.is_direct or not channel else "private"
    told_here = room.is_member and channel
    origin = {"channel": channel if told_here else person.user_id, "thread": thread if told_here else ""}
    access = list(room.access(person.user_id)) if channel else [person.user_id]
    here = access or ([channel] if channel else [])

    def keep() -> tuple[str, str]:
        key = f"wording:{body['trigger_id']}"
        draft = {**origin, "by": person.key, "question": question, "here": here}
        edge.copilot.questions.keep(key, InboxKind.WORDING, draft)
        found = incident_of(edge, channel, thread) if thread else None
        with edge.store.read() as tx:
            incident = tx.incidents.get(found) if found is not None else None
        return key, incident.service if incident else ""

    draft, service = await asyncio.to_thread(keep)
    given = Given(draft, place, words.title, words.text, service, words.language, words.left_out)
    return blocks.save_view(given)


async def _write_form(edge: Edge, person: Person, body: Body, value: str) -> Block:
    """The answer to a question that found none."""
    found = await asyncio.to_thread(edge.copilot.gaps.one, number(value), readers(body, person))
    words = Words("", parts.short(found.text, 80), "en")
    return await _form(edge, person, body, words, question=found.id)


async def _take_back_form(edge: Edge, person: Person, body: Body, value: str) -> Block:
    kept = await readable(edge, person, body, value)
    return blocks.take_back_view(kept.id, kept.title, kept.origin)


async def _dismiss(edge: Edge, person: Person, body: Body, value: str) -> None:
    gaps, event = edge.copilot.gaps, edge.event(body)
    found = await asyncio.to_thread(gaps.dismiss, person, number(value), readers(body, person), event)
    await edge.show(body, "Dismissed", blocks.dismissed(found))


async def _reopen(edge: Edge, person: Person, body: Body, value: str) -> None:
    gaps, event = edge.copilot.gaps, edge.event(body)
    await asyncio.to_thread(gaps.reopen, person, number(value), readers(body, person), event)
    await edge.tell(body, "It waits for an answer again.")


async def _learn_again(edge: Edge, person: Person, body: Body, value: str) -> None:
    learn = edge.copilot.library.learn_again
    await answer(edge, body, await asyncio.to_thread(learn, person, number(value), edge.event(body)))


FORMS: dict[str, Callable[[Edge, Person, Body, str], Awaitable[Block]]] = {
    "save_open": _mention_form,
    "question_write": _write_form,
    "take_back_open": _take_back_form,
}
CLICKS: dict[str, Click] = {
    "question_dismiss": _dismiss,
    "question_reopen": _reopen,
    "learn_again": _learn_again,
}


def register(app: AsyncApp, edge: Edge) -> None:
    async def shortcut(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """On any message: its text, or that of its thread, in a form."""
        await ack()
        person = await edge.person(body)
        await edge.open_when_read(body, _shortcut_form(edge, person, body))

    async def save(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """The person has confirmed the text: a row first, then it is learned, then they are told."""
        person = await edge.person(body)
        draft = await asyncio.to_thread(_draft, edge, person, body)
        here = tuple(str(one) for one in draft["here"])
        origin = Origin(str(draft["channel"]), str(draft["thread"]), draft["question"])
        wording = _wording(body, here)
        event = f"event:{submission(body)}"
        try:
            await asyncio.to_thread(edge.copilot.library.save, person, wording, origin, event)
        except WordingRefused as error:
            await ack(response_action="errors", errors={error.field: str(error)})
            return
        told = ":book: *Saved.* It is learned now; you are told where it was said, with the way back."
        await ack(response_action="update", view=told_view("Saved", told))

    async def take_back(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """It leaves the knowledge base, and its message says who took it out and why."""
        person = await edge.person(body)
        document, why = carried(body, "document"), text(entered(body), "why")
        event = f"event:{submission(body)}"
        try:
            take = edge.copilot.library.take_back
            said = await asyncio.to_thread(take, person, document, why, event)
        except Refused as error:
            await ack(response_action="errors", errors={"why": str(error)})
            return
        await ack(
            response_action="update", view=told_view("Taken back", f":leftwards_arrow_with_hook: {said}")
        )

    app.message_shortcut(SHORTCUT)(guarded(edge, shortcut))
    for action_id, form in FORMS.items():
        app.action(action_id)(guarded(edge, opening(edge, form)))
    for action_id, click in CLICKS.items():
        app.action(action_id)(guarded(edge, _clicking(edge, click)))
    app.view("save_knowledge")(guarded(edge, save))
    app.view("take_back")(guarded(edge, take_back))


def _clicking(edge: Edge, click: Click) -> Callable[..., Awaitable[None]]:
    async def press(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person = await edge.person(body)
        await click(edge, person, body, str(body["actions"][0].get("value", "")))
        await ack()

    return press


def _draft(edge: Edge, person: Person, body: Body) -> Mapping[str, Any]:
    """What the form was opened for, by this very person; the row says it, not the form."""
    with edge.store.read() as tx:
        kept = tx.inbox.get(carried(body, "draft"))
    if kept is None or kept.kind is not InboxKind.WORDING or kept.payload.get("by") != person.key:
        raise Refused(_FOREIGN)
    return kept.payload


def _wording(body: Body, here: tuple[str, ...]) -> Wording:
    values = entered(body)
    access = () if chosen(values, "access") == blocks.EVERYBODY else here
    service, language = text(values, "service"), chosen(values, "language")
    return Wording(
        text(values, "title"), chosen(values, "kind"), text(values, "text"), service, language, access
    )


def carried(body: Body, name: str) -> str:
    try:
        return str(json.loads(body["view"]["private_metadata"])[name])
    except (ValueError, KeyError, TypeError):
        raise Refused(_FOREIGN) from None
