"""Nothing runs without enough distinct N3 who are not its proposer; a plain model of the rules agrees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.sign_off.policy import DEFAULT_RULES, Policy, Rule
from bot.sign_off.quorum import N3, may_be_signed_now, may_execute, may_sign, valid_signers
from tests.unit.plans import ALICE, BOB, CAROL, DIGEST, NOW, PEOPLE, proposal

OTHER = "e" * 64
people = st.sampled_from(PEOPLE)
around_now = st.sampled_from([timedelta(seconds=s) for s in (-90_000, -86_400, -1, 0, 1, 3600)]).map(
    lambda delta: NOW + delta
)


@dataclass(frozen=True)
class World:
    """Everything that the last gate looks at."""

    proposal: Proposal
    sign_offs: list[SignOff]
    fresh_digest: str
    n3: N3
    policy: Policy
    frozen: bool


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    rules = {
        risk: Rule(draw(st.integers(1, 3)), rule.time_to_sign, rule.time_to_execute, rule.pinned)
        for risk, rule in DEFAULT_RULES.items()
    }
    return Policy(rules, timedelta(hours=24), draw(st.frozensets(people)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Mostly proposals that are nearly right, so that every rule decides in some of them."""
    mostly = st.sampled_from([True, True, True, True, True, False])
    state = ProposalState.SIGNED if draw(mostly) else draw(st.sampled_from(ProposalState))
    execute_by = draw(st.none() | around_now) if not draw(mostly) else NOW + timedelta(minutes=1)
    made = proposal(
        proposer=draw(people),
        state=state,
        risk=draw(st.sampled_from(Risk)),
        signatures_needed=draw(st.integers(0, 3)),
        execute_by=execute_by,
        digest=DIGEST if draw(mostly) else draw(st.sampled_from(["", OTHER])),
    )
    signed = st.builds(
        SignOff,
        st.just(made.id),
        people,
        st.sampled_from([DIGEST, DIGEST, DIGEST, OTHER, ""]),
        st.sampled_from([True] * 12 + [False]),
        around_now,
    )
    fresh = DIGEST if draw(mostly) else draw(st.sampled_from(["", OTHER]))
    n3 = N3(draw(st.dictionaries(people, st.none() | around_now)))
    return World(made, draw(st.lists(signed, max_size=6)), fresh, n3, draw(policies()), not draw(mostly))


def counts(world: World, person: Person, now: datetime) -> bool:
    """Whether a person's signature counts, in the words of the design."""
    if person == world.proposal.proposer or person not in world.n3.since:
        return False
    joined = world.n3.since[person]
    settled = joined is None or joined + timedelta(hours=24) <= now
    return settled and (world.proposal.risk is not Risk.DESTRUCTIVE or person in world.policy.pinned)


def model(world: World, now: datetime) -> bool:
    """Whether it may run, said once more and differently."""
    p = world.proposal
    if p.state is not ProposalState.SIGNED or world.frozen or not p.digest or world.fresh_digest != p.digest:
        return False
    if p.execute_by is None or p.execute_by <= now or any(not s.signed for s in world.sign_offs):
        return False
    signers = {s.person for s in world.sign_offs if s.digest == p.digest and counts(world, s.person, now)}
    return len(signers) >= p.signatures_needed and len(signers) >= world.policy.rules[p.risk].signatures


@settings(max_examples=400)
@given(worlds())
def test_the_gate_agrees_with_the_model(world: World) -> None:
    """For every set of signatures, members, rules and times, it opens exactly when the model says so."""
    judgement = may_execute(
        world.proposal,
        world.sign_offs,
        world.fresh_digest,
        world.n3,
        world.policy,
        world.frozen,
        NOW,
    )
    assert judgement.allowed == model(world, NOW)
    assert judgement.reason


@given(worlds())
def test_only_counted_people_are_signers(world: World) -> None:
    """Each signer is N3, not new, not the proposer, and signed this very digest; each counts once."""
    signers = valid_signers(world.proposal, world.sign_offs, world.n3, world.policy, NOW)
    for person in signers:
        assert counts(world, person, NOW)
        assert any(
            s.signed and s.person == person and s.digest == world.proposal.digest for s in world.sign_offs
        )


def given_by(*people_: Person, digest: str = DIGEST, signed: bool = True) -> list[SignOff]:
    return [SignOff(3, person, digest, signed, NOW) for person in people_]


