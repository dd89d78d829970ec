"""What holds for every order, every repetition and every restart, over the real store with default rules.

Proven here: (1) what comes together is decided alike however it is sorted and doubled; (2) a delivery that
comes
again, at once or later, changes no incident, in any stream; (3) a step changes nothing that is remembered or
stored; (4) a restart anywhere changes no decision; (5) the rehearsal in memory decides as the store does.
Not claimed: that alerts which arrive minutes apart, in another order, are the same: what was decided stays
so.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.store import tables as t
from bot.store.database import Store, open_engine
from bot.store.migrate import upgrade
from bot.triage.decide import decide
from bot.triage.fingerprint import fingerprint
from bot.triage.rehearsal import Rehearsal
from bot.triage.rules import Rules
from bot.triage.topology import topology_of

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GRAPH = topology_of({"web": ["orders"], "orders": ["database"]})
RULES = Rules(hold=timedelta(minutes=2), shortest_hold=timedelta(minutes=1), most_incidents=4)


def alert(name: str, service: str, severity: Severity, pod: str, fires: bool = True) -> Alert:
    status = AlertStatus.FIRING if fires else AlertStatus.RESOLVED
    labels = {"alertname": name, "service": service, "pod": f"{service}-{pod}", "node": f"n{pod}"}
    return Alert("s", name, status, severity, service, "", START, summary="s", labels=labels)


one_alert = st.builds(
    alert,
    st.sampled_from(["A", "B", "Watchdog"]),
    st.sampled_from(["web", "orders", "database", "mail"]),
    st.sampled_from(Severity),
    st.sampled_from(["1", "2"]),
)
either = st.builds(lambda one, fires: one if fires else alert_over(one), one_alert, st.booleans())
# (seconds since the one before, alert): a stream with pauses in which holds end and incidents are over.
streams = st.lists(st.tuples(st.sampled_from([0, 1, 40, 130, 700]), either), min_size=1, max_size=12)
quick = settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def alert_over(one: Alert) -> Alert:
    return alert(one.name, one.service, one.severity, one.labels["pod"][-1], fires=False)


class Desk:
    """The intake over a store in memory, on the time of a stream."""

    def __init__(self) -> None:
        self.now = START
        engine = open_engine("sqlite://")
        upgrade(engine)
        self.engine = engine
        self.store = Store(engine, lambda: self.now)
        self.restart()

    def restart(self) -> None:
        self.alerts = Alerts(self.store, RULES, lambda verb, subject: None, GRAPH)

    def clear(self) -> None:
        self.now = START
        with self.engine.begin() as connection:
            for table in reversed(t.metadata.sorted_tables):
                connection.execute(sa.delete(table))
        self.restart()

    def play(
        self, stream: Sequence[tuple[int, Alert]], restarts: frozenset[int] = frozenset()
    ) -> list[object]:
        """What was decided of each delivery, the sweep running as it would."""
        self.clear()
        for number, (pause, one) in enumerate(stream):
            until = self.now + timedelta(seconds=pause)
            while self.now < until:
                self.now = min(until, self.now + timedelta(seconds=10))
                self.alerts.sweep()
            if number in restarts:
                self.restart()
            self.alerts.receive([one])
        return self.told()

    def told(self) -> list[object]:
        a = t.alerts.c
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(a.incident_id, a.decision, a.reason, a.told_at).order_by(a.id)
            )
            return [tuple(row) for row in rows]

    def partition(self) -> set[tuple[frozenset[str], int]]:
        query = sa.select(t.series.c.incident_id, t.series.c.fingerprint, t.series.c.status)
        with self.engine.connect() as connection:
            rows = connection.execute(query.where(t.series.c.incident_id.is_not(None))).all()
        numbers = {row.incident_id for row in rows}
        return {
            (frozenset(f"{r.fingerprint}{r.status}" for r in rows if r.incident_id == n), 0) for n in numbers
        }


DESK = Desk()


@quick
@given(st.lists(one_alert, min_size=1, max_size=10), st.data())
def test_what_comes_together_is_decided_alike_in_any_order(alerts: list[Alert], data: st.DataObject) -> None:
    """(1) Shuffled and doubled, across services and along the graph: the same incidents."""
    DESK.clear()
    DESK.alerts.receive(alerts)
    expected = DESK.partition()
    again = data.draw(st.permutations(alerts + data.draw(st.lists(st.sampled_from(alerts), max_size=5))))
    DESK.clear()
    DESK.alerts.receive(again)
    assert DESK.partition() == expected


@quick
@given(streams, st.data())
def test_a_delivery_that_comes_again_changes_no_incident(
    stream: list[tuple[int, Alert]], data: st.DataObject
) -> None:
    """(2) Firing ones doubled at once, or resolved ones: every other delivery is decided as without."""
    expected = DESK.play(stream)
    doubled: list[tuple[int, Alert]] = []
    firsts: list[int] = []
    for pause, one in stream:
        firsts.append(len(doubled))
        doubled += [(pause, one)] + [(0, one)] * data.draw(st.integers(0, 2))
    found = DESK.play(doubled)
    assert [found[place] for place in firsts] == expected


@quick
@given(streams)
def test_a_restart_anywhere_changes_nothing(stream: list[tuple[int, Alert]]) -> None:
    """(4) Before every delivery, or never: the same incidents, decisions, reasons and times of telling."""
    expected = DESK.play(stream)
    assert DESK.play(stream, frozenset(range(len(stream)))) == expected


@quick
@given(streams, one_alert)
def test_deciding_changes_nothing(stream: list[tuple[int, Alert]], last: Alert) -> None:
    """(3) After any stream, one more decision leaves memory as it was, to the last field."""
    rehearsal = Rehearsal(RULES, GRAPH)
    now = START
    for pause, one in stream:
        now += timedelta(seconds=pause)
        rehearsal.receive(one, now)
    memory = rehearsal.memory
    before = copy.deepcopy(vars(memory))
    decide(last, fingerprint(last), memory, RULES, now)
    after = vars(memory)
    for name in before.keys() - {"patterns"}:
        assert after[name] == before[name], name
    assert {n: list(p) for n, p in memory.patterns.items()} == {
        n: list(p) for n, p in before["patterns"].items()
    }


@quick
@given(streams)
def test_the_rehearsal_decides_as_the_store_does(stream: list[tuple[int, Alert]]) -> None:
    """(5) The same kinds and the same partition; the sweep of either runs at its own minutes."""
    steady = [(0 if pause < 700 else pause, one) for pause, one in stream]
    stored = DESK.play(steady)
    rehearsal = Rehearsal(RULES, GRAPH)
    now, outcomes = START, []
    for pause, one in steady:
        now += timedelta(seconds=pause)
        outcomes.append(rehearsal.receive(one, now))
    assert [o.decision.kind.value for o in outcomes] == [row[1] for row in stored]  # type: ignore[index]  # rows
    assert [o.incident for o in outcomes] == [row[0] for row in stored]  # type: ignore[index]  # rows
