"""Grafana's unified alerting, its contact point "webhook": Alertmanager's shape with links and values."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.alert import Alert
from bot.errors import BadInput
from bot.sources import alertmanager
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed

_FOLDER = "grafana_folder"
# Grafana sends these names when a rule cannot be evaluated; the rule's own name stands beside it.
_UNEVALUATED = {"DatasourceNoData": "no data", "DatasourceError": "an error of its data source"}


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alerts of one notification.

    Raises:
        BadInput: names the field that is missing or of the wrong type, where nothing can be read.
    """
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        raise BadInput("alerts: expected a list, as Grafana's contact point of type webhook sends.")
    found = alertmanager.group(payload, "grafana", received_at, options)
    return replace(found, alerts=[_named(alert) for alert in found.alerts])


def _named(alert: Alert) -> Alert:
    """What cannot be evaluated says which rule it is; a folder stands for a service that no label names."""
    service = alert.service or alert.labels.get(_FOLDER, "")
    why = _UNEVALUATED.get(alert.name)
    rule = alert.labels.get("rulename", "")
    if why and rule and not alert.summary:
        return replace(alert, service=service, summary=f"The rule {rule} has {why}")
    return replace(alert, service=service)
