"""Stores many deliveries at once; one that fails leaves no trace and takes no other with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert, Decision
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

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def receive_all(self, deliveries: Sequence[Delivery], refused: Mapping[str, int]) -> list[Outcome]:
        """What became of each, in order; when this returns, all but those that failed are committed.

        Raises:
            StoreUnavailable: nothing was stored.
        """
        try:
            return list(self._alerts.receive_all([(one.alerts, one.key) for one in deliveries], refused))
        except StoreUnavailable:
            raise
        except Exception:  # the group's boundary: one of them failed, so each is tried by itself
            log.exception("a group of deliveries failed")
        self._alerts.receive_all([], refused)
        return [self._alone(one) for one in deliveries]

    def _alone(self, delivery: Delivery) -> Outcome:
        try:
            return self._alerts.receive(delivery.alerts, delivery.key)
        except StoreUnavailable as error:
            return error
        except Exception as error:  # the delivery's boundary: its sender is told, and the others are kept
            log.exception("a delivery failed")
            return error
