"""Letters for the tests of the second ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.domain.alert import AlertStatus, Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.records import News, SeenAlert
from bot.reach.way import Letter

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
INCIDENT = Incident(
    7, "Orders are stuck", "orders", "prod", Severity.CRITICAL, IncidentState.TRIGGERED, AT, AT
)
LETTER = Letter("vigie-7-opened-critical-1", "", News.OPENED, INCIDENT, "Slack says is_archived", AT)
END = replace(
    LETTER,
    key="vigie-7-resolved-critical-2",
    first_key=LETTER.key,
    news=News.RESOLVED,
    incident=replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=AT),
)


def hostile(text: str) -> Letter:
    """A letter in which everything that a sender may choose is this text."""
    alert = SeenAlert(
        1, text, Severity.CRITICAL, AlertStatus.FIRING, text, text, {text: text}, {text: text}, (), AT, 1
    )
    incident = replace(INCIDENT, title=text, service=text, environment=text)
    return replace(LETTER, incident=incident, because=text, alerts=(alert,))
