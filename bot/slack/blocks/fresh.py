"""What was read for a question, just now: under its own heading in the answer, and beside the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.evidence import Evidence
from bot.domain.tool import Verdict
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

Content = Mapping[str, Any]
_READINGS, _KEPT = 8, 5
_WORDS = {
    "en": {
        "reading": "Reading now; this message will say what it gives: ",
        "fresh": ":mag: *Fresh readings*, as of {at}",
        "not read": ":mag: *Nothing could be read now*",
    },
    "fr": {
        "reading": "Lecture en cours ; ce message dira ce qu'elle donne : ",
        "fresh": ":mag: *Relevés frais*, à {at}",
        "not read": ":mag: *Rien n'a pu être lu maintenant*",
    },
}


def blocks(content: Content) -> list[Block]:
    """What is being read, or what came of it; nothing where the question asked for none."""
    words = _WORDS["fr" if content.get("language") == "fr" else "en"]
    made: list[Block] = []
    if titles := content.get("reading"):
        made.append(parts.foreign_note(words["reading"] + ", ".join(map(str, titles))))
    fresh: Sequence[Content] = content.get("fresh") or ()
    if fresh:
        at = content.get("as_of")
        made.append(parts.status(words["fresh"].format(at=at) if at else words["not read"]))
        made += [block for one in fresh[:_READINGS] for block in _one(one)]
    return made


def headline(content: Content) -> str:
    """The first reading in a line, for a notification; empty where there is none."""
    for one in content.get("fresh") or ():
        return f"{one['title']}: {one['told']}"
    return ""


def kept(pieces: Sequence[Evidence]) -> list[Block]:
    """What was read for people's questions, the newest last."""
    shown = pieces[-_KEPT:]
    if not shown:
        return []
    lines = []
    for piece in shown:
        said = piece.text.partition("\n")[0]
        text = parts.cut(f" {piece.title}{piece.given}: {said}", 200)
        lines.append([parts.run(piece.id, code=True), parts.run(text), parts.run(f" · {_at(piece)}")])
    made = [parts.note("*Read for questions*"), parts.rich(parts.listing(lines))]
    if len(pieces) > len(shown):
        made.append(parts.note(f"_{parts.counted(len(pieces) - len(shown), 'earlier one')} not shown._"))
    return made


def _at(piece: Evidence) -> str:
    return f"{piece.at:%Y-%m-%d %H:%M:%S} UTC"


def _one(one: Content) -> list[Block]:
    runs = [parts.run(str(one["id"]), code=True), parts.run(" ")] if one["id"] else []
    title = parts.cut(str(one["title"]), 160)
    is_asked = title.endswith("?")
    runs.append(parts.run(title, bold=True))
    runs.append(parts.run(f"{'' if is_asked else ':'} {parts.cut(str(one['told']), 400)}"))
    if one["judged"]:
        is_wrong = one["verdict"] == Verdict.FAULTY.value
        runs += [parts.run(" · "), parts.run(parts.cut(str(one["judged"]), 160), bold=is_wrong)]
    runs += [parts.run(f" · {one[name]}") for name in ("at", "age") if one[name]]
    elements = [parts.line(*runs)]
    if one["lines"]:
        elements.append(parts.preformatted("\n".join(map(str, one["lines"])), 700))
    return [parts.rich(*elements)]
