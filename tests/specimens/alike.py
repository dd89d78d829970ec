"""Alerts that read alike."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.records import SeenAlert
from tests.specimens import values
from tests.specimens.voices import ORDINARY


def alike() -> list[SeenAlert]:
    """Instances that are down, and a disk that is full: only labels tell these from each other."""
    (first,) = values.alerts(ORDINARY)[:1]
    labels = {"alertname": "InstanceDown", "job": "node", "datacenter": "east"}
    down = replace(first, name="InstanceDown", summary="It does not answer", description="", annotations={})
    disk = {"instance": "db-1:9100", "mountpoint": "/var/lib/data"}
    return [
        *(replace(down, id=n, labels=labels | {"instance": f"web-{n}:9100"}) for n in range(6)),
        replace(down, id=99, name="NodeFull", summary="99% full", description=values.LOCK, labels=disk),
    ]
