"""Holds every statement of a model against the evidence itself: quotes must stand there, ids must exist.

What does not hold is dropped and counted, or stays with a mark; nothing of it is shown as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Method, Quote, Remedy
from bot.domain.evidence import Evidence, EvidenceKind
from bot.stages.deeds import tells_of_a_deed
from bot.stages.quoting import hold, quoted, seen, stands

SHORTEST = 8
"""Characters of a quote: what is shorter stands in every text and shows nothing."""
LEAST_WORDS = 3
"""Between quotation marks in prose: fewer are a name or a manner of speaking."""
_ID = re.compile(r"\b[Ee]\d{1,6}\b")


def ground(
    made: Diagnosis, evidence: Sequence[Evidence], whole: Callable[[Evidence], str] = attrgetter("text")
) -> Diagnosis:
    """The diagnosis with what holds. Only a model's is judged: ours is made from typed facts.

    A hypothesis with an invented quote, or with an evidence id in its prose that is not there, goes. One
    without a quote stays, marked, behind the others. Any other statement needs a quote that stands. Words
    between quotation marks are quotes, too. `whole` gives all of a piece that was shortened.
    """
    if made.method is not Method.MODEL:
        return made
    texts = {piece.id: _seen(piece, whole(piece)) for piece in evidence}
    kept = [judged for h in made.hypotheses if (judged := _hypothesis(h, texts)) is not None]
    claims = [
        tuple(c for c in said if _holds(c, texts)) for said in (made.symptoms, made.ruled_out, made.reach)
    ]
    lines = (made.advice, made.gaps, made.next_checks)
    words = [tuple(line for line in said if _may_be_said(line, texts)) for said in lines]
    remedies = tuple(_silenced(r) for r in made.remedies if _has_ground(r.why, r.citations, texts))
    lost = len(made.hypotheses) - len(kept) + len(made.remedies) - len(remedies)
    said_before = made.symptoms, made.ruled_out, made.reach, made.advice, made.gaps, made.next_checks
    lost += sum(map(len, said_before)) - sum(map(len, (*claims, *words)))
    lost += sum(tells_of_a_deed(r.why) for r in made.remedies)
    past = {piece.id for piece in evidence if piece.kind is EvidenceKind.PASSAGE}
    lost += bool(made.known_error) and made.known_error not in past
    note = (f"{lost} statement(s) of the model were left out: what they quote or cite is not there.",)
    return replace(
        made,
        hypotheses=tuple(sorted(kept, key=lambda h: h.unsupported)),
        remedies=remedies,
        known_error=made.known_error if made.known_error in past else "",
        rejected=made.rejected + lost,
        caveats=made.caveats + (note if lost else ()),
        symptoms=claims[0],
        ruled_out=claims[1],
        reach=claims[2],
        advice=words[0],
        gaps=words[1],
        next_checks=words[2],
    )


def _seen(piece: Evidence, whole: str) -> str:
    """All that the model may have seen of a piece; no quote goes on from the piece into the whole of it."""
    return "\n".join(map(seen, [piece.shown] if whole == piece.text else [piece.shown, whole]))


def _hypothesis(one: Hypothesis, texts: Mapping[str, str]) -> Hypothesis | None:
    if not all(_may_be_said(text, texts) for text in (one.cause, one.statement, one.component)):
        return None
    if not all(_stands(quote, texts) for quote in one.quotes):
        return None
    cited = tuple(dict.fromkeys((*one.citations, *(quote.evidence for quote in one.quotes))))
    if not _quotes_stand(one.statement, cited, texts):
        return None
    against = tuple(name for name in one.contradicted_by if name in texts)
    return replace(one, citations=cited, contradicted_by=against, unsupported=not one.quotes)


def _holds(claim: Claim, texts: Mapping[str, str]) -> bool:
    has_quotes = bool(claim.quotes) and all(_stands(quote, texts) for quote in claim.quotes)
    has_quotes = has_quotes and _quotes_stand(claim.text, claim.citations, texts)
    return has_quotes and _may_be_said(claim.text, texts)


def _stands(quote: Quote, texts: Mapping[str, str]) -> bool:
    """Whether the words stand in the evidence that they are said to come from."""
    return stands(quote.text, texts.get(quote.evidence, ""), SHORTEST)


def _quotes_stand(prose: str, citations: Sequence[str], texts: Mapping[str, str]) -> bool:
    """Whether what the prose puts between quotation marks stands in what it cites."""
    quotes = [parts for parts in quoted(prose) if sum(len(part.split()) for part in parts) >= LEAST_WORDS]
    return hold(quotes, [texts[id] for id in citations if id in texts])


def _has_ground(why: str, citations: Sequence[str], texts: Mapping[str, str]) -> bool:
    return _ids_exist(why, texts) and _quotes_stand(why, citations, texts)


def _may_be_said(text: str, texts: Mapping[str, str]) -> bool:
    """Its ids are there, and it tells of no deed: those stand in the records, not in evidence."""
    return _ids_exist(text, texts) and not tells_of_a_deed(text)


def _ids_exist(text: str, texts: Mapping[str, str]) -> bool:
    return all(name.upper() in texts for name in _ID.findall(text))


def _silenced(one: Remedy) -> Remedy:
    """The tool is judged by the catalogue, whatever is said of it; a deed is not said of it."""
    return replace(one, why="") if tells_of_a_deed(one.why) else one
