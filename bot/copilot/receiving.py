"""Stores many deliveries in one transaction; one that fails leaves no trace and takes no other with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert, Decision
from bot.domain.ports import Wake
from bot.domain.store import Store, Tx
from bot.errors import StoreUnavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one sender delivered at once; `key` names it where the sender does, so that it counts once."""

    alerts: Sequence[Alert]
    key: str = ""


Outcome = list[Decision] | Exception


class Receiving:
    """The intake's side of the copilot, for many senders at once."""

    def __init__(self, store: Store, alerts: Alerts, wake: Wake) -> None:
        self._store, self._alerts, self._wake = store, alerts, wake

    def receive_all(self, deliveries: Sequence[Delivery], refused: Mapping[str, int]) -> list[Outcome]:
        """What became of each, in order; when this returns, all but those that failed are committed.

        Raises:
            StoreUnavailable: nothing was stored.
        """
        with self._store.begin() as tx:
            for reason, count in refused.items():
                tx.alerts.count(f"refused:{reason}", count)
            outcomes = [self._one(tx, delivery) for delivery in deliveries]
        if deliveries:
            self._wake("receive", "")
        return outcomes

    def _one(self, tx: Tx, delivery: Delivery) -> Outcome:
        try:
            with tx.part():
                return self._alerts.take(tx, delivery.alerts, delivery.key)
        except StoreUnavailable:
            raise
        except Exception as error:  # the delivery's boundary: its sender is told, and the others are kept
            log.exception("a delivery failed")
            return error
