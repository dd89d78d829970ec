"""The last judgement: in one transaction a signed proposal is judged on what is read there, and claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot import fault_hook
from bot.announcements import announce_proposal
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.store import Store, Tx
from bot.domain.tool import CheckResult
from bot.following import follow
from bot.membership import note_membership
from bot.sign_off.budget import HOUR, Budget, room_for
from bot.sign_off.digest import digest
from bot.sign_off.quorum import may_execute
from bot.tools.case import Case
from bot.tools.refusing import refuse_in
from bot.tools.standing import under_standing


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be claimed: the plan as it is now, what was read before, the `fence` of this run alone."""

    case: Case
    plan: Mapping[str, object]
    before: CheckResult
    fence: str


def claim(store: Store, wanted: Claim, current: frozenset[Person], budget: Budget) -> bool:
    """Judge it and claim its only execution; False: it must not run. `current`: who is N3 now. Blocks."""
    with store.begin() as tx:
        case, plan = wanted.case, wanted.plan
        frozen = tx.n3.freeze() is not None
        proposal = tx.proposals.get(case.proposal.id)
        assert proposal is not None
        n3 = note_membership(tx, current, case.policy)
        under = under_standing(tx, proposal, plan)  # what people signed, where there is no standing one
        fresh = digest(plan) if case.is_still_so(tx, proposal) else ""
        judgement = under.refusal or may_execute(
            proposal, under.given, fresh, n3, case.policy, frozen, tx.now
        )
        if not judgement.allowed:
            if not frozen and not under.waits:
                refuse_in(tx, proposal, ProposalState.SIGNED, judgement.reason)
            return False
        if not _has_room(tx, case, proposal, budget):
            return False
        if not tx.proposals.claim(proposal.id, wanted.fence):
            return False
        tx.proposals.note_before(proposal.id, wanted.before.told, wanted.before.verdict.value)
        tx.executions.note_before(proposal.id, wanted.before.value)
        detail = {"digest": digest(plan), "fence": wanted.fence, **under.detail}
        tx.audit.append("executor", "execution started", proposal.label, detail)
        follow(tx, proposal.id)
        announce_proposal(tx, proposal)
        fault_hook.point("intent")
    return True


def _has_room(tx: Tx, case: Case, proposal: Proposal, budget: Budget) -> bool:
    """Whether tool and service bear one more now; the card says what it waits for, or why it does not."""
    started = tx.executions.started(tx.now - HOUR)
    room = room_for(case.tool, case.incident, budget, started, tx.now)
    if room.waits and room.reason != proposal.reason:
        signed = ProposalState.SIGNED
        tx.proposals.move(proposal.id, (signed,), signed, reason=room.reason)
        tx.audit.append("executor", "waits", proposal.label, {"reason": room.reason})
        announce_proposal(tx, proposal)
    elif not room.is_free and not room.waits:
        refuse_in(tx, proposal, ProposalState.SIGNED, f"{proposal.label}: {room.reason}")
    return room.is_free
