"""Which rule holds, whom it asks for and what is enough: said once more and differently, for every case."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.sign_off.alone import may_sign_alone, review_due
from bot.sign_off.calling import Call, Why
from bot.sign_off.digest import digest
from bot.sign_off.policy import DEFAULT_RULES, Group, Policy, SpecialRule
from bot.sign_off.policy_text import lines
from bot.sign_off.quorum import N3, groups_of, lacking, may_execute, may_sign, valid_signers
from bot.sign_off.seats import free_seats
from tests.unit.plans import ALICE, BOB, CAROL, NOW, PEOPLE, PLAN, proposal

DAVE, ERIN, FRANK = PEOPLE[3:]
ENVIRONMENTS, SERVICES, GROUPS = ("production", "staging"), ("orders", "payments"), ("database", "security")
people = st.sampled_from(PEOPLE)
minutes = st.integers(2, 60).map(lambda count: timedelta(minutes=count))


def some(values: object) -> st.SearchStrategy[tuple[str, ...]]:
    """No, one or two of them."""
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)  # type: ignore[call-overload]


specials = st.builds(
    SpecialRule,
    some(list(Risk)),
    some(ENVIRONMENTS),
    some(SERVICES),
    st.none() | st.integers(1, 3),
    st.none() | minutes,
    st.none() | minutes,
    st.none() | st.sampled_from(("", *GROUPS)),
    st.none() | st.sampled_from(GROUPS),
    st.none() | st.booleans(),
    st.none() | minutes,
)
groups = st.fixed_dictionaries(
    {
        name: st.just(Group(f"n3-{name}")) | st.frozensets(people, min_size=3).map(lambda p: Group("", p))
        for name in GROUPS
    }
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Those that are not refused at load."""
    pairs = draw(st.just([]) | st.just([frozenset({BOB, CAROL})]) | st.just([frozenset({ALICE, DAVE})]))
    try:
        return Policy(
            dict(DEFAULT_RULES),
            timedelta(hours=24),
            draw(st.frozensets(people)),
            "n3",
            1,
            tuple(draw(st.lists(specials, max_size=3))),
            draw(groups),
            frozenset(pairs),
        )
    except ValueError:
        assume(False)
        raise


def about(risk: Risk, environment: str, service: str) -> Proposal:
    """A proposal of Alice that acts there."""
    target = {"environment": environment, "service": service, "identity": "x"}
    plan = PLAN | {"target": target}
    return proposal(risk=risk, plan=plan, digest=digest(plan), state=ProposalState.SIGNED)


places = st.tuples(st.sampled_from(Risk), st.sampled_from(ENVIRONMENTS), st.sampled_from(SERVICES))


@settings(max_examples=60)
@given(policies(), places)
def test_the_most_special_rule_holds_and_no_other(policy: Policy, place: tuple[Risk, str, str]) -> None:
    """Whatever the order in which they stand: more dimensions first, then service, environment, risk."""
    risk, environment, service = place

    def weight(special: SpecialRule) -> tuple[int, int, int, int]:
        named = [int(bool(part)) for part in (special.services, special.environments, special.risks)]
        return (sum(named), named[0], named[1], named[2])

    fitting = [
        special
        for special in policy.special
        if (not special.risks or risk in special.risks)
        and (not special.environments or environment in special.environments)
        and (not special.services or service in special.services)
    ]
    expected = policy.rules[risk]
    if fitting:
        best = max(weight(special) for special in fitting)
        (winner,) = [special for special in fitting if weight(special) == best]
        expected = winner.over(policy.rules[risk], risk)
    for order in itertools.permutations(policy.special):
        found = replace(policy, special=order).rule(*place)
        assert replace(found, name="") == replace(expected, name="")
    assert expected.signatures >= 1
    assert risk is not Risk.DESTRUCTIVE or expected.when_alone is None
    assert expected.pinned == policy.rules[risk].pinned, "no special rule takes the pinned list away"


