"""A diagnosis: ranked hypotheses that cite evidence, remedies from the catalogue, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Method(StrEnum):
    """How it was made; shown with every diagnosis."""

    SIMILAR = "similar incidents"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that are said to stand in a piece of evidence."""

    evidence: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of fact with what it stands on: a symptom, what was ruled out, how far it reaches."""

    text: str
    citations: tuple[str, ...]
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible cause. `confidence` is a share between 0 and 1; `citations` are evidence ids.

    `claimed` is what whoever wrote it said, `earned` what its sources are worth before past outcomes are
    looked at; `sources` counts the distinct ones. `unsupported`: no quote of it stands in what it cites.
    """

    cause: str
    statement: str
    confidence: float
    citations: tuple[str, ...]
    contradicted_by: tuple[str, ...] = ()
    component: str = ""
    quotes: tuple[Quote, ...] = ()
    unsupported: bool = False
    sources: int = 0
    claimed: float = 0.0
    earned: float = 0.0


@dataclass(frozen=True, slots=True)
class Remedy:
    """A tool of the catalogue that may help, with arguments and the evidence that led to it."""

    tool: str
    arguments: Mapping[str, object]
    why: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is probably wrong. No hypotheses means "not enough evidence", a valid answer.

    `caveats` says in words what the reader must know of how it was made (the model was down, a citation was
    dropped); `prompt` and `model` are empty unless a model wrote it. `known_error` is the evidence id of the
    past incident or runbook that this repeats, `rejected` counts statements that did not hold, and
    `incomplete` says why the investigation ended before it was done.
    """

    method: Method
    hypotheses: tuple[Hypothesis, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    advice: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    prompt: str = ""
    model: str = ""
    tokens: int = field(default=0)
    symptoms: tuple[Claim, ...] = ()
    ruled_out: tuple[Claim, ...] = ()
    reach: tuple[Claim, ...] = ()
    next_checks: tuple[str, ...] = ()
    known_error: str = ""
    rejected: int = 0
    incomplete: str = ""


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What became of one diagnosis: its first hypothesis beside the cause that a person has confirmed."""

    incident_id: int
    method: Method
    predicted: str
    confirmed: str
    earned: float
    is_right: bool


def resolve_citations(diagnosis: Diagnosis, known: Collection[str]) -> Diagnosis:
    """Keep only what is grounded: a statement or remedy citing nothing, or evidence that is not there, goes.

    What was dropped is named in `caveats`, so that nobody takes silence for agreement.
    """
    kept = tuple(h for h in diagnosis.hypotheses if _grounded(h.citations, known))
    remedies = tuple(r for r in diagnosis.remedies if _grounded(r.citations, known))
    symptoms, ruled_out, reach = (
        tuple(c for c in claims if _grounded(c.citations, known))
        for claims in (diagnosis.symptoms, diagnosis.ruled_out, diagnosis.reach)
    )
    known_error = diagnosis.known_error if diagnosis.known_error in known else ""
    lost = len(diagnosis.hypotheses) - len(kept) + len(diagnosis.remedies) - len(remedies)
    lost += len(diagnosis.symptoms) - len(symptoms) + len(diagnosis.ruled_out) - len(ruled_out)
    lost += len(diagnosis.reach) - len(reach)
    lost += diagnosis.known_error != known_error
    if not lost:
        return diagnosis
    note = f"{lost} statement(s) were rejected because a citation does not resolve."
    return replace(
        diagnosis,
        hypotheses=kept,
        remedies=remedies,
        known_error=known_error,
        rejected=diagnosis.rejected + lost,
        caveats=(*diagnosis.caveats, note),
        symptoms=symptoms,
        ruled_out=ruled_out,
        reach=reach,
    )


def _grounded(citations: tuple[str, ...], known: Collection[str]) -> bool:
    return bool(citations) and all(citation in known for citation in citations)
