"""Past incidents vote for their cause: pure and deterministic, from typed facts, never from free text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.diagnosis import Hypothesis
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.stages.calibrated import blended
from bot.stages.linked import Standing
from knowledge.causes.model import NOTHING, Judgement

SAME_SERVICE = 1.5
SAME_ALERT = 1.5
SUPPORTED = 1.5
CONTRADICTED = 0.3
WEAKEST = 0.55
"""A passage that weighs less fits too badly to count; one that shares service or alert may score lower."""
DOUBT = 1.0
"""The weight of "something else", so that a single vote is never certain."""
SHOWN = 3
SURE = 0.95
EVEN = 0.5
"""A cause that no check speaks for needs this share of the votes once checks have refuted another."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One retrieved passage with its typed facts. `weight` is its score (0 to 1) with what it shares."""

    id: str
    title: str
    text: str
    kind: str
    cause: str
    actions: tuple[str, ...]
    document: str
    heading: str
    weight: float


def fitting_passages(incident: Incident, evidence: Sequence[Evidence]) -> list[Passage]:
    """The passages that weigh enough to count, heaviest first."""
    names = _alert_names(evidence)
    passages = [_read(piece, incident, names) for piece in evidence if piece.kind is EvidenceKind.PASSAGE]
    return sorted((p for p in passages if p.weight >= WEAKEST), key=lambda p: (-p.weight, p.id))


def one_per_document(passages: Sequence[Passage]) -> list[Passage]:
    """The first passage of each document: a long document has one vote, as a short one has."""
    best: dict[str, Passage] = {}
    for passage in passages:
        best.setdefault(passage.document, passage)
    return list(best.values())


def rank(
    passages: Sequence[Passage], standings: Sequence[Standing], judged: Judgement = NOTHING
) -> list[Hypothesis]:
    """Causes by their votes and by how such evidence ended before, the most likely first, three at most."""
    voters = _voters(passages)
    weights = _weights(voters)
    factors = {key: _factor(_of_cause(key, voters, standings)) for key in weights}
    shares = _shares({key: weight * factors[key] for key, weight in weights.items()})
    sure = blended(shares, factors, _confidences(judged), judged.trust)
    order = sorted(sure, key=lambda key: (-sure[key], key))[:SHOWN]
    found = [_hypothesis(key, min(sure[key], SURE), voters, passages, standings) for key in order]
    return [replace(one, component=judged.component) for one in found[:1]] + found[1:]


def refuted(passages: Sequence[Passage], standings: Sequence[Standing]) -> dict[str, bool]:
    """Each cause that past incidents vote for, and whether a check has shown that its action does not fit."""
    voters = _voters(passages)
    causes: dict[str, str] = {}
    for vote in voters:
        causes.setdefault(cause_key(vote.cause), vote.cause)
    return {cause: _is_refuted(_of_cause(key, voters, standings)) for key, cause in causes.items()}


def undecided(
    ranked: Sequence[Hypothesis],
    passages: Sequence[Passage],
    standings: Sequence[Standing],
    judged: Judgement = NOTHING,
) -> bool:
    """Whether resemblance is all that is left: checks refuted a cause, back none, and no other one prevails.

    An alert alone resembles every incident that ever raised it, whatever the cause.
    """
    voters = _voters(passages)
    found = {
        key: _of_cause(key, voters, standings) for key in dict.fromkeys(cause_key(v.cause) for v in voters)
    }
    if not ranked or any(_is_backed(checks) for checks in found.values()):
        return False
    if not any(_is_refuted(checks) for checks in found.values()):
        return False
    weights, lead = _weights(voters), cause_key(ranked[0].cause)
    # By the votes as they were: that one cause is out does not make another more likely than unknown ones.
    before = blended(_shares(weights), dict.fromkeys(weights, 1.0), _confidences(judged), judged.trust)
    return _is_refuted(found[lead]) or before[lead] < EVEN


def cause_key(cause: str) -> str:
    """Two spellings of one cause are one cause."""
    return " ".join(cause.casefold().split())