@given(policies())
def test_the_text_is_the_whole_policy(policy: Policy) -> None:
    """What N3 sign says all of it: it is read back to the same, and its lines differ where it does."""
    assert Policy.parse(policy.content()) == policy
    assert lines(policy.content())


@settings(max_examples=50)
@given(policies(), policies())
def test_two_policies_look_alike_only_when_they_are(one: Policy, other: Policy) -> None:
    """The lines of a difference are equal only where the policies are."""
    assert (lines(one.content()) == lines(other.content())) == (one == other)


@settings(max_examples=50)
@given(policies(), policies(), places)
def test_whatever_decides_who_may_sign_is_digested(
    one: Policy, other: Policy, place: tuple[Risk, str, str]
) -> None:
    """Another rule, another group behind it or other accounts of one human: another entry in the plan."""
    rules = [policy.rule(*place) for policy in (one, other)]
    seats = {group for rule in rules for group in rule.seats if group}
    same = rules[0] == rules[1] and one.same_person == other.same_person
    same = same and all(one.groups[group] == other.groups[group] for group in seats)
    assert (digest(one.entry(*place)) == digest(other.entry(*place))) == same


@given(
    st.lists(st.sampled_from(("", *GROUPS)), max_size=4),
    st.lists(st.frozensets(st.sampled_from(GROUPS)), max_size=4),
)
def test_people_sit_as_well_as_they_can(seats: list[str], sitting: list[frozenset[str]]) -> None:
    """As many seats are taken as any way of sitting down takes; one person takes one."""
    best = 0
    for order in itertools.permutations(range(len(seats)), min(len(seats), len(sitting))):
        for who in itertools.permutations(range(len(sitting)), len(order)):
            fits = sum(not seats[s] or seats[s] in sitting[p] for s, p in zip(order, who, strict=True))
            best = max(best, fits)
    free = free_seats(seats, sitting)
    assert len(seats) - len(free) == best
    assert not set(free) - set(seats)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Policy, Proposal, N3, list[SignOff]]:
    policy = draw(policies())
    made = about(*draw(places))
    member = st.none() | st.sampled_from([NOW - timedelta(hours=30), NOW - timedelta(hours=1)])
    n3 = N3(
        draw(st.dictionaries(people, member)),
        {name: draw(st.dictionaries(people, member)) for name in GROUPS},
    )
    signed = st.builds(
        SignOff,
        st.just(made.id),
        people,
        st.sampled_from([made.digest, made.digest, made.digest, "e" * 64]),
        st.just(True),
        st.just(NOW),
        st.sampled_from(["", "because it must be"]),
        st.booleans(),
    )
    return policy, made, n3, draw(st.lists(signed, max_size=5))


def able(policy: Policy, made: Proposal, n3: N3, person: Person) -> bool:
    """Whether somebody may sign, in the words of the design."""
    accounts = next((known for known in policy.same_person if person in known), frozenset({person}))
    if made.proposer in accounts or person not in n3.since:
        return False

    def settled(since: object) -> bool:
        return since is None or since == NOW - timedelta(hours=30)

    if not settled(n3.since[person]):
        return False
    target = made.plan["target"] if made.plan else {}
    rule = policy.rule(made.risk, target["environment"], target["service"])  # type: ignore[index]
    named = policy.pinned.union(*(group.pinned for group in policy.groups.values()))
    if made.risk is Risk.DESTRUCTIVE and person not in named:
        return False
    member_of = {
        name for name, members in n3.groups.items() if person in members and settled(members[person])
    }
    return any(not seat or seat in member_of for seat in rule.seats)


