"""Where alerts come from. A new source is a file with a pure `parse`, a line in `SOURCES`, and its cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bot.domain.alert import Alert
from bot.sources import (
    alertmanager,
    cloudevents,
    cloudwatch,
    datadog,
    grafana,
    mapped,
    pagerduty,
    slack,
)
from bot.sources.options import PLAIN, Options

__all__ = ["DELIVERIES", "PLAIN", "SOURCES", "Options", "Parse"]


class Parse(Protocol):
    """Gives the alerts of one payload, of any JSON value.

    Raises:
        BadInput: names the field that is missing or of the wrong type, and says what was expected.
    """

    def __call__(self, payload: object, received_at: datetime, options: Options = PLAIN) -> list[Alert]: ...


SOURCES: dict[str, Parse] = {
    "alertmanager": alertmanager.parse,
    "grafana": grafana.parse,
    "pagerduty": pagerduty.parse,
    "datadog": datadog.parse,
    "cloudwatch": cloudwatch.parse,
    "cloudevents": cloudevents.parse,
    "json": mapped.parse,
    "slack": slack.parse,
}

DELIVERIES: dict[str, Callable[[object], str]] = {
    "pagerduty": pagerduty.delivery,
    "cloudevents": cloudevents.delivery,
}
"""By which name a sender knows one delivery, where it has one: what comes under it again has no effect."""
