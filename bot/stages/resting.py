"""What an answer or a draft may rest on: recorded events, evidence, passages, actions; each with its id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.domain.conversation import Source
from bot.domain.evidence import READ_FOR_A_QUESTION, Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.store import Tx
from bot.domain.tool import Tool
from bot.stages.asking_now import plain
from bot.stages.fresh import Fresh
from bot.stages.linked import actions_for
from bot.stages.timeline import timeline_of
from knowledge.model import Passage

TEXT = 1500
FIRST = 5  # pieces of evidence before what happened
NEWEST = 3  # of what was read for earlier questions, before that
FITTING_ACTIONS = 3
_WORD = re.compile(r"[a-z0-9]{4,}")
_SHOULD_WE = re.compile(
    r"\b(what if|et si|should (?:we|i)|could (?:we|i)|can (?:we|i)|shall we|faut il|devrait on|devons nous"
    r"|peut on|pouvons nous|why not|pourquoi ne pas|would it help)\b"
)
# What people call an action in French, and how catalogues name it.
_VERBS = {
    "redemarr": "restart",
    "relanc": "restart",
    "purg": "clear",
    "annul": "rollback",
    "reload": "reload",
}


def of_incident(tx: Tx, incident: Incident, language: str, *, with_passages: bool) -> list[Source]:
    """Evidence, what is supposed and what happened, the newest first, in the order of what it is worth.

    `with_passages` only for who reads the incident's channel: documents may be theirs alone.
    """
    known = _evidence(tx, incident, with_passages=with_passages)
    seen = [source for source in known if not source.id.startswith(READ_FOR_A_QUESTION)]
    asked = [source for source in known if source.id.startswith(READ_FOR_A_QUESTION)][::-1]
    happened = timeline_of(tx, incident, language)
    first = [*asked[:NEWEST], *seen[:FIRST], *_supposed(tx, incident)]
    return [*first, *happened[::-1], *seen[FIRST:], *asked[NEWEST:]]


def of_fresh(fresh: Iterable[Fresh], known: Sequence[Source]) -> list[Source]:
    """The sources with what was just read before all else."""
    pieces = {one.piece.id: one.piece for one in fresh if one.piece is not None}
    return [*map(_of_piece, pieces.values()), *(source for source in known if source.id not in pieces)]


def _evidence(tx: Tx, incident: Incident, *, with_passages: bool) -> list[Source]:
    found = []
    for piece in tx.diagnoses.evidence(incident.id):
        if with_passages or piece.kind is not EvidenceKind.PASSAGE:
            found.append(_of_piece(piece))
    return found


def _of_piece(piece: Evidence) -> Source:
    is_passage = piece.kind is EvidenceKind.PASSAGE
    opens = piece.source if is_passage else ""
    service = str(piece.facts.get("service", "")) if is_passage else ""
    text = f"{piece.title}{piece.given}\n{piece.text}"[:TEXT]
    return Source(piece.id, text, piece.at, piece.kind.value, opens, service)


def _supposed(tx: Tx, incident: Incident) -> list[Source]:
    """Hypotheses so far, said to be that."""
    made = tx.diagnoses.latest(incident.id)
    if made is None:
        return []
    return [
        Source(f"H{n}", f"hypothesis, not proven: {h.cause} ({h.confidence:.0%})", None, "hypothesis")
        for n, h in enumerate(made.hypotheses[:3], 1)
    ]


def of_passages(passages: Iterable[Passage], known: Sequence[Source] = ()) -> list[Source]:
    """Passages found for a question, without those that are evidence already."""
    there = {source.opens for source in known}
    fresh = [p for p in passages if p.id not in there]
    return [
        Source(
            f"P{n}", f"{p.title} › {' › '.join(p.heading)}\n{p.text}"[:TEXT], None, p.kind, p.id, p.service
        )
        for n, p in enumerate(fresh, 1)
    ]


def of_actions(actions: Sequence[Tool]) -> list[Source]:
    """Actions of the catalogue, as what may be proposed."""
    return [
        Source(
            f"A{n}",
            f"action {tool.name}: {tool.does} Risk: {tool.risk.value}. {tool.expected_effect}",
            None,
            "action",
        )
        for n, tool in enumerate(actions, 1)
    ]


def fitting_actions(incident: Incident, tools: Mapping[str, Tool], question: str) -> list[Tool]:
    """Actions for this incident that share words with a question which asks about doing something."""
    text = plain(question)
    if not _SHOULD_WE.search(text):
        return []
    asked = set(_WORD.findall(text))
    asked |= {name for begun, name in _VERBS.items() if any(word.startswith(begun) for word in asked)}
    known = actions_for(incident, list(tools.values()))
    scored = [(len(asked & _words(tool)), name) for name, tool in known.items()]
    best = max((score for score, _ in scored), default=0)
    return [known[name] for score, name in sorted(scored) if score and score == best][:FITTING_ACTIONS]


def since(sources: Sequence[Source], moment: datetime) -> list[Source]:
    """What happened or was seen from a moment on, in that order."""
    found = [s for s in sources if s.at and s.at >= moment]
    # Of one moment, what happened comes before what was seen of it.
    return sorted(found, key=lambda s: (s.at or moment, s.kind != "event", int(s.id[1:])))


def _words(tool: Tool) -> set[str]:
    return set(_WORD.findall(plain(f"{tool.name.replace('_', ' ')} {tool.title}")))
