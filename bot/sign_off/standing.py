"""Pure rules of standing sign-offs: what fires one, with which arguments, and whether it may be used now.

Nothing here reads a text, a similarity or what a model said: typed fields of an alert, compared exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import AlertStatus
from bot.domain.by_hand import PERSON
from bot.domain.flags import CUT, SECRET, is_of_severity
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState, SignOff
from bot.domain.standing import By, Pattern, StandingSignOff, StandingState, Terms, TypedAlert, Uses
from bot.domain.tool import Argument, Inventory, Risk, Tool, ToolKind
from bot.errors import ArgumentRefused
from bot.sign_off.digest import canonical, digest
from bot.sign_off.policy import Policy, Rule
from bot.sign_off.quorum import N3, Judgement, lacking, may_sign, valid_signers

MOST_DAYS, MOST_PER_HOUR, MOST_IN_ALL, MOST_CASES = 90, 20, 500, 20
TIME_TO_SIGN = timedelta(days=3)
FRESH = timedelta(minutes=10)
"""An alert is answered by itself when it comes, or not at all: later, people are at work."""
_HOUR = timedelta(hours=1)
# Flags of triage that concern long or secret texts, not what the alert is.
_HARMLESS = frozenset({CUT, SECRET})
_YES = Judgement(True, "allowed")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that may run: where, and with which arguments."""

    environment: str
    service: str
    arguments: Mapping[str, object]


def fires(standing: StandingSignOff, alert: TypedAlert, incident: Incident, now: datetime) -> Judgement:
    """Whether this delivery, in this incident, is one that the standing sign-off is for."""
    terms, trigger = standing.terms, standing.terms.trigger
    since = standing.active_at
    place = (alert.service, alert.environment)
    checks = (
        (standing.is_in_force(now), f"{standing.label} is not in force"),
        (incident.state.is_open, "the incident is over"),
        (alert.status is AlertStatus.FIRING and alert.firing, "the alert does not fire"),
        (alert.source == trigger.source, "another source sent it"),
        (alert.source != PERSON, "a person reported it, and people propose"),
        (alert.name == trigger.name, "it is another alert"),
        (alert.severity >= trigger.severity, f"it is less than {trigger.severity.word}"),
        (
            all(alert.labels.get(key) == value for key, value in trigger.labels.items()),
            "a label is not as it must be",
        ),
        (alert.service in terms.services, "it is of another service"),
        (alert.environment in terms.environments, "it is of another environment"),
        (place == (incident.service, incident.environment), "the incident is about another service"),
        (not any(map(_is_odd, alert.flags)), "its text had to be cleaned, so a person looks first"),
        (since is not None and alert.received_at >= since, "it came before the sign-off was given"),
        (now - alert.received_at <= FRESH, "it came too long ago"),
    )
    return _first_that_fails(checks)


def _is_odd(flag: str) -> bool:
    """An unknown severity counts as what vigie.toml says of its source; N3 signed for that."""
    return flag not in _HARMLESS and not is_of_severity(flag)


def cases(terms: Terms, tool: Tool, inventory: Inventory) -> list[Case]:
    """Everything that may run under these terms, each service and label value written out.

    Raises:
        ArgumentRefused: an argument is missing or free, or the row it names is not of the service.
    """
    if set(terms.arguments) != {argument.name for argument in tool.arguments}:
        raise ArgumentRefused(f"{tool.name}: each of its arguments must be fixed or listed.")
    found = [
        Case(environment, service, dict(zip(terms.arguments, values, strict=True)))
        for environment in terms.environments
        for service in terms.services
        for values in itertools.product(*_values(terms, tool, inventory, service))
    ]
    if len(found) > MOST_CASES:
        raise ArgumentRefused(
            f"{tool.name}: {len(found)} different calls are more than N3 can read;"
            f" choose fewer services or values, {MOST_CASES} calls at most."
        )
    return found


def choose(terms: Terms, tool: Tool, inventory: Inventory, alert: TypedAlert) -> dict[str, object]:
    """The arguments for this alert, each from the values that were signed.

    Raises:
        ArgumentRefused: none or several of the values fit.
    """
    for argument in tool.arguments:
        pattern = terms.arguments.get(argument.name)
        if pattern is not None and pattern.by is By.LABEL:
            value = alert.labels.get(argument.name)
            if value not in pattern.among:
                raise ArgumentRefused(f"{argument.name}: the alert's label of that name is none of those.")
    fitting = [
        dict(case.arguments)
        for case in cases(terms, tool, inventory)
        if (case.environment, case.service) == (alert.environment, alert.service)
        and all(
            case.arguments[name] == alert.labels.get(name)
            for name, pattern in terms.arguments.items()
            if pattern.by is By.LABEL
        )
    ]
    if len(fitting) != 1:
        raise ArgumentRefused(f"{tool.name}: {len(fitting)} of the signed calls fit, not one.")
    return fitting[0]


