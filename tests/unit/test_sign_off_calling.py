"""Whom of N3 to tell of a signature that waits: for all groups, answers and times, and played out in time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.sign_off.calling import (
    Call,
    Pace,
    Why,
    in_turn,
    remind_at,
    to_call,
    to_tell_of_change,
    trouble,
)
from bot.sign_off.policy import DEFAULT_RULES, Policy
from bot.sign_off.quorum import N3, may_sign
from tests.unit.plans import ALICE, BOB, CAROL, DIGEST, NOW, PEOPLE, proposal

PACE = Pace()
OLD = NOW - timedelta(days=9)
people = st.sampled_from(PEOPLE)
minutes = st.integers(0, 40).map(lambda count: timedelta(minutes=count))


@dataclass
class Played:
    """A proposal whose calls are made as they are due, minute by minute."""

    proposal: Proposal
    n3: N3
    policy: Policy = field(default_factory=Policy)
    pace: Pace = PACE
    signed: dict[int, Person] = field(default_factory=dict)
    """Who signs, by the minute."""
    frozen: range = range(0)
    calls: list[Call] = field(default_factory=list)

    def play(self, until: int) -> list[Call]:
        """All calls of the minutes before `until`, in order."""
        given_so_far: list[SignOff] = []
        for minute in range(until):
            now = self.proposal.created_at + timedelta(minutes=minute)
            if person := self.signed.get(minute):
                given_so_far.append(SignOff(self.proposal.id, person, self.proposal.digest, True, now))
            self.calls += self._due(now, given_so_far, minute in self.frozen)
        return self.calls

    def _due(self, now: datetime, given_so_far: list[SignOff], frozen: bool) -> list[Call]:
        return to_call(self.proposal, given_so_far, self.calls, self.n3, self.policy, self.pace, frozen, now)

    def told(self, *why: Why) -> list[tuple[Person, int]]:
        """Who was told for these reasons, and in which minute."""
        begun = self.proposal.created_at
        return [(c.person, (c.at - begun) // timedelta(minutes=1)) for c in self.calls if c.why in why]


def group(*members: Person) -> N3:
    return N3(dict.fromkeys(members))


@st.composite
def played(draw: st.DrawFn) -> Played:
    """Any group, proposer, need, pace, signatures and freeze, to the end of its time."""
    made = proposal(
        id=draw(st.integers(1, 50)),
        proposer=draw(people),
        risk=draw(st.sampled_from(Risk)),
        signatures_needed=draw(st.integers(1, 3)),
        created_at=NOW,
        sign_by=NOW + timedelta(minutes=draw(st.integers(1, 60))),
    )
    joined = st.none() | st.sampled_from([OLD, NOW - timedelta(hours=23, minutes=50)])
    n3 = N3(draw(st.dictionaries(people, joined, max_size=6)))
    policy = Policy(dict(DEFAULT_RULES), pinned=draw(st.frozensets(people)))
    pace = Pace(draw(minutes) + timedelta(minutes=1), draw(minutes))
    signed = draw(st.dictionaries(st.integers(0, 60), people, max_size=2))
    start = draw(st.integers(0, 60))
    frozen = draw(st.just(range(0)) | st.just(range(start, start + 10)))
    return Played(made, n3, policy, pace, signed, frozen)


@settings(max_examples=300)
@given(played())
def test_only_who_may_sign_is_told_and_never_twice_for_one_reason(case: Played) -> None:
    """Never the proposer, a newcomer, somebody unlisted or out of N3; each reason once for each person."""
    calls = case.play(70)
    for call in calls:
        assert may_sign(case.proposal, call.person, case.n3, case.policy, call.at).allowed
        assert call.at < case.proposal.sign_by
        assert (call.at - case.proposal.created_at) // timedelta(minutes=1) not in case.frozen
    reasons = [(call.person, call.why is Why.REMINDER) for call in calls]
    assert len(set(reasons)) == len(reasons)


@settings(max_examples=300)
@given(played())
def test_never_more_are_told_than_needed_before_the_time(case: Played) -> None:
    """At no minute more people were told than are needed, and one more for each pause that went by."""
    case.play(70)
    told = [minute for _, minute in case.told(Why.FIRST, Why.NEXT)]
    pause = case.pace.next_after / timedelta(minutes=1)
    needed = max(case.proposal.signatures_needed, case.policy.rule_of(case.proposal).signatures)
    for minute in told:
        so_far = sum(other <= minute for other in told)
        assert so_far <= needed + (minute - told[0]) / pause


@given(played())
def test_the_same_is_told_in_any_order_of_the_rows(case: Played) -> None:
    """The order in which members come out of the store changes nothing."""
    other = replace(case, n3=N3(dict(reversed(list(case.n3.since.items())))), calls=[])
    assert case.play(70) == other.play(70)


@given(played())
def test_time_takes_nobody_back(case: Played) -> None:
    """Who was told by a minute was told whatever comes later: the later calls begin with the earlier ones."""
    early = list(case.play(20))
    later = replace(case, calls=[]).play(70)
    assert later[: len(early)] == early


@given(st.integers(1, 50), st.integers(1, 3), st.permutations(PEOPLE))
def test_everybody_is_told_in_the_end(number: int, needed: int, members: list[Person]) -> None:
    """Where nobody answers and time is left, all who may sign are told, one after the other."""
    made = proposal(id=number, signatures_needed=needed, created_at=NOW, sign_by=NOW + timedelta(hours=2))
    case = Played(made, group(*members))
    case.play(110)
    told = [person for person, _ in case.told(Why.FIRST, Why.NEXT)]
    assert set(told) == set(PEOPLE) - {ALICE}
    assert told == in_turn(made, case.n3, case.policy, NOW)


def test_turns_are_fair() -> None:
    """Over as many proposals as there are people, each is the first once."""
    n3 = group(*PEOPLE)
    first = [in_turn(proposal(id=number), n3, Policy(), NOW)[0] for number in range(5, 10)]
    assert sorted(p.key for p in first) == sorted(p.key for p in PEOPLE if p != ALICE)


def _case(needed: int = 1, **more: object) -> Played:
    made = proposal(signatures_needed=needed, created_at=NOW, sign_by=NOW + timedelta(minutes=30))
    return Played(made, group(*PEOPLE), **more)  # type: ignore[arg-type]  # fields of Played, by name


def test_one_is_told_then_the_next_each_five_minutes_then_reminded() -> None:
    """The whole story of a silence: who is told when, and the reminder 5 minutes before the end."""
    case = _case()
    case.play(40)
    order = in_turn(case.proposal, case.n3, case.policy, NOW)
    assert case.told(Why.FIRST) == [(order[0], 0)]
    assert case.told(Why.NEXT) == list(zip(order[1:], (5, 10, 15, 20), strict=True))
    assert case.told(Why.REMINDER) == [(person, 25) for person in order]


def test_two_are_told_where_two_must_sign_and_a_signature_gives_more_time() -> None:
    """B signs in minute 3: C has five minutes from then, and is the only one reminded of those two."""
    case = _case(2)
    first, second, third, *_ = in_turn(case.proposal, case.n3, case.policy, NOW)
    case.signed = {3: first}
    case.play(40)
    assert case.told(Why.FIRST) == [(first, 0), (second, 0)]
    assert case.told(Why.NEXT)[0] == (third, 8)
    assert first not in [person for person, _ in case.told(Why.REMINDER)]


def test_enough_signatures_end_it() -> None:
    """Nobody is told any more once the signatures are there, though the row is not moved yet."""
    case = _case()
    case.signed = {2: in_turn(case.proposal, case.n3, case.policy, NOW)[3]}
    assert len(case.play(40)) == 1


def test_somebody_who_left_n3_is_replaced_at_once() -> None:
    """Told and gone: the next one is told without waiting for five minutes."""
    case = _case()
    case.play(1)
    gone = case.calls[0].person
    case.n3 = group(*(p for p in PEOPLE if p != gone))
    case.play(2)
    assert case.told(Why.NEXT)[0][1] == 0


def test_somebody_whom_slack_cannot_reach_is_replaced_at_once() -> None:
    """Called in vain: the next one is told at once, and the first never again."""
    case = _case()
    case.play(1)
    case.calls[0] = replace(case.calls[0], reached=False)
    case.play(40)
    lost, then = case.calls[0].person, case.calls[1]
    assert (then.why, then.at) == (Why.NEXT, NOW)
    assert [call for call in case.calls[1:] if call.person == lost] == []


def test_a_freeze_calls_nobody_and_its_end_does() -> None:
    """Frozen from the start to minute 12: the first is told then, and the next has a full pause."""
    case = _case(frozen=range(12))
    case.play(18)
    assert [minute for _, minute in case.told(Why.FIRST, Why.NEXT)] == [12, 17]


@pytest.mark.parametrize(
    ("state", "digest"),
    [(state, DIGEST) for state in ProposalState if state is not ProposalState.PROPOSED]
    + [(ProposalState.PROPOSED, "")],
)
def test_nothing_else_is_called_for(state: ProposalState, digest: str) -> None:
    """A proposal that is decided, or not prepared yet, asks nobody and troubles nobody."""
    made = proposal(state=state, digest=digest)
    assert to_call(made, [], [], group(BOB), Policy(), PACE, False, NOW) == []
    assert trouble(made, group(), Policy(), False, NOW) == ""


@pytest.mark.parametrize(
    ("whole", "before", "expected"),
    [(30, 5, 5), (15, 5, 5), (5, 5, 5 / 3), (3, 5, 1), (30, 0, 0), (60, 20, 20)],
)
def test_the_reminder_comes_in_time(whole: float, before: float, expected: float) -> None:
    """So many minutes before the end as is set; a third of a time to sign that is no longer than that."""
    made = proposal(created_at=NOW, sign_by=NOW + timedelta(minutes=whole))
    at = remind_at(made, Pace(remind_before=timedelta(minutes=before)))
    assert made.sign_by - at == timedelta(minutes=expected)


def test_who_is_told_late_is_not_reminded() -> None:
    """Told after the time of the reminder: that message is all they get."""
    late = Call(BOB, Why.FIRST, NOW + timedelta(minutes=25))
    made = proposal(created_at=NOW, sign_by=NOW + timedelta(minutes=29))
    due = to_call(made, [], [late], group(BOB), Policy(), PACE, False, NOW + timedelta(minutes=28))
    assert due == []


@pytest.mark.parametrize(
    ("made", "n3", "policy", "said"),
    [
        (proposal(), group(), Policy(), ("N3 is empty",)),
        (proposal(), group(ALICE), Policy(), ("Nobody of N3", "1 proposed it", "somebody else propose it")),
        (
            proposal(),
            N3({BOB: NOW - timedelta(hours=1)}),
            Policy(),
            ("Nobody of N3", "1 joined recently (the first may sign from 02 Mar 11:00 UTC)", "by hand"),
        ),
        (
            proposal(risk=Risk.DESTRUCTIVE, signatures_needed=2),
            group(BOB, CAROL),
            Policy(pinned=frozenset({BOB})),
            ("Only 1 of N3", "2 must", "1 not on the pinned list", "by hand"),
        ),
        (proposal(signatures_needed=2), group(ALICE, BOB), Policy(), ("Only 1", "somebody else propose it")),
    ],
)
def test_the_card_says_why_too_few_can_be_told_and_what_to_do(
    made: Proposal, n3: N3, policy: Policy, said: tuple[str, ...]
) -> None:
    """Nobody, or fewer than needed: the reason in numbers, and advice that would help."""
    text = trouble(made, n3, policy, False, NOW)
    assert [words for words in said if words not in text] == [], text


@given(played())
def test_trouble_is_said_exactly_when_too_few_may_sign(case: Played) -> None:
    """With enough people able to sign there is none; with fewer, or frozen, there always is."""
    able = in_turn(case.proposal, case.n3, case.policy, NOW)
    text = trouble(case.proposal, case.n3, case.policy, False, NOW)
    assert bool(text) == (len(able) < case.proposal.signatures_needed)
    assert "frozen" in trouble(case.proposal, case.n3, case.policy, True, NOW)


def test_all_of_n3_are_told_of_a_change_once() -> None:
    """Not who signed or was told, nor a newcomer."""
    n3 = N3({ALICE: None, BOB: OLD, CAROL: NOW - timedelta(hours=1), PEOPLE[3]: None})
    assert to_tell_of_change([], [], n3, Policy(), NOW) == [ALICE, BOB, PEOPLE[3]]
    assert to_tell_of_change([BOB], [ALICE], n3, Policy(), NOW) == [PEOPLE[3]]
