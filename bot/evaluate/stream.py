"""A stream of alert deliveries from a file: the service graph if it has one, and what is true of each, if
known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.alert import Alert
from bot.errors import BadInput
from bot.evaluate.lines import Line, read_lines
from bot.sources.alertmanager import parse
from bot.triage.topology import Topology, topology_of

_TIMES = ("at", "ts", "timestamp", "time", "received_at")
_NOT_LABELS = frozenset(
    {
        *_TIMES,
        "id",
        "status",
        "starts_at",
        "annotations",
        "labels",
        "truth",
        "topology",
        "message",
        "description",
    }
)
_NAMES = ("alertname", "name", "rule", "title")


@dataclass(frozen=True, slots=True)
class Truth:
    """For scoring only: the cause that it comes from (None: noise), what kind of alert it is, and how
    grave."""

    cause: str | None
    kind: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the file, as the product's own parser reads it."""

    id: str
    at: datetime
    alert: Alert
    series: tuple[object, ...]
    """Which beginning of which series it tells of: labels and start, as they stand in the file."""
    truth: Truth | None


@dataclass(frozen=True, slots=True)
class Stream:
    deliveries: tuple[Delivery, ...]
    topology: Topology | None


def read_stream(path: Path) -> Stream:
    """Read deliveries in the order of the file, and the graph of a line that has `topology` and no `id`.

    Raises:
        BadInput: a line is wrong; the message names it.
    """
    topology, deliveries = None, []
    for line in read_lines(path):
        if "topology" in line.fields and "id" not in line.fields:
            topology = topology_of(line.fields["topology"], f"{line.where}: topology")
        else:
            deliveries.append(_delivery(line))
    return Stream(tuple(deliveries), topology)


def _delivery(line: Line) -> Delivery:
    at = _time(line, next((name for name in _TIMES if name in line.fields), "at"))
    starts_at = _time(line, "starts_at") if line.fields.get("starts_at") is not None else None
    labels, annotations = _labels(line), _texts(line, "annotations")
    for name in ("message", "description"):
        if isinstance(line.fields.get(name), str):
            annotations.setdefault("description", line.fields[name])
    raw = {
        "status": line.fields.get("status", "firing"),
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts_at.isoformat() if starts_at else None,
    }
    try:
        (alert,) = parse({"version": "4", "alerts": [raw]}, at).alerts
    except BadInput as error:
        raise BadInput(f"{line.where}: {error}") from None
    series = (tuple(sorted(labels.items())), starts_at)
    return Delivery(line.text("id"), at, alert, series, _truth(line))


def _labels(line: Line) -> dict[str, str]:
    """The labels; where a line has none, every plain value of it that is none of ours is one."""
    if "labels" in line.fields:
        labels = _texts(line, "labels")
    else:
        plain = {
            k: v for k, v in line.fields.items() if k not in _NOT_LABELS and isinstance(v, str | int | float)
        }
        labels = {key: str(value) for key, value in plain.items()}
    name = next((labels[key] for key in _NAMES if labels.get(key)), "")
    return {**labels, "alertname": name or "unnamed"}


def _texts(line: Line, field: str) -> dict[str, str]:
    values = line.fields.get(field) or {}
    if not isinstance(values, Mapping):
        raise BadInput(f"{line.where}: {field!r} must be an object.")
    return {str(key): str(value) for key, value in values.items() if value is not None}


def _time(line: Line, field: str) -> datetime:
    value = line.fields.get(field)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        parsed = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"{line.where}: {field!r} must be a time such as 2026-01-31T08:00:00Z.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _truth(line: Line) -> Truth | None:
    raw = line.fields.get("truth")
    if not isinstance(raw, Mapping):
        return None
    cause = raw.get("cause")
    return Truth(None if cause is None else str(cause), str(raw.get("kind", "")), bool(raw.get("critical")))