def may_be_given(terms: Terms, tool: Tool, now: datetime) -> Judgement:
    """Whether terms like these can be proposed at all."""
    days = (terms.ends_at - now).total_seconds() / 86_400
    checks = (
        (tool.kind is ToolKind.ACTION, f"{tool.name} only reads; it needs no sign-off"),
        (tool.risk is not Risk.DESTRUCTIVE, "what is destructive never runs by itself"),
        (bool(terms.services) and set(terms.services) <= set(tool.services), "it may not touch that service"),
        (
            bool(terms.environments) and set(terms.environments) <= set(tool.environments),
            "it may not touch that environment",
        ),
        (bool(terms.trigger.source and terms.trigger.name), "a source and the exact name of an alert needed"),
        (terms.trigger.source != PERSON, "what a person reports is no alert that could be signed for"),
        (1 <= terms.per_hour <= MOST_PER_HOUR, f"uses in an hour: from 1 to {MOST_PER_HOUR}"),
        (terms.per_hour <= terms.in_all <= MOST_IN_ALL, f"uses in all: not fewer, {MOST_IN_ALL} at most"),
        (0 < days <= MOST_DAYS, f"it must end within {MOST_DAYS} days"),
    )
    return _first_that_fails(checks)


def may_be_used(
    standing: StandingSignOff,
    proposal: Proposal,
    plan: Mapping[str, object],
    fresh: str,
    uses: Uses,
    now: datetime,
) -> Judgement:
    """Whether this very plan may run by it now; `fresh` is the digest of its own plan, built anew."""
    terms = standing.terms
    checks = (
        (standing.state is StandingState.IN_FORCE, f"it is {standing.state.value}"),
        (now < terms.ends_at, "its time is over"),
        (standing.uses_left > 0, f"it has been used {terms.in_all} times, as often as N3 allowed"),
        (fresh == standing.digest, "what it stands for is not what N3 signed; catalogue or policy changed"),
        (proposal.tool == terms.tool, "it is for another action"),
        (covers(standing.plan, plan), "this call is none of those that N3 signed"),
        (uses.last_hour < terms.per_hour, f"it was used {uses.last_hour} times within the hour"),
    )
    judgement = _first_that_fails(checks)
    if judgement.allowed:
        return judgement
    return Judgement(
        False, f"{proposal.label} was not run by standing sign-off {standing.label}: {judgement.reason}."
    )


def covers(signed: Mapping[str, object], plan: Mapping[str, object]) -> bool:
    """Whether a proposal's plan is one of the signed cases, call by call, with its pre-condition holding."""
    target, precondition = plan.get("target"), plan.get("precondition")
    listed = signed.get("cases")
    if not isinstance(target, Mapping) or not isinstance(precondition, Mapping):
        return False
    if not isinstance(listed, list) or precondition.get("holds") is not True:
        return False
    case = {
        "environment": target.get("environment"),
        "service": target.get("service"),
        "precondition": {key: value for key, value in precondition.items() if key != "holds"},
        **{part: plan.get(part) for part in ("arguments", "call", "verification", "undo", "policy")},
    }
    # As texts: to Python `true` and 1 would be the same.
    same = all(
        canonical(signed.get(part)) == canonical(plan.get(part)) for part in ("tool", "entry", "referenced")
    )
    return same and canonical(case) in {canonical(one) for one in listed}


def went_badly(proposals: Sequence[Proposal], since: datetime) -> Proposal | None:
    """The first use since then that failed, was not verified as a fix, or whose end is not known."""
    for proposal in proposals:
        bad = proposal.state in (ProposalState.FAILED, ProposalState.UNKNOWN)
        bad = bad or proposal.outcome in (Outcome.NOT_FIXED, Outcome.CANNOT_TELL)
        if bad and proposal.created_at >= since:
            return proposal
    return None


def under_way(proposals: Sequence[Proposal]) -> Proposal | None:
    """A use that has started and is not verified yet: the next one waits for what it shows."""
    ran = (ProposalState.EXECUTING, ProposalState.SUCCEEDED)
    return next((p for p in proposals if p.state in ran and p.outcome is None), None)


def needed_of(standing: StandingSignOff, policy: Policy) -> int:
    """How many signatures it takes: as many as the strictest of the places for which it is given."""
    return max(rule.signatures for rule in _rules(standing, policy))


