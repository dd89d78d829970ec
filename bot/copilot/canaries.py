"""Canaries: marked alerts that Vigie sends to its own intake, known by a secret number of their row."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.announcements import INCIDENTS, announce_incident
from bot.copilot.part import resolve
from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.ports import Wake
from bot.domain.quiet import Canary
from bot.domain.store import Store, Tx
from bot.triage.fingerprint import fingerprint

NAME, LABEL = "VigieCanary", "vigie_canary"
BROKEN = "AlertPathBroken"
KEY, CHANNEL = "canary", "canary"
_FRESH = timedelta(minutes=10)


class Canaries:
    """Rows of canaries, and the incident that stands for a path that is broken."""

    def __init__(self, store: Store, wake: Wake) -> None:
        self._store = store
        self._wake = wake

    def send(self) -> Canary:
        """A canary that goes out now; its row is there before it is sent."""
        with self._store.begin() as tx:
            return tx.canaries.send(secrets.token_hex(16))

    def told(self, canary: Canary) -> bool:
        """Whether Slack has its message, and all for #incidents that was there before; noted as of now."""
        with self._store.read() as tx:
            known, post = tx.canaries.get(canary.id), tx.posts.get(KEY)
            waiting = [
                p for p in tx.posts.unsent() if p.channel == INCIDENTS and p.wanted_at < canary.sent_at
            ]
        if known is None or known.received_at is None or post is None or waiting:
            return False
        if (post.content or {}).get("canary") != canary.id or not 0 < post.wanted <= post.sent:
            return False
        with self._store.begin() as tx:
            tx.canaries.tell(canary.id)
            _over(tx)
        return True

    def missed(self, canary: Canary, problem: str) -> None:
        """It did not come through: kept with its reason, and an incident tells people."""
        with self._store.begin() as tx:
            tx.canaries.fail(canary.id, problem)
            tx.alerts.count("canary:missed")
            if _incident_of(tx) is None:
                _open(tx, problem)
        self._wake("investigate", "")


def take_out(tx: Tx, alerts: Sequence[Alert]) -> tuple[list[Alert], list[Decision]]:
    """Part canaries from alerts; what only calls itself one is an alert like any other."""
    rest: list[Alert] = []
    taken: list[Decision] = []
    for alert in alerts:
        nonce = alert.labels.get(LABEL, "") if alert.name == NAME else ""
        canary = tx.canaries.receive(nonce, tx.now - _FRESH) if nonce else None
        if canary is None:
            rest.append(alert)
            continue
        _announce(tx, canary.id, tx.now)
        taken.append(Decision(Kind.HEARTBEAT, "It is a canary of our own: counted nowhere, told quietly."))
    return rest, taken


def _announce(tx: Tx, canary_id: int, now: datetime) -> None:
    """One message for all canaries, edited in place: Slack tells nobody of an edit."""
    text = f":white_check_mark: The alert path works: a canary came in at {now:%d %b %H:%M:%S} UTC."
    tx.posts.want(KEY, CHANNEL, "text", content={"text": text, "canary": canary_id})


def _open(tx: Tx, problem: str) -> None:
    """Straight into the rows, as the intake may be what is broken."""
    alert = _alert(problem, tx.now)
    incident = tx.incidents.open(alert, alert.summary, None)
    decision = Decision(Kind.OPENED, "A canary did not come through.", notifies=True)
    tx.alerts.add(alert, fingerprint(alert), decision, incident.id)
    tx.incidents.joined(incident.id, alert.severity)
    tx.incidents.start_round(incident.id, 0)
    tx.audit.append("vigie", "opened", f"incident {incident.label}", {"reason": problem})
    announce_incident(tx, incident.id)


def _over(tx: Tx) -> None:
    """A canary came through: the path works again."""
    incident_id = _incident_of(tx)
    if incident_id is not None:
        resolve(tx, incident_id, "source")


def _incident_of(tx: Tx) -> int | None:
    series = tx.alerts.series(fingerprint(_alert("", tx.now)))
    return series.incident if series is not None and series.incident_open else None


def _alert(problem: str, now: datetime) -> Alert:
    return Alert(
        source="vigie",
        name=BROKEN,
        status=AlertStatus.FIRING,
        severity=Severity.CRITICAL,
        service="vigie",
        environment="",
        starts_at=now,
        summary="The alert path of Vigie is broken: a canary alert did not come through",
        description=problem,
        labels={"alertname": BROKEN, "service": "vigie"},
    )
