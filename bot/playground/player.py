"""A scripted person: uses the workspace over HTTP exactly as the page does, and reads what stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import aiohttp

from bot.playground.workspace import Person

Message = dict[str, Any]
T = TypeVar("T")


class ClickFailed(Exception):
    """A button was not there, or pressing it did nothing."""


class Player:
    """One person at the workspace's human side."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, person: Person) -> None:
        self._session = session
        self._url = url
        self._headers = {"X-Workspace-Token": token}
        self.person = person

    async def say(self, channel: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        return await self._post("say", channel=channel, text=text, thread_ts=thread_ts)

    async def command(self, channel: str, text: str) -> dict[str, Any]:
        return await self._post("command", channel=channel, text=text)

    async def click(self, channel: str, message: Message, action_id: str) -> dict[str, Any]:
        """Press a button as the message stands now: it may have been edited since it was read, or just now.

        Raises:
            ClickFailed: the message has no such button, or the app did not take the click.
        """
        done = await self._click_once(channel, message, action_id)
        for _ in range(4):
            if done.get("error") != "element_not_found":
                break
            done = await self._click_once(channel, message, action_id)
        if not done.get("ok"):
            raise ClickFailed(f"{self.person.name} presses {action_id}: {done.get('error')}")
        return done

    async def _click_once(self, channel: str, message: Message, action_id: str) -> dict[str, Any]:
        seen = await self.sees()
        now = next((m for m in seen["channels"][channel] if m["ts"] == message["ts"]), message)
        found = next(((b, e) for b, e in elements(now) if _does(e, action_id)), None)
        if found is None:
            raise ClickFailed(f"{self.person.name} finds no button {action_id}")
        block, element = found
        return await self._post(
            "click",
            channel=channel,
            message_ts=message["ts"],
            block_id=block["block_id"],
            action_id=element["action_id"],
            value=element["value"],
        )

    async def submit(self, view_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return await self._post("submit", view_id=view_id, values=values)

    async def close(self, view_id: str) -> dict[str, Any]:
        return await self._post("close", view_id=view_id)

    async def sees(self) -> dict[str, Any]:
        """Everything this person can see now."""
        url = f"{self._url}/human/messages"
        async with self._session.get(url, params={"user": self.person.id}, headers=self._headers) as answer:
            answer.raise_for_status()
            seen: dict[str, Any] = await answer.json()
            return seen

    async def waits_for(
        self, what: str, look: Callable[[dict[str, Any]], T | None], seconds: float = 40
    ) -> T:
        """Look again and again until something is there.

        Raises:
            TimeoutError: it never came; names what was waited for.
        """
        for _ in range(int(seconds / 0.2)):
            found = look(await self.sees())
            if found is not None:
                return found
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{self.person.name} waited {seconds:g} s for {what}")

    async def _post(self, what: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON as it comes
        url = f"{self._url}/human/{what}"
        body["user"] = self.person.id
        async with self._session.post(url, json=body, headers=self._headers) as answer:
            done: dict[str, Any] = await answer.json()
            return done


def elements(message: Message) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """All buttons of a message with their blocks."""
    for block in message.get("blocks", []):
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            yield block, element


def button(message: Message, action: str) -> str | None:
    """The value of the first button of this action, the part before a colon; None when there is none."""
    return next((e["value"] for _, e in elements(message) if _does(e, action)), None)


def _does(element: Mapping[str, Any], action: str) -> bool:
    return bool(element["action_id"].partition(":")[0] == action)


def text_of(value: object) -> str:
    """All text of blocks or a view, in reading order."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            return str(value["text"])
        keys = ("title", "text", "elements", "fields", "blocks", "element", "initial_value")
        found = [text_of(value[key]) for key in keys if key in value]
        return "\n".join(part for part in found if part)
    if isinstance(value, list):
        return "\n".join(part for part in map(text_of, value) if part)
    return value if isinstance(value, str) else ""
