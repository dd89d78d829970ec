"""A storm is a whole cascade, sent as Alertmanager does; a real Vigie absorbs it, and a stage starts over."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.domain.alert import AlertStatus
from bot.playground.cascades import SYMPTOMS, Notice, plan, still_firing
from bot.playground.faults import FAULTS, active_faults
from bot.playground.player import text_of
from bot.playground.stage import INCIDENTS, Stage, set_up, workspace
from bot.playground.storm import StormRefusedError, calm, storm
from bot.playground.watcher_wire import fingerprint
from bot.sources.alertmanager import parse

if TYPE_CHECKING:
    from tests.adapters.shop.conftest import Receiver

NOW = datetime.now(UTC)
PROJECT = Path(__file__).resolve().parents[3]


def tellings(notices: list[Notice]) -> list[tuple[str, bool]]:
    """(fingerprint, firing) of all alerts in the order in which they are sent."""
    return [(fingerprint(t.series.labels), t.firing) for notice in notices for t in notice.tellings]


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("count", [10, 57, 300])
def test_a_storm_has_exactly_so_many_alerts_in_order(fault: str, count: int) -> None:
    """The fault's own alerts come first; nothing is over before it began; all lies within the storm."""
    notices = plan(fault, count)
    told = tellings(notices)
    assert len(told) == count
    assert [n.at for n in notices] == sorted(n.at for n in notices)
    assert notices[0].at >= 0
    assert notices[-1].at == pytest.approx(1)
    assert notices[0].tellings[0].series.labels["alertname"] in FAULTS[fault].alerts
    firing: dict[str, bool] = {}
    for mark, fires in told:
        assert fires or firing.get(mark), "over, but it did not fire"
        firing[mark] = fires
    assert {fingerprint(one.labels) for one in still_firing(notices)} == {m for m, on in firing.items() if on}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_service_is_well_while_its_storm_goes_on(fault: str) -> None:
    """From its first alert on, each service has one that fires: so a storm opens one incident a service."""
    firing: dict[str, set[str]] = {}
    for notice in plan(fault, 300):
        for one in notice.tellings:
            now = firing.setdefault(one.series.labels["service"], set())
            (now.add if one.firing else now.discard)(fingerprint(one.series.labels))
        assert all(firing.values())


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_storm_is_like_a_real_one(fault: str) -> None:
    """Many places, some services, repeats, flapping, some over for good; grouped notices and single ones."""
    assert fault in SYMPTOMS
    notices = plan(fault, 300)
    told = tellings(notices)
    services = {t.series.labels["service"] for notice in notices for t in notice.tellings}
    assert 100 <= len({mark for mark, _ in told}) <= 150
    assert 4 <= len(services) <= 6
    assert 30 <= sum(not fires for _, fires in told) <= 100
    by_alert = {mark: [fires for other, fires in told if other == mark] for mark, _ in told}
    flapping = [states for states in by_alert.values() if states[:3] == [True, False, True]]
    assert len(flapping) >= 10
    assert any(len(notice.tellings) >= 4 and notice.service for notice in notices)
    assert sum(notice.service is None for notice in notices) >= 5


def test_too_small_a_storm_is_refused() -> None:
    """Nine alerts are none; an unknown fault is a KeyError."""
    with pytest.raises(ValueError, match="10 or more"):
        plan("stale_lock", 9)
    with pytest.raises(KeyError):
        plan("meteor", 300)


async def test_what_is_sent_is_alertmanagers_and_calm_ends_all_of_it(receiver: Receiver) -> None:
    """Every alert parses, with its service and environment; after the calm no alert of the storm fires."""
    seen: list[int] = []
    await storm(receiver.url, "the-token", "stale_lock", 60, seen.append, seconds=0.2)
    assert seen == sorted(seen)
    assert seen[-1] == 60
    alerts = [alert for body in receiver.bodies for alert in parse(body, NOW).alerts]
    assert len(alerts) == 60
    assert {alert.environment for alert in alerts} == {"demo"}
    assert {header["Authorization"] for header in receiver.headers} == {"Bearer the-token"}
    over = await calm(receiver.url, "the-token", "stale_lock", 60)
    last = {
        frozenset(alert.labels.items()): alert.status
        for body in receiver.bodies
        for alert in parse(body, NOW).alerts
    }
    assert over >= 10
    assert set(last.values()) == {AlertStatus.RESOLVED}


