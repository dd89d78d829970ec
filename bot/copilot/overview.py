"""What is going on right now, read in one transaction: what `/vigie status`, `pending` and each Home show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.copilot.standing import Listed, listing_of
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person
from bot.domain.proposal import Execution, Proposal, ProposalState
from bot.domain.records import Adopted, Freeze, Review
from bot.domain.store import Tx
from bot.in_force import InForce
from bot.membership import known_n3
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, valid_signers


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that waits for signatures, the title of its incident, and whose signature counts so far."""

    proposal: Proposal
    title: str
    signed: frozenset[Person]


@dataclass(frozen=True, slots=True)
class HeldNow:
    """An incident that nobody was told of: people are at `until`, where delivery `alert_id` fires still."""

    incident: Incident
    alert_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that is open. `n3` is as it was last seen: enough to show, never to decide.

    `waiting` has the most urgent first; `proposals` are those of open incidents, in any state; `drafts` are
    resolved incidents whose summary waits for a person; `running` are actions under way, and `dark` those of
    which nobody saw the end; `standing` are standing sign-offs that are not over; `reviews` what one N3
    signed alone and nobody has judged yet, each with its proposal, oldest first; `held` what may clear by
    itself, the next to be told first.
    """

    now: datetime
    open_incidents: Sequence[Incident]
    proposals: Sequence[Proposal]
    waiting: Sequence[Waiting]
    changes: Sequence[Adopted]
    drafts: Sequence[Incident]
    freeze: Freeze | None
    n3: N3
    policy: Policy
    running: Sequence[tuple[Proposal, Execution | None]] = ()
    dark: Sequence[Proposal] = ()
    standing: Sequence[Listed] = ()
    reviews: Sequence[tuple[Review, Proposal]] = ()
    held: Sequence[HeldNow] = ()


def overview_of(tx: Tx, in_force: InForce) -> Overview:
    """The overview of this transaction's moment."""
    n3, policy = known_n3(tx), in_force.policy(tx)
    unconfirmed = set(tx.summaries.unconfirmed())
    return Overview(
        tx.now,
        tx.incidents.open_now(),
        tx.proposals.of_open_incidents(),
        _waiting(tx, n3, policy),
        tx.n3.offers(),
        [i for i in tx.incidents.in_states(IncidentState.RESOLVED) if i.id in unconfirmed],
        tx.n3.freeze(),
        n3,
        policy,
        [(p, tx.proposals.execution(p.id)) for p in tx.proposals.in_states(ProposalState.EXECUTING)],
        tx.proposals.in_states(ProposalState.UNKNOWN),
        [one for one in listing_of(tx, in_force) if not one.standing.state.is_over],
        [(review, p) for review in tx.reviews.open() if (p := tx.proposals.get(review.proposal_id))],
        _held(tx),
    )


def _held(tx: Tx) -> list[HeldNow]:
    held = tx.incidents.held_now()
    until = tx.deliveries.held_until() if held else {}
    found = [HeldNow(incident, *until[incident.id]) for incident in held if incident.id in until]
    return sorted(found, key=lambda one: (one.until, one.incident.id))


def _waiting(tx: Tx, n3: N3, policy: Policy) -> list[Waiting]:
    found = []
    for proposal in tx.proposals.in_states(ProposalState.PROPOSED):
        incident = tx.incidents.get(proposal.incident_id)
        given = tx.proposals.sign_offs(proposal.id)
        signed = valid_signers(proposal, given, n3, policy, tx.now)
        found.append(Waiting(proposal, incident.title if incident else "", signed))
    return sorted(found, key=lambda waiting: (waiting.proposal.sign_by, waiting.proposal.id))
