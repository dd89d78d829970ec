"""Canaries: marked alerts that Vigie sends to its own intake, known by a secret number of their row."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.announcements import INCIDENTS
from bot.copilot.part import Deciding
from bot.domain.alert import OWN, Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.quiet import Canary
from bot.domain.store import Store, Tx
from bot.triage.fingerprint import fingerprint

NAME, LABEL = "VigieCanary", "vigie_canary"
BROKEN = "AlertPathBroken"
KEY, CHANNEL = "canary", "canary"
_FRESH = timedelta(minutes=10)


class Canaries:
    """Rows of canaries, and the alert that says of a path that it is broken."""

    def __init__(self, store: Store, deciding: Deciding) -> None:
        self._store = store
        self._deciding = deciding

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
        with self._deciding() as (tx, decide):
            tx.canaries.tell(canary.id)
            if _fires(tx):
                decide([_alert("", tx.now, AlertStatus.RESOLVED)])
        return True

    def missed(self, canary: Canary, problem: str) -> None:
        """It did not come through: kept with its reason, and an incident tells people.

        Its alert is critical and alone in its environment, so triage neither holds it nor puts it to others.
        """
        with self._deciding() as (tx, decide):
            tx.canaries.fail(canary.id, problem)
            tx.alerts.count("canary:missed")
            decide([_alert(problem, tx.now)])


def take_out(tx: Tx, alerts: Sequence[Alert]) -> dict[int, Decision]:
    """The canaries among alerts, by their place; what only calls itself one is an alert like any other."""
    taken: dict[int, Decision] = {}
    for place, alert in enumerate(alerts):
        nonce = alert.labels.get(LABEL, "") if alert.name == NAME else ""
        canary = tx.canaries.receive(nonce, tx.now - _FRESH) if nonce else None
        if canary is not None:
            _announce(tx, canary.id, tx.now)
            taken[place] = Decision(
                Kind.HEARTBEAT, "It is a canary of our own: counted nowhere, told quietly."
            )
    return taken


def _announce(tx: Tx, canary_id: int, now: datetime) -> None:
    """One message for all canaries, edited in place: Slack tells nobody of an edit."""
    text = f":white_check_mark: The alert path works: a canary came in at {now:%d %b %H:%M:%S} UTC."
    tx.posts.want(KEY, CHANNEL, "text", content={"text": text, "canary": canary_id})


def _fires(tx: Tx) -> bool:
    """Whether the path counts as broken."""
    mark = fingerprint(_alert("", tx.now))
    series = tx.alerts.series([mark]).get(mark)
    return series is not None and series.status is AlertStatus.FIRING


def _alert(problem: str, now: datetime, status: AlertStatus = AlertStatus.FIRING) -> Alert:
    return Alert(
        source=OWN,
        name=BROKEN,
        status=status,
        severity=Severity.CRITICAL,
        service="vigie",
        environment="vigie",
        starts_at=now,
        summary="The alert path of Vigie is broken: a canary alert did not come through",
        description=problem,
        labels={"alertname": BROKEN, "service": "vigie", "environment": "vigie"},
    )
