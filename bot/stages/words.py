"""Bounds on the text of a diagnosis: one-line, visible, and never longer than a reader can take in."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Quote, Remedy
from bot.stages.similar import SURE

HYPOTHESES = 5
CITATIONS = 12
LINES = 12
CLAIMS = 6
QUOTES = 6
NEXT = 5


def inert(text: str, limit: int) -> str:
    """`text` as one visible line of at most `limit` characters."""
    seen = text[: limit * 4]
    if not (seen.isascii() and seen.isprintable()):  # as most texts are: nothing in them can hide
        shown = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in seen)
        seen = "".join(c for c in shown if unicodedata.category(c) not in ("Cf", "Cs", "Co"))
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def bounded(diagnosis: Diagnosis) -> Diagnosis:
    """The same diagnosis with every text cut, every list cut, and no confidence above 0.95."""
    return replace(
        diagnosis,
        hypotheses=tuple(_hypothesis(h) for h in diagnosis.hypotheses[:HYPOTHESES]),
        remedies=tuple(_remedy(r) for r in diagnosis.remedies),
        advice=_lines(diagnosis.advice, 400),
        gaps=_lines(diagnosis.gaps, 300),
        caveats=_lines(diagnosis.caveats, 400),
        symptoms=_claims(diagnosis.symptoms),
        ruled_out=_claims(diagnosis.ruled_out),
        reach=_claims(diagnosis.reach),
        next_checks=_lines(diagnosis.next_checks, 300)[:NEXT],
        incomplete=inert(diagnosis.incomplete, 300),
    )


def _hypothesis(one: Hypothesis) -> Hypothesis:
    sure = one.confidence if math.isfinite(one.confidence) else 0.0
    return replace(
        one,
        cause=inert(one.cause, 120),
        statement=inert(one.statement, 600),
        confidence=min(max(sure, 0.0), SURE),
        citations=one.citations[:CITATIONS],
        contradicted_by=one.contradicted_by[:CITATIONS],
        component=inert(one.component, 80),
        quotes=_quotes(one.quotes),
    )


def _claims(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    cut = (
        replace(c, text=inert(c.text, 300), citations=c.citations[:CITATIONS], quotes=_quotes(c.quotes))
        for c in claims
    )
    return tuple(claim for claim in cut if claim.text)[:CLAIMS]


def _quotes(quotes: Iterable[Quote]) -> tuple[Quote, ...]:
    return tuple(replace(quote, text=inert(quote.text, 300)) for quote in quotes)[:QUOTES]


def _remedy(one: Remedy) -> Remedy:
    return replace(one, why=inert(one.why, 400), citations=one.citations[:CITATIONS])


def _lines(texts: Iterable[str], limit: int) -> tuple[str, ...]:
    lines = [line for line in (inert(text, limit) for text in texts) if line]
    return tuple(lines[:LINES])