def _hypothesis(
    key: str,
    confidence: float,
    voters: Sequence[Passage],
    passages: Sequence[Passage],
    standings: Sequence[Standing],
) -> Hypothesis:
    votes = [p for p in voters if cause_key(p.cause) == key]
    linked = {name for p in votes for name in p.actions}
    runbooks = [p for p in passages if p.kind == "runbook" and _speaks_of(p, key, linked)]
    checks = _of_cause(key, voters, standings)
    support = tuple(s.evidence for s in checks if s.speaks_for)
    against = tuple(s.evidence for s in checks if s.speaks_against)
    citations = (*(p.id for p in votes), *(p.id for p in runbooks), *support)
    return Hypothesis(
        cause=votes[0].cause,
        statement=_statement(votes, len(voters), checks),
        confidence=round(confidence, 3),
        citations=tuple(dict.fromkeys(citations)),
        contradicted_by=tuple(dict.fromkeys(against)),
    )


def _statement(votes: Sequence[Passage], of: int, checks: Sequence[Standing]) -> str:
    one = len(votes) == 1
    noun, verb = ("incident", "was") if one else ("incidents", "were")
    parts = [
        f"{len(votes)} of {of} similar past incident(s) had this cause: the {noun} {verb} {_titles(votes)}."
    ]
    parts += [standing.says for standing in checks if standing.speaks_for or standing.speaks_against]
    return " ".join(dict.fromkeys(parts))


def _titles(votes: Sequence[Passage]) -> str:
    return ", ".join(f"“{vote.title}” ({vote.id})" for vote in votes[:3])


def _of_cause(key: str, voters: Sequence[Passage], standings: Sequence[Standing]) -> list[Standing]:
    linked = {name for p in voters if cause_key(p.cause) == key for name in p.actions}
    return [standing for standing in standings if standing.action in linked]


def _voters(passages: Sequence[Passage]) -> list[Passage]:
    return [p for p in one_per_document(passages) if p.kind == "incident" and p.cause]


def _weights(voters: Sequence[Passage]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for vote in voters:
        key = cause_key(vote.cause)
        weights[key] = weights.get(key, 0.0) + vote.weight
    return weights


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values()) + DOUBT
    return {key: weight / total for key, weight in weights.items()}


def _confidences(judged: Judgement) -> dict[str, float]:
    return {cause_key(one.cause): one.confidence for one in judged.causes}


def _is_backed(checks: Sequence[Standing]) -> bool:
    """Whether a check speaks for an action that no precondition bars.

    The check that would verify an action sees trouble whatever its cause; the precondition tells them apart.
    """
    barred = {check.action for check in checks if check.bars}
    return any(check.speaks_for and check.action not in barred for check in checks)


def _is_refuted(checks: Sequence[Standing]) -> bool:
    return any(check.bars for check in checks) and not _is_backed(checks)


def _factor(checks: Sequence[Standing]) -> float:
    """What is seen now outweighs what was so in the past."""
    if _is_backed(checks):
        return SUPPORTED
    return CONTRADICTED if any(check.speaks_against for check in checks) else 1.0


def _speaks_of(runbook: Passage, key: str, linked: set[str]) -> bool:
    return cause_key(runbook.cause) == key or bool(linked & set(runbook.actions))


def _alert_names(evidence: Sequence[Evidence]) -> frozenset[str]:
    found = (piece.facts.get("name") for piece in evidence if piece.kind is EvidenceKind.ALERT)
    return frozenset(name for name in found if isinstance(name, str) and name)


def _read(piece: Evidence, incident: Incident, names: frozenset[str]) -> Passage:
    facts = piece.facts
    weight = _score(facts.get("score"))
    if incident.service and facts.get("service") == incident.service:
        weight *= SAME_SERVICE
    if names & set(words(facts.get("alerts"))):
        weight *= SAME_ALERT
    return Passage(
        id=piece.id,
        title=piece.title,
        text=piece.text,
        kind=word(facts.get("kind")),
        cause=word(facts.get("cause")).strip(),
        actions=words(facts.get("actions")),
        document=word(facts.get("document")) or piece.source,
        heading=word(facts.get("heading")),
        weight=weight,
    )


def _score(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return min(max(float(value), 0.0), 1.0)


def word(value: object) -> str:
    """A fact that should be text; anything else is no text."""
    return value if isinstance(value, str) else ""


def words(value: object) -> tuple[str, ...]:
    """A fact that should be a list of texts; what is not text is left out."""
    if not isinstance(value, list | tuple):
        return ()
    return tuple(entry for entry in value if isinstance(entry, str) and entry)
