"""What becomes of a stream of alerts: the intake of the product itself, in a throw-away store, on the
stream's time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.copilot.alerts import Alerts
from bot.evaluate.noise_scores import Judged, scores
from bot.evaluate.stream import Stream, read_stream
from bot.settings.topology_file import read_topology
from bot.store import tables as t
from bot.store.database import Store, open_engine
from bot.store.migrate import upgrade
from bot.triage.rules import Rules
from bot.triage.topology import Topology

TICK = timedelta(minutes=1)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Report:
    """Every delivery with what became of it, in the order of the file."""

    judged: tuple[Judged, ...]
    notes: tuple[str, ...] = ()

    def summary(self) -> dict[str, object]:
        """The one object that `--json` prints; scores are null where nothing is known to be true."""
        kinds = Counter(one.decision for one in self.judged)
        incidents = {one.incident for one in self.judged if one.incident is not None}
        firing = sum(1 for one in self.judged if one.fires)
        told = sum(1 for one in self.judged if one.notified_at is not None)
        return {
            "deliveries": len(self.judged),
            "firing": firing,
            "incidents": len(incidents),
            "notifications": told,
            "absorbed": 1 - told / firing if firing else None,
            **scores(self.judged),
            "decisions": dict(sorted(kinds.items())),
            "notes": list(self.notes),
        }

    def decisions(self) -> list[Mapping[str, object]]:
        """The lines of the file that `--decisions` writes."""
        return [
            {
                "id": one.id,
                "incident": one.incident,
                "decision": one.decision,
                "reason": one.reason,
                "notified": one.notified_at is not None,
                "notified_at": one.notified_at.isoformat() if one.notified_at else None,
            }
            for one in self.judged
        ]


def evaluate(
    path: Path, topology: Path | None = None, progress: Progress = lambda _: None, rules: Rules | None = None
) -> Report:
    """Let the intake decide on every delivery at its time.

    Raises:
        BadInput: a file is missing, or a line is wrong; the message names it.
    """
    stream = read_stream(path)
    graph = read_topology(topology) if topology else stream.topology
    notes = () if graph else ("No service graph: alerts are related by labels, time and text.",)
    return Report(run(stream, graph, rules or Rules(), progress), notes)


def run(
    stream: Stream, topology: Topology | None, rules: Rules, progress: Progress = lambda _: None
) -> tuple[Judged, ...]:
    """Decide on a stream that was read; deliveries of one moment in the order of their ids."""
    clock = _Clock()
    engine = open_engine("sqlite://")
    upgrade(engine)
    store = Store(engine, clock)
    alerts = Alerts(store, rules, lambda verb, subject: None, topology)
    places = range(len(stream.deliveries))
    order = sorted(places, key=lambda n: (stream.deliveries[n].at, stream.deliveries[n].id, n))
    for done, number in enumerate(order, start=1):
        one = stream.deliveries[number]
        clock.pass_to(one.at, alerts)
        alerts.receive([one.alert])
        if done % 200 == 0:
            progress(f"{done}/{len(order)} deliveries")
    with engine.connect() as connection:
        rows = connection.execute(sa.select(t.alerts).order_by(t.alerts.c.id)).all()
    judged: dict[int, Judged] = {}
    for number, row in zip(order, rows, strict=True):
        one = stream.deliveries[number]
        judged[number] = Judged(
            one.id,
            one.at,
            one.alert.status.value == "firing",
            one.series,
            one.truth,
            row.incident_id,
            row.decision,
            row.reason,
            row.told_at,
        )
    store.close()
    return tuple(judged[number] for number in places)


class _Clock:
    """The stream's time. Between two deliveries the sweep runs as it would, and to the second where a hold
    ends."""

    def __init__(self) -> None:
        self._now = datetime.min.replace(tzinfo=UTC)
        self._tick: datetime | None = None

    def __call__(self) -> datetime:
        return self._now

    def pass_to(self, at: datetime, alerts: Alerts) -> None:
        """Let time pass; what is due at `at` itself is due before what arrives then."""
        tick = self._tick or at
        while (next_at := min(tick, alerts.next_hold() or tick)) <= at:
            self._now = next_at
            if alerts.is_waiting():
                alerts.sweep()
            elif next_at == tick:
                tick = max(tick, at - TICK)
            if next_at == tick:
                tick += TICK
        self._tick, self._now = tick, at
