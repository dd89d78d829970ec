"""The ledger of exchanges: each call is set aside in a committed row before it is made, and settled after it.

Whether it may be made at all is decided in the same transaction, so that many at once cannot overdraw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial

import structlog

from bot.announcements import announce_echo
from bot.domain.spending import Limit, Limits, NeverSend, Purpose, Reserve, Settled, Spent
from bot.domain.store import Store, Tx

log = structlog.get_logger()
TEXT = 60_000
"""Characters of one side of an exchange that are kept."""
_ALERTS = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be made. `by_provider`: the next provider may still be asked."""

    reason: str
    by_provider: bool = False


class Ledger:
    """Over the store. All methods run in a thread."""

    def __init__(
        self,
        store: Store,
        limits: Limits,
        never_send: Sequence[NeverSend] = (),
        keep: timedelta = timedelta(days=30),
    ) -> None:
        self._store = store
        self._limits = limits
        self._never_send = never_send
        self._keep = keep

    async def reserve(self, new: Reserve, own: Limit) -> int | Refusal:
        """The number of the row that sets this call aside, committed; or why it may not be made."""

        def commit() -> int | Refusal:
            with self._store.begin() as tx:
                refusal = self._refusal(tx, new, own)
                if refusal is not None and refusal.by_provider:
                    return refusal
                number = tx.exchanges.reserve(self._kept(new), refusal.reason if refusal else "")
            return refusal or number

        return await asyncio.to_thread(commit)

    async def settle(self, number: int, purpose: Purpose, end: Settled) -> None:
        """What became of the call. Where the store is away, what was set aside stays counted."""

        def commit() -> None:
            with self._store.begin() as tx:
                tx.exchanges.settle(number, self._kept_end(end))
                if end.echoed:
                    detail = {"exchange": number, "found": list(end.echoed)}
                    subject = f"incident #{purpose.incident}" if purpose.incident else f"exchange {number}"
                    tx.audit.append("vigie", "took an echo out of an answer", subject, detail)
                    announce_echo(tx, purpose.incident, number, end.echoed)

        await asyncio.to_thread(commit)

    async def erase(self) -> None:
        """Take the texts out of what is older than it is kept for."""

        def commit() -> int:
            with self._store.begin() as tx:
                return tx.exchanges.erase_texts(self._keep)

        if erased := await asyncio.to_thread(commit):
            log.info("old exchanges with models have no text any more", count=erased)

    def _refusal(self, tx: Tx, new: Reserve, own: Limit) -> Refusal | None:
        incident = new.purpose.incident
        if incident is not None and (rule := never_sent(tx, incident, self._never_send)):
            return Refusal(f"{rule.words} is never sent to a model")
        limits = self._limits
        lately = cache(lambda: tx.exchanges.spent_lately(new.purpose.channel, new.provider))
        bounds: list[tuple[Limit, Callable[[], Spent], str, bool]] = [
            (limits.day, lambda: lately().in_all, "the last 24 hours", False),
            (limits.channel, lambda: lately().channel, "this channel", False),
            (own, lambda: lately().provider, new.provider, True),
        ]
        if incident is not None:
            spent_on = partial(tx.exchanges.spent_on, incident)
            bounds.insert(0, (limits.incident, spent_on, f"#{incident}", False))
        for limit, spent, whose, by_provider in bounds:
            if limit != Limit() and (bound := limit.broken_by(spent() + new.aside, new.currency)):
                return Refusal(f"the budget of {whose} is used up, {bound}", by_provider)
        return None

    def _kept(self, new: Reserve) -> Reserve:
        return replace(new, sent=_capped(new.sent) if self._keep else "")

    def _kept_end(self, end: Settled) -> Settled:
        return replace(end, answer=_capped(end.answer) if self._keep else "")


def never_sent(tx: Tx, incident_id: int, rules: Sequence[NeverSend]) -> NeverSend | None:
    """The rule that keeps an incident from every model; None where there is none."""
    incident = tx.incidents.get(incident_id) if rules else None
    if incident is None:
        return None
    labels = [alert.labels for alert in tx.alerts.of_incident(incident_id, limit=_ALERTS)]
    return next((r for r in rules if r.covers(incident.service, incident.environment, labels)), None)


def _capped(text: str) -> str:
    if len(text) <= TEXT:
        return text
    return f"{text[:TEXT]}\n[{len(text) - TEXT} more characters were sent and are not kept]"
