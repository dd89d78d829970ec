"""Who may sign, when a proposal is signed, and whether it may run now: each answer carries its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy, Rule
from bot.sign_off.seats import free_seats


@dataclass(frozen=True, slots=True)
class N3:
    """The N3 of this moment, each with since when; None means found at the first start, taken as it was.

    `groups` says the same of each of [n3.groups]: who is in it beside being N3, and since when.
    """

    since: Mapping[Person, datetime | None]
    groups: Mapping[str, Mapping[Person, datetime | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Allowed or not, and the sentence that people and the audit log get."""

    allowed: bool
    reason: str


_YES = Judgement(True, "allowed")


def may_speak_for_n3(person: Person, n3: N3, policy: Policy, now: datetime) -> Judgement:
    """Whether this person is of N3 and has been for long enough that it cannot have gone unnoticed."""
    if person not in n3.since:
        return Judgement(False, "Only N3 may sign or lift a freeze; you are not in the N3 group.")
    since = n3.since[person]
    if since is not None and now < since + policy.newcomer_wait:
        eligible = since + policy.newcomer_wait
        return Judgement(False, f"You joined N3 recently and may sign from {eligible:%d %b %H:%M} UTC.")
    return _YES


def may_sign(proposal: Proposal, person: Person, n3: N3, policy: Policy, now: datetime) -> Judgement:
    """Whether this person is one who may sign this proposal; says nothing about time and digest."""
    if person == proposal.proposer:
        return Judgement(False, "You proposed this, so somebody else of N3 has to sign it.")
    if policy.human(person) == policy.human(proposal.proposer):
        reason = "You proposed this with another account of yours, so somebody else of N3 has to sign it."
        return Judgement(False, reason)
    settled = may_speak_for_n3(person, n3, policy, now)
    if not settled.allowed:
        return settled
    rule = policy.rule_of(proposal)
    if rule.pinned and person not in policy.named:
        return Judgement(False, "A destructive action needs people from the pinned list in vigie.toml.")
    return _is_in_scope(person, rule, n3, policy, now)


def _is_in_scope(person: Person, rule: Rule, n3: N3, policy: Policy, now: datetime) -> Judgement:
    """Whether one of the signatures that the rule asks for could be this person's."""
    if "" in rule.seats or set(rule.seats) & groups_of(person, n3, policy, now):
        return _YES
    groups = " or ".join(dict.fromkeys(rule.seats))
    joined = [since for g in rule.seats if (since := n3.groups.get(g, {}).get(person)) is not None]
    if joined:
        eligible = min(joined) + policy.newcomer_wait
        return Judgement(False, f"You joined {groups} recently and may sign from {eligible:%d %b %H:%M} UTC.")
    return Judgement(False, f"This asks for N3 of {groups} ({rule.name}), and you are not in it.")


def groups_of(person: Person, n3: N3, policy: Policy, now: datetime) -> frozenset[str]:
    """The groups in which this person is, and has been for long enough."""
    found = set()
    for name, members in n3.groups.items():
        if person in members:
            since = members[person]
            if since is None or now >= since + policy.newcomer_wait:
                found.add(name)
    return frozenset(found)


def may_be_signed_now(proposal: Proposal, shown_digest: str, frozen: bool, now: datetime) -> Judgement:
    """Whether the proposal itself can take a signature under the digest that was shown."""
    if proposal.state is not ProposalState.PROPOSED:
        return Judgement(False, f"{proposal.label} is {proposal.state.value} already; nothing was changed.")
    if now >= proposal.sign_by:
        return Judgement(False, f"The time to sign {proposal.label} is over; propose it again.")
    if not proposal.digest:
        return Judgement(False, f"{proposal.label} is still being prepared; try again in a few seconds.")
    if proposal.plan is None or shown_digest != proposal.digest or digest(proposal.plan) != proposal.digest:
        return Judgement(False, "What you were shown is not what is recorded; open it again.")
    if frozen:
        return Judgement(False, "Execution is frozen; an N3 has to lift the freeze first.")
    return _YES


