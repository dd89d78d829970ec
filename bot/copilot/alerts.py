"""Takes alerts in: each delivery is stored with what triage decided of it, and why."""

from __future__ import annotations

from collections.abc import Sequence

from bot.announcements import announce_incident, announce_rise
from bot.copilot.part import resolve
from bot.domain.alert import Alert, Decision, Kind
from bot.domain.ports import Wake
from bot.domain.senders import Notification
from bot.domain.store import Store, Tx
from bot.triage.decide import Memory, Rules, decide
from bot.triage.fingerprint import fingerprint

MAX_ROUNDS = 3


class Alerts:
    """The intake's side of the copilot."""

    def __init__(self, store: Store, rules: Rules, wake: Wake) -> None:
        self._store = store
        self._rules = rules
        self._wake = wake

    def receive(self, alerts: Sequence[Alert], delivery: str = "") -> list[Decision]:
        """Store deliveries and decide on each; when this returns they are committed.

        `delivery` is the signature they came under, if any: what comes under it again has no effect.
        """
        return self.receive_many([Notification(alerts, delivery)])[0]

    def receive_many(self, notifications: Sequence[Notification]) -> list[list[Decision]]:
        """The same for several at once, all in one transaction: all of them are stored, or none is."""
        with self._store.begin() as tx:
            decisions = [self._receive_one_notification(tx, one) for one in notifications]
        self._wake("receive", "")
        return decisions

    def _receive_one_notification(self, tx: Tx, one: Notification) -> list[Decision]:
        if one.key and not tx.inbox.accept(f"delivery:{one.key}", "delivery", {}):
            return []
        return [self._receive_one(tx, alert) for alert in one.alerts]

    def count_refused(self, reason: str) -> None:
        """A delivery was refused; nothing of it is kept but this count."""
        with self._store.begin() as tx:
            tx.alerts.count(f"refused:{reason}")

    def _receive_one(self, tx: Tx, alert: Alert) -> Decision:
        mark = fingerprint(alert)
        series = tx.alerts.series(mark)
        decision = decide(alert, Memory(series, tx.incidents.open_now()), self._rules, tx.now)
        incident_id = decision.incident
        if decision.kind is Kind.OPENED:
            title = alert.summary or alert.name
            incident = tx.incidents.open(alert, title, series.incident if series else None)
            incident_id = incident.id
            tx.incidents.start_round(incident.id, 0)
            tx.audit.append("vigie", "opened", f"incident {incident.label}", {"reason": decision.reason})
        tx.alerts.add(alert, mark, decision, incident_id)
        tx.alerts.count(f"decided:{decision.kind.value}")
        if incident_id is None:
            return decision
        if decision.kind is Kind.RESOLVED:
            if tx.alerts.firing(incident_id) == 0:
                resolve(tx, incident_id, "source")
        else:
            before = tx.incidents.get(incident_id)
            tx.incidents.joined(incident_id, alert.severity)
            self._look_again(tx, incident_id, decision, seen_before=series is not None)
            if decision.kind is Kind.JOINED and before is not None and alert.severity > before.severity:
                announce_rise(tx, incident_id, alert.severity)
        if decision.kind is not Kind.DUPLICATE or self._is_tenth(tx, incident_id):
            announce_incident(tx, incident_id)
        return decision

    def _is_tenth(self, tx: Tx, incident_id: int) -> bool:
        """Repeats change nothing but a count, so Slack is told of each tenth."""
        incident = tx.incidents.get(incident_id)
        return incident is not None and incident.alerts_received % 10 == 0

    def _look_again(self, tx: Tx, incident_id: int, decision: Decision, seen_before: bool) -> None:
        """A new kind of alert in an open incident is a reason to investigate once more, within bounds."""
        incident = tx.incidents.get(incident_id)
        assert incident is not None
        if decision.kind is Kind.JOINED and not seen_before and incident.rounds < MAX_ROUNDS:
            tx.incidents.start_round(incident_id, incident.rounds)
