"""Which checks fit a question about an incident: by words of the signed catalogue, and by what was wrong.

Their arguments follow from catalogue and incident alone, as in an investigation: no word of the question gets
into one. Where one thing is open and the inventory has few rows for the service, such as its hosts, each is
read, or those that the incident's alerts name. What a person would have to choose otherwise is not read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.tool import Inventory, Tool, Verdict
from bot.stages.asking_now import about, stems
from bot.stages.investigate import is_check_of
from bot.stages.language import language_of
from bot.stages.linked import suggest

FEW_ROWS = 3
"""More rows than that, and nobody can tell which one is meant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One check that is to be read for a question, with its arguments; `row`: which one of several."""

    tool: Tool
    arguments: Mapping[str, object]
    row: str = ""

    @property
    def title(self) -> str:
        return f"{self.tool.title} ({self.row})" if self.row else self.tool.title


def fitting_checks(
    question: str,
    now: datetime,
    incident: Incident,
    tools: Mapping[str, Tool],
    inventory: Inventory,
    evidence: Sequence[Evidence],
    actions: Sequence[Tool] = (),
    most: int = 3,
    labels: Collection[str] = (),
) -> list[Wanted]:
    """The best ones first. `actions` are those that the question asks about: what they depend on fits.

    `labels` are what the incident's alerts say of it: they tell which row of several is meant.

    Nothing fits a question about the past, about people, or about how something is done.
    """
    asked = about(question, now, incident.service)
    if not asked.is_now:
        return []
    told = {label.partition(":")[0] for label in labels}  # a host, also where its port stands behind it
    found = {name: _readable(tool, incident, inventory, told) for name, tool in tools.items()}
    readable = {name: wanted for name, wanted in found.items() if wanted}
    wrong = _wrong(evidence)
    order = sorted(readable, key=lambda name: (name not in wrong, name))
    names = [use.tool for action in actions for use in (action.precondition, action.verification) if use]
    known = {name: _words_of(tools[name]) for name in order}
    names += _by_words(asked.named, known) or _by_words(asked.words, known)
    if not names and asked.is_state:
        names = [name for name in order if name in wrong]
        if not names:  # of many that all were well, none says more than another
            valued = [name for name in order if tools[name].reads is not None]
            names = valued if len(valued) <= most else []
    return [one for name in dict.fromkeys(names) for one in readable.get(name, ())][:most]


def _readable(tool: Tool, incident: Incident, inventory: Inventory, told: Collection[str]) -> list[Wanted]:
    """The check with all arguments that it has for this incident without that anybody chooses."""
    if not is_check_of(tool, incident):
        return []
    arguments = {one.name: suggest(one, incident, inventory) for one in tool.arguments}
    choices = [one for one in tool.arguments if arguments[one.name] is None]
    if not choices:
        return [Wanted(tool, arguments)]
    if len(choices) > 1 or choices[0].type != "reference":
        return []
    rows = [name for name, row in inventory.get(choices[0].inventory, {}).items() if _is_of(row, incident)]
    meant = [name for name in rows if name in told] or rows
    made = [Wanted(tool, arguments | {choices[0].name: name}, name) for name in meant]
    return made if len(made) <= FEW_ROWS else []


def _is_of(row: Mapping[str, object], incident: Incident) -> bool:
    services, environments = row.get("services"), row.get("environments")
    is_here = not environments or (isinstance(environments, list) and incident.environment in environments)
    return is_here and isinstance(services, list | tuple) and incident.service in services


def _wrong(evidence: Sequence[Evidence]) -> set[str]:
    """Checks whose newest reading showed a fault."""
    newest = {str(piece.facts.get("tool")): piece for piece in sorted(evidence, key=lambda piece: piece.at)}
    return {name for name, piece in newest.items() if piece.facts.get("verdict") == Verdict.FAULTY.value}


def _by_words(words: frozenset[str], known: Mapping[str, frozenset[str]]) -> list[str]:
    """Checks that share most words with the question, then those that share what is left of them."""
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
