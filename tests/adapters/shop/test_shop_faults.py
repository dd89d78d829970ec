"""The shop breaks for real, from the outside, and each repair and each undo works on the real process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.playground.faults import FAULTS, FaultNotMadeError, break_shop
from bot.playground.shop.checkout import CheckoutStats
from bot.playground.shop.config import DEFAULT, parse
from bot.playground.shop.lock import PoolLock
from bot.playground.shop.pool import OrderPool
from bot.playground.watcher_rules import DOWN, RULES

if TYPE_CHECKING:
    from tests.adapters.shop.conftest import RunningShop


def test_stale_lock_stops_orders_clearing_repairs_and_undo_breaks_again(shop: RunningShop) -> None:
    """A lock whose holder was killed stops all work; moving it away repairs; putting it back undoes that."""
    break_shop(shop.folder, "stale_lock")
    shop.until(lambda: shop.health()["pool"]["queue"] > 8, "the queue grows")
    broken = shop.until_status("degraded")
    assert broken["pool"]["waiting"] == 4
    assert broken["pool"]["lock"]["held"]
    assert not broken["pool"]["lock"]["holder_alive"]
    state = shop.said("lock_state.py")
    assert state == shop.said("lock_state.py") | {"age_s": state["age_s"]}
    assert (state["held"], state["holder_alive"]) == (True, False)
    assert shop.said("clear_stale_lock.py")["pid"] == state["pid"]
    shop.until(lambda: shop.health()["pool"]["queue"] < 4, "the queue drains")
    assert shop.until_status("ok")["process"] == broken["process"]
    assert shop.said("put_back_lock.py")["changed"]
    again = shop.until_status("degraded")
    assert again["pool"]["lock"]["pid"] == state["pid"]
    shop.until(lambda: "held by pid" in shop.tool("log_tail.py", "--lines", "200").stdout, "it is logged")


def test_bad_config_fails_checkouts_restoring_repairs_and_undo_breaks_again(shop: RunningShop) -> None:
    """Too short a time-out fails a share of checkouts; the last good file repairs; undo brings it back."""
    good = shop.health()["config"]
    break_shop(shop.folder, "bad_config")
    shop.until(lambda: shop.health()["checkout"]["failed_share"] > 0.2, "checkouts fail")
    broken = shop.health()
    assert broken["status"] == "degraded"
    assert broken["config"]["version"] == "2026.11.3"
    assert broken["checkout"]["failed_share"] < 1
    state = shop.said("config_state.py")
    assert state["differs"]
    assert state["sha256"] == broken["config"]["sha256"]
    assert state["last_good_sha256"] == good["sha256"]
    assert shop.said("restore_last_good_config.py")["reloaded_pid"] == broken["pid"]
    fixed = shop.until_status("ok")
    assert fixed["config"]["sha256"] == good["sha256"]
    assert fixed["process"] == broken["process"]
    assert not shop.said("config_state.py")["differs"]
    assert shop.said("put_back_config.py")["changed"]
    assert shop.until_status("degraded")["config"]["sha256"] == broken["config"]["sha256"]


def test_only_a_configuration_that_proved_good_is_kept(shop: RunningShop) -> None:
    """The last good file follows a good configuration, never a bad one or one that cannot be read."""
    present = shop.folder / "config" / "shop.json"
    last_good = shop.folder / "config" / "shop.last-good.json"
    better = json.dumps(json.loads(present.read_text()) | {"version": "2026.11.9"})
    present.write_text(better)
    shop.process.send_signal(signal.SIGHUP)
    shop.until(lambda: last_good.read_text() == better, "a good configuration is kept")
    present.write_text('{"version": 3}')
    shop.process.send_signal(signal.SIGHUP)
    shop.until(lambda: "version is 3" in (shop.folder / "logs" / "shop.log").read_text(), "it is logged")
    assert shop.health()["config"]["version"] == "2026.11.9"
    present.write_text(better)
    break_shop(shop.folder, "bad_config")
    log = shop.folder / "logs" / "shop.log"
    shop.until(lambda: log.read_text().count("failed: payment") > 20, "more than ten checkouts failed")
    assert last_good.read_text() == better


def test_a_fault_that_is_there_or_a_shop_that_is_not_is_said(shop: RunningShop) -> None:
    """Breaking twice, or with no shop, is refused in words, and an unknown name is a KeyError."""
    with pytest.raises(KeyError):
        break_shop(shop.folder, "meteor")
    break_shop(shop.folder, "bad_config")
    with pytest.raises(FaultNotMadeError, match="repair the shop first"):
        break_shop(shop.folder, "bad_config")
    shop.stop()
    with pytest.raises(FaultNotMadeError, match="start it first"):
        break_shop(shop.folder, "stale_lock")


def test_faults_name_alerts_that_exist() -> None:
    """Every alert that a fault announces is one of the watcher's rules."""
    names = {rule.name for rule in (*RULES, DOWN)}
    assert {name for fault in FAULTS.values() for name in fault.alerts} <= names


def test_pages(shop: RunningShop) -> None:
    """/metrics is Prometheus text that agrees with /health, / is one line."""
    shop.until(lambda: shop.health()["checkout"]["per_second"] > 0, "an order is served")
    families = {one.name: one for one in text_string_to_metric_families(shop.get("/metrics"))}
    (info,) = families["shop_config_info"].samples
    assert info.labels["sha256"] == shop.health()["config"]["sha256"]
    done = {one.labels["result"]: one.value for one in families["shop_orders"].samples}
    assert done["done"] > 0
    assert done["failed"] == 0
    assert shop.get("/").count("\n") == 1


def test_two_shops_do_not_share_a_folder(shop: RunningShop) -> None:
    """A second shop in the same folder ends with 2 and says why."""
    call = [sys.executable, "-m", "bot.playground.shop", "--folder", str(shop.folder), "--port", "0"]
    second = subprocess.run(call, capture_output=True, text=True, timeout=10, check=False)
    assert second.returncode == 2
    assert "another shop works in" in second.stderr


def test_a_worker_that_is_stopped_gives_the_lock_back_first(tmp_path: Path) -> None:
    """Stopping waits for the worker that reserves stock, so no lock stays behind."""
    config = parse({**DEFAULT, "orders_per_second": 50}, sha256="")
    lock = PoolLock(tmp_path / "pool.lock")
    pool = OrderPool(lock, lambda: config, CheckoutStats(), reserve_s=0.3)
    pool.start()
    while lock.holder() is None:
        time.sleep(0.005)
    pool.stop()
    assert lock.holder() is None


def test_an_orderly_end_leaves_no_lock_and_a_kill_does_not_block_the_next_start(shop: RunningShop) -> None:
    """SIGTERM ends with 0 and leaves neither lock nor pid file; after kill -9 the shop starts again."""
    shop.until(lambda: shop.health()["checkout"]["per_second"] > 0, "an order is served")
    assert shop.stop() == 0
    assert not list((shop.folder / "run").iterdir())
    shop.start()
    shop.stop(signal.SIGKILL)
    PoolLock(shop.folder / "run" / "pool.lock").release()
    shop.start()
    assert shop.until_status("ok")["pid"] == shop.process.pid