def may_give(standing: StandingSignOff, person: Person, n3: N3, policy: Policy, now: datetime) -> Judgement:
    """Whether this person may sign it: whoever may sign such an action in each of its places."""
    if any(rule.reason for rule in _rules(standing, policy)):
        reason = "The policy asks for a reason for each such action, so none can be given in advance."
        return Judgement(False, reason)
    judged = [may_sign(one, person, n3, policy, now) for one in _as_proposals(standing, policy)]
    return next((judgement for judgement in judged if not judgement.allowed), judged[0])


def givers(
    standing: StandingSignOff, given: Sequence[SignOff], n3: N3, policy: Policy, now: datetime
) -> frozenset[Person]:
    """The people whose signature counts now in each of its places."""
    everywhere = [valid_signers(one, given, n3, policy, now) for one in _as_proposals(standing, policy)]
    return frozenset.intersection(*everywhere)


def still_lacking(
    standing: StandingSignOff, given: Sequence[SignOff], n3: N3, policy: Policy, now: datetime
) -> list[str]:
    """The signatures that it lacks where it lacks most, each by its group."""
    return max((lacking(one, given, n3, policy, now) for one in _as_proposals(standing, policy)), key=len)


def _rules(standing: StandingSignOff, policy: Policy) -> list[Rule]:
    return [policy.rule_of(one) for one in _as_proposals(standing, policy)]


def _as_proposals(standing: StandingSignOff, policy: Policy) -> list[Proposal]:
    """It as one proposal for each of its places, so that signatures are judged by the same rules."""
    terms = standing.terms
    return [
        Proposal(
            id=standing.id,
            incident_id=0,
            tool=terms.tool,
            arguments={},
            proposer=standing.proposer,
            state=ProposalState.PROPOSED,
            risk=standing.risk,
            signatures_needed=policy.rule(standing.risk, environment, service).signatures,
            created_at=standing.created_at,
            sign_by=standing.sign_by,
            plan={"target": {"environment": environment, "service": service}},
            digest=standing.digest,
        )
        for environment in terms.environments
        for service in terms.services
    ]


def may_be_signed(
    standing: StandingSignOff, shown: str, fresh: str, frozen: bool, now: datetime
) -> Judgement:
    """Whether it can take a signature under the digest that was shown; `fresh` is its plan's, built anew."""
    late = standing.state is StandingState.PROPOSED and now >= standing.sign_by
    checks = (
        (standing.state.can_be_signed, f"{standing.label} is {standing.state.value}; nothing was changed."),
        (not late, f"The time to sign {standing.label} is over; propose it again."),
        (now < standing.terms.ends_at, f"{standing.label} would be over already; propose a new one."),
        (
            bool(shown) and shown == standing.digest == fresh == digest(standing.plan),
            "What you were shown is not what it stands for now; open it again.",
        ),
        (not frozen, "Execution is frozen; an N3 has to lift the freeze first."),
    )
    return _first_that_fails(checks)


def hour_before(now: datetime) -> datetime:
    """From when uses count for the hour."""
    return now - _HOUR


def pattern_of(argument: Argument, values: Sequence[object]) -> Pattern:
    """The pattern of an argument from the values that a person chose.

    Raises:
        ArgumentRefused: none, or several of a kind that nothing could choose among.
    """
    if len(values) == 1:
        return Pattern(tuple(values), By.FIXED)
    chooser = {"reference": By.SERVICE, "enum": By.LABEL}.get(argument.type)
    if not values or chooser is None:
        raise ArgumentRefused(f"{argument.name}: choose one value.")
    return Pattern(tuple(values), chooser)


def _values(terms: Terms, tool: Tool, inventory: Inventory, service: str) -> Iterator[list[object]]:
    """For each argument in the order of the terms, the values that it may have for this service."""
    arguments = {argument.name: argument for argument in tool.arguments}
    for name, pattern in terms.arguments.items():
        argument, found = arguments[name], list(pattern.among)
        if not found or (pattern.by is By.FIXED and len(found) != 1):
            raise ArgumentRefused(f"{name}: it must be fixed, or its values listed.")
        if argument.type == "reference":
            rows = inventory.get(argument.inventory, {})
            found = [value for value in found if service in _services(rows.get(str(value), {}))]
            if len(found) != 1:
                raise ArgumentRefused(
                    f"{name}: {len(found)} of the chosen {argument.inventory} list {service!r} under"
                    " `services` in the inventory; choose exactly one for each service."
                )
        elif pattern.by is By.SERVICE:
            raise ArgumentRefused(f"{name}: only a row of the inventory belongs to a service.")
        yield found


def _services(row: Mapping[str, object]) -> list[object]:
    listed = row.get("services")
    return listed if isinstance(listed, list) else []


def _first_that_fails(checks: Sequence[tuple[bool, str]]) -> Judgement:
    return next((Judgement(False, reason) for holds, reason in checks if not holds), _YES)
