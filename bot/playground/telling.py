"""How the story is told and what it looks for: lines of the transcript, and messages among what is seen."""

from __future__ import annotations

from typing import Any

from bot.playground.player import Message, button, text_of
from bot.playground.stage import INCIDENTS


class StoryFailed(Exception):
    """The story did not go as it must; the transcript above says where."""


def cards(seen: dict[str, Any]) -> list[Message]:
    """The cards of all incidents, the oldest first."""
    return [m for m in seen["channels"][INCIDENTS.id] if button(m, "take") is not None]


def find(seen: dict[str, Any], words: str) -> Message | None:
    """The first message of Vigie in #incidents that holds the words."""
    messages = [m for m in seen["channels"][INCIDENTS.id] if m.get("bot_id")]
    return next((m for m in messages if words in text_of(m.get("blocks", []))), None)


def reply(seen: dict[str, Any], card: Message, words: str, action: str = "") -> Message | None:
    """The newest reply in the card's thread that holds the words, and a button of this action."""
    thread = [m for m in seen["channels"][INCIDENTS.id] if m.get("thread_ts") == card["ts"] != m["ts"]]
    held = (m for m in reversed(thread) if words in text_of(m.get("blocks", [])))
    return next((m for m in held if not action or button(m, action) is not None), None)


def resolved(seen: dict[str, Any], card: Message) -> bool | None:
    """True once the card says that its incident is over."""
    found = next((m for m in seen["channels"][INCIDENTS.id] if m["ts"] == card["ts"]), None)
    over = found is not None and any(
        f"*{state}*" in text_of(found["blocks"]) for state in ("resolved", "closed")
    )
    return True if over else None


def told(seen: dict[str, Any], words: str) -> str | None:
    """What was told to this person alone, if it holds the words."""
    return next(iter(all_told(seen, words)), None)


def all_told(seen: dict[str, Any], words: str) -> list[str]:
    """All that was told to this person alone and holds the words, the oldest first."""
    return [m["text"] for m in seen["ephemerals"] if words in m["text"]]


def must(holds: bool, what: str) -> None:
    """Say that something is so, or end the story."""
    if not holds:
        raise StoryFailed(f"expected that {what}")
    print(f"  ok: {what}")


def title(text: str) -> None:
    """Begin a chapter."""
    print(f"\n== {text} ==", flush=True)


def tell(who: str, what: str) -> None:
    """One line of the transcript."""
    print(f"{who}: {what}", flush=True)


def show(who: str, message: Message, lines: int = 30) -> None:
    """A message as it reads, at most so many lines."""
    print(f"{who}:")
    for line in text_of(message.get("blocks", [])).splitlines()[:lines]:
        print(f"    {line}")
