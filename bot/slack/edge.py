"""What every listener shares: who did it, that it counts once, and how a refusal is told."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.copilot import Copilot
from bot.domain.person import Person
from bot.domain.store import Store
from bot.errors import AlreadyDone, StoreUnavailable, Stranger, VigieError
from bot.slack.answers import NO_ANSWER, code_of
from bot.slack.blocks import parts
from bot.slack.people import People
from knowledge.base import KnowledgeBase

log = structlog.get_logger()
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """The ports that listeners use."""

    copilot: Copilot
    store: Store
    knowledge: KnowledgeBase
    people: People
    client: AsyncWebClient

    async def person(self, body: Body) -> Person:
        """Who did this, from the verified payload alone.

        Raises:
            Refused: not a full member of this workspace.
        """
        user = body.get("user") or {}
        user_id = body.get("user_id") or user.get("id", "")
        team_id = user.get("team_id") or body.get("team_id") or (body.get("team") or {}).get("id", "")
        return await self.people.member(str(team_id), str(user_id))

    @staticmethod
    def event(body: Body) -> str:
        """The key of a click or command: what it does is committed together with it, so it counts once."""
        return f"event:{body['trigger_id']}"

    async def open_view(self, body: Body, view: parts.Block) -> None:
        """Open a modal; where Slack does not, the person is told why and can press again from there."""
        try:
            is_on_top = (body.get("view") or {}).get("type") == "modal"
            opens = self.client.views_push if is_on_top else self.client.views_open
            await opens(trigger_id=body["trigger_id"], view=view)
        except SlackApiError as error:
            code = code_of(error)
            log.warning("a form did not open", problem=code)
            if code == "exchanged_trigger_id":
                return  # this very press, delivered again: its form is open
            await self.tell(body, _UNOPENED.get(code, _OTHERWISE.format(code=code)), _again(body))
        except NO_ANSWER as error:
            log.warning("a form did not open", problem=type(error).__name__)
            await self.tell(body, _OTHERWISE.format(code="Slack did not answer"), _again(body))

    async def tell(
        self, body: Body, text: str, action: Mapping[str, str] | None = None, keep: bool = True
    ) -> None:
        """Say something to one person where they are, else by the outbox in direct messages, once Slack can.

        `action` is a button that does again what was tried.
        """
        try:
            await self._say(body, text, action)
        except (SlackApiError, *NO_ANSWER) as error:
            log.warning("a person could not be told on the spot", problem=type(error).__name__)
            if keep:
                await asyncio.to_thread(self._keep, body, text, action)

    async def show(self, body: Body, text: str, blocks: list[parts.Block]) -> None:
        """Answer one person where they are, for them alone; what Slack does not take is only logged."""
        channel, user, thread = _where(body)
        said: dict[str, Any] = {"text": parts.fallback(text), "blocks": parts.within_limits(blocks)}
        try:
            if channel.startswith("D"):
                said |= {"unfurl_links": False, "unfurl_media": False}
                await self.client.chat_postMessage(channel=channel, thread_ts=thread, **said)
            else:
                await self.client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, **said)
        except (SlackApiError, *NO_ANSWER) as error:
            log.warning("an answer was not shown", problem=type(error).__name__)

    async def _say(self, body: Body, text: str, action: Mapping[str, str] | None) -> None:
        channel, user, thread = _where(body)
        # The words of an error may quote what a sender or a model wrote.
        said: dict[str, Any] = {
            "text": parts.fallback(text),
            "blocks": [parts.foreign(text), *parts.again(action)],
        }
        if channel:
            await self.client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, **said)
        else:
            said |= {"unfurl_links": False, "unfurl_media": False}
            await self.client.chat_postMessage(channel=user, **said)

    def _keep(self, body: Body, text: str, action: Mapping[str, str] | None) -> None:
        """The same as a row, so that it reaches them later."""
        _, user, _ = _where(body)
        event = body.get("event") or {}
        key = f"told:{body.get('trigger_id') or event.get('ts', '')}:{user}"
        content = {"text": ":information_source: About what you did just now:", "foreign": text}
        try:
            with self.store.begin() as tx:
                tx.posts.want(key, user, "text", content={**content, "again": action and dict(action)})
        except (SQLAlchemyError, StoreUnavailable):  # an ack that was given must never be lost to this
            log.exception("a person could not be told at all")


_LATE = "Slack gives three seconds to open a form, and they were over. Nothing was lost: press again."
_UNOPENED = {
    "expired_trigger_id": _LATE,
    "invalid_trigger_id": _LATE,
    "view_too_large": "The form is too large for Slack. Ask whoever keeps the catalogue for a shorter entry.",
}
_OTHERWISE = "The form did not open ({code}). Nothing was changed or lost: press again in a moment."


def _again(body: Body) -> dict[str, str] | None:
    """The button that was pressed, to press it once more; what it carries is checked then, as ever."""
    action = (body.get("actions") or [{}])[0]
    if action.get("type") != "button" or not action.get("value"):
        return None
    return {"action_id": str(action["action_id"]), "value": str(action["value"])}


def _where(body: Body) -> tuple[str, str, str | None]:
    """Channel, person and thread of a command, an interaction or an event."""
    if event := body.get("event"):
        return event.get("channel", ""), event.get("user", ""), event.get("thread_ts")
    channel = (body.get("channel") or {}).get("id") or body.get("channel_id", "")
    user = body.get("user_id") or (body.get("user") or {}).get("id", "")
    thread = (body.get("container") or {}).get("thread_ts") or (body.get("message") or {}).get("thread_ts")
    return channel, user, thread


Listener = Callable[..., Awaitable[None]]


def guarded(edge: Edge, listener: Listener) -> Listener:
    """A listener from which no exception escapes: an ack that was given must never be lost to one.

    What is refused is told to the person; what breaks is logged and told as that.
    """

    @functools.wraps(listener)
    async def run(ack: Any, body: Any, client: Any, respond: Any) -> None:  # noqa: ANN401  # bolt's own objects
        try:
            await listener(ack=ack, body=body, client=client, respond=respond)
        except AlreadyDone:
            await ack()
        except StoreUnavailable:
            # An event without an ack is delivered again; a click is not, so its person is told (but not where
            # the store is).
            if "event" in body:
                raise
            await ack()
            await edge.tell(body, f"{StoreUnavailable()} Please try again.")
        except VigieError as error:
            await ack()
            # A stranger cannot make Vigie write to people: what is not told on the spot is not told.
            await edge.tell(body, str(error), keep=not isinstance(error, Stranger))
        except Exception:  # the listener's boundary: see above
            log.exception("listener failed", listener=listener.__name__)
            await ack()
            await edge.tell(body, "That did not work; it is in Vigie's log. Please try again.")

    return run
