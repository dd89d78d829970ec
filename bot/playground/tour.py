"""The guided tour: what to try next. A step is done when it really happened, as the workspace shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.playground.faults import FAULTS
from bot.playground.player import Message, button, elements, text_of
from bot.playground.stage import INCIDENTS, N3_A, ON_CALL

Json = dict[str, Any]
Place = dict[str, str]

QUESTION = "@Vigie have we seen this before?"
_LEARNED = "learned/incident-"


@dataclass
class Seen:
    """What happened so far: messages oldest first, what people were told alone, and what was done."""

    messages: list[Message] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)

    def cards(self) -> list[Message]:
        """The incidents' cards, oldest first: they can be taken, or the app has answered below them."""
        own = [m for m in self.messages if m.get("bot_id") and m.get("thread_ts") in (None, m["ts"])]
        return [m for m in own if m.get("reply_count") or _has(m, "take")]

    def card(self) -> Message | None:
        """The newest incident's card."""
        return next(reversed(self.cards()), None)

    def replies(self) -> Iterator[Message]:
        """What the app said in threads, the newest first."""
        return (
            m
            for m in reversed(self.messages)
            if m.get("bot_id") and m.get("thread_ts") not in (None, m["ts"])
        )

    def reply(self, *, action: str = "", words: str = "") -> Message | None:
        """The newest reply of the app with a button of that action and with those words."""
        return next(
            (m for m in self.replies() if _has(m, action) and words in text_of(m.get("blocks", []))), None
        )


def _has(message: Message, action: str) -> bool:
    return not action or button(message, action) is not None


@dataclass(frozen=True)
class Step:
    """One thing to try; `place` is where, once it is there.

    A place is {fault}, or {channel, ts, thread, part, action, user, write} as far as it has them.
    """

    key: str
    title: str
    how: str
    done: Callable[[Seen], bool]
    place: Callable[[Seen], Place | None]


def _fault(seen: Seen) -> Place | None:
    return {"fault": next((name for name in seen.broken), next(iter(FAULTS)))}


def _card(seen: Seen) -> Place | None:
    card = seen.card()
    return {"channel": INCIDENTS.id, "ts": card["ts"], "part": ".replies"} if card else None


def _question(seen: Seen) -> Place | None:
    card = seen.card()
    return {"channel": INCIDENTS.id, "thread": card["ts"], "write": QUESTION} if card else None


def _button(action: str, user: str) -> Callable[[Seen], Place | None]:
    def place(seen: Seen) -> Place | None:
        found = seen.reply(action=action)
        if found is None:
            return None
        where = {"channel": INCIDENTS.id, "thread": found["thread_ts"], "ts": found["ts"]}
        return where | {"action": action, "user": user}

    return place


def _proposal(seen: Seen) -> Place | None:
    found = seen.reply(words="proposed by")
    return {"channel": INCIDENTS.id, "thread": found["thread_ts"], "ts": found["ts"]} if found else None


def _cites_learned(seen: Seen) -> bool:
    cited = (
        e["value"]
        for m in seen.replies()
        if "Diagnosis" in text_of(m.get("blocks", []))
        for _, e in elements(m)
    )
    return any(value.startswith(_LEARNED) for value in cited)


STEPS = (
    Step(
        "break",
        "Break the shop",
        "Press Break beside a fault. The shop really breaks, and its watcher tells Vigie.",
        lambda seen: bool(seen.broken),
        _fault,
    ),
    Step(
        "thread",
        "Open the incident's thread",
        "The evidence, what is probably wrong and why, and a remedy stand there. Sources open at a click.",
        lambda seen: bool(seen.opened & {m["ts"] for m in seen.messages if m.get("bot_id")}),
        _card,
    ),
    Step(
        "ask",
        "Ask in the thread",
        f"For example “{QUESTION}” The answer names its sources.",
        lambda seen: seen.reply(words="asked:") is not None,
        _question,
    ),
    Step(
        "propose",
        "Propose the remedy",
        "Press Propose under the diagnosis. Nothing runs yet: Vigie prepares exactly what would."
        " Other actions: `/vigie actions`, or the play button on a message.",
        lambda seen: seen.reply(words="proposed by") is not None,
        _button("propose", ON_CALL.id),
    ),
    Step(
        "refused",
        "Try to sign it yourself",
        "Press Sign… as the person who proposed it. Vigie refuses and says why.",
        lambda seen: any("You proposed this" in text for text in seen.told),
        _button("sign_open", ON_CALL.id),
    ),
    Step(
        "sign",
        "Become N3 A and sign",
        "The form shows all that will run, with its digest. Read it, then sign."
        " What it prints comes into the thread, and Stop is there as long as it runs.",
        lambda seen: seen.reply(words="Signed by") is not None,
        _button("sign_open", N3_A.id),
    ),
    Step(
        "fixed",
        "See it verified",
        "The check that showed the fault runs again. The shop on the right is well again.",
        lambda seen: any(
            "Verification:" in (t := text_of(m.get("blocks", []))) and "*fixed*" in t for m in seen.replies()
        ),
        _proposal,
    ),
    Step(
        "summary",
        "Confirm the summary",
        "The incident is over, and Vigie has drafted what was learned. Nothing is kept until you confirm it.",
        lambda seen: seen.reply(words=_LEARNED) is not None,
        _button("edit_summary", ON_CALL.id),
    ),
    Step(
        "again",
        "Break the same thing again",
        "This time the diagnosis cites the incident that you have just closed.",
        lambda seen: any(count > 1 for count in Counter(seen.broken).values()) and _cites_learned(seen),
        _fault,
    ),
)


class Tour:
    """The steps; what was done once stays done."""

    def __init__(self) -> None:
        self._done: set[str] = set()

    def look(self, seen: Seen) -> None:
        """Tick off what has happened by now."""
        self._done |= {step.key for step in STEPS if step.key not in self._done and step.done(seen)}

    def shown(self, seen: Seen) -> list[Json]:
        """The steps as the panel shows them."""
        return [
            {
                "key": step.key,
                "title": step.title,
                "how": step.how,
                "done": step.key in self._done,
                "place": None if step.key in self._done else step.place(seen),
            }
            for step in STEPS
        ]
