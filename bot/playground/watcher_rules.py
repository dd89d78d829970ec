"""The watcher's rules: from one reading of the shop's /health to the alerts that it justifies. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Reading = dict[str, Any] | None
"""What /health answered; None when nobody answered."""

KEEP_S = 1.0
QUEUE_LONG, FAILED_MUCH = 8, 0.2
MAILS_MANY, MAIL_LATE_S = 15, 4.0
CONNECTIONS_MANY, REFUSED_MUCH = 8, 0.2


@dataclass(frozen=True)
class Rule:
    """One alert rule: it fires once `holds` was true for `after_s`, and describes itself from a reading."""

    name: str
    severity: str
    service: str
    after_s: float
    expr: str
    summary: str
    describe: Callable[[dict[str, Any]], str]
    holds: Callable[[dict[str, Any]], bool]

    @property
    def runbook_url(self) -> str:
        """Where its runbook stands: `ShopOrdersStuck` is `shop-orders-stuck`."""
        slug = "".join(f"-{c.lower()}" if c.isupper() else c for c in self.name).lstrip("-")
        return f"https://runbooks.shop.example/{slug}"


def _stuck(health: dict[str, Any]) -> bool:
    pool = health["pool"]
    return bool(pool["queue"] > QUEUE_LONG and pool["lock"]["held"] and pool["lock"]["age_s"] > 1.5)


def _describe_stuck(health: dict[str, Any]) -> str:
    pool, lock = health["pool"], health["pool"]["lock"]
    return (
        f"{pool['queue']} orders and {pool['waiting']} of {pool['workers']} workers wait for run/pool.lock, "
        f"held by pid {lock['pid']} for {lock['age_s']:.1f} s."
    )


RULES = (
    Rule(
        name="ShopOrdersStuck",
        severity="critical",
        service="shop-orders",
        after_s=0.5,
        expr=f"shop_queue_orders > {QUEUE_LONG} and shop_lock_age_seconds > 1.5",
        summary="Orders are not being processed: the worker pool waits for its lock",
        describe=_describe_stuck,
        holds=_stuck,
    ),
    Rule(
        name="ShopOrdersSlow",
        severity="warning",
        service="shop-orders",
        after_s=0.5,
        expr="shop_oldest_order_seconds > 3",
        summary="Orders wait too long before a worker takes them",
        describe=lambda h: (
            f"The oldest order has waited {h['pool']['oldest_s']:.1f} s; {h['pool']['queue']} are queued."
        ),
        holds=lambda h: bool(h["pool"]["oldest_s"] > 3),
    ),
    Rule(
        name="ShopCheckoutErrors",
        severity="critical",
        service="shop-checkout",
        after_s=1.0,
        expr=f"shop_checkout_failed_share > {FAILED_MUCH}",
        summary="Checkouts fail when payment is taken",
        describe=lambda h: (
            f"{h['checkout']['failed_share']:.0%} of checkouts failed in the last seconds, at "
            f"{h['checkout']['per_second']:.1f} checkouts a second; configuration {h['config']['version']}."
        ),
        holds=lambda h: bool(h["checkout"]["failed_share"] > FAILED_MUCH),
    ),
    Rule(
        name="ShopMailQueueGrowing",
        severity="warning",
        service="shop-mail",
        after_s=0.5,
        expr=f"shop_mail_queue > {MAILS_MANY}",
        summary="Confirmation mails pile up",
        describe=lambda h: (
            f"{h['mail']['queue']} mails wait, the oldest for {h['mail']['oldest_s']:.1f} s; orders go on."
        ),
        holds=lambda h: bool(h["mail"]["queue"] > MAILS_MANY),
    ),
    Rule(
        name="ShopMailStuck",
        severity="critical",
        service="shop-mail",
        after_s=0.5,
        expr=f"shop_mail_queue > {MAILS_MANY} and shop_mail_oldest_seconds > {MAIL_LATE_S:g}",
        summary="Confirmation mails do not leave: the one at the head of the queue stays",
        describe=lambda h: (
            f"No mail has left for {h['mail']['oldest_s']:.1f} s while {h['mail']['queue']} wait; "
            f"{h['mail']['sent']} were sent since the start."
        ),
        holds=lambda h: bool(h["mail"]["queue"] > MAILS_MANY and h["mail"]["oldest_s"] > MAIL_LATE_S),
    ),
    Rule(
        name="ShopConnectionsHigh",
        severity="warning",
        service="shop-database",
        after_s=0.5,
        expr=f"shop_connections_in_use >= {CONNECTIONS_MANY}",
        summary="Nearly all connections to the database are in use",
        describe=lambda h: f"{h['connections']['in_use']} of {h['connections']['size']} are in use.",
        holds=lambda h: bool(h["connections"]["in_use"] >= CONNECTIONS_MANY),
    ),
    Rule(
        name="ShopConnectionsExhausted",
        severity="critical",
        service="shop-database",
        after_s=0.5,
        expr=f"shop_connections_refused_share > {REFUSED_MUCH}",
        summary="Orders are given up because no connection to the database is free",
        describe=lambda h: (
            f"{h['connections']['refused_share']:.0%} of orders were given up in the last seconds; "
            f"{h['connections']['in_use']} of {h['connections']['size']} connections are in use."
        ),
        holds=lambda h: bool(h["connections"]["refused_share"] > REFUSED_MUCH),
    ),
)

DOWN = Rule(
    name="ShopDown",
    severity="critical",
    service="shop",
    after_s=1.5,
    expr='up{job="shop"} == 0',
    summary="The shop does not answer",
    describe=lambda h: f"GET /health has had no answer for {h['silent_s']:.0f} s.",
    holds=lambda h: False,
)


@dataclass
class RuleState:
    """Where one rule stands; times in seconds of the caller's clock, None for not so."""

    true_since: float | None = None
    true_last: float | None = None
    fired_at: float | None = None

    def observe(self, holds: bool, after_s: float, now: float) -> bool:
        """Take one observation in; whether the alert fires now. It stays for 1 s after it last held."""
        if holds:
            self.true_since = now if self.true_since is None else self.true_since
            self.true_last = now
        elif self.fired_at is None or self.true_last is None or now - self.true_last >= KEEP_S:
            self.true_since = self.true_last = self.fired_at = None
        if self.fired_at is None and self.true_since is not None and now - self.true_since >= after_s:
            self.fired_at = now
        return self.fired_at is not None
