"""Words between quotation marks must stand in what is cited: a real id with invented words proves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.domain.diagnosis import Diagnosis, Method
from bot.domain.evidence import Evidence

# Fewer words are a name or a manner of speaking.
LEAST_WORDS = 3
_QUOTED = re.compile(r"“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»|\"([^\"]*)\"")
_LEFT_OUT = re.compile(r"\[?(?:…|\.\.\.)\]?")
_MARKS = re.compile(r"[\s*_`|>#]+")


def resolve_quotes(diagnosis: Diagnosis, evidence: Sequence[Evidence]) -> Diagnosis:
    """A model's diagnosis without what quotes words that its citations do not hold; `caveats` says so."""
    if diagnosis.method is not Method.MODEL:
        return diagnosis
    said = {piece.id: _plain(f"{piece.title}\n{piece.text}") for piece in evidence}

    def holds(words: str, citations: tuple[str, ...]) -> bool:
        cited = [said[id] for id in citations if id in said]
        return all(any(quote in text for text in cited) for quote in _quotes(words))

    kept = tuple(h for h in diagnosis.hypotheses if holds(h.statement, h.citations))
    remedies = tuple(r for r in diagnosis.remedies if holds(r.why, r.citations))
    lost = len(diagnosis.hypotheses) - len(kept) + len(diagnosis.remedies) - len(remedies)
    if not lost:
        return diagnosis
    note = f"{lost} statement(s) were rejected because what they quote does not stand in what they cite."
    return replace(diagnosis, hypotheses=kept, remedies=remedies, caveats=(*diagnosis.caveats, note))


def _quotes(words: str) -> Iterator[str]:
    for match in _QUOTED.finditer(words):
        quoted = next(group for group in match.groups() if group is not None)
        for part in _LEFT_OUT.split(quoted):
            plain = _plain(part).strip(" .,;:!?")
            if len(plain.split()) >= LEAST_WORDS:
                yield plain


def _plain(text: str) -> str:
    return _MARKS.sub(" ", text).casefold().strip()
