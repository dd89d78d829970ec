"""How well past incidents tell the cause of another: each judged by the others, or by a history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BadInput
from bot.evaluate.diagnosis_scores import Judged, scores
from bot.evaluate.lines import read_lines
from knowledge.causes.history import History, key_of
from knowledge.causes.model import Past
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Report:
    """Every incident with what the past said of it, in the order of the file."""

    judged: tuple[Judged, ...]
    history: int
    notes: tuple[str, ...] = ()

    def summary(self) -> dict[str, object]:
        """The one object that `--json` prints; scores are null where nothing is known to be true."""
        known = [one for one in self.judged if one.cause]
        return {
            "incidents": len(self.judged),
            "scored": len(known),
            "history": self.history,
            "causes": len({key_of(one.cause) for one in known}),
            "never_seen": sum(1 for one in known if not one.seen),
            **scores(self.judged),
            "notes": list(self.notes),
        }

    def predictions(self) -> list[Mapping[str, object]]:
        """The lines of the file that `--predictions` writes."""
        return [
            {
                "id": one.id,
                "causes": [{"cause": c.cause, "confidence": c.confidence} for c in one.said.causes],
                "component": one.said.component,
                "novel": one.said.novelty,
                "neighbours": [
                    {"id": near.id, "cause": near.cause, "likeness": near.likeness}
                    for likely in one.said.causes[:1]
                    for near in likely.neighbours
                ],
            }
            for one in self.judged
        ]


def evaluate(incidents: Path, history: Path | None = None, progress: Progress = lambda _: None) -> Report:
    """Judge every incident by the past alone: never by itself, nor by what is known of it.

    Without a history each is judged by all the others of its file.

    Raises:
        BadInput: a file is missing, or a line is wrong; the message names it.
    """
    asked = read_incidents(incidents)
    known = read_incidents(history) if history else asked
    return judge(asked, known, progress)


def judge(asked: Sequence[Past], known: Sequence[Past], progress: Progress = lambda _: None) -> Report:
    """What the past (those of `known` that have a cause) says of each of `asked`."""
    past = History([one for one in known if one.cause])
    texts = {one.id: one.text for one in past.incidents}
    causes = Counter(key_of(one.cause) for one in past.incidents)
    judged, same = [], 0
    for number, one in enumerate(asked, start=1):
        # An incident that stands in the history too must not be told by itself.
        itself = {one.id} if texts.get(one.id) == one.text else set()
        same += bool(itself)
        seen = causes[key_of(one.cause)] > (1 if itself else 0)
        judged.append(Judged(one.id, one.cause, one.component, seen, past.judge([one.text], itself)))
        progress(f"{number}/{len(asked)} incidents")
    notes = []
    if known is not asked and same:
        notes.append(f"{same} incidents stand in the history, too: each was judged without itself.")
    if len(causes) < 2:
        notes.append(f"The history holds {len(causes)} causes: there is nothing to choose between.")
    return Report(tuple(judged), len(past.incidents), tuple(notes))


def read_incidents(path: Path) -> list[Past]:
    """The incidents of a file, cleaned as the knowledge base cleans what it keeps.

    Raises:
        BadInput: the file is missing, or a line is wrong; the message names it.
    """
    found: dict[str, Past] = {}
    for line in read_lines(path):
        one = Past(
            line.text("id"),
            redact(normalise(line.text("text"))[0]).text,
            line.text("cause", "").strip(),
            line.text("component", "").strip(),
        )
        if one.id in found:
            raise BadInput(f"{line.where}: 'id' {one.id!r} stands on an earlier line, too; ids must differ.")
        found[one.id] = one
    if not found:
        raise BadInput(f"{path}: holds no incident.")
    return list(found.values())
