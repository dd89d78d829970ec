"""What the outcomes of past incidents add to their votes: calibrated causes, and the neighbours to cite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.evidence import Evidence, EvidenceKind
from bot.stages.confidence import source_of
from knowledge.causes.model import ONE_SOURCE, Judgement
from knowledge.model import Passage, SearchResult

LIKELY = 0.3
"""From this confidence on the neighbours of a cause become evidence, even where search has not found them."""
ADDED = 5
FITTING = 0.6
"""What such a neighbour scores at least, so that it may vote."""
TOLD = 0.5
"""From this trust on "never seen" is said: fewer outcomes cannot tell a new cause from a rare one."""


def sources_of(evidence: Sequence[Evidence]) -> list[str]:
    """What each source says of the incident: its alerts together, and the newest output of each check."""
    alerts = [f"{piece.title}\n{piece.text}" for piece in evidence if piece.kind is EvidenceKind.ALERT]
    checks: dict[str, str] = {}
    for piece in sorted((e for e in evidence if e.kind is EvidenceKind.CHECK), key=lambda e: e.at):
        checks[source_of(piece)] = f"{piece.title}\n{piece.text}"
    by_name = sorted(checks, key=lambda source: source.removeprefix("check "))
    return [*(["\n".join(alerts)] if alerts else []), *(checks[source] for source in by_name)]


def capped(judged: Judgement, sources: int) -> Judgement:
    """On one source alone no cause is surer than `ONE_SOURCE`, however much that source says."""
    if sources > 1:
        return judged
    causes = tuple(replace(one, confidence=min(one.confidence, ONE_SOURCE)) for one in judged.causes)
    return replace(judged, causes=causes)


def to_cite(judged: Judgement) -> list[str]:
    """Documents of the past incidents that led to the likely causes, nearest first."""
    near = [n for one in judged.causes if one.confidence >= LIKELY for n in one.neighbours]
    return list(dict.fromkeys(n.id for n in sorted(near, key=lambda n: (-n.weight, n.id))))[:ADDED]


def beside(found: SearchResult, judged: Judgement, passages: Mapping[str, Passage]) -> SearchResult:
    """What search found, with the neighbours it did not find. `passages`: their first ones, by document."""
    held = {passage.document_id for passage in found.passages} if found.fits else set()
    like = {n.id: n.likeness for one in judged.causes for n in one.neighbours}
    more = [
        replace(passages[id], score=max(FITTING, round(like[id], 3)))
        for id in to_cite(judged)
        if id in passages and id not in held
    ]
    if not more:
        return found
    return replace(found, passages=(*(found.passages if found.fits else ()), *more), fits=True)


def blended(
    shares: Mapping[str, float], factors: Mapping[str, float], confidences: Mapping[str, float], trust: float
) -> dict[str, float]:
    """Each cause's confidence: its share of the votes, and the calibrated one as far as that is trusted.

    `shares` hold what checks say already; `factors` say it once more for the calibrated part, whose causes
    share what is left of certainty.
    """
    weights = {key: confidences.get(key, 0.0) * factors[key] for key in shares}
    other = max(1.0 - sum(confidences.get(key, 0.0) for key in shares), 0.0)
    total = sum(weights.values()) + other or 1.0
    return {key: (1 - trust) * share + trust * weights[key] / total for key, share in shares.items()}


def never_seen(judged: Judgement) -> list[str]:
    """A gap in words where the history can tell that nobody has seen this before."""
    if not judged.novel or judged.trust < TOLD:
        return []
    said = (
        f"This looks new ({judged.novelty:.0%}): what is seen now is unlike the past incidents of every "
        "known cause. The causes named here are the nearest ones, which makes none of them likely."
    )
    return [said]
