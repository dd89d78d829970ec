"""Alerts of the past in order of time: an export as JSON Lines or of Alertmanager, or a store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.domain.alert import Alert
from bot.domain.store import Store
from bot.errors import BadInput
from bot.evaluate.lines import read_lines
from bot.sources import alertmanager

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Past:
    """One delivery of the past; `ref` is its id in the export, or its number in the store."""

    ref: str
    at: datetime
    alert: Alert


def of_store(store: Store, since: datetime) -> Iterator[Past]:
    """The deliveries since then. Each piece is a look of its own, as `serve` may write meanwhile."""
    with store.read() as tx:
        after = tx.deliveries.first_since(since) - 1
    while True:
        with store.read() as tx:
            found = tx.deliveries.following(after, _CHUNK)
        if not found:
            return
        yield from (Past(str(one.id), one.received_at, one.alert()) for one in found)
        after = found[-1].id


def of_file(path: Path) -> list[Past]:
    """The deliveries of an export, oldest first. It is one of:

    - JSON Lines with `at`, `status`, `labels`, `annotations` (as `vigie eval noise` takes them);
    - JSON Lines or a list of Alertmanager's notifications (`alerts`);
    - what Alertmanager's API lists as alerts.

    Raises:
        BadInput: names the file, the line and the field.
    """
    found = [past for where, entry in _entries(path) for past in _of_entry(where, entry)]
    return sorted(found, key=lambda past: past.at)


def _entries(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Objects with where they stand; a file that is one JSON list or object is taken apart."""
    try:
        whole = path.read_text(encoding="utf-8").lstrip()
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8.") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}.") from None
    if whole.startswith("["):
        try:
            loaded = json.loads(whole)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path}: not JSON: {error}.") from None
        for number, entry in enumerate(loaded):
            if not isinstance(entry, dict):
                raise BadInput(f"{path} entry {number}: must be a JSON object.")
            yield f"{path} entry {number}", entry
        return
    for line in read_lines(path):
        yield line.where, line.fields


def _of_entry(where: str, entry: Mapping[str, Any]) -> Iterator[Past]:
    if "topology" in entry and "labels" not in entry:
        return  # the head of a stream that says how services hang together
    alerts = entry.get("alerts")
    if isinstance(alerts, list):
        at = _time(entry.get("at") or entry.get("receivedAt"), where, "at", needed=False)
        for number, alert in enumerate(alerts):
            yield from _one(f"{where} alert {number}", alert, at, str(number))
        return
    yield from _one(where, entry, _time(entry.get("at"), where, "at", needed=False), "")


def _one(where: str, raw: object, at: datetime | None, suffix: str) -> Iterator[Past]:
    if not isinstance(raw, dict):
        raise BadInput(f"{where}: must be a JSON object.")
    ref = f"{raw.get('id') or raw.get('fingerprint') or where}{suffix and '/'}{suffix}"
    starts = raw.get("starts_at") or raw.get("startsAt")
    ends = raw.get("ends_at") or raw.get("endsAt")
    given = {"labels": raw.get("labels", {}), "annotations": raw.get("annotations", {}), "startsAt": starts}
    if isinstance(raw.get("status"), str):
        told = at or _time(
            raw.get("updatedAt") or (ends if raw["status"] == "resolved" else starts), where, "at"
        )
        assert told is not None
        yield Past(ref, told, _alert(where, given | {"status": raw["status"], "endsAt": ends}, told))
        return
    # Alertmanager's API: one object for the whole life of an alert.
    began = _time(starts, where, "startsAt")
    ended = _time(ends, where, "endsAt", needed=False)
    assert began is not None
    yield Past(ref, began, _alert(where, given | {"status": "firing"}, began))
    if ended is not None and began < ended <= datetime.now(UTC):
        yield Past(ref, ended, _alert(where, given | {"status": "resolved", "endsAt": ends}, ended))


def _alert(where: str, raw: Mapping[str, object], at: datetime) -> Alert:
    try:
        return alertmanager.parse({"version": "4", "alerts": [dict(raw)]}, at).alerts[0]
    except BadInput as error:
        raise BadInput(f"{where}: {error.detail}") from None


def _time(value: object, where: str, name: str, needed: bool = True) -> datetime | None:
    if not value and not needed:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{where}: {name!r} must be a time such as 2026-01-31T08:00:00Z.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
