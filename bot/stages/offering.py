"""Which actions are offered beside a model's diagnosis: typed facts say which, the model says in which order.

No text of an alert, a log or a document adds an action to the offer or takes one from it, and nothing that
the model says or reads does. Where an argument follows from the catalogue and the inventory, it is that; the
model fills in only what they leave open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.diagnosis import Diagnosis, Remedy
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.tool import Inventory, Tool, ToolKind
from bot.errors import ArgumentRefused
from bot.stages.linked import Standing, actions_for, standings, suggest, suggest_arguments
from bot.stages.similar import fitting_passages
from bot.stages.words import inert

REMEDIES = 3
Validate = Callable[[Tool, Mapping[str, object]], object]


@dataclass(slots=True)
class Offer:
    """What may be offered: `settled` with all arguments, `open` with some that a person or model fills in."""

    settled: dict[str, Remedy] = field(default_factory=dict)
    open: dict[str, Tool] = field(default_factory=dict)


def offer_of(
    ours: Diagnosis,
    gone: Collection[str],
    incident: Incident,
    evidence: Sequence[Evidence],
    tools: Sequence[Tool],
    inventory: Inventory,
) -> Offer:
    """What typed facts lead to: what `ours` proposes, else actions whose own precondition was read to hold.

    `evidence` is what was gathered before a model was asked: what it wished to read is no ground here. `gone`
    are actions whose documents do not count any more.
    """
    known = actions_for(incident, tools)
    seen = standings(known.values(), evidence)
    old = {piece.id for piece in evidence if piece.facts.get("outdated")}
    fitting = [passage for passage in fitting_passages(incident, evidence) if passage.id not in old]
    linked = {name for passage in fitting for name in passage.actions}
    made = Offer({remedy.tool: remedy for remedy in ours.remedies if remedy.tool in known})
    for name, tool in known.items():
        if name in gone:
            continue
        holding = [s for s in seen if s.action == name and s.speaks_for and _is_before(tool, s)]
        barred = any(s.bars for s in seen if s.action == name)
        arguments = suggest_arguments(tool, incident, inventory)
        if arguments is None and not barred and (holding or name in linked):
            made.open[name] = tool
        elif arguments is not None and holding and not ours.remedies:
            cited = tuple(dict.fromkeys(s.evidence for s in holding))
            made.settled[name] = Remedy(name, arguments, holding[0].says, cited)
    made.settled = dict(list(made.settled.items())[:REMEDIES])
    return made


def offered(made: Diagnosis, offer: Offer, incident: Incident, tools: Sequence[Tool]) -> Diagnosis:
    """The model's diagnosis with what is offered: what it names first, with its reasons, then the rest."""
    first: dict[str, Remedy] = {}
    caveats = list(made.caveats)
    for remedy in made.remedies:
        name, given = inert(remedy.tool, 80), offer.settled.get(remedy.tool)
        if remedy.tool in first:
            continue
        if given is not None:
            first[remedy.tool] = replace(remedy, arguments=given.arguments)
            if any(given.arguments.get(key) != value for key, value in remedy.arguments.items()):
                caveats.append(
                    f"“{name}”: its arguments follow from the catalogue; the model's are not used."
                )
        elif remedy.tool in offer.open:
            first[remedy.tool] = remedy
        else:
            caveats.append(f"“{name}” was refused: {_why_not(remedy.tool, incident, tools)}")
    rest = [
        replace(one, why=f"{one.why} The model does not name it.")
        for name, one in offer.settled.items()
        if name not in first
    ]
    return replace(made, remedies=(*first.values(), *rest), caveats=tuple(caveats))


def validated(
    made: Diagnosis, incident: Incident, tools: Sequence[Tool], inventory: Inventory, validate: Validate
) -> Diagnosis:
    """Only actions for this incident whose arguments validate, three at most; the rest becomes words."""
    known = actions_for(incident, tools)
    kept: list[Remedy] = []
    caveats = list(made.caveats)
    for remedy in sorted(made.remedies, key=lambda r: _is_open(known.get(r.tool), incident, inventory)):
        tool, name = known.get(remedy.tool), inert(remedy.tool, 80)
        if tool is None:
            caveats.append(f"“{name}” was refused: {_why_not(remedy.tool, incident, tools)}")
            continue
        if len(kept) == REMEDIES:
            caveats.append(f"“{name}” was left out: at most {REMEDIES} remedies are proposed at once.")
            continue
        arguments = _completed(remedy, tool, incident, inventory)
        try:
            validate(tool, arguments)
        except ArgumentRefused as error:
            caveats.append(f"“{name}” was refused: {inert(error.detail, 200) or 'its arguments do not fit'}")
            continue
        kept.append(replace(remedy, arguments=arguments))
    order = {remedy.tool: place for place, remedy in enumerate(made.remedies)}
    kept.sort(key=lambda remedy: order[remedy.tool])
    return replace(made, remedies=tuple(kept), caveats=tuple(caveats))


def _is_open(tool: Tool | None, incident: Incident, inventory: Inventory) -> bool:
    """Whether it needs what a model filled in: such a one never takes the place of one that needs nothing."""
    return tool is not None and suggest_arguments(tool, incident, inventory) is None


def _is_before(tool: Tool, standing: Standing) -> bool:
    return tool.precondition is not None and tool.precondition.tool == standing.check


def _why_not(name: str, incident: Incident, tools: Sequence[Tool]) -> str:
    """Why it is not offered here: there is no such action, it is for something else, nothing leads to it."""
    if name in actions_for(incident, tools):
        return "what was read does not lead to it. /vigie run proposes it all the same."
    other = next((t for t in tools if t.name == name and t.kind is ToolKind.ACTION), None)
    if other is None or not incident.service:
        return "the catalogue has no such action for this incident."
    where = inert(f"{', '.join(other.services)} in {', '.join(other.environments)}", 120)
    what = f"it touches {where}, not {inert(incident.service, 60)} in {inert(incident.environment, 40)}"
    return f"{what}. Whoever wants it opens an incident there."


def _completed(remedy: Remedy, tool: Tool, incident: Incident, inventory: Inventory) -> dict[str, object]:
    """The arguments given, where the catalogue and the inventory leave them open; else what those say."""
    arguments = dict(remedy.arguments)
    for argument in tool.arguments:
        value = suggest(argument, incident, inventory)
        if value is not None:
            arguments[argument.name] = value
    return arguments
