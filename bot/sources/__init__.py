"""Where alerts come from. A new source is a file with a pure `parse`, a line in `SOURCES`, and its cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

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
from bot.sources.parsed import Parsed, Refusal

__all__ = ["DELIVERIES", "PLAIN", "SOURCES", "Options", "Parse", "Parsed", "Refusal"]


class Parse(Protocol):
    """Gives the alerts of one payload, of any JSON value. What cannot be read of a list is refused alone.

    Raises:
        BadInput: nothing can be read; it names the field that is missing or of the wrong type, and says what
            was expected.
    """

    def __call__(self, payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed: ...


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
