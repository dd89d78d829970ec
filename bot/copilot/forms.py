"""What a person may choose from: the catalogue in force, for one action the incidents and rows that fit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.copilot.part import Part
from bot.copilot.proposals import Place, editable
from bot.domain.incident import Incident, IncidentState
from bot.domain.proposal import Proposal
from bot.domain.store import Tx
from bot.domain.tool import Tool, ToolKind
from bot.errors import Refused
from bot.in_force import InForce


@dataclass(frozen=True, slots=True)
class Form:
    """All that a form for one action offers.

    `rows` are the ids that each reference argument may take, by its name; `incident` is the one it is for,
    where that is settled; `edits` is the proposal whose arguments are to be changed.
    """

    tool: Tool
    incidents: Sequence[Incident]
    incident: Incident | None
    rows: Mapping[str, Sequence[str]]
    edits: Proposal | None = None


class Forms(Part):
    """Reads what a form needs; nothing here decides or writes."""

    def catalogue(self, service: str = "") -> list[Tool]:
        """Every tool in force, actions first, by name; only those that may touch `service`, if given.

        Raises:
            Refused: no tool may touch that service; names the nearest that one may.
        """
        with self._store.read() as tx:
            tools = sorted(self._in_force.tools(tx).values(), key=lambda t: (t.kind.value, t.name))
        found = [tool for tool in tools if not service or service in tool.services]
        if service and not found:
            raise Refused(f"No tool may touch {service!r}.{_nearest(service, _services(tools))}")
        return found

    def actions_for(self, incident_id: int | None) -> tuple[Incident | None, list[Tool]]:
        """The actions that may touch the incident, or all of them where there is none."""
        with self._store.read() as tx:
            incident = tx.incidents.get(incident_id) if incident_id is not None else None
            tools = self._in_force.tools(tx).values()
        actions = [t for t in tools if t.kind is ToolKind.ACTION and (incident is None or _fits(t, incident))]
        return incident, sorted(actions, key=lambda tool: tool.name)

    def form(self, name: str, incident_id: int | None = None) -> Form:
        """The form for one action.

        Raises:
            Refused: there is no such action (names the nearest), or it may not touch that incident.
        """
        with self._store.read() as tx:
            tool = self._action(tx, name)
            incident = tx.incidents.get(incident_id) if incident_id is not None else None
            if incident is not None and (incident.state is IncidentState.CLOSED or not _fits(tool, incident)):
                raise Refused(f"{tool.name} cannot be used for {incident.label}; see `/vigie actions`.")
            incidents = [i for i in tx.incidents.open_now() if _fits(tool, i)]
            return Form(tool, incidents, incident, _rows(tx, self._in_force, tool, incident))

    def edit(self, proposal_id: int) -> Form:
        """The form of a proposal that waits, with its arguments.

        Raises:
            Refused: it does not wait for signatures any more, or its tool is not in force.
        """
        with self._store.read() as tx:
            old = editable(tx, proposal_id)
            tool, incident = self._action(tx, old.tool), tx.incidents.get(old.incident_id)
            return Form(tool, (), incident, _rows(tx, self._in_force, tool, incident), old)

    def problems(self, tool: str, place: Place, arguments: Mapping[str, object]) -> Mapping[str, str]:
        """What is wrong with each argument, by its name.

        Raises:
            Refused: there is no such action.
        """
        with self._store.read() as tx:
            self._action(tx, tool)
            incident = tx.incidents.get(place.incident_id) if place.incident_id is not None else None
            service = incident.service if incident else place.service
            return self._in_force.problems(tx, service, tool, arguments)

    def _action(self, tx: Tx, name: str) -> Tool:
        tools = self._in_force.tools(tx)
        actions = [tool.name for tool in tools.values() if tool.kind is ToolKind.ACTION]
        if name in actions:
            return tools[name]
        if name in tools:
            raise Refused(f"{name} only reads; checks need no proposal.")
        raise Refused(f"There is no action named {name!r}.{_nearest(name, actions)}")


def _fits(tool: Tool, incident: Incident) -> bool:
    return incident.service in tool.services and incident.environment in tool.environments


def _rows(tx: Tx, in_force: InForce, tool: Tool, incident: Incident | None) -> dict[str, list[str]]:
    """The inventory rows that fit: of the incident's service, or of any that the tool may touch."""
    inventory = in_force.inventory(tx)
    services = {incident.service} if incident else set(tool.services)
    found = {}
    for argument in tool.arguments:
        if argument.type == "reference":
            rows = inventory.get(argument.inventory, {})
            found[argument.name] = [name for name, row in rows.items() if _is_of(row, services)]
    return found


def _is_of(row: Mapping[str, object], services: set[str]) -> bool:
    """Whether a row is for one of these services; one that names none is for all."""
    named = row.get("services")
    return not isinstance(named, list) or bool(services & {str(one) for one in named})


def _services(tools: Sequence[Tool]) -> list[str]:
    return sorted({service for tool in tools for service in tool.services})


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if near:
        return f" Did you mean {' or '.join(near)}?"
    return f" There are {', '.join(sorted(known)[:8])}." if known else ""
