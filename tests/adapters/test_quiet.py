"""Mutes, dismissals, regroupings, corrections and canaries over a real store, at a time of the test's."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import aiohttp
import pytest

from bot import settings
from bot.commands.doctor.canary import canary as canary_check
from bot.commands.doctor.check import Status
from bot.commands.doctor.ground import Ground
from bot.copilot import Copilot
from bot.copilot.canaries import LABEL, NAME
from bot.copilot.mutes import Mutes, Wish
from bot.copilot.noise import noise_of
from bot.copilot.overview import overview_of
from bot.domain.alert import Alert, AlertStatus, Kind, Severity
from bot.domain.mute import Matcher, Mute, MuteState
from bot.errors import MuteRefused, Refused
from bot.folder import own_folder
from bot.stages.due import unfinished
from bot.tools.in_force import Adopted
from bot.triage.rules import Rules
from bot.triage.windows import Declared
from tests.desk import LATE, N3_A, ON_CALL, Desk

ORDERS = (Matcher("service", "orders"),)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def wish(**changes: object) -> Wish:
    return replace(Wish(ORDERS, False, "new disks", 2 * HOUR), **changes)  # type: ignore[arg-type]


def muted(desk: Desk, **changes: object) -> Mute:
    made, _ = desk.copilot.mutes.ask(ON_CALL, wish(**changes), f"form:{desk.now}")
    return desk.copilot.mutes.confirm(ON_CALL, made.id)


def fire(desk: Desk, name: str = "A", severity: Severity = Severity.WARNING, service: str = "orders") -> Kind:
    return desk.copilot.alerts.receive([desk.alert(name, severity, service)])[0].kind


def over(desk: Desk, name: str, service: str = "orders") -> None:
    alert = desk.alert(name, Severity.WARNING, service)
    desk.copilot.alerts.receive([replace(alert, status=AlertStatus.RESOLVED)])


def test_a_draft_mutes_nothing_and_is_its_makers_alone(desk: Desk) -> None:
    draft, _ = desk.copilot.mutes.ask(ON_CALL, wish(), "form:1")
    assert fire(desk) is not Kind.MUTED
    with pytest.raises(Refused, match="Somebody else"):
        desk.copilot.mutes.confirm(N3_A, draft.id)
    desk.now += timedelta(minutes=5)  # it took a while to read the preview
    made = desk.copilot.mutes.confirm(ON_CALL, draft.id)
    assert (made.starts_at, made.ends_at) == (desk.now, desk.now + 2 * HOUR)
    assert fire(desk, "B") is Kind.MUTED


def test_a_form_delivered_again_makes_one_mute(desk: Desk) -> None:
    first, _ = desk.copilot.mutes.ask(ON_CALL, wish(), "form:1")
    again, _ = desk.copilot.mutes.ask(ON_CALL, wish(), "form:1")
    for _ in range(2):
        desk.copilot.mutes.confirm(ON_CALL, first.id)
    assert first.id == again.id and len(desk.posts("mute:")) == 1


def test_the_preview_counts_what_the_last_day_would_have_lost(desk: Desk) -> None:
    for number in range(6):
        fire(desk, f"A{number}", Severity.CRITICAL if number == 0 else Severity.WARNING)
        fire(desk, f"B{number}", service="stock")
    _, plain = desk.copilot.mutes.ask(ON_CALL, wish(), "form:1")
    assert (plain.muted, plain.total, plain.critical, plain.left) == (5, 12, 0, 1)
    _, ticked = desk.copilot.mutes.ask(ON_CALL, wish(critical=True), "form:2")
    assert (ticked.muted, ticked.critical, ticked.left) == (6, 1, 0)
    desk.now += DAY + HOUR
    assert desk.copilot.mutes.ask(ON_CALL, wish(), "form:3")[1].total == 0


def test_the_preview_counts_no_heartbeat(desk: Desk) -> None:
    """They can never be muted, whatever fits them."""
    fire(desk, "Watchdog")
    fire(desk, "A")
    _, seen = desk.copilot.mutes.ask(ON_CALL, wish(matchers=(Matcher("environment", "test"),)), "form:1")
    assert (seen.muted, seen.total, seen.names) == (1, 1, (("A", 1),))


def test_what_fits_all_that_there_was_is_refused_however_it_is_written(desk: Desk) -> None:
    """Matchers that look narrow may still fit every alert of this installation."""
    for number in range(12):
        fire(desk, f"A{number}")
    with pytest.raises(MuteRefused, match="all 12 alerts"):
        desk.copilot.mutes.ask(ON_CALL, wish(matchers=(Matcher("environment", "test"),)), "form:1")


def test_start_and_end_are_told_and_what_still_fires_is_decided_anew(desk: Desk) -> None:
    planned = muted(desk, starts_at=desk.now + HOUR)
    assert planned.state(desk.now) is MuteState.PLANNED and fire(desk, "Before") is not Kind.MUTED
    desk.now += HOUR
    desk.copilot.mutes.sweep()
    assert [post.key for post in desk.posts(":start")] == [f"mute:{planned.id}:start"]
    assert fire(desk, "Fires") is fire(desk, "Cleared") is Kind.MUTED
    over(desk, "Cleared")
    desk.now = planned.ends_at
    for _ in range(2):
        desk.copilot.mutes.sweep()
    (end,) = desk.posts(":end")
    assert "It kept 2 alerts quiet. 1 alert still fires: 1 told now." in str((end.content or {})["text"])
    with desk.store.read() as tx:
        names = [one.alert().name for one, _ in tx.deliveries.series_since(planned.ends_at)]
    assert names == ["Fires"]


def test_an_extension_is_bounded(desk: Desk) -> None:
    made = muted(desk)
    desk.copilot.mutes.extend(ON_CALL, made.id, HOUR)
    with pytest.raises(MuteRefused, match="longer than 14 days"):
        desk.copilot.mutes.extend(ON_CALL, made.id, 20 * DAY)
    desk.now += 4 * HOUR
    with pytest.raises(Refused):
        desk.copilot.mutes.extend(ON_CALL, made.id, HOUR)


def test_a_declared_window_is_a_mute_while_it_lasts_and_while_it_is_declared(desk: Desk) -> None:
    nightly = Declared(ORDERS, "backup", HOUR, days=("sun",), at=time(3))

    def sweeper(*declared: Declared) -> Mutes:
        ports = (desk.store, Adopted(), desk.group, lambda verb, subject: None)
        return Mutes(*ports, frozenset({"Watchdog"}), declared, desk.copilot.alerts.deciding)

    serve = sweeper(nightly)  # the desk's clock begins on a Sunday at three
    for _ in range(3):
        serve.sweep()
    assert fire(desk) is Kind.MUTED
    assert [post.key for post in desk.posts("mute:")] == ["mute:1"]
    desk.now += timedelta(minutes=5)
    sweeper().sweep()  # a start with a file that does not declare it any more
    assert fire(desk, "B") is not Kind.MUTED


@pytest.mark.attack("O2")
def test_a_hundred_dismissals_teach_nothing(desk: Desk) -> None:
    """Each time it opens again. They make one suggestion, which does nothing; N3 can sign it, for a week."""
    for number in range(100):
        assert fire(desk, "DiskFills") is not Kind.MUTED
        desk.now += timedelta(minutes=10)  # it is held for a while, as it is not critical
        desk.copilot.alerts.sweep()
        with desk.store.read() as tx:
            (incident,) = tx.incidents.open_now()
        desk.copilot.suggestions.dismiss(ON_CALL, incident.id, f"event:{number}")
        over(desk, "DiskFills")
        desk.now += 2 * HOUR
    with desk.store.read() as tx:
        (suggested,) = tx.mutes.suggestions()
        assert tx.mutes.to_come() == []
    desk.copilot.signing.look_at_n3()
    desk.group.people = frozenset({N3_A, LATE})
    assert not desk.copilot.suggestions.sign(ON_CALL, suggested.id).allowed
    assert not desk.copilot.suggestions.sign(LATE, suggested.id).allowed, "who joined a moment ago"
    assert fire(desk, "DiskFills") is not Kind.MUTED
    assert desk.copilot.suggestions.sign(N3_A, suggested.id).allowed
    over(desk, "DiskFills")
    assert fire(desk, "DiskFills") is Kind.MUTED
    assert fire(desk, "DiskFills", Severity.CRITICAL) is not Kind.MUTED
    with pytest.raises(Refused, match="signed anew"):
        desk.copilot.mutes.extend(N3_A, 1, HOUR)
    desk.now += 7 * DAY
    over(desk, "DiskFills")
    assert fire(desk, "DiskFills") is not Kind.MUTED, "it expires"


@pytest.mark.attack("O2")
def test_dismissing_critical_incidents_suggests_nothing(desk: Desk) -> None:
    for number in range(20):
        fire(desk, "Down", Severity.CRITICAL)
        with desk.store.read() as tx:
            (incident,) = tx.incidents.open_now()
        desk.copilot.suggestions.dismiss(ON_CALL, incident.id, f"event:{number}")
        desk.now += HOUR
    with desk.store.read() as tx:
        assert tx.mutes.suggestions() == []


def test_a_merge_is_taken_back_within_a_day_and_only_while_both_can_be(desk: Desk) -> None:
    for environment in ("test", "staging"):
        alert = desk.alert("Down", Severity.CRITICAL)
        labels = {**alert.labels, "environment": environment}
        desk.copilot.alerts.receive([replace(alert, environment=environment, labels=labels)])
    with desk.store.read() as tx:
        source, target = (incident.id for incident in tx.incidents.open_now())
    with pytest.raises(Refused, match="into itself"):
        desk.copilot.regroupings.merge(ON_CALL, source, source)
    desk.copilot.regroupings.merge(ON_CALL, source, target)
    with pytest.raises(Refused, match=f"part of #{target}"):
        desk.copilot.regroupings.merge(ON_CALL, source, target)
    with desk.store.read() as tx:
        assert f"resolve:{source}" not in unfinished(tx), "it gets no summary of its own"
        into = tx.incidents.get(target)
        assert into is not None and into.alerts_received == 2
    desk.now += DAY + HOUR
    with pytest.raises(Refused, match="more than a day ago"):
        desk.copilot.regroupings.undo(ON_CALL, 1)
    desk.now -= DAY
    desk.copilot.regroupings.undo(ON_CALL, 1)
    with desk.store.read() as tx:
        assert {i.id for i in tx.incidents.open_now()} == {source, target}
        assert [i.alerts_received for i in tx.incidents.open_now()] == [1, 1]


@pytest.fixture
def patient(desk: Desk) -> Desk:
    """The same with the rules that `serve` has by default: what is not critical is held for minutes."""
    ports = (desk.store, Adopted(), desk.group, Rules(), lambda verb, subject: None)
    desk.copilot = Copilot.of(*ports)
    return desk


def test_what_is_held_and_should_have_paged_is_told_at_once(patient: Desk) -> None:
    """Its hold ends now; the next time it is not held at all, until that is taken back."""
    copilot = patient.copilot
    assert fire(patient, "Slow") is Kind.HELD
    with patient.store.read() as tx:
        assert tx.incidents.open_now() == []
        (held,) = tx.deliveries.held_now(10)
        (seen,) = overview_of(tx, Adopted()).held
        assert (seen.alert_id, seen.until - tx.now) == (held.id, Rules().hold)
    copilot.corrections.page(ON_CALL, held.id)
    copilot.alerts.sweep()
    with patient.store.read() as tx:
        (told,) = tx.incidents.open_now()
        (made,) = tx.corrections.since(patient.now)
    assert made.incident_id == told.id and patient.posts(f"incident:{told.id}")
    assert copilot.corrections.page(ON_CALL, held.id) == "Somebody said so before, and people were told."
    over(patient, "Slow")
    patient.now += DAY
    copilot.alerts.sweep()
    assert fire(patient, "Slow") is Kind.OPENED
    copilot.corrections.undo(ON_CALL, made.id)
    over(patient, "Slow")
    patient.now += DAY
    copilot.alerts.sweep()
    assert fire(patient, "Slow") is Kind.HELD


def test_what_people_were_told_cannot_be_corrected(desk: Desk) -> None:
    fire(desk, "Down", Severity.CRITICAL)
    with pytest.raises(Refused, match="was not absorbed"):
        desk.copilot.corrections.page(ON_CALL, 1)
    with pytest.raises(Refused, match="no such alert"):
        desk.copilot.corrections.page(ON_CALL, 99)


def test_a_series_that_was_split_off_stays_so(desk: Desk) -> None:
    """Triage knows the new incident: repeats go there, its end ends it, and the old one goes on."""
    fire(desk, "Down", Severity.CRITICAL)
    fire(desk, "Other", Severity.CRITICAL)
    with desk.store.read() as tx:
        (old,) = tx.incidents.open_now()
        chosen = [d.fingerprint for d in tx.deliveries.series_of(old.id, 9) if d.name == "Other"]
    new = desk.copilot.regroupings.split(ON_CALL, old.id, chosen)
    with pytest.raises(Refused, match="nothing would be left"):
        desk.copilot.regroupings.split(ON_CALL, new.id, chosen)
    with pytest.raises(Refused, match="any more"):
        desk.copilot.regroupings.split(ON_CALL, old.id, chosen)
    (again,) = desk.copilot.alerts.receive([desk.alert("Other", Severity.CRITICAL)])
    assert again.incident == new.id
    desk.now += timedelta(minutes=1)
    over(desk, "Other")
    desk.now += HOUR
    desk.copilot.alerts.sweep()
    with desk.store.read() as tx:
        assert [incident.id for incident in tx.incidents.open_now()] == [old.id]


def test_the_figures_count_what_people_were_told(desk: Desk) -> None:
    """A repeat is absorbed, a heartbeat is neither, a mute that includes critical ones is counted apart."""
    for _ in range(4):
        fire(desk, "Down", Severity.CRITICAL)
    fire(desk, "Watchdog", Severity.INFO)
    muted(desk, critical=True, matchers=(Matcher("service", "stock"),))
    fire(desk, "Down", Severity.CRITICAL, "stock")
    with desk.store.read() as tx:
        noise = noise_of(tx, tx.now - DAY)
    desk.run("UPDATE incidents SET held = true")  # as if nobody had been told of what repeats
    with desk.store.read() as tx:
        assert noise_of(tx, tx.now - DAY).critical_hidden == 3
    assert (noise.fired, noise.told, noise.seen) == (5, 1, 1)
    assert (noise.critical_hidden, noise.critical_muted) == (0, 1)
    assert noise.absorbed == pytest.approx(0.8)
    assert {(why.decision, why.count) for why in noise.why} == {(Kind.DUPLICATE, 3), (Kind.MUTED, 1)}


def canary(desk: Desk, nonce: str) -> Alert:
    labels = {"alertname": NAME, LABEL: nonce}
    return replace(desk.alert(NAME, Severity.INFO, ""), labels=labels)


def test_a_canary_that_is_lost_opens_one_incident_that_ends_with_the_next(desk: Desk) -> None:
    canaries = desk.copilot.canaries
    for _ in range(3):
        canaries.missed(canaries.send(), "The intake answers 503.")
    with desk.store.read() as tx:
        (incident,) = tx.incidents.open_now()
    assert incident.severity is Severity.CRITICAL and "alert path" in incident.title
    desk.now += timedelta(minutes=15)
    sent = canaries.send()
    assert not canaries.told(sent), "it has not come in yet"
    desk.copilot.alerts.receive([canary(desk, sent.nonce)])
    assert not canaries.told(sent), "Slack does not have it yet"
    for words, is_told in (("canary", False), ("", True)):
        with desk.store.begin() as tx:
            for post in tx.posts.unsent():
                if words in post.key:
                    tx.posts.sent(post, "C1", "1.5")
        assert canaries.told(sent) is is_told, "what came before it has to be there too"
    with desk.store.read() as tx:
        assert tx.incidents.open_now() == []
        assert tx.canaries.last_told() == tx.canaries.newest()


def test_only_a_canary_on_its_way_is_one(desk: Desk) -> None:
    """A number that nobody drew, one that came in before, and one of long ago are alerts like any other."""
    used, old = desk.copilot.canaries.send(), desk.copilot.canaries.send()
    assert desk.copilot.alerts.receive([canary(desk, used.nonce)])[0].kind is Kind.HEARTBEAT
    desk.now += HOUR
    for nonce in ("0" * 32, used.nonce, old.nonce):
        assert desk.copilot.alerts.receive([canary(desk, nonce)])[0].kind is not Kind.HEARTBEAT


async def test_doctor_knows_how_canaries_do(desk: Desk, tmp_path: Path) -> None:
    """Off, none yet, through, too long ago, lost: each said, with what to do where it is not well."""
    path = tmp_path / "vigie.toml"
    path.write_text('folder = "."\n')

    async def said() -> tuple[Status, str]:
        async with aiohttp.ClientSession() as session:
            result = await canary_check(Ground(path, settings.load(path, {}), session))
        assert result.remedy or result.status is Status.OK
        return result.status, result.found

    assert (await said())[1].startswith("off. Set every")
    path.write_text('folder = "."\n[canary]\nevery = "15m"\n')
    with own_folder(tmp_path):
        assert await said() == (Status.WARNING, "none has come through yet")
        with desk.store.begin() as tx:
            tx.canaries.tell(tx.canaries.send("nonce").id)
        desk.run("UPDATE high_water SET at = '2100-01-01T00:00:00.000000+00:00'")
        assert (await said())[0] is Status.FAILED, "that is long ago"
        with desk.store.begin() as tx:
            tx.canaries.tell(tx.canaries.send("another").id)
        status, found = await said()
        assert status is Status.OK and "came through 0 s ago" in found
        with desk.store.begin() as tx:
            tx.canaries.fail(tx.canaries.send("lost").id, "The intake answers 503.")
        assert await said() == (Status.FAILED, "the last one did not come through: The intake answers 503.")
