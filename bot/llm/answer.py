"""What the model may answer: a typed, bounded form; everything in it is judged again afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr

from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Method, Quote, Remedy

# Bounds are so wide that an honest answer never meets them: what is too much is cut later and said so, but a
# broken bound costs the whole answer.
Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=1500)]
# As they were written: 1.0 is no count and no yes, so that nobody signs what the model did not say.
Scalar = StrictBool | StrictInt | StrictStr
Ids = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=30)]


class QuoteAnswer(BaseModel):
    """Words that stand in a piece of evidence, exactly."""

    evidence: Annotated[str, Field(max_length=40)] = Field(description="its id")
    text: Annotated[str, Field(max_length=600)] = Field(description="copied, a few words")


Quotes = Annotated[list[QuoteAnswer], Field(max_length=20)]


class ClaimAnswer(BaseModel):
    """One statement with the words that show it."""

    text: Long
    quotes: Quotes


class HypothesisAnswer(BaseModel):
    """One possible cause."""

    cause: Short = Field(description="the cause in a few words")
    statement: Long = Field(description="why, in one to three sentences")
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    citations: Ids = Field(description="ids of the evidence it stands on")
    quotes: Quotes = Field(default_factory=list, description="the words that show it, one of each source")
    contradicted_by: Ids = Field(default_factory=list, description="ids of the evidence against it")
    component: Short = Field(default="", description="the faulty part, if the evidence names it")


class RemedyAnswer(BaseModel):
    """One action of the catalogue."""

    tool: Short = Field(description="the action's name, exactly as in the catalogue")
    arguments: dict[str, Scalar] = Field(
        default_factory=dict, max_length=20, description="only those whose value the evidence gives"
    )
    why: Long
    citations: Ids = Field(description="ids of the evidence it stands on")


class DiagnosisAnswer(BaseModel):
    """The diagnosis of this incident. No hypotheses means: not enough evidence."""

    hypotheses: list[HypothesisAnswer] = Field(default_factory=list, max_length=10)
    remedies: list[RemedyAnswer] = Field(default_factory=list, max_length=30)
    symptoms: list[ClaimAnswer] = Field(default_factory=list, max_length=10, description="what is seen")
    ruled_out: list[ClaimAnswer] = Field(
        default_factory=list, max_length=10, description="causes that the evidence excludes, and how"
    )
    blast_radius: list[ClaimAnswer] = Field(
        default_factory=list, max_length=5, description="who and what is affected"
    )
    known_error: Annotated[str, Field(max_length=40)] = Field(
        default="", description="id of the past incident or runbook that this repeats"
    )
    next_checks: list[Long] = Field(default_factory=list, max_length=10, description="what to look at next")
    advice: list[Long] = Field(default_factory=list, max_length=20, description="what else a person may do")
    gaps: list[Long] = Field(default_factory=list, max_length=20, description="what is missing to be sure")


def as_diagnosis(
    answer: DiagnosisAnswer, *, prompt: str, model: str, tokens: int, incomplete: str = ""
) -> Diagnosis:
    """The answer in the words of the domain, most confident hypothesis first."""
    hypotheses = sorted(answer.hypotheses, key=lambda h: -h.confidence)
    return Diagnosis(
        method=Method.MODEL,
        hypotheses=tuple(
            Hypothesis(
                h.cause,
                h.statement,
                h.confidence,
                tuple(h.citations),
                tuple(h.contradicted_by),
                h.component,
                _quotes(h.quotes),
            )
            for h in hypotheses
        ),
        remedies=tuple(
            Remedy(r.tool, dict(r.arguments), r.why, tuple(dict.fromkeys(r.citations)))
            for r in answer.remedies
        ),
        advice=tuple(answer.advice),
        gaps=tuple(answer.gaps),
        prompt=prompt,
        model=model,
        tokens=tokens,
        symptoms=_claims(answer.symptoms),
        ruled_out=_claims(answer.ruled_out),
        reach=_claims(answer.blast_radius),
        next_checks=tuple(answer.next_checks),
        known_error=answer.known_error,
        incomplete=incomplete,
    )


def _claims(answers: Sequence[ClaimAnswer]) -> tuple[Claim, ...]:
    """What a claim quotes is what it cites."""
    return tuple(
        Claim(c.text, tuple(dict.fromkeys(q.evidence for q in c.quotes)), _quotes(c.quotes)) for c in answers
    )


def _quotes(answers: Sequence[QuoteAnswer]) -> tuple[Quote, ...]:
    return tuple(Quote(q.evidence, q.text) for q in answers)
