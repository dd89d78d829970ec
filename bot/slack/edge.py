"""What every listener shares: who did it, that it counts once, and how a refusal is told."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.copilot import Copilot
from bot.domain.person import Person
from bot.domain.store import Store
from bot.errors import AlreadyDone, Refused, StoreUnavailable, Stranger, VigieError
from bot.origin import came_from
from bot.slack.answers import NO_ANSWER, code_of
from bot.slack.blocks import parts, signing
from bot.slack.bot_alerts import NO_BOTS, BotAlerts
from bot.slack.origins import ids_of, with_origin
from bot.slack.people import People
from bot.slack.rooms import NO_ROOMS, Rooms
from knowledge.base import KnowledgeBase

log = structlog.get_logger()
Body = Mapping[str, Any]
AT_ONCE_S = 0.7
"""So long a form may take to be read before one opens that says so."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The ports that listeners use."""

    copilot: Copilot
    store: Store
    knowledge: KnowledgeBase
    people: People
    client: AsyncWebClient
    bot_alerts: BotAlerts = NO_BOTS
    rooms: Rooms = NO_ROOMS

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
        return str(body.get("event_key") or f"event:{body['trigger_id']}")

    async def open_view(self, body: Body, view: parts.Block) -> None:
        """Open a modal; where Slack does not, the person is told why and can press again from there."""
        try:
            is_on_top = (body.get("view") or {}).get("type") == "modal"
            opens = self.client.views_push if is_on_top else self.client.views_open
            await opens(trigger_id=body["trigger_id"], view=with_origin(view, body))
        except SlackApiError as error:
            code = code_of(error)
            log.warning("a form did not open", problem=code)
            if code == "exchanged_trigger_id":
                return  # this very press, delivered again: its form is open
            await self.tell(body, _UNOPENED.get(code, _OTHERWISE.format(code=code)), _again(body))
        except NO_ANSWER as error:
            log.warning("a form did not open", problem=type(error).__name__)
            await self.tell(body, _OTHERWISE.format(code="Slack did not answer"), _again(body))

    async def open_when_read(self, body: Body, reading: Coroutine[None, None, parts.Block]) -> None:
        """Open a modal as soon as it is read; where that takes long, one at once that then fills in.

        Slack gives three seconds to open one, and who is N3 is read from Slack itself.

        Raises:
            VigieError: what the reading was refused with; a modal that is open already says so, too.
        """
        task = asyncio.ensure_future(reading)
        await asyncio.wait({task}, timeout=AT_ONCE_S)
        if task.done():
            await self.open_view(body, task.result())
            return
        opened = await self._open_waiting(body)
        try:
            shown = await task
        except VigieError as error:
            if opened:
                await self._fill(opened, signing.refused_view(str(error)))
            raise
        if not opened or not await self._fill(opened, shown):
            await self.tell(body, _LATE, _again(body))

    async def _open_waiting(self, body: Body) -> str:
        """The id of a modal that says that it is being read; empty where Slack opened none."""
        try:
            answer = await self.client.views_open(
                trigger_id=body["trigger_id"], view=signing.waiting_view("One moment")
            )
        except (SlackApiError, *NO_ANSWER) as error:
            log.warning("a form did not open", problem=type(error).__name__)
            return ""
        return str(answer["view"]["id"])

    async def _fill(self, view_id: str, view: parts.Block) -> bool:
        """Show what was read in a modal that is open; False where it cannot be any more."""
        try:
            await self.client.views_update(view_id=view_id, view=view)
        except (SlackApiError, *NO_ANSWER) as error:
            log.warning("a form was not filled in", problem=type(error).__name__)
            return False
        return True

    async def share(self, person: Person, name: str, content: str) -> None:
        """Send somebody a file by direct message: what is too long for a form.

        Raises:
            Refused: Slack does not take it; says what to do.
        """
        try:
            opened = await self.client.conversations_open(users=person.user_id)
            channel = str(opened["channel"]["id"])
            await self.client.files_upload_v2(channel=channel, filename=name, title=name, content=content)
        except SlackApiError as error:
            remedy = "Give the Slack app the scope files:write, or make the change in smaller steps."
            told = f"It is too long for a form, and Slack takes no file ({code_of(error)}). {remedy}"
            raise Refused(told) from None
        except NO_ANSWER:
            raise Refused("It is too long for a form, and Slack took no file. Press again.") from None

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
        """Answer one person where they are, for them alone; where Slack does not take it, say so."""
        channel, user, thread = _where(body)
        said: dict[str, Any] = {"text": parts.fallback(text), "blocks": parts.within_limits(blocks)}
        try:
            if channel.startswith("D"):
                said |= {"unfurl_links": False, "unfurl_media": False}
                await self.client.chat_postMessage(channel=channel, thread_ts=thread, **said)
            else:
                await self.client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, **said)
        except (SlackApiError, *NO_ANSWER) as error:
            log.warning("an answer could not be shown", problem=type(error).__name__)
            await self.tell(body, f"Slack did not take the answer to {text}. Ask again in a moment.")

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
    if thread := body.get("thread_ts"):
        return channel, user, thread
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
            with came_from(ids_of(body)):
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