async def test_an_intake_that_was_away_gets_all_and_one_that_refuses_is_said(receiver: Receiver) -> None:
    """503 is tried again until it is taken; 401 ends the storm with what the intake said."""
    receiver.status = 503
    task = asyncio.create_task(storm(receiver.url, "t", "poison_mail", 10, seconds=0.1))
    while not receiver.refused:
        await asyncio.sleep(0.02)
    receiver.status = 200
    await task
    assert sum(len(body["alerts"]) for body in receiver.bodies) == 10
    receiver.status = 401
    with pytest.raises(StormRefusedError, match="401"):
        await storm(receiver.url, "t", "poison_mail", 10, seconds=0.1)


def test_the_command_line_says_what_it_would_send_and_sends_it(receiver: Receiver, tmp_path: Path) -> None:
    """As the README shows: a dry run sends nothing; no token is exit 2, an intake that refuses is exit 1."""
    token = tmp_path / "token"
    token.write_text("the-token\n")
    call = [sys.executable, "-m", "bot.playground.storm", "--to", receiver.url, "--token-file", str(token)]

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        call_now = [*call, "bad_config", "--count", "20", "--seconds", "0.1", *args]
        return subprocess.run(call_now, cwd=PROJECT, capture_output=True, text=True, timeout=20, check=False)

    assert run("--dry-run").stdout.startswith("Would send 20 alerts")
    assert not receiver.bodies
    sent = run()
    assert (sent.returncode, sent.stderr) == (0, "")
    assert sum(len(body["alerts"]) for body in receiver.bodies) == 20
    assert run("--calm").stdout.startswith("Over: ")
    receiver.status = 401
    assert run().returncode == 1
    token.unlink()
    assert run().returncode == 2


async def until(holds: Callable[[], object], what: str, seconds: float = 40) -> None:
    """Wait until something holds."""
    for _ in range(int(seconds / 0.2)):
        if holds():
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"did not happen within {seconds:g} s: {what}")


@pytest.mark.timeout(180)
async def test_a_storm_becomes_few_incidents_and_the_stage_starts_over() -> None:
    """100 alerts of one cause at four services are one incident; calm resolves it; all begins anew."""
    async with set_up(workspace(), settings="[knowledge]\nvectors = false\n") as stage:
        ended = asyncio.create_task(stage.until_serve_ends())
        await stage.storm("bad_config", 100)
        # A card is told of each tenth repeat only, and what is over is no alert received.
        await until(lambda: _received(stage) >= 40, "the alerts are counted on the cards")
        (card,) = _cards(stage)
        assert re.search(r"\d+ alerts: [1-9] told", card), card
        assert active_faults(stage.shop_folder) == ["bad_config"]
        calming = asyncio.create_task(stage.calm("bad_config", 100))
        assert not calming.done()
        _restore(stage)
        await calming
        await until(lambda: all("*resolved*" in card for card in _cards(stage)), "all are resolved")
        before = stage.serve
        await stage.start_over()
        assert stage.serve is not before
        assert await stage.is_healthy()
        assert not _cards(stage)
        assert active_faults(stage.shop_folder) == []
        assert not ended.done()
        stage.serve.kill()
        await asyncio.wait_for(ended, 20)


def _restore(stage: Stage) -> None:
    script = PROJECT / "bot" / "playground" / "tools" / "restore_last_good_config.py"
    call = [sys.executable, "-I", str(script), "--folder", str(stage.shop_folder)]
    subprocess.run(call, capture_output=True, timeout=10, check=True)


def _cards(stage: Stage) -> list[str]:
    texts = [text_of(m.get("blocks", [])) for m in stage.workspace.messages(INCIDENTS.id)]
    return [text for text in texts if re.search(r"alerts? received", text)]


def _received(stage: Stage) -> int:
    counts = [re.search(r"(\d+) alerts? received", card) for card in _cards(stage)]
    return sum(int(found[1]) for found in counts if found)
