"""Which checks fit a question about an incident: by words of the signed catalogue, and by what was wrong.

Their arguments follow from catalogue and incident alone, as in an investigation: no word of the question gets
into one, and what a person would have to choose is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.tool import Inventory, Tool, Verdict
from bot.stages.asking_now import about, stems
from bot.stages.investigate import arguments_of
from bot.stages.language import language_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """One check that is to be read for a question, with its arguments."""

    tool: Tool
    arguments: Mapping[str, object]


def fitting_checks(
    question: str,
    now: datetime,
    incident: Incident,
    tools: Mapping[str, Tool],
    inventory: Inventory,
    evidence: Sequence[Evidence],
    actions: Sequence[Tool] = (),
    most: int = 3,
) -> list[Wanted]:
    """The best ones first. `actions` are those that the question asks about: what they depend on fits.

    Nothing fits a question about the past, about people, or about how something is done.
    """
    asked = about(question, now, incident.service)
    if not asked.is_now:
        return []
    readable = _readable(incident, tools, inventory)
    wrong = _wrong(evidence)
    order = sorted(readable, key=lambda name: (name not in wrong, name))
    names = [use.tool for action in actions for use in (action.precondition, action.verification) if use]
    names += _by_words(asked.words, {name: readable[name].tool for name in order})
    if not names and asked.is_state:
        shown = [name for name in order if name in wrong]
        names = shown or [name for name in order if readable[name].tool.reads is not None]
    return [readable[name] for name in dict.fromkeys(names) if name in readable][:most]


def _readable(incident: Incident, tools: Mapping[str, Tool], inventory: Inventory) -> dict[str, Wanted]:
    """Checks of the incident's service whose arguments nobody has to choose."""
    found = {}
    for name, tool in tools.items():
        arguments = arguments_of(tool, incident, inventory)
        if arguments is not None:
            found[name] = Wanted(tool, arguments)
    return found


def _wrong(evidence: Sequence[Evidence]) -> set[str]:
    """Checks whose newest reading showed a fault."""
    newest = {str(piece.facts.get("tool")): piece for piece in sorted(evidence, key=lambda piece: piece.at)}
    return {name for name, piece in newest.items() if piece.facts.get("verdict") == Verdict.FAULTY.value}


def _by_words(words: frozenset[str], tools: Mapping[str, Tool]) -> list[str]:
    """Checks that share most words with the question, then those that share what is left of them."""
    known = {name: _words_of(tool) & words for name, tool in tools.items()}
    left, chosen = words, []
    while best := max((len(found & left) for found in known.values()), default=0):
        same = [name for name, found in known.items() if len(found & left) == best]
        chosen += same
        left -= frozenset().union(*(known[name] for name in same))
    return chosen


def _words_of(tool: Tool) -> frozenset[str]:
    """Its name, its title, and what its value is called: `/pool/queue`, in orders."""
    value = f"{tool.reads.value} {tool.reads.unit}" if tool.reads else ""
    return stems(f"{tool.name} {tool.title} {value}", language_of(tool.title))
