"""What every listener shares: who did it, that it counts once, and how a refusal is told."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.copilot import Copilot
from bot.domain.person import Person
from bot.domain.store import Store
from bot.errors import AlreadyDone, StoreUnavailable, VigieError
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

    async def tell(self, body: Body, text: str) -> None:
        """Say something to one person where they are; it is a courtesy, so a failure is only logged."""
        channel, user, thread = _where(body)
        # The words of an error may quote what a sender or a model wrote.
        said: dict[str, Any] = {"text": parts.escape(text), "blocks": [parts.foreign(text)]}
        try:
            if channel:
                await self.client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, **said)
            else:
                said |= {"unfurl_links": False, "unfurl_media": False}
                await self.client.chat_postMessage(channel=user, **said)
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("a person could not be told", problem=type(error).__name__)


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
            await edge.tell(body, str(error))
        except Exception:  # the listener's boundary: see above
            log.exception("listener failed", listener=listener.__name__)
            await ack()
            await edge.tell(body, "That did not work; it is in Vigie's log. Please try again.")

    return run
