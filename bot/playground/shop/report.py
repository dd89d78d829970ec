"""What the shop says of itself: the JSON of /health and the text of /metrics, made from one reading."""

from __future__ import annotations

from typing import Any

from bot.playground.shop.mail import STUCK_AFTER

LOCK_SLOW_S = 1.0
ORDER_SLOW_S = 2.0
FAILED_SHARE = 0.1
MAILS_MANY = 12


def status(parts: dict[str, Any], failed_share: float) -> str:
    """`degraded` when orders, connections or mails are held up or too many checkouts fail, else `ok`."""
    pool, connections, mail = parts["pool"], parts["connections"], parts["mail"]
    signs = (
        pool["lock"]["age_s"] > LOCK_SLOW_S,
        pool["oldest_s"] > ORDER_SLOW_S,
        connections["refused_share"] > FAILED_SHARE,
        connections["in_use"] >= connections["size"],
        mail["queue"] > MAILS_MANY,
        mail["failed_attempts"] >= STUCK_AFTER,
        failed_share > FAILED_SHARE,
    )
    return "degraded" if any(signs) else "ok"


def metrics(health: dict[str, Any], totals: dict[str, int]) -> str:
    """One health reading and the totals of orders by result, in Prometheus' text format."""
    pool, lock, config = health["pool"], health["pool"]["lock"], health["config"]
    connections, mail = health["connections"], health["mail"]
    gauges = {
        "shop_queue_orders": ("Orders in the queue.", pool["queue"]),
        "shop_oldest_order_seconds": ("Age of the oldest order not yet served.", pool["oldest_s"]),
        "shop_workers_waiting": ("Workers that wait for the pool's lock.", pool["waiting"]),
        "shop_lock_held": ("1 while the pool's lock is held.", int(lock["held"])),
        "shop_lock_age_seconds": ("How long the pool's lock has been held.", lock["age_s"]),
        "shop_checkout_failed_share": ("Share of failed checkouts.", health["checkout"]["failed_share"]),
        "shop_connections_in_use": ("Database connections in use.", connections["in_use"]),
        "shop_connections_refused_share": (
            "Share of orders without a connection.",
            connections["refused_share"],
        ),
        "shop_mail_queue": ("Confirmation mails that wait.", mail["queue"]),
        "shop_mail_oldest_seconds": ("Age of the oldest mail that waits.", mail["oldest_s"]),
    }
    lines = []
    for name, (text, value) in gauges.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {value}"]
    lines += ["# HELP shop_orders_total Orders by result.", "# TYPE shop_orders_total counter"]
    lines += [f'shop_orders_total{{result="{result}"}} {count}' for result, count in totals.items()]
    lines += ["# HELP shop_config_info The configuration in use.", "# TYPE shop_config_info gauge"]
    version = config["version"].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines.append(f'shop_config_info{{version="{version}",sha256="{config["sha256"]}"}} 1')
    return "\n".join(lines) + "\n"