@settings(max_examples=120)
@given(cases())
def test_what_runs_was_signed_by_whom_the_rule_asks_for(
    case: tuple[Policy, Proposal, N3, list[SignOff]],
) -> None:
    """No signatures open the gate that a plain model of the rules refuses; none are refused in vain."""
    policy, made, n3, given_ = case
    target = made.plan["target"] if made.plan else {}
    rule = policy.rule(made.risk, target["environment"], target["service"])  # type: ignore[index]
    valid = [
        s
        for s in given_
        if s.digest == made.digest and (not rule.reason or s.reason) and able(policy, made, n3, s.person)
    ]
    lonely = rule.when_alone is not None and any(
        s.alone and s.reason and s.at >= made.created_at + rule.when_alone for s in valid
    )
    humans: dict[frozenset[Person], Person] = {}
    for s in valid:
        accounts = next((k for k in policy.same_person if s.person in k), frozenset({s.person}))
        humans.setdefault(accounts, s.person)
    enough = lonely or _can_sit(policy, n3, list(humans.values()), rule.seats)
    judged = may_execute(made, given_, made.digest, n3, policy, False, NOW)
    assert judged.allowed == enough, judged.reason
    assert bool(lacking(made, given_, n3, policy, NOW)) == (not enough)
    assert set(valid_signers(made, given_, n3, policy, NOW)) == set(humans.values())


def _can_sit(policy: Policy, n3: N3, signers: list[Person], seats: tuple[str, ...]) -> bool:
    """Whether some way of sitting down fills every seat."""
    sitting = [groups_of(person, n3, policy, NOW) for person in signers]
    return any(
        all(not seat or seat in sitting[p] for seat, p in zip(seats, who, strict=True))
        for who in itertools.permutations(range(len(signers)), len(seats))
    )


@settings(max_examples=50)
@given(cases(), people)
def test_who_may_sign_agrees_with_the_model(
    case: tuple[Policy, Proposal, N3, list[SignOff]], person: Person
) -> None:
    """Proposer and their other accounts, newcomers to N3 or a group, other scopes, people nobody named."""
    policy, made, n3, _ = case
    judged = may_sign(made, person, n3, policy, NOW)
    assert judged.allowed == able(policy, made, n3, person)
    assert judged.reason


ALONE = SpecialRule((Risk.HIGH,), when_alone=timedelta(minutes=10))
WAITING = replace(proposal(risk=Risk.HIGH, signatures_needed=2), created_at=NOW - timedelta(minutes=20))
THREE = N3({BOB: None, CAROL: None, DAVE: None})


def _told(person: Person, minutes_ago: float, reached: bool = True) -> Call:
    return Call(person, Why.FIRST, NOW - timedelta(minutes=minutes_ago), reached)


@pytest.mark.parametrize(
    ("called", "signed", "since", "allowed", "words"),
    [
        ([_told(CAROL, 9), _told(DAVE, 6)], [], 20, True, "2 of N3 were called"),
        ([_told(CAROL, 9), _told(DAVE, 4)], [], 20, False, "may answer still"),
        ([_told(CAROL, 9)], [], 20, False, "1 more of N3 may answer"),
        ([_told(CAROL, 9), _told(DAVE, 1, reached=False)], [], 20, True, "You are alone"),
        ([_told(CAROL, 9), _told(DAVE, 6)], [CAROL], 20, False, "Somebody else of N3 has signed"),
        ([_told(CAROL, 9), _told(DAVE, 6)], [BOB], 20, True, "You are alone"),
        ([_told(CAROL, 9), _told(DAVE, 6)], [], 9, False, "until"),
    ],
)
def test_who_is_alone(
    called: list[Call], signed: list[Person], since: float, allowed: bool, words: str
) -> None:
    """Everybody else was told long enough ago and is silent, or cannot be reached; and the time is over."""
    policy = Policy(special=(ALONE,))
    made = replace(WAITING, created_at=NOW - timedelta(minutes=since))
    given_ = [SignOff(made.id, person, made.digest, True, NOW) for person in signed]
    judged = may_sign_alone(made, BOB, given_, called, THREE, policy, NOW)
    assert (judged.allowed, words in judged.reason) == (allowed, True)


def test_nobody_is_alone_where_the_rule_does_not_say_so() -> None:
    """Without the time in the rule, and for what is destructive whatever it says."""
    silent = [_told(CAROL, 9), _told(DAVE, 6)]
    assert not may_sign_alone(WAITING, BOB, [], silent, THREE, Policy(), NOW).allowed
    every = Policy(special=(SpecialRule(when_alone=timedelta(minutes=10)),), pinned=frozenset(PEOPLE))
    destructive = replace(WAITING, risk=Risk.DESTRUCTIVE)
    assert not may_sign_alone(destructive, BOB, [], silent, THREE, every, NOW).allowed


