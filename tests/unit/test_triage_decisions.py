"""What becomes of deliveries, through the copilot's own intake over a real store: the same in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.incident import Incident, IncidentState
from bot.store import tables as t
from bot.store.database import Store, open_engine
from bot.store.migrate import upgrade
from bot.triage.fingerprint import fingerprint
from tests.desk import AT_ONCE

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = AT_ONCE.window


class Desk:
    """The intake over a store whose clock the test sets."""

    def __init__(self) -> None:
        self.now = START
        self.engine = open_engine("sqlite://")
        upgrade(self.engine)
        self.store = Store(self.engine, lambda: self.now)
        self.begin_anew()

    def clear(self) -> None:
        """Forget everything, the time included."""
        self.now = START
        with self.engine.begin() as connection:
            for table in reversed(t.metadata.sorted_tables):
                connection.execute(sa.delete(table))
        self.begin_anew()

    def begin_anew(self) -> None:
        """An intake that remembers nothing, over the same rows."""
        self.alerts = Alerts(self.store, AT_ONCE, lambda verb, subject: None)

    def receive(self, *alerts: Alert) -> list[Decision]:
        decisions = self.alerts.receive(alerts)
        assert all(decision.reason for decision in decisions)
        return decisions

    def incidents(self) -> list[Incident]:
        with self.store.read() as tx:
            return tx.incidents.in_states(*IncidentState)

    def partition(self) -> set[tuple[frozenset[str], Severity, bool]]:
        """Which series share an incident, how bad each incident is, and whether it is open."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(t.alerts.c.incident_id, t.alerts.c.fingerprint).where(
                    t.alerts.c.incident_id.is_not(None)
                )
            ).all()
        return {
            (
                frozenset(row.fingerprint for row in rows if row.incident_id == incident.id),
                incident.severity,
                incident.state.is_open,
            )
            for incident in self.incidents()
        }


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.store.close()


def alert(
    name: str = "OrdersStuck",
    service: str = "orders",
    severity: Severity = Severity.WARNING,
    status: AlertStatus = AlertStatus.FIRING,
    environment: str = "production",
    **labels: str,
) -> Alert:
    """An alert as a source gives it: typed fields and labels agree."""
    all_labels = {"alertname": name, "service": service, "environment": environment, **labels}
    all_labels["severity"] = severity.word
    return Alert(
        "alertmanager", name, status, severity, service, environment, START, summary="s", labels=all_labels
    )


def over(one: Alert) -> Alert:
    """The notice that an alert resolved."""
    return replace(one, status=AlertStatus.RESOLVED)


firing = st.builds(
    alert,
    st.sampled_from(["A", "B", "C", "Watchdog"]),
    st.sampled_from(["orders", "mail", ""]),
    st.sampled_from(Severity),
    environment=st.sampled_from(["production", "staging"]),
    shard=st.sampled_from(["1", "2"]),
)
# One desk for all examples of a test: it is cleared for each. Examples are short; making them shorter still
# would take minutes of commits.
on_one_desk = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@on_one_desk
@given(st.lists(firing, min_size=1, max_size=8), st.data())
def test_any_order_and_any_repetition_give_the_same_incidents(
    desk: Desk, alerts: list[Alert], data: st.DataObject
) -> None:
    """Within a minute, shuffled and repeated deliveries end in the same partition, severities included.

    This holds for one by one where a place is one service: then being tied is an equivalence. Where ties go
    across services it holds for what comes together; see tests/unit/test_triage_order.py.
    """
    desk.clear()
    desk.receive(*alerts)
    expected = desk.partition()
    again = data.draw(st.permutations(alerts + data.draw(st.lists(st.sampled_from(alerts), max_size=6))))
    desk.clear()
    for one in again:
        desk.now += timedelta(minutes=1) / (len(again) + 1)
        desk.receive(one)
    assert desk.partition() == expected


