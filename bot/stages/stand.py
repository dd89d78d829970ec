"""An alert fires that N3 has signed an action for in advance: it is proposed by that, and by nobody else.

The alert's typed fields alone decide. No text is read, no diagnosis awaited, no model asked.
"""

from __future__ import annotations

from bot.announcements import announce_proposal
from bot.domain.incident import Incident
from bot.domain.records import NewProposal
from bot.domain.standing import StandingSignOff, StandingState, TypedAlert
from bot.domain.store import Store, Tx
from bot.errors import BadInput, CatalogueError
from bot.in_force import InForce
from bot.sign_off.standing import FRESH, choose, fires
from bot.standing_state import leave_to_people, left_key


def due(tx: Tx) -> list[str]:
    """Standing sign-offs that an open incident's alert fires now, each as `number:incident`."""
    given = [s for s in tx.standing.in_states(StandingState.IN_FORCE) if s.is_in_force(tx.now)]
    if not given:
        return []
    open_now = tx.incidents.open_now()
    return [
        f"{standing.id}:{incident.id}"
        for standing in given
        for incident in open_now
        if _fired_by(tx, standing, incident) is not None
    ]


def use(store: Store, in_force: InForce, standing_id: int, incident_id: int) -> None:
    """Propose what was signed, or say in the thread why it is left to people; either once for an incident."""
    with store.begin() as tx:
        standing, incident = tx.standing.get(standing_id), tx.incidents.get(incident_id)
        alert = _fired_by(tx, standing, incident) if standing and incident else None
        if standing is None or incident is None or alert is None or tx.n3.freeze() is not None:
            return
        try:
            _propose(tx, in_force, standing, incident, alert)
        except (BadInput, CatalogueError) as error:
            leave_to_people(tx, standing, incident.id, str(error))


def _fired_by(tx: Tx, standing: StandingSignOff, incident: Incident) -> TypedAlert | None:
    """The alert that fires it in this incident, if nobody has proposed the same action there before."""
    terms, since = standing.terms, standing.active_at
    if incident.service not in terms.services or incident.environment not in terms.environments:
        return None
    if since is None or tx.posts.get(left_key(standing.id, incident.id)) is not None:
        return None
    # Whoever proposed, rejected or ran it here already has it in hand.
    if any(proposal.tool == terms.tool for proposal in tx.proposals.of_incident(incident.id)):
        return None
    trigger = terms.trigger
    found = tx.standing.deliveries(incident.id, trigger.source, trigger.name, max(since, tx.now - FRESH))
    return next((one for one in found if fires(standing, one, incident, tx.now).allowed), None)


def _propose(
    tx: Tx, in_force: InForce, standing: StandingSignOff, incident: Incident, alert: TypedAlert
) -> None:
    """The proposal, as a person would have made it; the executor judges it and everything behind it."""
    tools, inventory = in_force.tools(tx), in_force.inventory(tx)
    if standing.terms.tool not in tools:
        raise CatalogueError(f"There is no tool named {standing.terms.tool!r}.")
    chosen = choose(standing.terms, tools[standing.terms.tool], inventory, alert)
    tool, arguments = in_force.check(tx, incident, standing.terms.tool, chosen)
    rule = in_force.policy(tx).rule(tool.risk, incident.environment, incident.service)
    new = NewProposal(
        incident.id,
        tool.name,
        arguments,
        standing.proposer,
        tool.risk,
        rule.signatures,
        rule.time_to_sign,
        f"{alert.name} fired, as {standing.label} says.",
        standing=standing.id,
    )
    proposal = tx.proposals.add(new)
    detail = {"tool": tool.name, "arguments": arguments, "incident": incident.id, "alert": alert.id}
    detail |= {"standing_digest": standing.digest}
    tx.audit.append(standing.actor, "proposed", proposal.label, detail)
    announce_proposal(tx, proposal)
