"""The shop's health as the few numbers that people look at, each with whether it is bad. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.playground.watcher_rules import (
    CONNECTIONS_MANY,
    FAILED_MUCH,
    MAILS_MANY,
    QUEUE_LONG,
    REFUSED_MUCH,
)


def numbers(health: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name, value, unit and `bad` of each number, from one answer of /health; every fault moves one at least.

    A number is bad where the watcher's rule for it holds, so that the page and the alerts agree.
    """
    pool, checkout = health["pool"], health["checkout"]
    connections, mail = health["connections"], health["mail"]
    size, used = connections["size"], connections["in_use"]
    return [
        _number("Orders waiting", pool["queue"], "", bad=pool["queue"] > QUEUE_LONG),
        _number("Checkouts failing", *_percent(checkout["failed_share"], FAILED_MUCH)),
        _number("Mails waiting", mail["queue"], "", bad=mail["queue"] > MAILS_MANY),
        _number("Connections in use", used, f"of {size}", bad=used >= CONNECTIONS_MANY),
        _number("Orders given up", *_percent(connections["refused_share"], REFUSED_MUCH)),
    ]


def _percent(share: float, much: float) -> tuple[int, str, bool]:
    return round(share * 100), "%", share > much


def _number(name: str, value: int, unit: str, bad: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "bad": bad}
