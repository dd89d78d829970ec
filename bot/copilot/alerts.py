"""Takes alerts in: each delivery is stored with what triage decided of it, and why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.copilot.canaries import take_out
from bot.copilot.intake_batch import Batch
from bot.copilot.mute_notes import show_critical
from bot.copilot.part import Decide
from bot.domain.alert import Alert, Decision
from bot.domain.incident import BY_SILENCE
from bot.domain.noise import Held, Hold
from bot.domain.ports import Wake
from bot.domain.quiet import Correction
from bot.domain.senders import Notification
from bot.domain.store import Store, Tx
from bot.triage.corrections import overrule
from bot.triage.decide import decide
from bot.triage.due import end_hold, hold_end, holds_due, over_now
from bot.triage.fingerprint import fingerprint
from bot.triage.memory import Memory
from bot.triage.mute import MuteRule
from bot.triage.note import expire
from bot.triage.rules import Rules
from bot.triage.topology import Topology

LOOK_EVERY = timedelta(minutes=1)
"""How often alerts are looked for that nobody repeats any more."""
Mutes = Callable[[Tx], Sequence[MuteRule]]


def no_mutes(tx: Tx) -> Sequence[MuteRule]:
    """Nothing is under maintenance."""
    return ()


class Alerts:
    """The intake's side of the copilot. What triage remembers is in memory, and in rows: those count."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        wake: Wake,
        topology: Topology | None = None,
        mutes: Mutes = no_mutes,
    ) -> None:
        self._store = store
        self._rules = rules
        self._wake = wake
        self._topology = topology or Topology()
        self._mutes = mutes
        self._memory: Memory | None = None
        self._revision = 0
        self._corrections: Mapping[str, Sequence[Correction]] = {}
        self._look_at = datetime.min.replace(tzinfo=UTC)
        self._alone = threading.Lock()

    def receive(self, alerts: Sequence[Alert], delivery: str = "") -> list[Decision]:
        """Store deliveries and decide on each; when this returns they are committed.

        `delivery` is the signature they came under, if any: what comes under it again has no effect. What
        comes together is decided in an order of its own, so how a sender sorts it changes nothing.
        """
        return self.receive_many([Notification(alerts, delivery)])[0]

    def receive_many(self, notifications: Sequence[Notification]) -> list[list[Decision]]:
        """The same for several at once, all in one transaction: all of them are stored, or none is."""
        with self._remembering() as tx:
            decided = self._decide(tx, notifications)
        self._wake("receive", "")
        return decided

    @contextmanager
    def deciding(self) -> Iterator[tuple[Tx, Decide]]:
        """A transaction, and what decides on alerts in it: what the caller writes and the alerts that follow
        from it are stored together, or neither is. What was written first counts in what is decided.
        """
        with self._remembering() as tx:
            yield tx, lambda alerts: self._decide(tx, [Notification(alerts)])[0]
        self._wake("receive", "")

    def _decide(self, tx: Tx, notifications: Sequence[Notification]) -> list[list[Decision]]:
        marks = [[fingerprint(alert) for alert in one.alerts] for one in notifications]
        memory = self._recall(tx)
        _load(tx, memory, [mark for of_one in marks for mark in of_one])
        batch = Batch(tx, memory, self._rules)
        decided = [
            self._take(tx, memory, batch, one, own) for one, own in zip(notifications, marks, strict=True)
        ]
        batch.write()
        return decided

    def _take(
        self, tx: Tx, memory: Memory, batch: Batch, notification: Notification, marks: Sequence[str]
    ) -> list[Decision]:
        alerts, delivery = notification.alerts, notification.key
        if delivery and not tx.inbox.accept(f"delivery:{delivery}", notification.kind, {}):
            return []
        decided = dict(take_out(tx, alerts))
        for index in _canonical(alerts, marks):
            if index in decided:
                continue
            seen, decision = decide(alerts[index], marks[index], memory, self._rules, tx.now)
            said = self._corrections.get(marks[index], ())
            seen, decision = overrule(seen, decision, said, tx.now)
            show_critical(tx, alerts[index], marks[index], decision)
            decided[index] = batch.take(alerts[index], seen, decision)
        return [decided[index] for index in range(len(alerts))]

    def sweep(self) -> None:
        """What time alone brings about: holds end, what nobody repeats is over, quiet incidents end."""
        with self._store.read() as tx:
            now = tx.now
        if not self._is_due(now):
            return
        with self._remembering() as tx:
            memory = self._recall(tx)
            batch = Batch(tx, memory, self._rules)
            for hold in holds_due(memory, tx.now):
                self._end_hold(tx, memory, batch, hold)
            if now >= self._look_at:
                self._expire(tx, memory, batch)
                self._look_at = now + LOOK_EVERY
            for incident in over_now(memory, tx.now):
                batch.over(incident)
            batch.write()
        self._wake("receive", "")

    def next_hold(self) -> datetime | None:
        """When the next hold ends, for who lets time pass by itself."""
        with self._alone:
            return self._memory.next_hold() if self._memory else None

    def is_waiting(self) -> bool:
        """Whether anything is open that time may end; as far as is remembered."""
        with self._alone:
            return self._memory is None or bool(self._memory.groups)

    def count_refused(self, reason: str) -> None:
        """A delivery was refused; nothing of it is kept but this count."""
        with self._store.begin() as tx:
            tx.alerts.count(f"refused:{reason}")

    def _is_due(self, now: datetime) -> bool:
        """Whether a sweep would find anything; what is not in memory yet has to be read to know."""
        with self._alone:
            memory = self._memory
            if memory is None or now >= self._look_at:
                return True
            return bool(holds_due(memory, now) or over_now(memory, now))

    def _end_hold(self, tx: Tx, memory: Memory, batch: Batch, hold: Hold) -> None:
        _load(tx, memory, [hold.fingerprint])
        first = memory.groups[hold.incident].told_at is None if hold.incident in memory.groups else False
        end = hold_end(hold, memory, self._rules, tx.now)
        end_hold(hold, end, memory, tx.now)
        if end.again_at is not None:
            later = replace(hold, due_at=end.again_at)
            memory.put_hold(later)
            tx.triage.put_off(later, end.reason)
            return
        batch.ended(hold, end.outcome)
        if end.outcome is Held.TOLD:
            batch.tell(hold, end.reason, first)

    def _expire(self, tx: Tx, memory: Memory, batch: Batch) -> None:
        """An end may get lost: what was not heard of for so long counts as over, and the card says so."""
        for series in tx.triage.silent(tx.now - self._rules.silent):
            memory.load_series(series.fingerprint, series)
            noted = expire(series, memory, self._rules, tx.now)
            if noted.ended is not None:
                batch.ended(*noted.ended)
            if noted.over is not None:
                batch.over(noted.over, BY_SILENCE)

    @contextmanager
    def _remembering(self) -> Iterator[Tx]:
        """A transaction that may recall; what a failed one did to the memory is forgotten and read anew."""
        with self._alone, ExitStack() as failed:
            failed.callback(self._forget)
            with self._store.begin() as tx:
                yield tx
            failed.pop_all()

    def _forget(self) -> None:
        self._memory = None

    def _recall(self, tx: Tx) -> Memory:
        """What is remembered, true to the rows as this transaction sees them."""
        revision = tx.triage.revision()
        if self._memory is None or revision != self._revision:
            self._memory, self._revision = Memory(self._topology, self._mutes(tx)), revision
            self._memory.restore(tx.triage.remembered())
            self._corrections = tx.corrections.holding()
        return self._memory


def _load(tx: Tx, memory: Memory, marks: Sequence[str]) -> None:
    """Have the series of these fingerprints in memory, or that there are none."""
    missing = list(dict.fromkeys(mark for mark in marks if not memory.knows(mark)))
    if missing:
        found = tx.alerts.series(missing)
        for mark in missing:
            memory.load_series(mark, found.get(mark))


def _canonical(alerts: Sequence[Alert], marks: Sequence[str]) -> list[int]:
    """The order in which alerts that came together are decided: the worst first; those of one series as
    sent."""
    worst: dict[str, int] = {}
    for alert, mark in zip(alerts, marks, strict=True):
        worst[mark] = max(worst.get(mark, 0), alert.severity)
    return sorted(range(len(alerts)), key=lambda index: (-worst[marks[index]], marks[index]))
