"""The form of a standing sign-off: what can be chosen, filled in from an action that helped, and was chosen.

A choice is named by a short key of its value; what it means is looked up here again, never in the form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.proposal import Proposal
from bot.domain.standing import Pattern, Terms, Trigger, TypedAlert
from bot.domain.store import Tx
from bot.domain.tool import Argument, Inventory, Risk, Tool, shown
from bot.errors import Refused
from bot.in_force import InForce
from bot.sign_off.digest import canonical
from bot.sign_off.standing import pattern_of

MOST_CHOICES = 100  # what one menu of Slack holds
# Labels that say where and how bad, which have fields of their own, or which differ each time.
_OWN_FIELDS = frozenset({"alertname", "severity", "service", "environment", "env"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen: its key in the form, and how people read it."""

    key: str
    text: str
    value: object


@dataclass(frozen=True, slots=True)
class Field:
    """A menu: what can be chosen, and what is chosen to begin with."""

    choices: tuple[Choice, ...]
    chosen: tuple[Choice, ...]

    def values(self, keys: Iterable[str]) -> list[object]:
        """What these keys stand for.

        Raises:
            Refused: the form does not offer one of them (any more).
        """
        known = {choice.key: choice.value for choice in self.choices}
        given = list(dict.fromkeys(keys))
        if not known.keys() >= set(given):
            raise Refused("The form is out of date. Nothing was stored: open it again.")
        return [known[key] for key in given]


@dataclass(frozen=True, slots=True)
class Draft:
    """The form, filled in. `arguments` has a menu for each argument of the tool."""

    proposal: Proposal
    tool: Tool
    alerts: Field
    severity: Field
    labels: Field
    services: Field
    environments: Field
    arguments: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person chose, by keys; numbers as they were typed."""

    alert: str
    severity: str
    labels: Sequence[str]
    services: Sequence[str]
    environments: Sequence[str]
    arguments: Mapping[str, Sequence[str]]
    per_hour: int
    in_all: int
    days: int
    why: str


def draft_of(tx: Tx, in_force: InForce, proposal: Proposal) -> Draft:
    """What can be chosen after this action.

    Raises:
        Refused: its incident had no alert of a source, or it is destructive or in the catalogue no more.
    """
    incident, tools = tx.incidents.get(proposal.incident_id), in_force.tools(tx)
    tool = tools.get(proposal.tool)
    if incident is None or tool is None:
        raise Refused(f"{proposal.tool} is not in the catalogue that is in force.")
    if tool.risk is Risk.DESTRUCTIVE:
        raise Refused("What is destructive never runs by itself.")
    seen = tx.standing.kinds_of_alert(incident.id)
    if not seen:
        raise Refused("No alert had opened that incident, so there is nothing that could trigger it.")
    return Draft(
        proposal,
        tool,
        _alerts(seen),
        _menu(((s.word, s) for s in Severity), [incident.severity]),
        _labels(seen),
        _menu(((s, s) for s in tool.services), [incident.service]),
        _menu(((e, e) for e in tool.environments), [incident.environment]),
        {a.name: _argument(a, proposal, in_force.inventory(tx), incident) for a in tool.arguments},
    )


def terms_of(draft: Draft, wish: Wish, now: datetime) -> Terms:
    """The terms that a wish comes to.

    Raises:
        Refused: the form is out of date, or says nothing where something is needed.
        ArgumentRefused: an argument is given several values that nothing chooses among.
    """
    kinds, severities = draft.alerts.values([wish.alert]), draft.severity.values([wish.severity])
    source, name = _pair(kinds[0])
    labels = dict(_pair(value) for value in draft.labels.values(wish.labels))
    severity = severities[0]
    assert isinstance(severity, Severity)
    return Terms(
        tool=draft.tool.name,
        arguments={a.name: _pattern(draft, wish, a) for a in draft.tool.arguments},
        services=tuple(str(s) for s in draft.services.values(wish.services)),
        environments=tuple(str(e) for e in draft.environments.values(wish.environments)),
        trigger=Trigger(source, name, severity, labels),
        per_hour=wish.per_hour,
        in_all=wish.in_all,
        ends_at=now + timedelta(days=wish.days),
    )


def _pattern(draft: Draft, wish: Wish, argument: Argument) -> Pattern:
    field = draft.arguments[argument.name]
    if len(field.choices) == 1:  # what has one value is shown, and cannot be chosen
        return pattern_of(argument, [field.choices[0].value])
    return pattern_of(argument, field.values(wish.arguments.get(argument.name, ())))


def _alerts(seen: Sequence[TypedAlert]) -> Field:
    kinds = dict.fromkeys((one.source, one.name) for one in seen)
    return _menu(((f"{name} from {source}", (source, name)) for source, name in kinds), [next(iter(kinds))])


def _labels(seen: Sequence[TypedAlert]) -> Field:
    pairs = dict.fromkeys(
        (key, value) for one in seen for key, value in sorted(one.labels.items()) if key not in _OWN_FIELDS
    )
    return _menu(((f"{key} = {value}", (key, value)) for key, value in pairs), [])


def _argument(argument: Argument, proposal: Proposal, inventory: Inventory, incident: Incident) -> Field:
    """A menu of rows or choices; what has no list stays as it was run."""
    ran = proposal.arguments.get(argument.name, argument.default)
    listed: Sequence[object] = [ran]
    if argument.type == "enum":
        listed = argument.choices
    elif argument.type == "reference":
        listed = list(inventory.get(argument.inventory, {}))
    values = dict.fromkeys([ran, *listed])  # what was run comes first, however many there are
    return _menu(((shown(value), value) for value in values), [ran])


def _menu(given: Iterable[tuple[str, object]], chosen: Sequence[object]) -> Field:
    choices = tuple(Choice(_key(value), text, value) for text, value in list(given)[:MOST_CHOICES])
    keys = {_key(value) for value in chosen}
    return Field(choices, tuple(choice for choice in choices if choice.key in keys))


def _key(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return hashlib.sha256(canonical(plain).encode()).hexdigest()[:24]


def _pair(value: object) -> tuple[str, str]:
    assert isinstance(value, tuple)
    return str(value[0]), str(value[1])
