"""What people say against triage: this should have paged. It is told at once, counted, and remembered."""

from __future__ import annotations

from bot.announcements import INCIDENTS, announce_incident, incident_key
from bot.copilot.part import Part
from bot.copilot.regrouping import split
from bot.domain.alert import AlertStatus, Kind
from bot.domain.person import Person
from bot.domain.quiet import Correction, Delivery
from bot.domain.store import Tx
from bot.errors import Refused
from bot.triage.corrections import ABSORBING, HOLDS


class Corrections(Part):
    """What people say against decisions of triage."""

    def page(self, person: Person, alert_id: int, event: str = "") -> str:
        """Tell of this delivery now; what to say to the person.

        Raises:
            Refused: there is no such delivery, or people were told of it.
        """
        with self._once(event) as tx:
            delivery = _absorbed(tx, alert_id)
            incident_id, opened = _tell(tx, person.key, delivery)
            made, is_new = tx.corrections.add(delivery, person.key, tx.now + HOLDS, incident_id, opened)
            if is_new:
                tx.alerts.count(f"corrected:{delivery.decision.value}")
                detail = {"alert": alert_id, "decision": delivery.decision.value, "reason": delivery.reason}
                tx.audit.append(person.key, "should have paged", f"series {delivery.fingerprint}", detail)
                announce_correction(tx, made)
        self._wake("investigate", str(incident_id or ""))
        where = f" It is #{incident_id}." if incident_id else ""
        return f"Told.{where} For {HOLDS.days} days this alert is not {delivery.decision.value} again."

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
            tx.alerts.count(f"uncorrected:{made.decision.value}")
            tx.audit.append(person.key, "took back: should have paged", f"series {made.fingerprint}")
            announce_correction(tx, made)
        left = f" #{made.incident_id} stays as it is." if made.incident_id else ""
        return f"Taken back: the alert may be {made.decision.value} again.{left}"


def announce_correction(tx: Tx, made: Correction) -> None:
    """A message of its own in the channel, so that people are told whatever became of the alert."""
    tx.posts.want(f"correction:{made.id}", INCIDENTS, "correction", made.id)


def _absorbed(tx: Tx, alert_id: int) -> Delivery:
    delivery = tx.deliveries.get(alert_id)
    if delivery is None:
        raise Refused("There is no such alert.")
    if delivery.decision not in ABSORBING or delivery.told_at is not None:
        where = f" in #{delivery.incident_id}" if delivery.incident_id else ""
        raise Refused(f"It was not absorbed: it was {delivery.decision.value}{where}.")
    return delivery


def _tell(tx: Tx, by: str, delivery: Delivery) -> tuple[int | None, bool]:
    """Where it is told: an incident of its own, its untold one, or none where it fires no more."""
    incident = tx.incidents.get(delivery.incident_id) if delivery.incident_id else None
    if incident is not None and incident.state.is_open:
        if tx.posts.get(incident_key(incident.id)) is None:
            announce_incident(tx, incident.id)
            return incident.id, True
        alone = len(tx.regroupings.fingerprints(incident.id)) < 2
        if alone or delivery.decision in (Kind.HELD, Kind.FLAPPING):
            return incident.id, False
        return split(tx, by, incident, [delivery.fingerprint]).id, True
    series = tx.alerts.series(delivery.fingerprint)
    if series is None or series.status is not AlertStatus.FIRING:
        return None, False
    if series.incident is not None and series.incident_open:
        return series.incident, False
    return _open(tx, by, delivery), True


def _open(tx: Tx, by: str, delivery: Delivery) -> int:
    alert = delivery.alert()
    made = tx.incidents.open(alert, alert.summary or alert.name, delivery.incident_id)
    tx.regroupings.adopt(delivery, made.id)
    tx.regroupings.recount(made.id)
    tx.incidents.start_round(made.id, 0)
    tx.audit.append(by, "opened", f"incident {made.label}", {"reason": "It should have paged."})
    announce_incident(tx, made.id)
    return made.id
