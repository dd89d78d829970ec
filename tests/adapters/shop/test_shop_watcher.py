"""The watcher notifies a real receiver exactly as Alertmanager does, and loses nothing while it is away."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.playground.faults import break_shop
from bot.playground.watcher import Watcher
from bot.playground.watcher_delivery import Delivery
from bot.playground.watcher_wire import fingerprint

if TYPE_CHECKING:
    from tests.adapters.shop.conftest import Receiver, RunningShop

PROJECT = Path(__file__).resolve().parents[3]
PAYLOAD_KEYS = {
    "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
    "commonAnnotations", "externalURL", "alerts",
}  # fmt: skip
ALERT_KEYS = {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}


@contextmanager
def watching(shop: RunningShop, receiver: Receiver) -> Iterator[Delivery]:
    """A watcher at work, five rounds a second, repeating twice a second."""
    delivery, stop = Delivery(receiver.url, "the-token", longest_pause_s=0.5), threading.Event()
    watcher = Watcher(shop.url, delivery, repeat_s=0.5)
    thread = threading.Thread(target=watcher.run, args=(stop, 0.2))
    thread.start()
    try:
        yield delivery
    finally:
        stop.set()
        thread.join()


def names(body: dict[str, Any]) -> set[str]:
    """Names of a payload's alerts."""
    return {alert["labels"]["alertname"] for alert in body["alerts"]}


def check_shape(body: dict[str, Any]) -> None:
    """A payload has Alertmanager's fields, all of them and no other."""
    assert body.keys() == PAYLOAD_KEYS
    assert body["version"] == "4"
    assert body["truncatedAlerts"] == 0
    for alert in body["alerts"]:
        assert alert.keys() == ALERT_KEYS
        assert alert["labels"].keys() == {"alertname", "severity", "service", "instance", "environment"}
        assert alert["fingerprint"] == fingerprint(alert["labels"])
        assert datetime.fromisoformat(alert["startsAt"]).tzinfo is not None
        firing = alert["endsAt"] == "0001-01-01T00:00:00Z"
        assert firing == (alert["status"] == "firing")
        for common in ("commonLabels", "commonAnnotations"):
            whole = alert["labels"] | alert["annotations"]
            assert body[common].items() <= whole.items()


def test_a_stuck_pool_is_told_repeated_and_resolved(shop: RunningShop, receiver: Receiver) -> None:
    """ShopOrdersStuck fires, repeats with new numbers under one fingerprint, and is resolved once."""
    with watching(shop, receiver):
        break_shop(shop.folder, "stale_lock")
        stuck = "ShopOrdersStuck"
        shop.until(lambda: sum(stuck in names(b) for b in receiver.of("shop-orders")) >= 3, "it repeats")
        assert shop.said("clear_stale_lock.py")["changed"]
        shop.until(lambda: receiver.of("shop-orders")[-1]["status"] == "resolved", "it is resolved")
    bodies = receiver.of("shop-orders")
    for body in receiver.bodies:
        check_shape(body)
    alerts = [a for body in bodies for a in body["alerts"] if a["labels"]["alertname"] == stuck]
    assert alerts[0]["labels"]["severity"] == "critical"
    assert alerts[0]["annotations"]["runbook_url"] == "https://runbooks.shop.example/shop-orders-stuck"
    assert len({alert["fingerprint"] for alert in alerts}) == 1
    assert len({alert["startsAt"] for alert in alerts}) == 1
    assert len({alert["annotations"]["description"] for alert in alerts}) >= 3
    assert [alert["status"] for alert in alerts].count("resolved") == 1
    assert {header["Authorization"] for header in receiver.headers} == {"Bearer the-token"}
    assert names(receiver.bodies[0]) == {"Watchdog"}


def test_failing_checkouts_are_told_and_a_receiver_that_was_away_gets_all(
    shop: RunningShop, receiver: Receiver
) -> None:
    """What fired and ended while the receiver answered 503 arrives afterwards, in order."""
    receiver.status = 503
    with watching(shop, receiver) as delivery:
        break_shop(shop.folder, "bad_config")
        shop.until(lambda: len(delivery) >= 2, "the alert waits beside the heartbeat")
        shop.said("restore_last_good_config.py")
        shop.until(lambda: len(delivery) >= 3, "the resolved notice waits too", seconds=10)
        receiver.status = 200
        shop.until(lambda: not len(delivery), "all is sent")
    assert receiver.refused >= 1
    told = [body["status"] for body in receiver.of("shop-checkout")]
    assert told == ["firing", "resolved"]
    assert names(receiver.of("shop-checkout")[0]) == {"ShopCheckoutErrors"}


def reading(
    queue: int = 0,
    lock_age: float = 0.0,
    failed: float = 0.0,
    mails: tuple[int, float] = (0, 0.0),
    connections: tuple[int, float] = (0, 0.0),
) -> dict[str, Any]:
    """One answer of /health."""
    lock = {"held": lock_age > 0, "pid": 7, "age_s": lock_age, "holder_alive": False}
    pool = {"workers": 4, "waiting": 4, "queue": queue, "oldest_s": 0.0, "lock": lock}
    return {
        "pool": pool,
        "checkout": {"failed_share": failed, "per_second": 6.0},
        "config": {"version": "1"},
        "mail": {"queue": mails[0], "oldest_s": mails[1], "failed_attempts": 0, "sent": 3},
        "connections": {"size": 10, "in_use": connections[0], "refused_share": connections[1]},
    }


