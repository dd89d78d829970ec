"""What was just read, as the answer's message shows it: value, verdict, time, age, and what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.evidence import Evidence
from bot.domain.tool import Tool, Verdict, shown
from bot.stages.fitting_checks import Wanted
from bot.stages.fresh import Fresh
from bot.stages.phrases import Say, phrases
from bot.stages.words import inert

OLD_S = 2
"""From so many seconds on the age of a reading is worth a word."""
_LINES, _LINE = 4, 160
_SHORTENED = "[shortened from"


def shown_fresh(wanted: Sequence[Wanted], fresh: Sequence[Fresh], language: str) -> dict[str, object]:
    """`reading`: titles of what is being read. `fresh`: what came of it, `as_of` the newest of its times."""
    say = phrases(language)
    times = [one.piece.at for one in fresh if one.piece is not None]
    return {
        "reading": [one.title for one in wanted],
        "fresh": [_shown(one, say) for one in fresh],
        "as_of": _clock(max(times)) if times else "",
    }


def _shown(one: Fresh, say: Say) -> dict[str, object]:
    piece = one.piece
    said: dict[str, object] = {
        "id": piece.id if piece else "",
        "title": one.wanted.title,
        "at": _clock(piece.at) if piece else "",
        "age": say("read before", age=one.age_s) if one.age_s >= OLD_S else "",
        "lines": [],
        "judged": "",
    }
    if piece is None or one.problem:
        why = inert(one.problem, 300) or say("no reason")
        said |= {"told": say("not read", why=why), "verdict": Verdict.UNKNOWN.value}
        return said | {"lines": _end(piece) if piece else []}
    if piece.facts.get("value") is None:
        lines = _end(piece)
        return said | {
            "told": say("printed") if lines else say("printed nothing"),
            "lines": lines,
            "verdict": "",
        }
    told = _value(piece)
    if one.before is not None:
        told = say("was before", now=told, before=_value(one.before), at=_clock(one.before.at, piece.at))
    verdict = str(piece.facts.get("verdict", ""))
    return said | {"told": told, "verdict": verdict, "judged": _judged(one.wanted.tool, verdict, say)}


def _end(piece: Evidence) -> list[str]:
    """The last lines that it printed."""
    lines = [line for line in piece.text.splitlines()[1:] if line.strip()]
    return [inert(line, _LINE) for line in lines if not line.startswith(_SHORTENED)][-_LINES:]


def _judged(tool: Tool, verdict: str, say: Say) -> str:
    if tool.reads is None or verdict not in (Verdict.HEALTHY, Verdict.FAULTY):
        return ""
    expected = tool.reads.healthy
    bound = say(expected.operator, bound=shown(expected.bound))
    return say("as it should be" if verdict == Verdict.HEALTHY else "not as it should be", bound=bound)


def _value(piece: Evidence) -> str:
    return inert(f"{shown(piece.facts.get('value'))} {piece.facts.get('unit') or ''}".strip(), 120)


def _clock(at: datetime, beside: datetime | None = None) -> str:
    """The time of day; with its date where that is not the one of `beside`."""
    is_same_day = beside is None or at.date() == beside.date()
    return f"{at:%H:%M:%S} UTC" if is_same_day else f"{at:%Y-%m-%d %H:%M:%S} UTC"
