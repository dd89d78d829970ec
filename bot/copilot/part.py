"""What all parts of the copilot share: the store, what is in force, who is N3, and whom they wake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.announcements import announce_incident
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.proposal import Proposal
from bot.domain.store import Store, Tx
from bot.errors import AlreadyDone, Refused
from bot.in_force import InForce
from bot.sign_off.quorum import Judgement


class Part:
    """A part of the copilot. All methods are synchronous and short; call them in a thread."""

    def __init__(self, store: Store, in_force: InForce, membership: Membership, wake: Wake) -> None:
        self._store = store
        self._in_force = in_force
        self._membership = membership
        self._wake = wake

    @contextmanager
    def _once(self, event: str) -> Iterator[Tx]:
        """A transaction that also keeps the event which led to it, so that both are there or neither.

        Raises:
            AlreadyDone: the same event has had its effect.
        """
        with self._store.begin() as tx:
            if event and not tx.inbox.accept(event, "event", {}):
                raise AlreadyDone
            yield tx


def proposal_of(tx: Tx, proposal_id: int) -> Proposal:
    """The proposal of that number.

    Raises:
        Refused: there is none.
    """
    proposal = tx.proposals.get(proposal_id)
    if proposal is None:
        raise Refused(f"There is no proposal P{proposal_id}.")
    return proposal


def refusal(tx: Tx, person: Person, what: str, subject: str, reason: str) -> Judgement:
    """A refusal, with its trace in the audit log."""
    tx.audit.append(person.key, f"refused to {what}", subject, {"reason": reason})
    return Judgement(False, reason)


def open_by_hand(tx: Tx, person: Person, service: str, environment: str, title: str) -> Incident:
    """An incident that no alert has opened: a person saw it first, and has it."""
    seen = Alert(
        source="person",
        name="opened by hand",
        status=AlertStatus.FIRING,
        severity=Severity.WARNING,
        service=service,
        environment=environment,
        starts_at=tx.now,
    )
    incident = tx.incidents.open(seen, title[:300], None)
    tx.incidents.assign(incident.id, person.key)
    tx.audit.append(person.key, "opened by hand", f"incident {incident.label}", {"service": service})
    announce_incident(tx, incident.id)
    return incident


def resolve(tx: Tx, incident_id: int, by: str) -> bool:
    """Resolve an incident by a person; False when it was over before."""
    moved = tx.incidents.move(incident_id, IncidentState.RESOLVED, by)
    if moved:
        tx.triage.touch()
        tx.audit.append(by, "resolved", f"incident #{incident_id}")
        announce_incident(tx, incident_id)
    return moved
