"""What a transaction of the intake writes: deliveries, what triage remembers, and what people are to see of
it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.announcements import announce_incident, announce_incidents, announce_news, announce_rise
from bot.domain.alert import Alert, Decision, Kind, Severity
from bot.domain.incident import BY_SOURCE, Incident, IncidentState
from bot.domain.noise import OVERFLOW, Delivery, Held, Hold, Series
from bot.domain.store import Tx
from bot.triage.memory import Memory
from bot.triage.note import Noted, is_over, note
from bot.triage.rules import Rules
from bot.triage.seen import Seen

_OPENS = (Kind.OPENED, Kind.HELD, Kind.FLAPPING)


@dataclass
class _Effect:
    """What a batch does to one incident."""

    received: int = 0
    severity: Severity = Severity.INFO
    opens: bool = False
    changed: bool = False
    fresh: bool = False
    rose: Severity | None = None
    news: list[tuple[int, str]] = field(default_factory=list)


class Batch:
    """Collects while decisions are taken, writes all of it at once: few statements, however many alerts."""

    def __init__(self, tx: Tx, memory: Memory, rules: Rules) -> None:
        self._tx = tx
        self._memory = memory
        self._rules = rules
        self._deliveries: list[Delivery] = []
        self._effects: dict[int, _Effect] = {}
        self._began: dict[tuple[int, str], tuple[Hold, int]] = {}
        self._perhaps_over: set[int] = set()
        self._over: dict[int, str] = {}

    def take(self, alert: Alert, seen: Seen, decision: Decision) -> Decision:
        """Remember one decision; the answer names the incident that it opened, if it did."""
        tx, memory = self._tx, self._memory
        known = decision.incident
        incident = self._open(alert, seen, decision) if known is None else known
        before = memory.groups.get(incident) if incident is not None else None
        noted = note(seen, decision, incident, memory, self._rules, tx.now)
        told_at = tx.now if decision.notifies else None
        self._deliveries.append(Delivery(alert, seen.fingerprint, decision, incident, told_at))
        self._take_holds(noted)
        if noted.over is not None:
            self._perhaps_over.add(noted.over)
        if incident is not None and decision.kind is not Kind.RESOLVED:
            effect = self._effect(incident)
            effect.received += 1
            effect.severity = max(effect.severity, alert.severity)
            effect.changed |= decision.kind not in (Kind.DUPLICATE, Kind.MUTED)
            effect.fresh |= decision.kind is Kind.JOINED and seen.series is None
            if decision.notifies and known is not None and before is not None:
                self._break_through(effect, alert, decision, before.severity, before.told_at)
        elif incident is not None:
            self._effect(incident).changed = True
        return replace(decision, incident=incident) if known is None else decision

    def _break_through(
        self,
        effect: _Effect,
        alert: Alert,
        decision: Decision,
        severity: Severity,
        told_at: datetime | None,
    ) -> None:
        if told_at is None:
            effect.opens = True
        elif alert.severity > severity:
            effect.rose = alert.severity
        else:
            effect.news.append((len(self._deliveries) - 1, decision.reason))

    def tell(self, hold: Hold, reason: str, first: bool) -> None:
        """A hold has ended and people are told now; `first`: they knew nothing of its incident."""
        self._tx.alerts.told(hold.alert_id)
        effect = self._effect(hold.incident)
        effect.changed = True
        if first:
            effect.opens = True
        else:
            announce_news(self._tx, hold.incident, hold.alert_id, reason)

    def over(self, incident: int, by: str = BY_SOURCE) -> None:
        """Nothing of it fires any more, as its source says, or as nothing is heard of it."""
        self._over[incident] = by
        self._memory.end_group(incident)

    def ended(self, hold: Hold, outcome: Held) -> None:
        """A hold that rows know of has ended."""
        self._tx.triage.end_hold(hold, outcome)

    def write(self) -> None:
        """Write all of it; the transaction is committed by whoever opened it."""
        tx, memory = self._tx, self._memory
        for incident in self._perhaps_over:
            # Not before all of the batch was taken: what came together with its end may go on with it.
            if incident in memory.groups and is_over(memory.groups[incident], tx.now):
                self.over(incident)
        numbers = tx.alerts.add(self._deliveries)
        for key, (hold, index) in list(self._began.items()):
            known = replace(hold, alert_id=numbers[index])
            self._began[key] = (known, index)
            memory.put_hold(known)
        tx.triage.hold([hold for hold, _ in self._began.values()])
        changes = memory.take_changes()
        often = Counter(one.fingerprint for one in self._deliveries)
        series: list[tuple[Series, int]] = [(one, often[one.fingerprint]) for one in changes.series.values()]
        tx.triage.save(series, changes.groups.values(), changes.traces, changes.habits)
        for kind, many in Counter(one.decision.kind for one in self._deliveries).items():
            tx.alerts.count(f"decided:{kind.value}", many)
        self._write_effects(numbers)
        for incident in sorted(self._over):
            self._resolve(incident, self._over[incident])
        memory.forget_old_series()

    def _open(self, alert: Alert, seen: Seen, decision: Decision) -> int | None:
        if decision.kind not in _OPENS:
            return None
        previous = seen.series.incident if seen.series else None
        title = alert.summary or alert.name
        if decision.step == OVERFLOW:
            title = "More different alerts than can be told apart"
        made = self._tx.incidents.open(alert, title, previous, held=not decision.notifies)
        if decision.notifies:
            self._effect(made.id).opens = True
        return made.id

    def _take_holds(self, noted: Noted) -> None:
        if noted.ended is not None:
            hold, outcome = noted.ended
            if self._began.pop((hold.incident, hold.fingerprint), None) is None:
                self.ended(hold, outcome)
        if noted.began is not None:
            hold = noted.began
            self._began[hold.incident, hold.fingerprint] = (hold, len(self._deliveries) - 1)

    def _effect(self, incident: int) -> _Effect:
        return self._effects.setdefault(incident, _Effect())

    def _write_effects(self, numbers: Sequence[int]) -> None:
        tx, effects = self._tx, self._effects
        tx.incidents.joined((n, one.severity, one.received) for n, one in effects.items() if one.received)
        rows = tx.incidents.get_all(list(effects))
        shown = [n for n, effect in effects.items() if self._write_effect(rows[n], effect, numbers)]
        announce_incidents(tx, shown)

    def _write_effect(self, row: Incident, effect: _Effect, numbers: Sequence[int]) -> bool:
        """What follows for one incident; whether its card changes with it."""
        tx = self._tx
        if effect.opens:
            tx.incidents.told(row.id)
            tx.incidents.start_round(row.id, 0)
            tx.audit.append("vigie", "opened", f"incident {row.label}", {"severity": row.severity.word})
        elif row.held:
            return False
        elif effect.fresh and row.may_be_investigated_again:
            # A new kind of alert in an open incident is a reason to investigate once more, within bounds.
            tx.incidents.start_round(row.id, row.rounds)
        if effect.rose is not None:
            announce_rise(tx, row.id, effect.rose)
        for index, reason in effect.news:
            announce_news(tx, row.id, numbers[index], reason)
        # Repeats change nothing but a count, so Slack is told of each tenth.
        tenth = row.alerts_received // 10 > (row.alerts_received - effect.received) // 10
        return effect.opens or effect.changed or tenth

    def _resolve(self, incident: int, by: str) -> None:
        tx = self._tx
        row = tx.incidents.get(incident)
        if row is None or not row.state.is_open:
            return
        tx.incidents.move(incident, IncidentState.RESOLVED, by)
        if row.held:
            # Nobody was told of it: there is nothing to learn and nothing to take back.
            tx.incidents.move(incident, IncidentState.CLOSED)
            return
        tx.audit.append(by, "resolved", f"incident {row.label}")
        announce_incident(tx, incident)