@on_one_desk
@given(st.lists(firing, min_size=1, max_size=8))
def test_incidents_are_what_services_and_environments_are(desk: Desk, alerts: list[Alert]) -> None:
    """Within the window: one incident per service and environment; an alert of no service stands alone."""
    desk.clear()
    desk.receive(*alerts)
    places = {
        (one.service, one.environment) if one.service else fingerprint(one)
        for one in alerts
        if one.name != "Watchdog"
    }
    assert len(desk.incidents()) == len(places)


@on_one_desk
@given(st.lists(st.tuples(firing, st.booleans(), st.integers(1, 3)), min_size=1, max_size=8))
def test_a_delivery_that_is_repeated_changes_nothing(
    desk: Desk, deliveries: list[tuple[Alert, bool, int]]
) -> None:
    """Firing and resolved notices in a given order, each once or three times in a row: the same incidents."""
    desk.clear()
    notices = [over(one) if resolved else one for one, resolved, _ in deliveries]
    desk.receive(*notices)
    expected = desk.partition()
    desk.clear()
    for notice, (_, _, times) in zip(notices, deliveries, strict=True):
        desk.receive(*[notice] * times)
    assert desk.partition() == expected


@on_one_desk
@given(st.lists(st.tuples(firing, st.booleans()), min_size=1, max_size=10))
def test_a_critical_alert_is_never_hidden(desk: Desk, deliveries: list[tuple[Alert, bool]]) -> None:
    """After every delivery of a firing critical alert there is an open critical incident that holds it.

    And people were notified since that incident became critical.
    """
    desk.clear()
    told: set[int] = set()
    for one, resolved in deliveries:
        (decision,) = desk.receive(over(one) if resolved else one)
        open_now = {incident.id: incident for incident in desk.incidents() if incident.state.is_open}
        told &= open_now.keys()
        if resolved or one.name == "Watchdog" or one.severity is not Severity.CRITICAL:
            continue
        incident = open_now[decision.incident or max(open_now)]
        assert (incident.severity, incident.service) == (Severity.CRITICAL, one.service)
        assert decision.notifies or incident.id in told
        told.add(incident.id)


def test_a_rise_in_severity_breaks_through(desk: Desk) -> None:
    """Of one series, or of another series of the same service: it notifies, and the incident rises."""
    desk.receive(alert())
    assert not desk.receive(alert())[0].notifies
    (rise,) = desk.receive(alert(severity=Severity.CRITICAL))
    assert (rise.kind, rise.notifies) == (Kind.JOINED, True)
    assert "rose from warning to critical" in rise.reason
    desk.receive(alert(service="mail"))
    (rise,) = desk.receive(alert("MailDown", "mail", Severity.CRITICAL))
    assert (rise.kind, rise.notifies) == (Kind.JOINED, True)
    assert [incident.severity for incident in desk.incidents()] == [Severity.CRITICAL] * 2


def test_a_fall_in_severity_hides_nothing(desk: Desk) -> None:
    """An incident stays as bad as its worst alert was."""
    desk.receive(alert(severity=Severity.CRITICAL))
    (again,) = desk.receive(alert(severity=Severity.INFO))
    assert (again.kind, again.notifies) == (Kind.DUPLICATE, False)
    assert desk.incidents()[0].severity is Severity.CRITICAL


@pytest.mark.parametrize("status", AlertStatus)
@pytest.mark.parametrize("severity", Severity)
def test_a_heartbeat_is_recorded_and_opens_nothing(
    desk: Desk, status: AlertStatus, severity: Severity
) -> None:
    """Whatever it says of itself, and beside an open incident of its service."""
    desk.receive(alert())
    (decision,) = desk.receive(alert("Watchdog", "orders", severity, status))
    assert (decision.kind, decision.incident, decision.notifies) == (Kind.HEARTBEAT, None, False)
    with desk.store.read() as tx:
        assert tx.alerts.counted() == {"decided:opened": 1, "decided:heartbeat": 1}
        assert tx.incidents.open_now()[0].alerts_received == 1


