"""The executor's side of standing sign-offs: whether one covers this very plan now, judged on fresh rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.announcements import announce_proposal
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.standing import StandingSignOff
from bot.domain.store import Tx
from bot.errors import ArgumentRefused, CatalogueError
from bot.sign_off.digest import digest
from bot.sign_off.quorum import Judgement
from bot.sign_off.standing import fires, may_be_used, under_way, went_badly
from bot.standing_state import suspend, told_of_use
from bot.tools.in_force import catalogue_in_force, policy_in_force
from bot.tools.standing_plan import standing_plan


@dataclass(frozen=True, slots=True)
class Under:
    """By whose signatures a proposal would run: `refusal` says why by none, `waits` that this may change.

    `detail` is what the audit log says of it beside the digest.
    """

    given: Sequence[SignOff]
    refusal: Judgement | None = None
    waits: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)


def under_standing(tx: Tx, proposal: Proposal, plan: Mapping[str, object]) -> Under:
    """What people signed; for a proposal under a standing sign-off, the signatures of that, if it covers it.

    Each is put under this proposal's digest only when every rule of the standing sign-off holds now. Whether
    the people behind them may still sign is judged like for any other signature.
    """
    own = tx.proposals.sign_offs(proposal.id)
    if proposal.standing is None:
        return Under(own, detail={"signers": [s.person.key for s in own if s.signed]})
    standing = tx.standing.get(proposal.standing)
    if standing is None:
        return Under(own, Judgement(False, f"{proposal.label} was not run: there is no such sign-off."))
    earlier = [p for number in tx.standing.not_well(standing.id) if (p := tx.proposals.get(number))]
    before = under_way([p for p in earlier if p.id != proposal.id])
    if before is not None:
        reason = (
            f"{proposal.label} waits until {before.label}, run by the same {standing.label}, is verified."
        )
        return Under(own, Judgement(False, reason), waits=True)
    judgement = _judge(tx, standing, earlier, proposal, plan)
    if not judgement.allowed:
        return Under(own, judgement)
    given = [
        SignOff(proposal.id, s.person, proposal.digest, True, s.at)
        for s in tx.standing.sign_offs(standing)
        if s.signed and s.digest == standing.digest
    ]
    rejected = [s for s in own if not s.signed]
    signers = [s.person.key for s in given]
    detail = {"standing": standing.id, "standing_digest": standing.digest, "signers": signers}
    return Under([*given, *rejected], detail=detail)


def sign_by_standing(tx: Tx, proposal_id: int) -> None:
    """A proposal under a standing sign-off, once prepared, asks nobody: it may start from now on."""
    proposal = tx.proposals.get(proposal_id)
    if proposal is None or proposal.standing is None:
        return
    by = tx.now + policy_in_force(tx).rule_of(proposal).time_to_execute
    if tx.proposals.move(proposal.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=by):
        detail = {"digest": proposal.digest, "standing": proposal.standing}
        tx.audit.append(f"standing sign-off S{proposal.standing}", "signed", proposal.label, detail)
        announce_proposal(tx, proposal)
        told_of_use(tx, proposal)


def _judge(
    tx: Tx,
    standing: StandingSignOff,
    earlier: Sequence[Proposal],
    proposal: Proposal,
    plan: Mapping[str, object],
) -> Judgement:
    """Everything but who signed; what shows that it should not be used again suspends it at once."""
    bad = went_badly(earlier, standing.active_at or tx.now)
    if bad is not None:
        suspend(tx, standing, f"{bad.label} did not end well.")
        return Judgement(False, f"{proposal.label} was not run: {standing.label} is suspended.")
    try:
        fresh = digest(standing_plan(catalogue_in_force(tx), policy_in_force(tx), standing.terms))
    except (ArgumentRefused, CatalogueError):
        fresh = ""
    if fresh != standing.digest:
        suspend(tx, standing, "Catalogue, policy or a script is not what was signed.")
    judgement = may_be_used(standing, proposal, plan, fresh, tx.standing.uses(standing.id), tx.now)
    if judgement.allowed and not _still_fires(tx, standing, proposal):
        reason = f"{proposal.label} was not run: the alert that it was for does not fire any more."
        return Judgement(False, reason)
    return judgement


def _still_fires(tx: Tx, standing: StandingSignOff, proposal: Proposal) -> bool:
    """Whether an alert of the incident, as typed by its source, is still one that it is for."""
    incident, trigger = tx.incidents.get(proposal.incident_id), standing.terms.trigger
    if incident is None or standing.active_at is None:
        return False
    found = tx.standing.deliveries(incident.id, trigger.source, trigger.name, standing.active_at)
    return any(fires(standing, delivery, incident, proposal.created_at).allowed for delivery in found)
