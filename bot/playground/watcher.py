"""The watcher: polls the shop's /health, applies the rules, and notifies a webhook as Alertmanager does.

`python -m bot.playground.watcher --shop URL --to WEBHOOK_URL --token-file FILE [--every 0.5]`
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bot.playground.watcher_delivery import Delivery, direct_opener
from bot.playground.watcher_rules import DOWN, RULES, Reading, Rule, RuleState
from bot.playground.watcher_wire import WireAlert, payload

REPEAT_S = 4.0
HEARTBEAT_S = 10.0
POLL_TIMEOUT_S = 1.0
NEEDED = {"pool", "checkout", "config", "connections", "mail"}


class Watcher:
    """Watches one shop. `step` does one round and may be called by hand; `run` repeats it."""

    def __init__(self, shop_url: str, delivery: Delivery, repeat_s: float = REPEAT_S) -> None:
        parts = urlsplit(shop_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"{shop_url!r} is no http address; give --shop http://HOST:PORT")
        self._url = shop_url.rstrip("/") + "/health"
        self._instance = parts.netloc
        self._delivery = delivery
        self._opener = direct_opener()
        self._repeat_s = repeat_s
        self._states = {rule.name: RuleState() for rule in (*RULES, DOWN)}
        self._firing: dict[str, dict[str, WireAlert]] = {}
        self._notified: dict[str, float] = {}
        self._started = datetime.now(UTC)
        self._began = time.monotonic()
        self._heartbeat_due = 0.0
        self._answered = self._began

    def run(self, stop: threading.Event, every_s: float = 0.5) -> None:
        """Do a round every `every_s` seconds until `stop` is set."""
        while not stop.is_set():
            now = time.monotonic()
            self.step(self.poll(), now)
            self._delivery.flush(now)
            stop.wait(max(0.0, every_s - (time.monotonic() - now)))

    def poll(self) -> Reading:
        """Ask the shop once; None when it gives no usable answer within a second."""
        try:
            with self._opener.open(self._url, timeout=POLL_TIMEOUT_S) as answer:
                reading: Any = json.load(answer)
        except (OSError, HTTPException, ValueError):
            return None
        return reading if isinstance(reading, dict) and reading.keys() >= NEEDED else None

    def step(self, reading: Reading, now: float) -> None:
        """Take one reading in and queue what it gives to say; `now` in monotonic seconds."""
        if reading is not None:
            self._answered = now
        firing = self._evaluate(reading, now)
        for service in {rule.service for rule in (*RULES, DOWN)}:
            self._notify(
                service, {name: a for name, a in firing.items() if a.labels["service"] == service}, now
            )
        if now >= self._heartbeat_due:
            self._heartbeat_due = now + HEARTBEAT_S
            self._heartbeat()

    def _evaluate(self, reading: Reading, now: float) -> dict[str, WireAlert]:
        firing: dict[str, WireAlert] = {}
        silent = {"silent_s": now - self._answered}
        if self._states[DOWN.name].observe(reading is None, DOWN.after_s, now):
            firing[DOWN.name] = self._alert(DOWN, silent)
        for rule in RULES:
            if reading is None:
                # No answer is no news: what fired before is not called resolved.
                firing |= {name: a for name, a in self._fired(rule).items() if name == rule.name}
            elif self._states[rule.name].observe(holds := rule.holds(reading), rule.after_s, now):
                # While it lingers, an alert keeps the words of the last time that it held.
                before = None if holds else self._fired(rule).get(rule.name)
                firing[rule.name] = before or self._alert(rule, reading)
        return firing

    def _fired(self, rule: Rule) -> dict[str, WireAlert]:
        return self._firing.get(rule.service, {})

    def _notify(self, service: str, firing: dict[str, WireAlert], now: float) -> None:
        before = self._firing.get(service, {})
        ended = {name: self._ended(alert) for name, alert in before.items() if name not in firing}
        changed = firing.keys() != before.keys()
        due = bool(firing) and now - self._notified.get(service, 0.0) >= self._repeat_s
        self._firing[service] = firing
        if not (changed or due):
            return
        notice = payload([*firing.values(), *ended.values()], service)
        self._notified[service] = now
        if changed or not self._delivery.waits_for(notice["groupKey"]):
            self._delivery.add(notice)

    def _heartbeat(self) -> None:
        labels = {"alertname": "Watchdog", "severity": "none", "service": "shop-watch"}
        annotations = {"summary": "Always fires: the way from the watcher to its receiver is open"}
        alert = self._wire(labels, annotations, self._started, "vector(1)")
        notice = payload([alert], "shop-watch")
        if not self._delivery.waits_for(notice["groupKey"]):
            self._delivery.add(notice)

    def _alert(self, rule: Rule, reading: dict[str, Any]) -> WireAlert:
        labels = {"alertname": rule.name, "severity": rule.severity, "service": rule.service}
        annotations = {
            "summary": rule.summary,
            "description": rule.describe(reading),
            "runbook_url": rule.runbook_url,
        }
        fired = self._states[rule.name].fired_at or self._began
        return self._wire(
            labels, annotations, self._started + timedelta(seconds=fired - self._began), rule.expr
        )

    def _wire(
        self, labels: dict[str, str], annotations: dict[str, str], starts_at: datetime, expr: str
    ) -> WireAlert:
        url = f"http://prometheus.shop.example/graph?g0.expr={quote(expr, safe='')}&g0.tab=1"
        named = labels | {"instance": self._instance, "environment": "demo"}
        return WireAlert(named, annotations, starts_at, None, url)

    @staticmethod
    def _ended(alert: WireAlert) -> WireAlert:
        return WireAlert(
            alert.labels, alert.annotations, alert.starts_at, datetime.now(UTC), alert.generator_url
        )


def main(argv: list[str] | None = None) -> int:
    """Watch until SIGTERM or SIGINT. Exit codes: 0 ended, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="watcher", description=__doc__, allow_abbrev=False)
    parser.add_argument("--shop", required=True, help="the shop's address, http://HOST:PORT")
    parser.add_argument("--to", required=True, help="the webhook's address")
    parser.add_argument("--token-file", type=Path, required=True, help="a file with the bearer token")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two readings")
    options = parser.parse_args(argv)
    try:
        token = options.token_file.read_text(encoding="ascii").strip()
        watcher = Watcher(options.shop, Delivery(options.to, token))
    except (OSError, ValueError) as error:
        print(f"watcher: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    watcher.run(stop, options.every)
    return 0


if __name__ == "__main__":
    sys.exit(main())