def valid_signers(
    proposal: Proposal, sign_offs: Sequence[SignOff], n3: N3, policy: Policy, now: datetime
) -> frozenset[Person]:
    """The distinct people whose signature counts at this moment; two accounts of one human are one."""
    counted: dict[Person, Person] = {}
    for sign_off in sign_offs:
        if _counts(sign_off, proposal, n3, policy, now):
            counted.setdefault(policy.human(sign_off.person), sign_off.person)
    return frozenset(counted.values())


def _counts(sign_off: SignOff, proposal: Proposal, n3: N3, policy: Policy, now: datetime) -> bool:
    if not sign_off.signed or sign_off.digest != proposal.digest:
        return False
    if policy.rule_of(proposal).reason and not sign_off.reason.strip():
        return False
    return may_sign(proposal, sign_off.person, n3, policy, now).allowed


def lacking(
    proposal: Proposal, sign_offs: Sequence[SignOff], n3: N3, policy: Policy, now: datetime
) -> list[str]:
    """The signatures that are still needed at this moment, each by its group, empty for any of N3.

    The row may ask for more than the rule; it never lowers the bar.
    """
    rule = policy.rule_of(proposal)
    counted = [sign_off for sign_off in sign_offs if _counts(sign_off, proposal, n3, policy, now)]
    if any(_was_alone(sign_off, proposal, rule) for sign_off in counted):
        return []
    signers = valid_signers(proposal, sign_offs, n3, policy, now)
    return free_of(seats_of(proposal, rule), signers, n3, policy, now)


def seats_of(proposal: Proposal, rule: Rule) -> tuple[str, ...]:
    """The group of each signature that is needed."""
    return (*rule.seats, *((rule.group,) * (proposal.signatures_needed - rule.signatures)))


def free_of(
    seats: Sequence[str], signers: Iterable[Person], n3: N3, policy: Policy, now: datetime
) -> list[str]:
    """The seats that these people leave free."""
    ordered = sorted(signers, key=lambda person: person.key)
    return free_seats(seats, [groups_of(person, n3, policy, now) for person in ordered])


def _was_alone(sign_off: SignOff, proposal: Proposal, rule: Rule) -> bool:
    """Whether it was given as the only one, as the rule allows after its time, with a reason."""
    if not sign_off.alone or rule.when_alone is None or not sign_off.reason.strip():
        return False
    return sign_off.at >= proposal.created_at + rule.when_alone


def is_rejected(sign_offs: Sequence[SignOff]) -> bool:
    """A rejection always wins, whatever was signed before it."""
    return any(not sign_off.signed for sign_off in sign_offs)


def may_execute(
    proposal: Proposal,
    sign_offs: Sequence[SignOff],
    fresh_digest: str,
    n3: N3,
    policy: Policy,
    frozen: bool,
    now: datetime,
) -> Judgement:
    """The last gate, judged by the executor on what it read itself just now."""
    is_whole = proposal.plan is not None and digest(proposal.plan) == proposal.digest
    free = lacking(proposal, sign_offs, n3, policy, now)
    needed = max(proposal.signatures_needed, policy.rule_of(proposal).signatures)
    checks = (
        (proposal.state is ProposalState.SIGNED, f"it is {proposal.state.value}, not signed"),
        (not is_rejected(sign_offs), "somebody rejected it"),
        (not frozen, "execution is frozen"),
        (proposal.execute_by is not None and now < proposal.execute_by, "the time to execute it is over"),
        (
            bool(proposal.digest) and fresh_digest == proposal.digest and is_whole,
            "what would run now is not what was signed; tool, target, pre-condition or policy changed",
        ),
        (
            not free,
            f"it has fewer than {needed} valid signature(s) at this moment{_of(free)}",
        ),
    )
    for holds, reason in checks:
        if not holds:
            return Judgement(False, f"{proposal.label} was not run: {reason}.")
    return _YES


def _of(free: Sequence[str]) -> str:
    """What is lacking by group, in words; empty where any of N3 will do."""
    groups = [group for group in dict.fromkeys(free) if group]
    return f"; it lacks {' and '.join(groups)}" if groups else ""
