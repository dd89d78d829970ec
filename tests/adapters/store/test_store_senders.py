"""Heartbeats and what flows back, as rows, on both engines."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.incident import IncidentState
from bot.domain.noise import Delivery, Series
from bot.domain.senders import Deed
from bot.domain.store import Tx
from bot.store.database import Store
from tests.adapters.store.build import NOW, alert

PERSON = "T1/UALICE"


def fired(tx: Tx, source: str, number: int, incident: int, status: AlertStatus = AlertStatus.FIRING) -> None:
    made = Alert(
        source, "Ping", status, Severity.CRITICAL, "shop", "prod", NOW,
        labels={"n": str(number)}, origin={"dedup_key": f"k{number}"}, identity=f"k{number}", flags=("odd",),
    )  # fmt: skip
    kind = Kind.JOINED if status is AlertStatus.FIRING else Kind.RESOLVED
    mark = f"{source}{number}".ljust(32, "0")
    tx.alerts.add([Delivery(made, mark, Decision(kind, "why"), incident, None)])
    tx.triage.save([(Series(mark, status, made.severity, tx.now, tx.now, incident), 1)], [], {}, {})


def test_a_heartbeat_is_one_row_however_often_it_comes(store: Store) -> None:
    """Its last time, its count and its longest pause; its end is said, its absence has an incident."""
    beat = Decision(Kind.HEARTBEAT, "seen")
    for status in (AlertStatus.FIRING, AlertStatus.FIRING, AlertStatus.RESOLVED):
        with store.begin() as tx:
            tx.alerts.add([Delivery(alert("Watchdog", status), "w" * 32, beat, None, None)])
    with store.begin() as tx:
        (seen,) = tx.beats.all()
        assert (seen.name, seen.deliveries, seen.ended, seen.incident_id) == ("Watchdog", 2, True, None)
        incident = tx.incidents.open(alert(), "gone", None)
        tx.beats.gone("w" * 32, incident.id)
        assert tx.beats.all()[0].incident_id == incident.id
        tx.beats.forget("w" * 32)
        assert tx.beats.all() == []


def test_a_deed_is_due_until_a_row_says_it(store: Store) -> None:
    """Taken and open; resolved by a person, lately; nothing twice, and nothing that the source did itself."""
    with store.begin() as tx:
        taken, solved, ended = (tx.incidents.open(alert(), name, None).id for name in "abc")
        tx.incidents.assign(taken, PERSON)
        tx.incidents.move(solved, IncidentState.RESOLVED, PERSON)
        tx.incidents.move(ended, IncidentState.RESOLVED, "source")
        assert tx.flow_back.due("pd", Deed.ACKNOWLEDGE) == [(taken, PERSON)]
        assert tx.flow_back.due("pd", Deed.RESOLVE) == [(solved, PERSON)]
        tx.flow_back.want(taken, "pd", Deed.ACKNOWLEDGE, PERSON, concerns=True)
        tx.flow_back.want(solved, "pd", Deed.RESOLVE, PERSON, concerns=False)
    with store.begin() as tx:
        assert tx.flow_back.due("pd", Deed.ACKNOWLEDGE) == tx.flow_back.due("pd", Deed.RESOLVE) == []
        assert tx.flow_back.due("am", Deed.ACKNOWLEDGE) == [(taken, PERSON)]
        (waiting,) = tx.flow_back.unsettled("pd")
        tx.flow_back.later(waiting, timedelta(minutes=1), "It answers 500.")
        assert tx.flow_back.waiting() == {"pd": 1}
        (waiting,) = tx.flow_back.unsettled("pd")
        assert (waiting.attempts, waiting.problem) == (1, "It answers 500.")
        tx.flow_back.settled(waiting, ["k1"])
        assert tx.flow_back.watched("pd") == [taken]
        assert tx.flow_back.of_incident(taken)[0].remote == ("k1",)


def test_a_source_is_told_of_its_own_alerts_that_still_fire(store: Store) -> None:
    """The last word of each series counts; an alert comes back as it was stored."""
    with store.begin() as tx:
        incident = tx.incidents.open(alert(), "a", None).id
        for number in (1, 2):
            fired(tx, "pd", number, incident)
        fired(tx, "pd", 1, incident, AlertStatus.RESOLVED)
        fired(tx, "am", 3, incident)
        (found,) = tx.flow_back.firing(incident, "pd", 10)
        assert tx.flow_back.firing(incident, "pd", 0) == []
    assert (found.identity, found.origin, found.flags) == ("k2", {"dedup_key": "k2"}, ("odd",))
    assert (found.source, found.severity, found.starts_at) == ("pd", Severity.CRITICAL, NOW)
