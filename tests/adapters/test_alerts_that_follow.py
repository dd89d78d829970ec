"""Alerts that follow from what is written: a mute ended, a correction, a canary. Both are kept or neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.copilot.canaries import LABEL, NAME
from bot.copilot.mutes import Wish
from bot.domain.alert import Kind, Severity
from bot.domain.incident import Incident
from bot.domain.mute import Matcher, Mute
from bot.errors import AlreadyDone, StoreUnavailable
from tests.desk import ON_CALL, Desk

HOUR = timedelta(hours=1)
STORING = "INSERT INTO alerts"  # the step in which alerts that follow are stored


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def muted(desk: Desk, service: str = "orders") -> Mute:
    wish = Wish((Matcher("service", service),), True, "new disks", HOUR)
    made, _ = desk.copilot.mutes.ask(ON_CALL, wish, f"form:{service}")
    return desk.copilot.mutes.confirm(ON_CALL, made.id)


def fire(desk: Desk, service: str = "orders", severity: Severity = Severity.CRITICAL) -> Kind:
    return desk.copilot.alerts.receive([desk.alert("DiskFull", severity, service)])[0].kind


def opened(desk: Desk) -> list[Incident]:
    with desk.store.read() as tx:
        return tx.incidents.open_now()


def test_what_still_fires_when_its_mute_ends_is_told_although_the_store_went_away(desk: Desk) -> None:
    """That the mute ended is not on record, in the channel or in the audit log, before its alerts are."""
    mute = muted(desk)
    assert fire(desk) is Kind.MUTED
    desk.now = mute.ends_at
    with desk.away_at(STORING), pytest.raises(StoreUnavailable):
        desk.copilot.mutes.sweep()
    assert desk.posts(":end") == []
    for _ in range(2):
        desk.copilot.mutes.sweep()
    assert [incident.alerts_received for incident in opened(desk)] == [1]
    (end,) = desk.posts(":end")
    assert "1 alert still fires: 1 told now." in str((end.content or {})["text"])
    with desk.store.read() as tx:
        assert [e.action for e in tx.audit.events(f"mute {mute.label}")].count("mute ended") == 1


def test_a_mute_that_cannot_be_told_holds_up_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with it: it is tried again, and the sweep goes on."""
    broken, sound = muted(desk, "orders"), muted(desk, "stock")
    fire(desk, "orders")
    fire(desk, "stock")
    desk.now = sound.ends_at
    desk.run(
        f"CREATE TRIGGER broken BEFORE UPDATE ON mutes WHEN NEW.id = {broken.id}"
        " BEGIN SELECT RAISE(ABORT, 'broken'); END"
    )
    desk.copilot.mutes.sweep()
    assert [incident.service for incident in opened(desk)] == ["stock"]
    desk.run("DROP TRIGGER broken")
    desk.copilot.mutes.sweep()
    assert {incident.service for incident in opened(desk)} == {"stock", "orders"}


def test_a_correction_tells_or_was_not_said(desk: Desk) -> None:
    """Pressed again after the store was away, the same press has its whole effect, once."""
    muted(desk)
    fire(desk)
    with desk.away_at(STORING), pytest.raises(StoreUnavailable):
        desk.copilot.corrections.page(ON_CALL, 1, "event:1")
    with desk.store.read() as tx:
        assert tx.corrections.of_alert(1) is None
    said = desk.copilot.corrections.page(ON_CALL, 1, "event:1")
    (incident,) = opened(desk)
    assert f"It is #{incident.id}." in said
    with desk.store.read() as tx:
        made = tx.corrections.of_alert(1)
    assert made is not None and made.incident_id == incident.id
    with pytest.raises(AlreadyDone):
        desk.copilot.corrections.page(ON_CALL, 1, "event:1")
    assert desk.copilot.alerts.receive([desk.alert("DiskFull", Severity.CRITICAL)])[0].incident == incident.id


def test_a_lost_canary_is_on_record_only_with_its_incident(desk: Desk) -> None:
    canaries = desk.copilot.canaries
    sent = canaries.send()
    with desk.away_at(STORING), pytest.raises(StoreUnavailable):
        canaries.missed(sent, "The intake answers 503.")
    with desk.store.read() as tx:
        lost = tx.canaries.get(sent.id)
    assert lost is not None and not lost.problem
    canaries.missed(sent, "The intake answers 503.")
    assert len(opened(desk)) == 1


def test_the_path_is_whole_again_only_when_its_incident_ends_with_that(desk: Desk) -> None:
    canaries = desk.copilot.canaries
    canaries.missed(canaries.send(), "The intake answers 503.")
    desk.now += HOUR
    sent = canaries.send()
    labels = {"alertname": NAME, LABEL: sent.nonce}
    desk.copilot.alerts.receive([replace(desk.alert(NAME, Severity.INFO, ""), labels=labels)])
    with desk.store.begin() as tx:
        for post in tx.posts.unsent():
            tx.posts.sent(post, "C1", "1.5")
    with desk.away_at(STORING), pytest.raises(StoreUnavailable):
        canaries.told(sent)
    with desk.store.read() as tx:
        assert tx.canaries.last_told() is None
    assert canaries.told(sent)
    assert opened(desk) == []
