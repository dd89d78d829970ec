"""Whom of N3 to tell that a signature waits, and when: each answer carries its reason, time is an argument.

As many as are needed are told first, the next one when those told stay silent, and each of them once more
before the time to sign is over. Telling somebody gives them no right: who may sign is judged at each click.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import (
    N3,
    free_of,
    is_rejected,
    lacking,
    may_sign,
    may_speak_for_n3,
    seats_of,
    valid_signers,
)


class Why(StrEnum):
    """The reason for which somebody is told; each reason at most once for one person and proposal."""

    FIRST = "first"
    NEXT = "next"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long silence may last before the next one is told; how long before the end people are reminded."""

    next_after: timedelta = timedelta(minutes=5)
    remind_before: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody was told, or is to be told, at `at`; `reached` is False where Slack refused to tell them."""

    person: Person
    why: Why
    at: datetime
    reached: bool = True


def in_turn(proposal: Proposal, n3: N3, policy: Policy, now: datetime) -> list[Person]:
    """Those who may sign it, in the order in which they are told; each proposal begins with another."""
    able = sorted(
        (person for person in n3.since if may_sign(proposal, person, n3, policy, now).allowed),
        key=lambda person: person.key,
    )
    start = proposal.id % len(able) if able else 0
    return able[start:] + able[:start]


def to_call(
    proposal: Proposal,
    sign_offs: Sequence[SignOff],
    called: Sequence[Call],
    n3: N3,
    policy: Policy,
    pace: Pace,
    frozen: bool,
    now: datetime,
) -> list[Call]:
    """Whom to tell at this moment, beside those `called` already; nobody while execution is frozen."""
    if not waits(proposal, now) or frozen or is_rejected(sign_offs):
        return []
    signers = valid_signers(proposal, sign_offs, n3, policy, now)
    missing = len(lacking(proposal, sign_offs, n3, policy, now))
    if missing < 1:
        return []
    able = _useful(proposal, signers, n3, policy, now)
    asked = {call.person for call in called if call.why is not Why.REMINDER}
    lost = {call.person for call in called if not call.reached}
    silent = [person for person in able if person in asked and person not in lost]
    fresh = [person for person in able if person not in asked]
    count = max(0, missing - len(silent))
    if signers and _may_become_lonely(proposal, policy, now):
        count = len(fresh)
    if not count and _is_silent(called, sign_offs, pace, now):
        count = 1
    why = Why.NEXT if asked else Why.FIRST
    found = [Call(person, why, now) for person in fresh[:count]]
    return found + [
        Call(person, Why.REMINDER, now) for person in _to_remind(proposal, silent, called, pace, now)
    ]


def _useful(
    proposal: Proposal, signers: Collection[Person], n3: N3, policy: Policy, now: datetime
) -> list[Person]:
    """Those whose signature would bring it forward: not who has signed, under whichever account."""
    seats = seats_of(proposal, policy.rule_of(proposal))
    free = len(free_of(seats, signers, n3, policy, now))
    signed = policy.humans(signers)
    return [
        person
        for person in in_turn(proposal, n3, policy, now)
        if policy.human(person) not in signed
        and len(free_of(seats, (*signers, person), n3, policy, now)) < free
    ]


def _may_become_lonely(proposal: Proposal, policy: Policy, now: datetime) -> bool:
    """Whether one signature will do soon: then everybody else is to have been called."""
    wait = policy.rule_of(proposal).when_alone
    return wait is not None and now >= proposal.created_at + wait / 2


def remind_at(proposal: Proposal, pace: Pace) -> datetime:
    """When those told are told once more: never before a third of a time that is too short for the pace."""
    whole = proposal.sign_by - proposal.created_at
    before = pace.remind_before if whole > pace.remind_before else whole / 3
    return proposal.sign_by - before


def trouble(proposal: Proposal, n3: N3, policy: Policy, frozen: bool, now: datetime) -> str:
    """Why nobody, or too few, can be told, with what to do about it; empty when all is well."""
    if not waits(proposal, now):
        return ""
    if frozen:
        return "Execution is frozen, so nobody of N3 is called. They are as soon as the freeze is lifted."
    able = in_turn(proposal, n3, policy, now)
    seats = seats_of(proposal, policy.rule_of(proposal))
    free = free_of(seats, {policy.human(p): p for p in able}.values(), n3, policy, now)
    if not free:
        return ""
    if not n3.since:
        return (
            "N3 is empty, or Slack has not said yet who is in it: nobody can be called."
            " Put people into the group or list that [n3] in vigie.toml names."
        )
    who = f"Only {len(able)}" if able else "Nobody"
    counts = f"{who} of N3 may sign this, and {proposal.signatures_needed} must"
    if groups := [group for group in dict.fromkeys(free) if group]:
        counts = f"It asks for {policy.rule_of(proposal).asks}; {' and '.join(groups)} cannot sign it now"
    advice = _advice(proposal, len(able), policy, n3, now)
    return f"{counts}: {_who_may_not(proposal, n3, policy, now)}. {advice}"


def to_tell_of_change(
    told: Iterable[Person], signed: Iterable[Person], n3: N3, policy: Policy, now: datetime
) -> list[Person]:
    """Whom to tell of a changed catalogue or policy: all of N3 who may sign it, each once."""
    known = {*told, *signed}
    able = [person for person in n3.since if may_speak_for_n3(person, n3, policy, now).allowed]
    return sorted((person for person in able if person not in known), key=lambda person: person.key)


def waits(proposal: Proposal, now: datetime) -> bool:
    """Whether a signature would do something now."""
    return proposal.state is ProposalState.PROPOSED and bool(proposal.digest) and now < proposal.sign_by


def _is_silent(called: Sequence[Call], sign_offs: Sequence[SignOff], pace: Pace, now: datetime) -> bool:
    """Whether nothing has come for long enough: since the last one was told, or the last signature."""
    heard = [call.at for call in called if call.why is not Why.REMINDER]
    heard += [sign_off.at for sign_off in sign_offs]
    return bool(heard) and now - max(heard) >= pace.next_after


def _to_remind(
    proposal: Proposal, silent: Sequence[Person], called: Sequence[Call], pace: Pace, now: datetime
) -> list[Person]:
    """Who was told before that time and has not answered; who is told later needs no second message."""
    due = remind_at(proposal, pace)
    if now < due:
        return []
    early = {call.person for call in called if call.why is not Why.REMINDER and call.at < due}
    reminded = {call.person for call in called if call.why is Why.REMINDER}
    return [person for person in silent if person in early - reminded]


def _who_may_not(proposal: Proposal, n3: N3, policy: Policy, now: datetime) -> str:
    others = [person for person in n3.since if person != proposal.proposer]
    new = [person for person in others if not may_speak_for_n3(person, n3, policy, now).allowed]
    unlisted = [
        p for p in others if p not in new and policy.rule_of(proposal).pinned and p not in policy.named
    ]
    said = [f"{len(n3.since)} in N3"]
    if proposal.proposer in n3.since:
        said.append("1 proposed it")
    if new:
        until = min(since + policy.newcomer_wait for p in new if (since := n3.since[p]) is not None)
        said.append(f"{len(new)} joined recently (the first may sign from {until:%d %b %H:%M} UTC)")
    if unlisted:
        said.append(f"{len(unlisted)} not on the pinned list, which a destructive action asks for")
    return ", ".join(said)


def _advice(proposal: Proposal, able: int, policy: Policy, n3: N3, now: datetime) -> str:
    listed = not policy.rule_of(proposal).pinned or proposal.proposer in policy.named
    settled = may_speak_for_n3(proposal.proposer, n3, policy, now).allowed
    if listed and settled and able + 1 >= proposal.signatures_needed:
        return "Reject it and have somebody else propose it; then who proposed it now can sign."
    hours = policy.newcomer_wait.total_seconds() / 3600
    return f"Repair it by hand, and add people to N3 for the next time: who joins may sign after {hours:g} h."