@pytest.mark.parametrize(
    "other",
    [
        alert("OrdersStuck", shard="2"),
        alert("OrdersSlow"),
        alert(environment="staging"),
        alert(service="mail"),
        replace(alert(), source="generic"),
    ],
    ids=["label", "name", "environment", "service", "source"],
)
def test_a_resolved_notice_closes_its_own_series_alone(desk: Desk, other: Alert) -> None:
    """A notice that differs in any label, its name or its source leaves the incident open."""
    desk.receive(alert())
    (decision,) = desk.receive(over(other))
    assert (decision.kind, decision.incident) == (Kind.RESOLVED, None)
    assert desk.incidents()[0].state.is_open
    (decision,) = desk.receive(over(alert(severity=Severity.INFO)))
    assert decision.incident == desk.incidents()[0].id
    assert desk.incidents()[0].state is IncidentState.RESOLVED


def test_an_incident_is_over_when_all_its_series_are(desk: Desk) -> None:
    """Two series of one service: the incident resolves with the second, not with the first."""
    desk.receive(alert("A"), alert("B"))
    desk.receive(over(alert("A")))
    assert desk.incidents()[0].state.is_open
    desk.receive(over(alert("B")))
    (incident,) = desk.incidents()
    assert (incident.state, incident.resolved_by) == (IncidentState.RESOLVED, "source")


def test_what_fires_again_in_an_open_incident_joins_it(desk: Desk) -> None:
    """One series of two flaps: no second incident, and the incident waits for it again."""
    desk.receive(alert("A"), alert("B"), over(alert("A")))
    (decision,) = desk.receive(alert("A"))
    assert decision.kind is Kind.JOINED
    desk.receive(over(alert("B")))
    (incident,) = desk.incidents()
    assert incident.state.is_open


def test_a_resolved_incident_swallows_nothing(desk: Desk) -> None:
    """The same alert after the resolution opens a new incident that names the old one, and notifies."""
    desk.receive(alert(), over(alert()))
    (decision,) = desk.receive(alert())
    old, new = desk.incidents()
    assert (decision.kind, decision.notifies) == (Kind.OPENED, True)
    assert (new.previous, new.state) == (old.id, IncidentState.TRIGGERED)
    assert old.state is IncidentState.RESOLVED
    (decision,) = desk.receive(alert("Another"))
    assert decision.incident == new.id


def test_alerts_far_apart_in_time_are_two_incidents(desk: Desk) -> None:
    """Another alert of the service joins within moments; after the window it is a trouble of its own."""
    desk.receive(alert("A"))
    desk.now += timedelta(minutes=1)
    assert desk.receive(alert("B"))[0].kind is Kind.JOINED
    desk.now += WINDOW + timedelta(microseconds=1)
    assert desk.receive(alert("C"))[0].kind is Kind.OPENED
    assert desk.receive(alert("A"))[0].kind is Kind.DUPLICATE


def test_the_sender_s_clock_decides_nothing(desk: Desk) -> None:
    """An alert that says it began years ago, or tomorrow, is treated by when it arrived."""

    def dated(name: str, days: int) -> Alert:
        return replace(alert(name), starts_at=START + timedelta(days=days))

    decisions: Sequence[Decision] = desk.receive(dated("A", -4000), dated("B", 1), dated("C", 0))
    assert [decision.kind for decision in decisions] == [Kind.OPENED, Kind.JOINED, Kind.JOINED]


def test_a_delivery_under_a_known_signature_has_no_effect(desk: Desk) -> None:
    """The same signed request again stores nothing and decides nothing."""
    assert len(desk.alerts.receive([alert()], "v0=abc")) == 1
    assert desk.alerts.receive([alert()], "v0=abc") == []
    assert desk.incidents()[0].alerts_received == 1
