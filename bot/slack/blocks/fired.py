"""What fired, a line for alerts that read alike: what it says, which ones they are, where to look at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain.alert import AlertStatus
from bot.domain.records import SeenAlert
from bot.domain.whereabouts import by_alert, said, source_of
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

LINES = 8
_NAME, _SUMMARY, _WHERE, _WHOLE, _PART, _LINK = 120, 200, 200, 500, 160, 200
_EACH, _VALUE, _LINKS = 8, 60, 3


def fired(alerts: Sequence[SeenAlert]) -> list[Block]:
    """The lines, and where the alerts come from; alerts beyond the first lines are left out."""
    if not alerts:
        return []
    groups = alike(alerts)[:LINES]
    where = by_alert(alerts)
    most = _WHOLE if len(groups) == 1 else _PART
    blocks = [parts.rich(parts.listing([_runs(group, where, most) for group in groups]))]
    shown = [alert for group in groups for alert in group]
    runbooks = _links(alert.annotations.get("runbook_url", "") for alert in shown)
    if runbooks:
        blocks.append(parts.foreign_note(f"Runbook named by the alert: {runbooks}"))
    sources = _links(source_of(alert.origin) for alert in shown)
    if sources:
        blocks.append(parts.foreign_note(f"Where it comes from: {sources}"))
    return blocks


def alike(alerts: Sequence[SeenAlert]) -> list[list[SeenAlert]]:
    """Alerts that say the same together, in the order in which they came."""
    found: dict[tuple[str, str, AlertStatus], list[SeenAlert]] = {}
    for alert in alerts:
        found.setdefault((alert.name, alert.summary or alert.description, alert.status), []).append(alert)
    return list(found.values())


def which(places: Sequence[Mapping[str, str]]) -> str:
    """Which alerts these are: `host: a, b`, `host, device: a sda; b sdb`, and what they share after it."""
    names = list(dict.fromkeys(name for where in places for name in where))
    differing = [name for name in names if len({where.get(name) for where in places}) > 1]
    shared = said({name: places[0][name] for name in names if name not in differing})
    if not differing:
        return shared
    each = [" ".join(_value(where.get(name) or "–") for name in differing) for where in places]
    listed = (", " if len(differing) == 1 else "; ").join(each[:_EACH])
    more = f" and {len(each) - _EACH} more" if len(each) > _EACH else ""
    return f"{', '.join(differing)}: {listed}{more}{f' · {shared}' if shared else ''}"


def _runs(group: Sequence[SeenAlert], where: Mapping[int, dict[str, str]], most: int) -> list[Block]:
    first = group[0]
    often = f" × {len(group)}" if len(group) > 1 else ""
    over = " (over)" if first.status is AlertStatus.RESOLVED else ""
    text = f"{often}  {parts.cut(first.summary or first.description, _SUMMARY)}{over}"
    runs = [parts.run(parts.cut(first.name, _NAME), bold=True), parts.run(text)]
    place = which([where[alert.id] for alert in group])
    if place:
        runs.append(parts.run(f"\n{parts.cut(place, _WHERE)}"))
    if first.summary and first.description and first.description != first.summary:
        runs.append(parts.run(f"\n{parts.cut(first.description, most)}"))
    return runs


def _links(found: Iterable[str]) -> str:
    """Each once; as text, since nothing foreign becomes a link."""
    return ", ".join(parts.cut(link, _LINK) for link in list(dict.fromkeys(filter(None, found)))[:_LINKS])


def _value(text: str) -> str:
    return parts.short(text, _VALUE)
