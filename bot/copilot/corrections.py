"""What people say against triage: this should have paged. It is told at once, counted, and remembered."""

from __future__ import annotations

from bot.announcements import INCIDENTS
from bot.copilot.part import Deciding, Part, keep_once
from bot.copilot.regrouping import split
from bot.domain.alert import AlertStatus, Kind
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.quiet import Correction, StoredAlert
from bot.domain.store import Store, Tx
from bot.errors import Refused
from bot.in_force import InForce
from bot.triage.corrections import ABSORBING, HOLDS

_ABSORBED = {
    Kind.JOINED: "put to an incident and not told",
    Kind.DUPLICATE: "taken for a repeat",
    Kind.HELD: "held",
    Kind.MUTED: "muted",
    Kind.FLAPPING: "damped",
}


class Corrections(Part):
    """What people say against decisions of triage."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        membership: Membership,
        wake: Wake,
        deciding: Deciding,
    ) -> None:
        super().__init__(store, in_force, membership, wake)
        self._deciding = deciding

    def page(self, person: Person, alert_id: int, event: str = "") -> str:
        """Tell of this delivery now; what to say to the person.

        Raises:
            Refused: there is no such delivery, or people were told of it.
        """
        with self._deciding() as (tx, decide):
            keep_once(tx, event)
            known = tx.corrections.of_alert(alert_id)
            if known is not None and known.undone_at is None:
                return "Somebody said so before, and people were told."
            delivery = _absorbed(tx, alert_id)
            incident_id = _tell(tx, person.key, delivery)
            again = [delivery.alert()] if incident_id is None and _fires(tx, delivery) else []
            made, _ = tx.corrections.add(delivery, person.key, tx.now + HOLDS, incident_id, False)
            tx.triage.touch()
            tx.alerts.count(f"corrected:{delivery.decision.value}")
            detail = {"alert": alert_id, "decision": delivery.decision.value, "reason": delivery.reason}
            tx.audit.append(person.key, "should have paged", f"series {delivery.fingerprint}", detail)
            # Decided anew, as if it came now: what was said just now keeps it from being absorbed. Without
            # one triage only reads its rows, in which a hold may end now.
            decided = decide(again)
            if decided and decided[0].incident is not None:
                incident_id = decided[0].incident
                tx.corrections.told_in(made.id, incident_id)
            announce_correction(tx, made)
        self._wake("investigate", str(incident_id or ""))
        where = f" It is #{incident_id}." if incident_id else ""
        otherwise = _ABSORBED[delivery.decision]
        return f"Told.{where} For {HOLDS.days} days it is told whenever it would be {otherwise}."

    def undo(self, person: Person, correction_id: int, event: str = "") -> str:
        """The rule counts for the series again; what to say to the person.

        Raises:
            Refused: there is no such correction.
        """
        with self._once(event) as tx:
            made = tx.corrections.get(correction_id)
            if made is None:
                raise Refused("There is no such correction.")
            if not tx.corrections.undo(correction_id, person.key):
                return "That was taken back already."
            tx.triage.touch()
            tx.alerts.count(f"uncorrected:{made.decision.value}")
            tx.audit.append(person.key, "took back: should have paged", f"series {made.fingerprint}")
            announce_correction(tx, made)
        left = f" #{made.incident_id} stays as it is." if made.incident_id else ""
        return f"Taken back: the alert may be {_ABSORBED[made.decision]} again.{left}"


def announce_correction(tx: Tx, made: Correction) -> None:
    """A message of its own in the channel, so that people are told whatever became of the alert."""
    tx.posts.want(f"correction:{made.id}", INCIDENTS, "correction", made.id)


def _absorbed(tx: Tx, alert_id: int) -> StoredAlert:
    delivery = tx.deliveries.get(alert_id)
    if delivery is None:
        raise Refused("There is no such alert.")
    if delivery.decision not in ABSORBING or delivery.told_at is not None:
        where = f" in #{delivery.incident_id}" if delivery.incident_id else ""
        raise Refused(f"It was not absorbed: it was {delivery.decision.value}{where}.")
    return delivery


def _tell(tx: Tx, by: str, delivery: StoredAlert) -> int | None:
    """The open incident in which people are told of it now; None where it is in none."""
    if tx.corrections.due_now(delivery.fingerprint):
        return delivery.incident_id  # it was held: the sweep tells within a second
    incident = tx.incidents.get(delivery.incident_id) if delivery.incident_id else None
    if incident is None or not incident.state.is_open or incident.held:
        return None
    alone = len(tx.regroupings.fingerprints(incident.id)) < 2
    if alone or delivery.decision not in (Kind.JOINED, Kind.DUPLICATE):
        return incident.id
    return split(tx, by, incident, [delivery.fingerprint]).id


def _fires(tx: Tx, delivery: StoredAlert) -> bool:
    series = tx.alerts.series([delivery.fingerprint]).get(delivery.fingerprint)
    return series is not None and series.status is AlertStatus.FIRING