def test_a_review_is_asked_for_the_next_day() -> None:
    """Whenever it was signed, people are up."""
    for hour in range(24):
        due = review_due(NOW.replace(hour=hour))
        assert due.hour == 9
        assert (due.date() - NOW.date()).days == 1


def _gate(policy: Policy, made: Proposal, *signed: SignOff) -> bool:
    return may_execute(made, signed, made.digest, N3(dict.fromkeys(PEOPLE)), policy, False, NOW).allowed


def _signed(made: Proposal, person: Person, reason: str = "", alone: bool = False) -> SignOff:
    return SignOff(made.id, person, made.digest, True, NOW, reason, alone)


def test_two_accounts_of_one_human_are_not_two() -> None:
    """Where two must sign; of two humans they are."""
    made = replace(about(Risk.HIGH, "production", "orders"), signatures_needed=2)
    signed = [_signed(made, person) for person in (BOB, CAROL)]
    assert _gate(Policy(), made, *signed)
    assert not _gate(Policy(same_person=frozenset({frozenset({BOB, CAROL})})), made, *signed)


def test_a_signature_without_the_reason_that_is_asked_for_is_none() -> None:
    """Blanks are no reason."""
    made = about(Risk.LOW, "production", "orders")
    policy = Policy(special=(SpecialRule(reason=True),))
    assert [_gate(policy, made, _signed(made, BOB, reason)) for reason in ("", "  ", "it burns")] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("when_alone", "minutes_ago", "reason", "alone", "runs"),
    [
        (10, 20, "it burns", True, True),
        (10, 9, "it burns", True, False),
        (10, 20, " ", True, False),
        (10, 20, "it burns", False, False),
        (None, 20, "it burns", True, False),
    ],
)
def test_the_executor_judges_again_whether_one_alone_is_enough(
    when_alone: int | None, minutes_ago: int, reason: str, alone: bool, runs: bool
) -> None:
    """The rule must allow it, its time be over when it was signed, and a reason be given."""
    wait = None if when_alone is None else timedelta(minutes=when_alone)
    policy = Policy(special=(SpecialRule((Risk.HIGH,), when_alone=wait),))
    made = replace(about(Risk.HIGH, "production", "orders"), signatures_needed=2)
    made = replace(made, created_at=NOW - timedelta(minutes=minutes_ago))
    assert _gate(policy, made, _signed(made, BOB, reason, alone)) is runs


def test_a_plan_that_was_changed_in_its_row_does_not_choose_the_rule() -> None:
    """The target of a laxer rule is written into the plan, its digest left: it does not run."""
    lax = Policy(special=(SpecialRule(environments=("staging",), signatures=1),))
    made = replace(about(Risk.HIGH, "production", "orders"), signatures_needed=1)
    staging = about(Risk.HIGH, "staging", "orders")
    assert _gate(lax, replace(staging, signatures_needed=1), _signed(staging, BOB))
    assert not _gate(lax, replace(made, plan=staging.plan), _signed(made, BOB))


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (SpecialRule(services=("a", "b")), SpecialRule(services=("b", "c")), True),
        (SpecialRule(services=("a",)), SpecialRule(services=("b",)), False),
        (SpecialRule(services=("a",)), SpecialRule(environments=("a",)), False),
        (SpecialRule((Risk.LOW,), ("a",)), SpecialRule((Risk.LOW, Risk.HIGH), ("a",)), True),
        (SpecialRule(), SpecialRule(), True),
    ],
)
def test_two_rules_that_could_both_hold_are_refused(
    one: SpecialRule, other: SpecialRule, refused: bool
) -> None:
    """Which of them holds must never depend on their order."""
    told = ""
    try:
        Policy(special=(one, other))
    except ValueError as error:
        told = str(error)
    assert ("Two rules fit the same" in told) is refused
