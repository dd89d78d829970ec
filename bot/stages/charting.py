"""Which checks of a round are shown as a chart in the thread: few, what is wrong first, each once."""

from __future__ import annotations

from collections.abc import Sequence

from bot.announcements import announce_chart, charts_of_round
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.store import Tx
from bot.domain.tool import Verdict

MOST = 3
"""Charts in one round of an incident."""
MOST_WITH_QUESTIONS = 12
"""The same with those that people's questions bring."""


def want_charts(tx: Tx, incident: Incident, pieces: Sequence[Evidence], most: int = MOST) -> None:
    """Want what may still be shown of them; asking again adds nothing.

    The points stay with the check's run, from which the picture is drawn when it is sent.
    """
    wanted = to_draw(pieces)
    room = most - charts_of_round(tx, incident, most) if wanted else 0
    for piece in wanted:
        if room and announce_chart(tx, incident, _run_of(piece), str(piece.facts["chart"])):
            room -= 1


def to_draw(pieces: Sequence[Evidence]) -> list[Evidence]:
    """Checks with points: those that found something wrong first, the same points once."""
    drawable = [p for p in pieces if p.kind is EvidenceKind.CHECK and p.facts.get("chart")]
    ordered = sorted(drawable, key=lambda piece: piece.facts.get("verdict") != Verdict.FAULTY.value)
    found: dict[str, Evidence] = {}
    for piece in ordered:
        found.setdefault(str(piece.facts["chart"]), piece)
    return list(found.values())


def _run_of(piece: Evidence) -> int:
    return int(piece.source.partition(":")[2])
