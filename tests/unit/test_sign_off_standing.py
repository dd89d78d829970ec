"""A standing sign-off fires on exactly what was signed, runs exactly what was signed, and no more often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import AlertStatus, Severity
from bot.domain.by_hand import NAME, PERSON
from bot.domain.flags import CLOCK_AHEAD, unknown_severity
from bot.domain.incident import IncidentState
from bot.domain.proposal import Outcome, ProposalState
from bot.domain.standing import By, Pattern, StandingState, Trigger, Uses
from bot.domain.tool import Argument, Risk, ToolKind
from bot.errors import ArgumentRefused
from bot.sign_off.digest import canonical, digest
from bot.sign_off.standing import (
    FRESH,
    MOST_DAYS,
    cases,
    choose,
    covers,
    fires,
    may_be_given,
    may_be_signed,
    may_be_used,
    pattern_of,
    under_way,
    went_badly,
)
from tests.unit.plans import NOW, PLAN, hostile, proposal
from tests.unit.standing import ARGUMENTS, INVENTORY, TERMS, delivery, incident, standing, tool

# What each typed field may be beside what was signed. Text counts never, so summary and description are none.
OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(["grafana", "", "Alertmanager", "alertmanager "]) | hostile,
    "name": st.sampled_from(["queuestuck", "QueueStuck2", "Queue Stuck", ""]) | hostile,
    "severity": st.just(Severity.INFO),
    "labels": st.dictionaries(st.sampled_from(["queue", "Queue"]), st.sampled_from(["SLOW", "fast"])),
    "service": st.sampled_from(["mail", "", "Orders", "orders "]) | hostile,
    "environment": st.sampled_from(["test", "", "Production"]) | hostile,
    "status": st.just(AlertStatus.RESOLVED),
}


@given(st.sets(st.sampled_from(sorted(OTHERS)), max_size=2), st.data())
def test_it_fires_only_if_each_typed_field_matches(changed: set[str], data: st.DataObject) -> None:
    """For every alert beside the one that was signed: one field otherwise, and it does not fire."""
    values = {name: data.draw(OTHERS[name], label=name) for name in sorted(changed)}
    alert = delivery(severity=Severity.WARNING, **values) if "severity" not in values else delivery(**values)
    # Its incident is about the same, so that the alert's own fields alone decide.
    place = incident(service=alert.service, environment=alert.environment)
    terms = replace(TERMS, environments=("production",))
    assert fires(standing(terms=terms), alert, place, NOW).allowed == (not changed)


@given(st.sampled_from(list(Severity)), st.sampled_from(list(Severity)))
def test_severity_is_at_least_what_was_signed(severity: Severity, wanted: Severity) -> None:
    """For every pair."""
    terms = replace(TERMS, trigger=replace(TERMS.trigger, severity=wanted))
    fired = fires(standing(terms=terms), delivery(severity=severity), incident(), NOW)
    assert fired.allowed == (severity >= wanted)


ALONE: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
    "suspended": lambda: (standing(state=StandingState.SUSPENDED), delivery(), incident()),
    "proposed": lambda: (standing(state=StandingState.PROPOSED), delivery(), incident()),
    "used up": lambda: (standing(uses_left=0), delivery(), incident()),
    "over": lambda: (standing(terms=replace(TERMS, ends_at=NOW)), delivery(), incident()),
    "incident over": lambda: (standing(), delivery(), incident(state=IncidentState.RESOLVED)),
    "does not fire any more": lambda: (standing(), delivery(firing=False), incident()),
    "another incident's service": lambda: (standing(), delivery(), incident(service="billing")),
    "another incident's environment": lambda: (standing(), delivery(), incident(environment="test")),
    "cleaned text": lambda: (standing(), delivery(flags=("zero-width",)), incident()),
    "before it was given": lambda: (
        standing(active_at=NOW - timedelta(seconds=59)),
        delivery(),
        incident(),
    ),
    "too long ago": lambda: (
        standing(),
        delivery(received_at=NOW - FRESH - timedelta(seconds=1)),
        incident(),
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_each_of_these_alone_keeps_it_from_firing(name: str) -> None:
    """All else is as it must be."""
    assert fires(standing(), delivery(), incident(), NOW).allowed
    assert not fires(*ALONE[name](), NOW).allowed


def test_what_a_person_reports_fires_nothing() -> None:
    """Even where a sign-off for that were in force: who wants something run proposes it."""
    trigger = Trigger(PERSON, NAME, Severity.INFO, {})
    given = standing(terms=replace(TERMS, trigger=trigger))
    assert not fires(given, delivery(source=PERSON, name=NAME), incident(), NOW).allowed


def test_texts_that_were_only_cut_or_redacted_do_not_keep_it_from_firing() -> None:
    """A long description says nothing about which alert it is."""
    assert fires(standing(), delivery(flags=("a text was cut",)), incident(), NOW).allowed


def test_a_severity_that_counts_as_set_for_its_source_does_not_keep_it_from_firing() -> None:
    """What the word counts as was signed for, and is compared; what else is odd has a person look first."""
    odd = unknown_severity("apocalyptic", "warning")
    assert fires(standing(), delivery(flags=(odd,)), incident(), NOW).allowed
    assert not fires(standing(), delivery(flags=(odd, CLOCK_AHEAD)), incident(), NOW).allowed


@given(
    service=st.sampled_from(["orders", "billing", "mail"]),
    size=st.sampled_from(["small", "large", "huge", "", "SMALL"]) | hostile,
    more=st.dictionaries(hostile, hostile, max_size=3),
)
@pytest.mark.attack("M7")
def test_what_is_chosen_was_signed_for_that_very_service(
    service: str, size: str, more: dict[str, str]
) -> None:
    """Whatever the alert says: one of the written-out calls, its row of the service, a listed value."""
    alert = delivery(service=service, labels=more | {"size": size, "queue": "slow"})
    if service == "mail" or size not in ("small", "large"):
        with pytest.raises(ArgumentRefused):
            choose(TERMS, tool(), INVENTORY, alert)
        return
    chosen = choose(TERMS, tool(), INVENTORY, alert)
    assert service in INVENTORY["workers"][str(chosen["worker"])]["services"]
    assert (chosen["size"], chosen["grace_s"]) == (size, 5)
    written = [(case.service, case.arguments) for case in cases(TERMS, tool(), INVENTORY)]
    assert (service, chosen) in written and len(written) == 4


@pytest.mark.parametrize(
    "worker",
    [
        Pattern(("nowhere",), By.FIXED),  # a row that says no service
        Pattern(("billing-1",), By.FIXED),  # of one of the two services only
        Pattern(("orders-1", "orders-2", "billing-1"), By.SERVICE),  # two of one service
        Pattern(("gone", "billing-1"), By.SERVICE),
        Pattern((), By.FIXED),
    ],
)
@pytest.mark.attack("M7")
def test_a_row_of_another_service_cannot_be_signed(worker: Pattern) -> None:
    """Each service must have exactly one row among those chosen."""
    with pytest.raises(ArgumentRefused):
        cases(replace(TERMS, arguments={**ARGUMENTS, "worker": worker}), tool(), INVENTORY)


def test_no_argument_is_left_free() -> None:
    """One that is missing or that the tool does not have is refused; so are more calls than can be read."""
    fewer = {name: pattern for name, pattern in ARGUMENTS.items() if name != "size"}
    for arguments in (fewer, {**ARGUMENTS, "extra": Pattern(("x",), By.FIXED)}):
        with pytest.raises(ArgumentRefused):
            cases(replace(TERMS, arguments=arguments), tool(), INVENTORY)
    many = Pattern(tuple(f"v{n}" for n in range(30)), By.LABEL)
    with pytest.raises(ArgumentRefused, match="more than N3 can read"):
        cases(replace(TERMS, arguments={**ARGUMENTS, "size": many}), tool(), INVENTORY)


@pytest.mark.parametrize("kind", ["integer", "pattern", "boolean"])
def test_what_has_no_list_is_fixed(kind: str) -> None:
    """Several values of it have nothing that could choose among them."""
    argument = Argument("a", kind)
    assert pattern_of(argument, [1]) == Pattern((1,), By.FIXED)
    for values in ([], [1, 2]):
        with pytest.raises(ArgumentRefused):
            pattern_of(argument, values)


REFUSED_TERMS: dict[str, dict[str, Any]] = {
    "no service": {"services": ()},
    "a service that the tool may not touch": {"services": ("orders", "shop")},
    "an environment that it may not touch": {"environments": ("staging",)},
    "no environment": {"environments": ()},
    "no name": {"trigger": Trigger("alertmanager", "", Severity.INFO, {})},
    "no source": {"trigger": Trigger("", "QueueStuck", Severity.INFO, {})},
    "what a person reports": {"trigger": Trigger(PERSON, NAME, Severity.INFO, {})},
    "none in an hour": {"per_hour": 0},
    "too many in an hour": {"per_hour": 21, "in_all": 30},
    "fewer in all than in an hour": {"in_all": 1},
    "too many in all": {"in_all": 501},
    "without end": {"ends_at": NOW + timedelta(days=MOST_DAYS, seconds=1)},
    "ended": {"ends_at": NOW},
}


@pytest.mark.parametrize("name", REFUSED_TERMS)
def test_bounds_of_what_can_be_proposed(name: str) -> None:
    """Each alone is refused with its reason; what is within them is not."""
    assert may_be_given(TERMS, tool(), NOW).allowed
    refused = may_be_given(replace(TERMS, **REFUSED_TERMS[name]), tool(), NOW)
    assert not refused.allowed and refused.reason


def test_neither_what_is_destructive_nor_a_check_runs_by_it() -> None:
    """Whatever the terms."""
    assert not may_be_given(TERMS, tool(risk=Risk.DESTRUCTIVE), NOW).allowed
    assert not may_be_given(TERMS, tool(kind=ToolKind.CHECK), NOW).allowed


# -- the plan of a use against what was signed

_CASE = {
    "environment": "production",
    "service": "orders",
    "precondition": {k: v for k, v in PLAN["precondition"].items() if k != "holds"},  # type: ignore[attr-defined]
    **{part: PLAN[part] for part in ("arguments", "call", "verification", "undo", "policy")},
}
SIGNED: dict[str, object] = {"cases": [{**_CASE, "service": "billing"}, _CASE]} | {
    part: PLAN[part] for part in ("tool", "entry", "referenced")
}


@given(st.data())
@pytest.mark.attack("P3")
def test_any_other_plan_is_not_covered(data: st.DataObject) -> None:
    """One leaf of the plan changed, added or of another type: it is none of those that were signed."""
    assert covers(SIGNED, PLAN)
    part = data.draw(st.sampled_from(sorted(PLAN.keys() - {"incident", "inventory", "runner"})))
    others = [one for one in _changed(PLAN[part]) if canonical(one) != canonical(PLAN[part])]
    changed = data.draw(st.sampled_from(others))
    identity = part == "target" and isinstance(changed, dict) and changed.get("service") == "orders"
    same_place = identity and isinstance(changed, dict) and changed.get("environment") == "production"
    # The target's identity is in the proposal's own digest, measured for this use.
    assert covers(SIGNED, {**PLAN, part: changed}) == same_place


def _changed(value: object) -> list[Any]:
    """The value with each of its leaves changed in turn."""
    if isinstance(value, dict):
        inner = [{**value, key: other} for key in value for other in _changed(value[key])]
        return [*inner, {**value, "more": 1}, {}]
    if isinstance(value, list):
        return [[*value, "--force"], value[:-1]]
    if isinstance(value, bool):
        return [not value, int(value)]
    return [f"{value} ", None, True]


REFUSED_USES: dict[str, dict[str, Any]] = {
    "revoked": {"standing": standing(state=StandingState.REVOKED)},
    "void": {"standing": standing(state=StandingState.VOID)},
    "over": {"standing": standing(terms=replace(TERMS, ends_at=NOW))},
    "used up": {"standing": standing(uses_left=0)},
    "changed": {"fresh": "e" * 64},
    "unreadable": {"fresh": ""},
    "another action": {"proposal": proposal(tool="drop")},
    "another call": {"plan": {**PLAN, "call": {"argv": ["/bin/rm"]}}},
    "too often": {"uses": Uses(in_all=2, last_hour=2)},
}


@pytest.mark.parametrize("name", REFUSED_USES)
def test_each_of_these_alone_refuses_a_use(name: str) -> None:
    """All else is as it must be, and the reason names both."""
    good = {"standing": standing(), "proposal": proposal(tool="restart_worker"), "plan": PLAN}
    good |= {"fresh": "d" * 64, "uses": Uses(in_all=1, last_hour=1), "now": NOW}
    terms = replace(TERMS, tool="restart_worker")
    good["standing"] = standing(terms=terms, plan=SIGNED)
    assert may_be_used(**good).allowed  # type: ignore[arg-type]  # by name
    change = dict(REFUSED_USES[name])
    if "standing" in change:
        ended = change["standing"].terms.ends_at
        change["standing"] = replace(change["standing"], plan=SIGNED, terms=replace(terms, ends_at=ended))
    refused = may_be_used(**(good | change))  # type: ignore[arg-type]  # by name
    assert not refused.allowed
    assert refused.reason.startswith("P3 was not run by standing sign-off S3: ")


def test_what_went_badly_is_seen_and_what_runs_is_waited_for() -> None:
    """Since it was given: failed, unknown, not verified as fixed; an unverified one is under way."""
    fixed = proposal(state=ProposalState.SUCCEEDED, outcome=Outcome.FIXED)
    assert went_badly([fixed], NOW - timedelta(days=1)) is None and under_way([fixed]) is None
    for state, outcome in (
        (ProposalState.FAILED, None),
        (ProposalState.UNKNOWN, None),
        (ProposalState.SUCCEEDED, Outcome.NOT_FIXED),
        (ProposalState.SUCCEEDED, Outcome.CANNOT_TELL),
    ):
        bad = proposal(state=state, outcome=outcome)
        assert went_badly([fixed, bad], NOW - timedelta(days=1)) is bad
        assert went_badly([bad], NOW) is None
    for state in (ProposalState.EXECUTING, ProposalState.SUCCEEDED):
        running = proposal(state=state, outcome=None)
        assert under_way([fixed, running]) is running


@pytest.mark.parametrize("state", [s for s in StandingState if not s.can_be_signed])
def test_only_what_waits_can_be_signed(state: StandingState) -> None:
    """And only under the digest that was shown, in time, while nothing is frozen."""
    plan = {"what": "is shown"}
    waits = standing(state=StandingState.PROPOSED, plan=plan, digest=digest(plan))
    shown = waits.digest
    assert may_be_signed(waits, shown, shown, False, NOW).allowed
    assert may_be_signed(replace(waits, state=StandingState.SUSPENDED), shown, shown, False, NOW).allowed
    refused = [
        may_be_signed(replace(waits, state=state), shown, shown, False, NOW),
        may_be_signed(waits, "0" * 64, shown, False, NOW),
        may_be_signed(waits, "", shown, False, NOW),
        may_be_signed(waits, shown, "0" * 64, False, NOW),
        may_be_signed(replace(waits, plan={"what": "is not"}), shown, shown, False, NOW),
        may_be_signed(waits, shown, shown, True, NOW),
        may_be_signed(replace(waits, sign_by=NOW), shown, shown, False, NOW),
    ]
    assert [judgement.allowed for judgement in refused] == [False] * 7
