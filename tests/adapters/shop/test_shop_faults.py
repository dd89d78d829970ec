"""The shop breaks for real, from the outside, and each repair and each undo works on the real process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.playground.faults import FAULTS, FaultNotMadeError, active_faults, break_shop, mend_by_hand
from bot.playground.shop.checkout import CheckoutStats
from bot.playground.shop.clock import start_ticks
from bot.playground.shop.config import DEFAULT, parse
from bot.playground.shop.connections import Connections
from bot.playground.shop.lock import PoolLock
from bot.playground.shop.mail import MailQueue
from bot.playground.shop.pool import Backend, OrderPool
from bot.playground.shop.receipts import Receipts
from bot.playground.shop_numbers import numbers
from bot.playground.watcher_rules import DOWN, RULES

if TYPE_CHECKING:
    from tests.adapters.shop.conftest import RunningShop


def test_stale_lock_stops_orders_clearing_repairs_and_undo_breaks_again(shop: RunningShop) -> None:
    """A lock whose holder was killed stops all work; moving it away repairs; putting it back undoes that."""
    break_shop(shop.folder, "stale_lock")
    shop.until(lambda: shop.health()["pool"]["queue"] > 8, "the queue grows")
    shop.until(lambda: shop.health()["pool"]["waiting"] == 4, "every worker waits")
    broken = shop.until_status("degraded")
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


def test_a_poison_mail_holds_up_the_rest_parking_repairs_and_undo_breaks_again(shop: RunningShop) -> None:
    """One mail that cannot be read stops all mails, no order; parked, the rest leaves; the undo stops it."""
    break_shop(shop.folder, "poison_mail")
    shop.until(lambda: shop.health()["mail"]["queue"] > 15, "mails pile up")
    broken = shop.health()
    assert broken["status"] == "degraded"
    assert bad(broken) == {"Mails waiting"}
    assert broken["checkout"]["failed_share"] == 0
    shop.until(lambda: shop.said("mail_head.py")["stuck"], "it was tried three times")
    state = shop.said("mail_head.py")
    assert "can't decode byte" in state["error"]
    assert active_faults(shop.folder) == ["poison_mail"]
    assert not shop.said("parked_mail.py")["parked"]
    assert shop.said("park_mail.py")["moved_to"].endswith(f"parked/{state['head']}")
    assert shop.said("parked_mail.py")["last"] == state["head"]
    assert shop.until_status("ok")["process"] == broken["process"]
    assert shop.health()["mail"]["sent"] > broken["mail"]["sent"] + 15
    assert active_faults(shop.folder) == []
    assert shop.said("put_back_mail.py")["changed"]
    shop.until(
        lambda: (head := shop.said("mail_head.py"))["stuck"] and head["identity"] == state["identity"],
        "the same mail holds up the rest again",
    )


def test_leaked_connections_stop_orders_and_ending_the_report_repairs(shop: RunningShop) -> None:
    """A report that closes nothing takes every connection; orders are given up until it has ended."""
    said = break_shop(shop.folder, "leaked_connections")
    shop.until(lambda: shop.health()["connections"]["refused_share"] > 0.2, "orders are given up")
    broken = shop.health()
    assert broken["status"] == "degraded"
    assert bad(broken) == {"Connections in use", "Orders given up"}
    state = shop.said("leak_state.py")
    assert (state["leaking"], state["program"]) == (True, "sales report")
    assert f"process {state['holder']}" in said
    assert active_faults(shop.folder) == ["leaked_connections"]
    log = shop.folder / "logs" / "shop.log"
    shop.until(lambda: "no database connection within 0.15 s, 10 of 10" in log.read_text(), "it is logged")
    assert shop.said("end_leaking_report.py")["ended"] == state["holder"]
    assert start_ticks(state["holder"]) is None
    assert not shop.said("leak_state.py")["leaking"]
    assert shop.until_status("ok")["process"] == broken["process"]
    assert bad(shop.health()) == set()


def test_the_leaking_report_ends_with_the_shop(shop: RunningShop) -> None:
    """Nothing that a fault started outlives the shop that it broke."""
    break_shop(shop.folder, "leaked_connections")
    shop.until(lambda: shop.said("leak_state.py")["leaking"], "it leaks")
    holder = shop.said("leak_state.py")["holder"]
    shop.stop(signal.SIGKILL)
    shop.until(lambda: start_ticks(holder) is None, "the report ends")


def test_lost_receipts_look_like_a_bad_configuration_and_end_by_hand(shop: RunningShop) -> None:
    """All checkouts fail with the configuration in place; no script of ours mends it, a person does."""
    break_shop(shop.folder, "lost_receipts")
    shop.until(lambda: shop.health()["checkout"]["failed_share"] > 0.2, "checkouts fail")
    assert bad(shop.health()) == {"Checkouts failing"}
    assert not shop.said("config_state.py")["differs"]
    assert not shop.said("restore_last_good_config.py")["changed"]
    assert active_faults(shop.folder) == ["lost_receipts"]
    assert (
        "receipt not written: No such file or directory" in shop.tool("log_tail.py", "--lines", "20").stdout
    )
    mend_by_hand(shop.folder, "lost_receipts")
    shop.until_status("ok")
    with pytest.raises(FaultNotMadeError, match="nothing to put back"):
        mend_by_hand(shop.folder, "lost_receipts")
    with pytest.raises(KeyError):
        mend_by_hand(shop.folder, "bad_config")


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
    assert active_faults(shop.folder) == []
    for name in FAULTS:
        break_shop(shop.folder, name)
        shop.until(lambda name=name: name in active_faults(shop.folder), f"{name} shows")  # type: ignore[misc]  # a lambda's default has no annotation
        with pytest.raises(FaultNotMadeError, match="first"):
            break_shop(shop.folder, name)
    assert active_faults(shop.folder) == list(FAULTS)
    shop.stop()
    with pytest.raises(FaultNotMadeError, match="start it first"):
        break_shop(shop.folder, "stale_lock")


def bad(health: dict[str, Any]) -> set[str]:
    """Names of the numbers that the page marks as bad."""
    return {number["name"] for number in numbers(health) if number["bad"]}


def test_faults_name_alerts_that_exist() -> None:
    """Every alert that a fault announces is one of the watcher's rules; only the unknown one ends by hand."""
    names = {rule.name for rule in (*RULES, DOWN)}
    assert {name for fault in FAULTS.values() for name in fault.alerts} <= names
    assert [name for name, fault in FAULTS.items() if not fault.known] == ["lost_receipts"]
    assert all(bool(fault.by_hand) != fault.known for fault in FAULTS.values())


