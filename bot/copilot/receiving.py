"""Stores what many senders deliver in one transaction; where that fails, each alone: one hurts no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from bot.copilot.alerts import Alerts
from bot.copilot.refusals import note_refusals
from bot.domain.alert import Decision
from bot.domain.senders import Notification, TurnedAway
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
        found = self._tried(notifications)
        if not isinstance(found, Exception):
            return found
        if len(notifications) == 1:
            return [found]
        alone = [self._tried([one]) for one in notifications]
        return [one if isinstance(one, Exception) else one[0] for one in alone]

    def _tried(self, notifications: Sequence[Notification]) -> list[Outcome] | Exception:
        try:
            return list(self._alerts.receive_many(notifications))
        except StoreUnavailable:
            raise
        except Exception as error:  # the deliveries' boundary: whose fault it is shows when each is alone
            log.exception("deliveries failed", together=len(notifications))
            return error

    def count_refused(self, refused: Mapping[str, int], known: Sequence[TurnedAway] = ()) -> None:
        """Deliveries were refused; nothing of them is kept but these counts, by reason, and what is `known`
        of those whose sender has proved who it is, of which people are told."""
        with self._store.begin() as tx:
            for reason, count in refused.items():
                tx.alerts.count(f"refused:{reason}", count)
            note_refusals(tx, known)
