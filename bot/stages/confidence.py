"""How sure a diagnosis may be shown: by its distinct sources and by what became of earlier ones.

What a model says of itself can only lower it. The volume of one source never raises it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.diagnosis import Diagnosis, Hindsight, Hypothesis, Method
from bot.domain.evidence import Evidence, EvidenceKind

BY_SOURCES = (0.0, 0.4, 0.65, 0.8, 0.9)
"""The most that a hypothesis can be worth on so many distinct sources; with more it stays at the last."""
PAST_ALONE = 0.4
"""The most without anything that was seen now: an old text says what was once so."""
CONTRADICTED = 0.6
"""Each distinct source against it takes it down to this share."""
WEIGHT = 10
"""So many outcomes weigh as much as the rule above."""
_BANDS = (0.3, 0.5, 0.7)


def weigh(made: Diagnosis, evidence: Sequence[Evidence], outcomes: Sequence[Hindsight]) -> Diagnosis:
    """The same diagnosis with confidences that are ours, the most confident first."""
    by_id = {piece.id: piece for piece in evidence}
    weighed = [_weighed(h, made.method, by_id, outcomes) for h in made.hypotheses]
    if made.method is Method.MODEL:
        weighed.sort(key=lambda h: (h.unsupported, -h.confidence))
    return replace(made, hypotheses=tuple(weighed))


def source_of(piece: Evidence) -> str:
    """What a piece of evidence comes from: many pieces of one source say it once.

    All alerts are one source, as whoever can raise one can raise many; so are all logs of the incident, and
    all sections of one document.
    """
    if piece.kind is EvidenceKind.ALERT:
        return "alerts"
    if piece.kind is EvidenceKind.PASSAGE:
        return f"document {piece.facts.get('document') or piece.source}"
    if piece.facts.get("runner") == "logs":
        return "logs"
    return f"check {piece.facts.get('tool') or piece.source}"


def calibrated(earned: float, method: Method, outcomes: Sequence[Hindsight]) -> float:
    """`earned` drawn towards the share of like diagnoses that turned out right."""
    alike = [o for o in outcomes if o.method is method and _band(o.earned) == _band(earned)]
    right = sum(outcome.is_right for outcome in alike)
    return (earned * WEIGHT + right) / (WEIGHT + len(alike))


def outcome_of(incident_id: int, made: Diagnosis, confirmed: str) -> Hindsight | None:
    """A diagnosis beside the cause that a person confirmed; None where there is nothing to compare."""
    if not made.hypotheses or not confirmed or made.hypotheses[0].unsupported:
        return None
    first = made.hypotheses[0]
    earned = first.earned or first.confidence
    return Hindsight(incident_id, made.method, first.cause, confirmed, earned, _alike(first.cause, confirmed))


def _weighed(
    one: Hypothesis, method: Method, by_id: Mapping[str, Evidence], outcomes: Sequence[Hindsight]
) -> Hypothesis:
    if method is not Method.MODEL:
        sources = len({source_of(by_id[name]) for name in one.citations if name in by_id})
        sure = calibrated(one.confidence, method, outcomes) if outcomes else one.confidence
        return replace(one, confidence=sure, sources=sources, earned=one.confidence)
    grounds = [by_id[quote.evidence] for quote in one.quotes if quote.evidence in by_id]
    sources = len({source_of(piece) for piece in grounds})
    cap = BY_SOURCES[min(sources, len(BY_SOURCES) - 1)]
    if not any(piece.kind is not EvidenceKind.PASSAGE for piece in grounds):
        cap = min(cap, PAST_ALONE)
    against = {source_of(by_id[name]) for name in one.contradicted_by if name in by_id}
    earned = min(max(one.confidence, 0.0), cap) * CONTRADICTED ** len(against)
    sure = min(calibrated(earned, method, outcomes), cap) if earned else 0.0
    return replace(one, confidence=sure, sources=sources, claimed=one.confidence, earned=earned)


def _band(share: float) -> int:
    return sum(share >= bound for bound in _BANDS)


def _alike(predicted: str, confirmed: str) -> bool:
    """Whether the words of the confirmed cause, such as `stale-lock`, are all in what was predicted."""
    wanted = set(confirmed.casefold().replace("-", " ").split())
    said = set("".join(c if c.isalnum() else " " for c in predicted.casefold()).split())
    return bool(wanted) and wanted <= said
