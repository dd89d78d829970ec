"""Where an alert is and what it is about, read off its typed fields and the labels that monitoring commonly
sets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.alert import Alert
from bot.triage.template import name_template

SERVICES = (
    "service",
    "service_name",
    "app_kubernetes_io_name",
    "app",
    "application",
    "deployment",
    "statefulset",
    "daemonset",
    "workload",
    "component",
    "job_name",
    "cronjob",
)
UNITS = ("pod", "pod_name", "container_id", "container", "task", "replica", "component")
HOSTS = ("node", "host", "hostname", "nodename", "node_name", "kubernetes_node", "exported_node", "server")
PEERS = (
    "peer",
    "peer_service",
    "destination",
    "destination_service",
    "destination_service_name",
    "upstream",
    "upstream_service",
    "target_service",
    "depends_on",
    "backend",
)
"""Labels by which an alert itself says whom its service calls."""

_REPLICA = re.compile(r"(?:-[0-9a-f]{8,10})?-[0-9a-z]{5}$|-\d+$")
_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class Traits:
    """What correlation looks at; an empty text where it is not known. `peers` are services that it names."""

    name: str
    service: str
    host: str
    unit: str
    environment: str
    peers: tuple[str, ...] = ()


def traits_of(alert: Alert) -> Traits:
    """Read them off; an alert of a host alone has no service."""
    labels = alert.labels
    unit = _first(labels.get(key) for key in UNITS)
    host = _first(labels.get(key) for key in HOSTS)
    instance = _PORT.sub("", labels.get("instance", ""))
    service = _first([alert.service if _is_of_a_service(alert) else "", *(labels.get(k) for k in SERVICES)])
    if service and service == unit:
        service = service_of(unit)
    service = service or service_of(unit)
    if not host and not unit:
        host = instance
    peers = dict.fromkeys(service_of(labels[key]) for key in PEERS if labels.get(key))
    peers.pop(service, None)
    return Traits(name_template(alert.name), service, host, unit or instance, alert.environment, tuple(peers))


def service_of(unit: str) -> str:
    """The service that a pod or replica belongs to, by the common ways of naming them: `web-7d4b9c-x2x9z`,
    `web-2`."""
    return _REPLICA.sub("", unit) if unit else ""


def _is_of_a_service(alert: Alert) -> bool:
    """Not where the sender only gave the exporter's job, as for the hosts themselves."""
    labels = alert.labels
    if labels.get("job") != alert.service or labels.get("service"):
        return True
    return any(labels.get(key) for key in UNITS) or not any(labels.get(key) for key in HOSTS)


def _first(values: Iterable[str | None]) -> str:
    return next((value for value in values if value), "")
