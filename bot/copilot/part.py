"""What all parts of the copilot share: the store, what is in force, who is N3, and whom they wake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from bot.announcements import announce_incident
from bot.domain.alert import Alert, Decision
from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.proposal import Proposal
from bot.domain.store import Store, Tx
from bot.errors import AlreadyDone, Refused
from bot.in_force import InForce
from bot.sign_off.quorum import Judgement

Decide = Callable[[Sequence[Alert]], list[Decision]]
"""Stores alerts and decides on them, within the transaction that it was given with."""
Deciding = Callable[[], AbstractContextManager[tuple[Tx, Decide]]]
"""Opens a transaction in which alerts can be decided (`Alerts.deciding`)."""


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
            keep_once(tx, event)
            yield tx


def keep_once(tx: Tx, event: str) -> None:
    """Keep the event with what it leads to; none where it came from no event.

    Raises:
        AlreadyDone: the same event has had its effect.
    """
    if event and not tx.inbox.accept(event, InboxKind.EVENT, {}):
        raise AlreadyDone


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


def resolve(tx: Tx, incident_id: int, by: str) -> bool:
    """Resolve an incident by a person; False when it was over before."""
    moved = tx.incidents.move(incident_id, IncidentState.RESOLVED, by)
    if moved:
        tx.triage.touch()
        tx.audit.append(by, "resolved", f"incident #{incident_id}")
        announce_incident(tx, incident_id)
    return moved
