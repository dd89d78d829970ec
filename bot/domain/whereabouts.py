"""Which of several alike alerts one is: the labels that differ among them, and those that say a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.quiet import StoredAlert
from bot.domain.records import SeenAlert

PLACES = (
    *("host", "hostname", "node", "nodename", "instance", "pod", "container", "device", "mountpoint"),
    *("volume", "interface", "database", "queue", "topic", "partition", "shard", "url", "endpoint", "target"),
    *("namespace", "cluster", "zone", "region", "heartbeat"),
)
"""Labels that say where, in the order in which people want to know it."""
MOST = 5
_SILENT = frozenset({"alertname", "severity", "priority", "service", "environment", "env"})
"""Said elsewhere, or how bad it is; they tell two alerts apart only where they differ."""
_SOURCES = ("generatorURL", "panelURL", "dashboardURL", "url")


def whereabouts(labels: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """For the labels of each alert those that tell it from the others, then those that say where, five at
    most.
    """
    names = sorted({name for own in labels for name in own}, key=_rank)
    differing = [name for name in names if len({own.get(name, "") for own in labels}) > 1]
    same = [name for name in names if name in PLACES and name not in differing]
    return [_chosen(own, [*differing, *same]) for own in labels]


def by_alert(alerts: Sequence[SeenAlert]) -> dict[int, dict[str, str]]:
    """By its number, what tells each alert from the others of its name, and where it is."""
    where = _among_named([(alert.name, alert.labels) for alert in alerts])
    return {alert.id: own for alert, own in zip(alerts, where, strict=True)}


def by_delivery(deliveries: Sequence[StoredAlert]) -> list[dict[str, str]]:
    """The same for deliveries, in their order."""
    return _among_named([(one.name, one.labels) for one in deliveries])


def _among_named(alerts: Sequence[tuple[str, Mapping[str, str]]]) -> list[dict[str, str]]:
    places: dict[str, list[int]] = {}
    for place, (name, _labels) in enumerate(alerts):
        places.setdefault(name, []).append(place)
    found: list[dict[str, str]] = [{}] * len(alerts)
    for same in places.values():
        for place, where in zip(same, whereabouts([alerts[n][1] for n in same]), strict=True):
            found[place] = where
    return found


def said(where: Mapping[str, str]) -> str:
    """`host=db-1, mountpoint=/data`."""
    return ", ".join(f"{name}={value}" for name, value in where.items())


def source_of(origin: Mapping[str, str]) -> str:
    """Where its sender shows it, as the sender wrote it; empty where it does not say."""
    return next((origin[name] for name in _SOURCES if origin.get(name)), "")


def _chosen(labels: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    found = [name for name in names if labels.get(name)]
    return {name: labels[name] for name in found[:MOST]}


def _rank(name: str) -> tuple[bool, int, str]:
    """Places first, in their order; what is said elsewhere last."""
    place = PLACES.index(name) if name in PLACES else len(PLACES)
    return name in _SILENT, place, name
