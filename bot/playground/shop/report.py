"""What the shop says of itself: the JSON of /health and the text of /metrics, made from one reading."""

from __future__ import annotations

from typing import Any

LOCK_SLOW_S = 1.0
ORDER_SLOW_S = 2.0
FAILED_SHARE = 0.1


def status(pool: dict[str, Any], failed_share: float) -> str:
    """`degraded` when the lock or an order is held too long or too many checkouts fail, else `ok`."""
    stuck = pool["lock"]["age_s"] > LOCK_SLOW_S or pool["oldest_s"] > ORDER_SLOW_S
    return "degraded" if stuck or failed_share > FAILED_SHARE else "ok"


def metrics(health: dict[str, Any], totals: dict[str, int]) -> str:
    """One health reading and the totals of orders by result, in Prometheus' text format."""
    pool, lock, config = health["pool"], health["pool"]["lock"], health["config"]
    gauges = {
        "shop_queue_orders": ("Orders in the queue.", pool["queue"]),
        "shop_oldest_order_seconds": ("Age of the oldest order not yet served.", pool["oldest_s"]),
        "shop_workers_waiting": ("Workers that wait for the pool's lock.", pool["waiting"]),
        "shop_lock_held": ("1 while the pool's lock is held.", int(lock["held"])),
        "shop_lock_age_seconds": ("How long the pool's lock has been held.", lock["age_s"]),
        "shop_checkout_failed_share": ("Share of failed checkouts.", health["checkout"]["failed_share"]),
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
