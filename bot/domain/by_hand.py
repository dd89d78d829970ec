"""What people say of incidents themselves: that there is one, how grave it is, and who has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.alert import Alert, AlertStatus, Severity

PERSON = "person"
"""The source of what somebody reports. It never repeats and never says that it is over: people do."""
NAME = "opened by hand"
"""The name of every report: what somebody types is never the name of an alert, which may be a trigger."""
MOST_TITLE, MOST_DETAILS, MOST_PLACE = 200, 3000, 100


@dataclass(frozen=True, slots=True)
class Report:
    """What a person saw. `service` and `environment` decide which tools may be used, as those of an alert."""

    title: str
    service: str
    environment: str
    severity: Severity = Severity.WARNING
    details: str = ""

    def alert(self, at: datetime, key: str) -> Alert:
        """The report as an alert of its own; `key` makes it this report and no other."""
        return Alert(
            source=PERSON,
            name=NAME,
            status=AlertStatus.FIRING,
            severity=self.severity,
            service=self.service,
            environment=self.environment,
            starts_at=at,
            summary=self.title,
            description=self.details,
            identity=key,
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be different of an incident; None leaves it as it is, `assignee` "" gives it back."""

    severity: Severity | None = None
    assignee: str | None = None
