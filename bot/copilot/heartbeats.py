"""Heartbeats of senders: one that stays away opens an incident, which ends when it comes back.

It is not muted or held back by anything: while a heartbeat is gone, no alert of its sender may arrive at all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.announcements import announce_incident
from bot.copilot.part import resolve
from bot.domain.alert import OWN, Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.incident import BY_SOURCE
from bot.domain.noise import Delivery, Series
from bot.domain.ports import Wake
from bot.domain.senders import BeatRule, SeenBeat, absence
from bot.domain.store import Store, Tx
from bot.triage.fingerprint import fingerprint

NAME = "HeartbeatGone"


class Heartbeats:
    """Looked at by each sweep. What came before the first look was not ours to hear."""

    def __init__(self, store: Store, names: Collection[str], rule: BeatRule, wake: Wake) -> None:
        self._store, self._names, self._rule, self._wake = store, names, rule, wake
        self._since: datetime | None = None

    def look(self) -> None:
        """Open an incident for each heartbeat that is gone, and end those of which one is back."""
        with self._store.read() as tx:
            if self._since is None:
                self._since = tx.now
            if not any(self._is_new(tx, beat) for beat in tx.beats.all()):
                return
        with self._store.begin() as tx:
            for beat in tx.beats.all():
                if self._is_new(tx, beat):
                    self._note(tx, beat)
        self._wake("heartbeat", "")

    def _is_new(self, tx: Tx, beat: SeenBeat) -> bool:
        """Whether something is to be noted of it: that it is gone, back, or no heartbeat any more."""
        if beat.name not in self._names:
            return True
        return bool(self._why(tx, beat)) != (beat.incident_id is not None)

    def _why(self, tx: Tx, beat: SeenBeat) -> str:
        # One that was gone is back once it was seen, not because we were started anew.
        since = beat.last_at if beat.incident_id is not None else self._since or tx.now
        return absence(beat, self._rule, since, tx.now)

    def _note(self, tx: Tx, beat: SeenBeat) -> None:
        why = self._why(tx, beat)
        if beat.name not in self._names:
            self._end(tx, beat)
            tx.beats.forget(beat.fingerprint)
        elif why:
            self._open(tx, beat, why)
        else:
            self._end(tx, beat)
            tx.beats.gone(beat.fingerprint, None)

    def _open(self, tx: Tx, beat: SeenBeat, why: str) -> None:
        alert = _alert(beat, AlertStatus.FIRING, tx.now, why)
        incident = tx.incidents.open(alert, alert.summary, None)
        tx.incidents.start_round(incident.id, 0)
        _keep(tx, alert, Decision(Kind.OPENED, why, notifies=True), incident.id)
        tx.alerts.count("decided:opened")
        tx.incidents.joined([(incident.id, alert.severity, 1)])
        tx.beats.gone(beat.fingerprint, incident.id)
        tx.audit.append("vigie", "opened", f"incident {incident.label}", {"reason": why})
        announce_incident(tx, incident.id)

    def _end(self, tx: Tx, beat: SeenBeat) -> None:
        if beat.incident_id is None:
            return
        alert = _alert(beat, AlertStatus.RESOLVED, tx.now, "It is back.")
        decision = Decision(Kind.RESOLVED, "The heartbeat is back.", beat.incident_id)
        _keep(tx, alert, decision, beat.incident_id)
        tx.alerts.count("decided:resolved")
        resolve(tx, beat.incident_id, BY_SOURCE)


def _keep(tx: Tx, alert: Alert, decision: Decision, incident: int) -> None:
    """Store it past triage, which could hold it back: as a delivery, and as a series of its own."""
    mark = fingerprint(alert)
    tx.alerts.add([Delivery(alert, mark, decision, incident, tx.now if decision.notifies else None)])
    series = Series(mark, alert.status, alert.severity, tx.now, tx.now, incident, name=alert.name)
    tx.triage.save([(series, 1)], [], {}, {})


def _alert(beat: SeenBeat, status: AlertStatus, now: datetime, why: str) -> Alert:
    """The absence as an alert of Vigie's own, one for each heartbeat."""
    return Alert(
        source=OWN,
        name=NAME,
        status=status,
        severity=Severity.CRITICAL,
        service="",
        environment=beat.environment,
        starts_at=now,
        ends_at=now if status is AlertStatus.RESOLVED else None,
        summary=f"The heartbeat {beat.name} of {beat.source} is gone",
        description=(
            f"{why} While it is gone, other alerts of {beat.source} may not arrive either: look whether what"
            " sends it runs, and whether it reaches Vigie."
        ),
        labels={"alertname": NAME, "heartbeat": beat.name, "source": beat.source},
        identity=f"heartbeat:{beat.fingerprint}",
    )
