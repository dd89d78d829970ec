"""Datadog's webhooks: the payload that it sends by itself, and the template of this package's README."""

from __future__ import annotations

import re
from datetime import datetime

from bot.domain.alert import Alert, AlertStatus
from bot.errors import BadInput
from bot.sources.fields import Fields, started
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed

_OVER = ("recovered", "success", "ok")
_PREFIX = re.compile(r"^(?:\[(P\d)\] ?)?\[([A-Za-z -]+)(?: on [^\]]*)?\] ?")
# A variable of its templates with nothing beside it, such as $EVENT_TITLE or $TAGS[env]: nobody filled it in.
# No monitor's title reads so, as Datadog puts what happened before it, in brackets.
_UNFILLED = re.compile(r"\s*(\$[A-Z][A-Z0-9_]{1,40})(?:\[[^\]]*\])?\s*")
_TYPES = {"error": "critical", "warning": "warning", "info": "info", "success": "info"}


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alert of one notification.

    Raises:
        BadInput: names the field that is missing or of the wrong type.
    """
    whole = _filled(Fields(payload, "", set()))
    title = whole.needed("title", "without it the alert has no name")
    prefix = _PREFIX.match(title)
    name = title[prefix.end() :] if prefix and title[prefix.end() :] else title
    # $ALERT_TRANSITION where the template is used; else the title says it in its first brackets.
    transition = whole.text("alert_transition") or (prefix[2] if prefix else "")
    over = transition.lower().removeprefix("re-") in _OVER or whole.text("alert_type").lower() == "success"
    tags = _tags(whole)
    labels = _labels(whole, tags, name)
    alert = Alert(
        source="datadog",
        name=name,
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=options.graded(_severity(whole, prefix, transition, options), whole.flags),
        service=tags.get("service", "") or tags.get("kube_deployment", ""),
        environment=tags.get("env", ""),
        starts_at=started(whole.time("date"), received_at, whole.flags),
        ends_at=whole.time("last_updated") if over else None,
        summary=title,
        description=whole.text("body"),
        labels=labels,
        annotations={"tags": whole.text("tags")} if whole.raw.get("tags") else {},
        flags=tuple(sorted(whole.flags)),
        origin={n: v for n, v in {"id": whole.text("id"), "url": whole.text("link")}.items() if v},
        identity="\n".join(labels.values()) if "monitor" in labels else "",
    )
    return Parsed([alert])


def _filled(whole: Fields) -> Fields:
    """Without the variables that nothing was filled in for: taken as values, they would make all alerts one.

    Raises:
        BadInput: the title is such a variable.
    """
    found = {n: _UNFILLED.fullmatch(v) for n, v in whole.raw.items() if isinstance(v, str)}
    unfilled = {name: match[1] for name, match in found.items() if match}
    if "title" in unfilled:
        raise BadInput(
            f"title: it is {unfilled['title']}, a variable that was not filled in; use the template of"
            " bot/sources/README.md as the payload of Datadog's webhook, and let a monitor send it."
        )
    flags = {f"Datadog did not fill in {variable}" for variable in unfilled.values()}
    return Fields({n: v for n, v in whole.raw.items() if n not in unfilled}, "", whole.flags | flags)


def _tags(whole: Fields) -> dict[str, str]:
    pairs = (tag.partition(":") for tag in whole.text("tags").split(","))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value}


def _labels(whole: Fields, tags: dict[str, str], name: str) -> dict[str, str]:
    """What makes it this alert: the monitor and its scope where they are sent, else the title alone."""
    monitor = {"monitor": whole.text("alert_id"), "scope": whole.text("alert_scope")}
    monitor["host"] = whole.text("hostname") or tags.get("host", "")
    found = {key: value for key, value in monitor.items() if value}
    return found or {"title": name}


def _severity(whole: Fields, prefix: re.Match[str] | None, transition: str, options: Options) -> str:
    """The monitor's priority where its word is declared, else the kind of alert, else the transition."""
    priority = whole.text("alert_priority") or (prefix[1] if prefix and prefix[1] else "")
    if priority.lower() in options.words:
        return priority
    if "warn" in transition.lower():
        return "warning"
    return _TYPES.get(whole.text("alert_type").lower(), "critical" if "trigger" in transition.lower() else "")
