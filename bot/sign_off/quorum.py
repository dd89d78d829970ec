"""Who may sign, when a proposal is signed, and whether it may run now: each answer carries its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy


@dataclass(frozen=True, slots=True)
class N3:
    """The N3 of this moment, each with since when; None means found at the first start, taken as it was."""

    since: Mapping[Person, datetime | None]


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
    settled = may_speak_for_n3(person, n3, policy, now)
    if not settled.allowed:
        return settled
    if policy.rule(proposal.risk).pinned and person not in policy.pinned:
        return Judgement(False, "A destructive action needs people from the pinned list in vigie.toml.")
    return _YES


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
    """The distinct people whose signature counts at this moment."""
    return frozenset(
        sign_off.person
        for sign_off in sign_offs
        if sign_off.signed
        and sign_off.digest == proposal.digest
        and may_sign(proposal, sign_off.person, n3, policy, now).allowed
    )


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
    needed = max(proposal.signatures_needed, policy.rule(proposal.risk).signatures)
    checks = (
        (proposal.state is ProposalState.SIGNED, f"it is {proposal.state.value}, not signed"),
        (not is_rejected(sign_offs), "somebody rejected it"),
        (not frozen, "execution is frozen"),
        (proposal.execute_by is not None and now < proposal.execute_by, "the time to execute it is over"),
        (
            bool(proposal.digest) and fresh_digest == proposal.digest,
            "what would run now is not what was signed; tool, target, pre-condition or policy changed",
        ),
        (
            len(valid_signers(proposal, sign_offs, n3, policy, now)) >= needed,
            f"it has fewer than {needed} valid signature(s) at this moment",
        ),
    )
    for holds, reason in checks:
        if not holds:
            return Judgement(False, f"{proposal.label} was not run: {reason}.")
    return _YES
