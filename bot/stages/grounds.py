"""Takes out of a diagnosis what rests on documents that do not count any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.diagnosis import Diagnosis, Remedy
from bot.domain.evidence import Evidence
from bot.domain.grounds import outdated
from bot.stages.similar import word
from bot.stages.words import inert


def without_outdated(made: Diagnosis, evidence: Sequence[Evidence]) -> Diagnosis:
    """Without the remedies whose documents have all ended, were replaced or changed; `gaps` names them."""
    kept: list[Remedy] = []
    gaps = list(made.gaps)
    for remedy in made.remedies:
        reason = outdated(remedy, evidence, lambda piece: word(piece.facts.get("outdated")))
        if reason:
            gaps.append(f"{inert(remedy.tool, 80)} is not proposed: {inert(reason, 300)}.")
        else:
            kept.append(remedy)
    return replace(made, remedies=tuple(kept), gaps=tuple(gaps))