def test_the_command_line_breaks_and_mends(shop: RunningShop) -> None:
    """As the README says: 0 and what was done, 1 and why not, 2 where a remedy exists."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "bot.playground.faults", "--folder", str(shop.folder), *args]
        return subprocess.run(call, capture_output=True, text=True, timeout=20, check=False)

    made = run("lost_receipts")
    assert (made.returncode, made.stderr) == (0, "")
    assert "moved away" in made.stdout
    again = run("lost_receipts")
    assert again.returncode == 1
    assert "gone already" in again.stderr
    mended = run("--by-hand", "lost_receipts")
    assert (mended.returncode, mended.stderr) == (0, "")
    refused = run("--by-hand", "bad_config")
    assert refused.returncode == 2
    assert "sign it in Vigie" in refused.stderr


def test_a_healthy_shop_has_no_bad_number(shop: RunningShop) -> None:
    """Five numbers with names and units, all of them fine."""
    shop.until(lambda: shop.health()["mail"]["sent"] > 0, "a mail is sent")
    shown = numbers(shop.health())
    assert [number["name"] for number in shown] == [
        "Orders waiting", "Checkouts failing", "Mails waiting", "Connections in use", "Orders given up",
    ]  # fmt: skip
    assert not any(number["bad"] for number in shown)


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
    backend = Backend(Connections(tmp_path, "shop"), Receipts(tmp_path), MailQueue(tmp_path))
    pool = OrderPool(lock, lambda: config, CheckoutStats(), backend, reserve_s=0.3)
    pool.start()
    while lock.holder() is None:
        time.sleep(0.005)
    pool.stop()
    assert lock.holder() is None


def test_an_orderly_end_leaves_no_lock_and_a_kill_does_not_block_the_next_start(shop: RunningShop) -> None:
    """SIGTERM ends with 0 and leaves neither lock nor pid file; after kill -9 the shop starts again."""
    shop.until(lambda: shop.health()["checkout"]["per_second"] > 0, "an order is served")
    assert shop.stop() == 0
    assert [entry.name for entry in (shop.folder / "run").iterdir()] == ["connections"]
    assert Connections(shop.folder, "test").in_use() == 0
    shop.start()
    shop.stop(signal.SIGKILL)
    PoolLock(shop.folder / "run" / "pool.lock").release()
    shop.start()
    assert shop.until_status("ok")["pid"] == shop.process.pid
