"""Checkouts: the payment partner's stand-in, and the share of payments that failed lately."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque

from bot.playground.shop.config import Config

WINDOW_S = 4.0
PARTNER = "https://payments.partner.example/v2"
# What the partner takes to answer, in ms; a fixed round, so that two demos fail alike.
ANSWER_MS = (8, 30, 45, 12, 38, 50, 25, 33)


class PaymentError(Exception):
    """A payment did not go through; the message is what stands in the shop's log."""


class PaymentPartner:
    """Stands for the partner's API: answers after 8 to 50 ms at its one address."""

    def __init__(self) -> None:
        self._answers = itertools.cycle(ANSWER_MS)

    def pay(self, config: Config) -> float:
        """Pay one order and return the ms it took; PaymentError when nobody answers in time."""
        if config.payment_endpoint != PARTNER:
            raise PaymentError(f"payment endpoint {config.payment_endpoint} cannot be reached")
        takes, limit = next(self._answers), config.payment_timeout_ms
        time.sleep(min(takes, limit) / 1000)
        if takes > limit:
            raise PaymentError(f"payment timed out after {limit:g} ms (payment_timeout_ms={limit:g})")
        return takes


class CheckoutStats:
    """Outcomes of the last seconds and totals since the start; safe between threads."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, bool]] = deque()
        self._guard = threading.Lock()
        self.totals = {"done": 0, "failed": 0}

    def add(self, ok: bool) -> None:
        """Note one checkout that ended now."""
        with self._guard:
            self._recent.append((time.monotonic(), ok))
            self.totals["done" if ok else "failed"] += 1

    def count(self, since: float = 0.0) -> tuple[int, int]:
        """(checkouts, failed ones) within the window and not before `since` (monotonic seconds)."""
        now = time.monotonic()
        with self._guard:
            while self._recent and self._recent[0][0] < now - WINDOW_S:
                self._recent.popleft()
            outcomes = [ok for at, ok in self._recent if at >= since]
        return len(outcomes), outcomes.count(False)