class Spoken:
    """A watcher stepped by hand; keeps what it would have sent, without the heartbeat."""

    def __init__(self) -> None:
        self.delivery = Delivery("http://127.0.0.1:9/", "t")
        self.watcher = Watcher("http://127.0.0.1:9", self.delivery)

    def after(self, *steps: tuple[float, dict[str, Any] | None]) -> list[tuple[str, str]]:
        """(service, status) of each notice queued by readings at these seconds."""
        for at, one in steps:
            self.watcher.step(one, time.monotonic() + at)
        queued = [(b["groupLabels"]["service"], b["status"]) for b in self.delivery.pending]
        return [one for one in queued if one[0] != "shop-watch"]


def test_a_moment_is_not_an_alert() -> None:
    """A rule that holds for one reading only says nothing."""
    bad = reading(queue=50, lock_age=9, failed=0.9)
    assert Spoken().after((0, bad), (0.3, reading()), (0.6, bad), (0.9, reading())) == []


def test_a_dip_does_not_resolve() -> None:
    """An alert that stops holding for one reading stays; after a second without it, it is resolved."""
    bad, told = reading(queue=50, lock_age=9), Spoken()
    assert told.after((0, bad), (0.6, bad), (0.9, reading()), (1.2, bad)) == [("shop-orders", "firing")]
    assert told.after((3.0, reading()))[-1] == ("shop-orders", "resolved")


def test_a_resolved_notice_keeps_the_words_of_the_alert() -> None:
    """The numbers of a resolved alert are those of the last time that it held, not of the repaired shop."""
    bad, told = reading(queue=50, lock_age=9), Spoken()
    steps = ((0.0, bad), (0.6, bad), (0.9, reading()), (5.0, reading()), (6.2, reading()))
    assert told.after(*steps)[-1] == ("shop-orders", "resolved")
    (alert,) = told.delivery.pending[-1]["alerts"]
    assert alert["annotations"]["description"].startswith("50 orders")


def test_silence_is_an_alert_of_its_own_and_resolves_nothing() -> None:
    """No answer fires ShopDown and leaves what fired before as it was; an answer ends ShopDown."""
    bad, told = reading(failed=0.5), Spoken()
    steps = [(0.0, bad), (1.1, bad), (1.6, None), (2.5, None), (3.4, None)]
    assert told.after(*steps) == [("shop-checkout", "firing"), ("shop", "firing")]
    assert told.after((4.5, bad)) == [("shop-checkout", "firing"), ("shop", "firing"), ("shop", "resolved")]


def test_a_living_lock_without_a_queue_is_no_alert() -> None:
    """A long-held lock alone, or a queue alone, is not a stuck pool."""
    for one in (reading(queue=3, lock_age=20), reading(queue=90, lock_age=0.2)):
        assert Spoken().after((0, one), (2, one)) == []


def test_mails_and_connections_are_told_by_their_own_service_and_rise() -> None:
    """A long queue or many connections warn first; what stops mails or orders is critical, same group."""
    for service, low, high in (
        ("shop-mail", reading(mails=(20, 2.0)), reading(mails=(40, 6.0))),
        ("shop-database", reading(connections=(8, 0.0)), reading(connections=(10, 0.5))),
    ):
        told = Spoken()
        assert told.after((0, low), (0.6, low), (0.9, high), (1.5, high)) == [(service, "firing")] * 2
        first, second = (
            body["alerts"] for body in told.delivery.pending if body["groupLabels"] == {"service": service}
        )
        assert {alert["labels"]["severity"] for alert in first} == {"warning"}
        assert {alert["labels"]["severity"] for alert in second} == {"warning", "critical"}


def test_a_refusal_for_good_is_dropped_and_said(
    receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    """401 will not turn into 200 by asking again: said on standard error, then the next one is tried."""
    receiver.status = 401
    delivery = Delivery(receiver.url, "wrong")
    delivery.add({"groupKey": "a"})
    delivery.add({"groupKey": "b"})
    delivery.flush(0.0)
    assert (len(delivery), delivery.dropped, receiver.refused) == (0, 2, 2)
    assert "401" in capsys.readouterr().err


def test_fingerprint_is_prometheus_own() -> None:
    """64-bit FNV-1a: the offset basis for no labels, and no dependence on the order of labels."""
    assert fingerprint({}) == "cbf29ce484222325"
    one, other = fingerprint({"a": "1", "b": "2"}), fingerprint({"b": "2", "a": "1"})
    assert one == other
    assert one != fingerprint({"a": "1b", "": "2"})


def test_the_program_sends_a_heartbeat_and_ends_in_order(
    shop: RunningShop, receiver: Receiver, tmp_path: Path
) -> None:
    """The command line sends the Watchdog at once and ends with 0 at SIGTERM."""
    token = tmp_path / "token"
    token.write_text("the-token\n")
    call = [sys.executable, "-m", "bot.playground.watcher", "--shop", shop.url, "--to", receiver.url]
    with subprocess.Popen([*call, "--token-file", str(token)], cwd=PROJECT) as process:
        shop.until(lambda: receiver.bodies, "the heartbeat arrives")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    assert names(receiver.bodies[0]) == {"Watchdog"}
    assert receiver.headers[0]["Authorization"] == "Bearer the-token"
    missing = subprocess.run(
        [*call, "--token-file", str(tmp_path / "none")],
        cwd=PROJECT,
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert missing.returncode == 2
    assert b"none" in missing.stderr
