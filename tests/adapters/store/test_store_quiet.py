"""Rows of mutes, corrections, regroupings, canaries and deliveries on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alert import AlertStatus, Decision, Kind, Severity
from bot.domain.incident import IncidentState
from bot.domain.mute import Matcher, MuteDraft, MuteOrigin
from bot.domain.noise import Delivery
from bot.domain.quiet import Regroup
from bot.store.database import Store, open_engine
from bot.store.migrate import upgrade
from tests.adapters.store.build import ALICE, BOB, NOW, alert

HOUR = timedelta(hours=1)
W, C = Severity.WARNING, Severity.CRITICAL


@pytest.fixture
def store(url: str) -> Store:
    """An empty store whose time stands still, an hour later at each writing."""
    engine = open_engine(url)
    upgrade(engine)
    times = iter(NOW + number * HOUR for number in range(1000))
    return Store(engine, lambda: next(times))


def add(store: Store, name: str, decision: Decision, incident: int | None = None, told: bool = False) -> int:
    """One delivery an hour later than the last."""
    made = replace(alert(name), name=name, severity=Severity.CRITICAL)
    with store.begin() as tx:
        return tx.alerts.add(
            [Delivery(made, name.ljust(32, "0"), decision, incident, tx.now if told else None)]
        )[0]


def test_deliveries_are_found_by_time_and_counted_by_why(store: Store) -> None:
    """The first since a time is found without an index; counts are by decision, reason, name, severity."""
    numbers = [add(store, f"n{n % 2}", Decision(Kind.DUPLICATE, "again"), told=n == 5) for n in range(9)]
    with store.read() as tx:
        first = {tx.deliveries.first_since(NOW + n * HOUR) for n in (4, 4.5, 5)}
        assert first == {numbers[4], numbers[5]}
        assert tx.deliveries.first_since(NOW + 1000 * HOUR) == numbers[-1] + 1
        tallies = tx.deliveries.tallies(NOW)
        found = {(one.name, one.told): one.count for one in tallies}
        assert found == {("n0", False): 5, ("n1", False): 3, ("n1", True): 1}
        assert {(one.decision, one.severity) for one in tallies} == {(Kind.DUPLICATE, Severity.CRITICAL)}
        assert [one.id for one in tx.deliveries.following(numbers[5], 2)] == numbers[6:8]
        assert [count for _, count in tx.deliveries.series_since(NOW)] == [4, 5]
        assert len(tx.deliveries.newest_with(Kind.DUPLICATE, NOW, 10)) == 2
        again = tx.deliveries.get(numbers[0])
        assert again is not None and again.alert().status is AlertStatus.FIRING and again.alert().flags == ()
    store.close()


@pytest.mark.parametrize(
    "said, shown",
    [
        ([(W, "91%", True), (C, "98%", True), (C, "99%", False)], "99%"),
        ([(W, "91%", True), (C, "98%", True), (W, "92%", False), (W, "90%", False)], "98%"),
        ([(W, "91%", False), (W, "92%", False)], "92%"),
    ],
)
def test_an_alert_is_shown_with_the_gravest_that_it_said(
    store: Store, said: list[tuple[Severity, str, bool]], shown: str
) -> None:
    """The gravest that people were told, or what it says now; its number and time are those of the first."""
    with store.begin() as tx:
        incident = tx.incidents.open(alert(), "Disk", None).id
    made = replace(alert("web-1"), origin={"url": "x"})
    joined, over = Decision(Kind.JOINED, "x", incident), Decision(Kind.RESOLVED, "x", incident)
    ended = replace(made, status=AlertStatus.RESOLVED, severity=C, summary="fine")
    with store.begin() as tx:
        at = tx.now
        rows = [
            Delivery(
                replace(made, severity=severity, summary=text),
                "f" * 32,
                joined,
                incident,
                tx.now if told else None,
            )
            for severity, text, told in said
        ]
        first, *_ = tx.alerts.add([*rows, Delivery(ended, "f" * 32, over, incident, None)])
    with store.read() as tx:
        (seen,) = tx.alerts.of_incident(incident)
        assert (seen.id, seen.first_at, seen.summary) == (first, at, shown)
        assert seen.severity is max(severity for severity, _, _ in said) and seen.origin == {"url": "x"}
    store.close()


def test_each_delivery_of_an_incident_is_told_or_absorbed_once(store: Store) -> None:
    """What was told is not counted among what was not, so that the sum is what was received."""
    with store.begin() as tx:
        incident = tx.incidents.open(alert(), "a", None).id
    decided = [(Kind.OPENED, True), (Kind.JOINED, True), (Kind.JOINED, False), (Kind.FLAPPING, False)]
    for kind, told in decided:
        add(store, "n", Decision(kind, "x", incident), incident, told)
    add(store, "n", Decision(Kind.RESOLVED, "x", incident), incident)
    with store.read() as tx:
        shown = tx.alerts.shown(incident)
    assert (shown.received, shown.told, shown.held) == (4, 2, 0)
    assert shown.absorbed == {Kind.JOINED: 1, Kind.FLAPPING: 1}
    store.close()


def test_an_empty_store_has_no_first_delivery(store: Store) -> None:
    with store.read() as tx:
        assert tx.deliveries.first_since(NOW) == 0 and tx.deliveries.tallies(NOW) == []
    store.close()


def test_series_move_with_their_deliveries_and_are_counted_anew(store: Store) -> None:
    with store.begin() as tx:
        source, target = (tx.incidents.open(alert(), title, None).id for title in ("a", "b"))
    for name in ("moves", "moves", "stays"):
        add(store, name, Decision(Kind.JOINED, "explained", source), source)
    with store.begin() as tx:
        assert [name.strip("0") for name in tx.regroupings.fingerprints(source)] == ["moves", "stays"]
        tx.regroupings.move(["moves".ljust(32, "0")], source, target)
        for incident in (source, target):
            tx.regroupings.recount(incident)
        counts = [i.alerts_received for i in tx.incidents.open_now()]
        assert counts == [1, 2] and tx.deliveries.count_of(target) == {Kind.JOINED: 2}
        assert [one.name for one in tx.deliveries.page(target, [Kind.JOINED], 0, 1)] == ["moves"]
        made = tx.regroupings.add(Regroup.MERGED, source, target, ["moves"], "identified", ALICE.key)
        tx.incidents.move(source, IncidentState.RESOLVED, f"merged:{target}")
        assert tx.regroupings.merged_into(source) == target and tx.summaries.missing() == []
        assert tx.regroupings.undo(made.id, BOB.key) and not tx.regroupings.undo(made.id, BOB.key)
        assert tx.summaries.missing() == [source], "it is told by itself again"
        assert tx.regroupings.reopen(source, IncidentState.IDENTIFIED) and tx.summaries.missing() == []
    store.close()


def test_mutes_are_made_once_and_end_by_themselves(store: Store) -> None:
    matchers = (Matcher("service", "orders"), Matcher("label:pod", "web-.*", is_pattern=True))
    draft = MuteDraft("form:1", MuteOrigin.PERSON, matchers, True, "disks", ALICE.key, NOW, NOW + 6 * HOUR)
    with store.begin() as tx:
        made, is_new = tx.mutes.draft(draft, confirmed=False)
        assert is_new and tx.mutes.draft(draft, confirmed=True) == (made, False) and tx.mutes.to_come() == []
        assert tx.mutes.confirm(made.id, NOW, NOW + 6 * HOUR) and not tx.mutes.confirm(made.id, NOW, NOW)
    add(store, "quiet", Decision(Kind.MUTED, "disks", mute=made.id))
    with store.begin() as tx:
        (kept,) = tx.mutes.in_force()
        assert kept.matchers == matchers and kept.critical and tx.deliveries.muted_by(made.id) == 1
        assert tx.mutes.end(made.id, BOB.key) and not tx.mutes.end(made.id, BOB.key)
        assert tx.mutes.in_force() == [] and [mute.id for mute in tx.mutes.untold()] == [made.id]
        tx.mutes.told(made.id, end=True)
        assert tx.mutes.untold() == [] and [mute.ended_by for mute in tx.mutes.since(NOW)] == [BOB.key]
        suggested = tx.mutes.suggest(matchers, 5, 2)
        assert tx.mutes.decide(suggested.id, BOB.key, made.id) and not tx.mutes.decide(
            suggested.id, "x", None
        )
        assert tx.mutes.suggestions() == [] and len(tx.mutes.suggestions(NOW)) == 1
    store.close()


def test_corrections_and_canaries_count_once(store: Store) -> None:
    number = add(store, "held", Decision(Kind.HELD, "it may clear"))
    with store.begin() as tx:
        delivery = tx.deliveries.get(number)
        assert delivery is not None
        made, is_new = tx.corrections.add(delivery, ALICE.key, tx.now + HOUR, None, False)
        assert is_new and tx.corrections.add(delivery, BOB.key, tx.now, None, False) == (made, False)
        assert list(tx.corrections.holding()) == [delivery.fingerprint]
        assert tx.corrections.undo(made.id, BOB.key) and tx.corrections.holding() == {}
        again, is_new = tx.corrections.add(delivery, BOB.key, tx.now + HOUR, None, False)
        assert is_new and again.id == made.id and again.undone_at is None
        incident = tx.incidents.open(alert(), "a", None).id
        names = ("A", "orders", "prod")
        assert tx.corrections.dismiss(incident, names, ALICE.key)
        assert not tx.corrections.dismiss(incident, names, BOB.key)
        assert tx.corrections.dismissed(NOW, names) == (1, 1)
        sent = tx.canaries.send("nonce")
        assert tx.canaries.receive("nonce", NOW) and not tx.canaries.receive("nonce", NOW)
        tx.canaries.tell(sent.id)
        assert tx.canaries.last_told() == tx.canaries.newest()
    store.close()
