"""Alertmanager's webhook, version 4, as its documentation describes `webhook_config`."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert import Alert, AlertStatus
from bot.errors import BadInput
from bot.sources.fields import Fields, cleaned, is_blank, missing, started
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed, each

_LINKS = ("generatorURL", "silenceURL", "dashboardURL", "panelURL", "fingerprint", "valueString")


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alerts of one notification.

    Raises:
        BadInput: names the field that is missing or of the wrong type, where nothing can be read.
    """
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        raise BadInput("alerts: expected a list, as in Alertmanager's webhook, version 4.")
    if payload.get("version") != "4":
        raise BadInput('version: expected "4"; point an Alertmanager webhook_config here.')
    return group(payload, "alertmanager", received_at, options)


def group(payload: dict[str, object], source: str, received_at: datetime, options: Options) -> Parsed:
    """The alerts of one group, in the shape that Alertmanager and Grafana share."""
    whole = Fields(payload, "", set())
    origin = {"group": whole.text("groupKey"), "url": whole.text("externalURL")}
    left_out = payload.get("truncatedAlerts") or 0
    if not isinstance(left_out, int) or not 0 <= left_out < 10**9:
        raise BadInput("truncatedAlerts: expected a number of alerts.")
    if left_out:
        whole.flags.add(f"{left_out} more alerts of its group were left out by the sender")

    def read(raw: object, where: str) -> Parsed:
        return Parsed([_alert(Fields(raw, where, set(whole.flags)), source, origin, received_at, options)])

    return each(whole.items("alerts"), "alerts", read)


def _alert(
    fields: Fields, source: str, origin: dict[str, str], received_at: datetime, options: Options
) -> Alert:
    labels, annotations = fields.texts("labels"), fields.texts("annotations")
    name = labels.get("alertname", "")
    if is_blank(name):
        where = fields.inner("labels").place("alertname")
        raise BadInput(f"{where}: {missing(name)}; without it the alert has no name.")
    status = AlertStatus(fields.word("status", "firing", "resolved"))
    own = {name: fields.raw[name] for name in _LINKS if isinstance(fields.raw.get(name), str)}
    return Alert(
        source=source,
        name=name,
        status=status,
        severity=options.graded(labels.get("severity", ""), fields.flags),
        service=labels.get("service") or labels.get("job", ""),
        environment=labels.get("environment") or labels.get("env", ""),
        starts_at=started(fields.time("startsAt"), received_at, fields.flags),
        ends_at=fields.time("endsAt"),
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        labels=labels,
        annotations=annotations,
        flags=tuple(sorted(fields.flags)),
        origin={name: value for name, value in (origin | cleaned(own, set())).items() if value},
    )
