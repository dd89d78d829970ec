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
class Hypothesis:
    """A possible cause. `confidence` is a share between 0 and 1; `citations` are evidence ids."""

    cause: str
    statement: str
    confidence: float
    citations: tuple[str, ...]
    contradicted_by: tuple[str, ...] = ()
    component: str = ""


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
    dropped); `prompt` and `model` are empty unless a model wrote it.
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


def resolve_citations(diagnosis: Diagnosis, known: Collection[str]) -> Diagnosis:
    """Keep only what is grounded: a hypothesis or remedy citing nothing, or evidence that is not there, goes.

    What was dropped is named in `caveats`, so that nobody takes silence for agreement.
    """
    kept = tuple(h for h in diagnosis.hypotheses if _grounded(h.citations, known))
    remedies = tuple(r for r in diagnosis.remedies if _grounded(r.citations, known))
    lost = len(diagnosis.hypotheses) - len(kept) + len(diagnosis.remedies) - len(remedies)
    if not lost:
        return diagnosis
    note = f"{lost} statement(s) were rejected because a citation does not resolve."
    return replace(diagnosis, hypotheses=kept, remedies=remedies, caveats=(*diagnosis.caveats, note))


def _grounded(citations: tuple[str, ...], known: Collection[str]) -> bool:
    return bool(citations) and all(citation in known for citation in citations)