OPEN = {"frozen": False, "fresh": DIGEST, "sign_offs": given_by(BOB), "n3": {ALICE: None, BOB: None}}
REFUSED: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "not signed yet": ({"state": ProposalState.PROPOSED}, {}, "not signed"),
    "expired": ({"state": ProposalState.EXPIRED}, {}, "expired, not signed"),
    "rejected": ({"state": ProposalState.REJECTED}, {}, "rejected, not signed"),
    "runs already": ({"state": ProposalState.EXECUTING}, {}, "executing, not signed"),
    "ran": ({"state": ProposalState.SUCCEEDED}, {}, "succeeded, not signed"),
    "rejected after it was signed": (
        {},
        {"sign_offs": given_by(BOB) + given_by(CAROL, signed=False)},
        "rejected",
    ),
    "rejected by its proposer": (
        {},
        {"sign_offs": given_by(BOB) + given_by(ALICE, signed=False)},
        "rejected",
    ),
    "frozen": ({}, {"frozen": True}, "frozen"),
    "one second too late": ({"execute_by": NOW}, {}, "time to execute"),
    "no time set": ({"execute_by": None}, {}, "time to execute"),
    "another plan now": ({}, {"fresh": OTHER}, "not what was signed"),
    "never prepared": ({"digest": ""}, {"fresh": ""}, "not what was signed"),
    "another digest signed": ({}, {"sign_offs": given_by(BOB, digest=OTHER)}, "fewer than 1"),
    "by its proposer": ({}, {"sign_offs": given_by(ALICE)}, "fewer than 1"),
    "by somebody who left": ({}, {"n3": {ALICE: None}}, "fewer than 1"),
    "by a newcomer": ({}, {"n3": {BOB: NOW - timedelta(hours=23, minutes=59)}}, "fewer than 1"),
    "by one person twice": ({"signatures_needed": 2}, {"sign_offs": given_by(BOB, BOB)}, "fewer than 2"),
    "by nobody": ({}, {"sign_offs": []}, "fewer than 1"),
    "a stricter policy since": ({"risk": Risk.HIGH}, {}, "fewer than 2"),
    "not pinned": (
        {"risk": Risk.DESTRUCTIVE},
        {"sign_offs": given_by(BOB, CAROL), "n3": {BOB: None, CAROL: None}},
        "fewer than 2",
    ),
}


def gate(changes: dict[str, object], around: dict[str, object]) -> tuple[bool, str]:
    with_ = OPEN | around
    judgement = may_execute(
        proposal(**{"state": ProposalState.SIGNED} | changes),
        with_["sign_offs"],  # type: ignore[arg-type]
        with_["fresh"],  # type: ignore[arg-type]
        N3(with_["n3"]),  # type: ignore[arg-type]
        Policy(),
        with_["frozen"],  # type: ignore[arg-type]
        NOW,
    )
    return judgement.allowed, judgement.reason


def test_a_signed_proposal_may_run() -> None:
    """The case that all refusals below differ from by one thing."""
    assert gate({}, {}) == (True, "allowed")


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_its_reason(case: str) -> None:
    """One thing is wrong: it may not run, and the reason says which."""
    changes, around, reason = REFUSED[case]
    allowed, said = gate(changes, around)
    assert not allowed
    assert reason in said
    assert said.startswith("P3 was not run")


@given(st.permutations([*given_by(BOB, CAROL), *given_by(ALICE, signed=False)]))
def test_a_rejection_wins_wherever_it_stands(sign_offs: list[SignOff]) -> None:
    """Before or after any signature, by whomever it was recorded."""
    n3 = dict.fromkeys(PEOPLE)
    assert not gate({}, {"sign_offs": sign_offs, "n3": n3})[0]


@pytest.mark.parametrize(
    "person, n3, risk, reason",
    [
        (ALICE, {ALICE: None}, Risk.LOW, "somebody else of N3"),
        (BOB, {ALICE: None}, Risk.LOW, "not in the N3 group"),
        (BOB, {}, Risk.LOW, "not in the N3 group"),
        (BOB, {BOB: NOW}, Risk.LOW, "02 Mar 12:00 UTC"),
        (BOB, {BOB: None}, Risk.DESTRUCTIVE, "pinned list"),
    ],
)
def test_who_may_not_sign_is_told_why(
    person: Person, n3: dict[Person, datetime | None], risk: Risk, reason: str
) -> None:
    """Proposer, outsider, newcomer, somebody not pinned."""
    judgement = may_sign(proposal(risk=risk), person, N3(n3), Policy(), NOW)
    assert not judgement.allowed
    assert reason in judgement.reason


@pytest.mark.parametrize(
    "changes, shown, frozen, reason",
    [
        ({"state": ProposalState.SIGNED}, DIGEST, False, "is signed already"),
        ({"sign_by": NOW}, DIGEST, False, "time to sign P3 is over"),
        ({"digest": ""}, "", False, "still being prepared"),
        ({}, OTHER, False, "not what is recorded"),
        ({}, "", False, "not what is recorded"),
        ({"plan": None}, DIGEST, False, "not what is recorded"),
        ({"plan": {}}, DIGEST, False, "not what is recorded"),
        ({}, DIGEST, True, "frozen"),
    ],
)
def test_what_cannot_be_signed_now_says_why(
    changes: dict[str, object], shown: str, frozen: bool, reason: str
) -> None:
    """State, time, digest and freeze are each looked at."""
    judgement = may_be_signed_now(proposal(**changes), shown, frozen, NOW)
    assert not judgement.allowed
    assert reason in judgement.reason
    assert may_be_signed_now(proposal(), DIGEST, False, NOW).allowed


def test_a_rejection_is_no_signature() -> None:
    """Under the right digest, by one of N3: it is a name in a row, and none that counts for running it."""
    given_ = [*given_by(BOB, signed=False), *given_by(CAROL)]
    n3 = N3(dict.fromkeys(PEOPLE))
    assert valid_signers(proposal(), given_, n3, Policy(), NOW) == {CAROL}


def test_who_proposed_is_told_why_another_has_to_sign() -> None:
    """By this very account; a second account of the same human is told something else."""
    policy = Policy(DEFAULT_RULES, timedelta(hours=24), frozenset(PEOPLE))
    judged = may_sign(proposal(proposer=ALICE), ALICE, N3({ALICE: None, BOB: None}), policy, NOW)
    assert not judged.allowed
    assert judged.reason == "You proposed this, so somebody else of N3 has to sign it."
