"""Stores what many senders deliver in one transaction; where that fails, each alone: one hurts no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from bot.copilot.alerts import Alerts
from bot.domain.alert import Decision
from bot.domain.senders import Notification
from bot.domain.store import Store
from bot.errors import StoreUnavailable

log = structlog.get_logger()

Outcome = list[Decision] | Exception


class Receiving:
    """The intake's side of the copilot, for many senders at once."""

    def __init__(self, store: Store, alerts: Alerts) -> None:
        self._store, self._alerts = store, alerts

    def receive_all(self, notifications: Sequence[Notification]) -> list[Outcome]:
        """What became of each, in order; when this returns, all but those that failed are committed.

        Raises:
            StoreUnavailable: nothing was stored.
        """
        try:
            return list(self._alerts.receive_many(notifications))
        except StoreUnavailable:
            raise
        except Exception:  # the group's boundary: nothing of it was kept, and whose fault it is shows below
            log.exception("a group of deliveries failed; each is tried alone")
        return [self._alone(one) for one in notifications]

    def count_refused(self, refused: Mapping[str, int]) -> None:
        """Deliveries were refused; nothing of them is kept but these counts, by reason."""
        with self._store.begin() as tx:
            for reason, count in refused.items():
                tx.alerts.count(f"refused:{reason}", count)

    def _alone(self, one: Notification) -> Outcome:
        try:
            return self._alerts.receive(one.alerts, one.key)
        except Exception as error:  # the delivery's boundary: its sender is told, and the others go on
            log.exception("a delivery failed")
            return error
