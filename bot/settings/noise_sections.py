"""What an installation says of noise: what is held, maintenance windows, and the canary."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator

from bot.domain.lasting import FORM, parse_span
from bot.domain.mute import LABEL, LONGEST, Matcher
from bot.errors import MuteRefused
from bot.settings.section import PathText, Section
from bot.triage import muting
from bot.triage.windows import MOST_OF_A_WEEK, Declared

Span = Annotated[str, StringConstraints(pattern=FORM, max_length=12)]
Value = Annotated[str, StringConstraints(max_length=muting.LONGEST_TEXT)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LONGEST_AGAIN = timedelta(days=3)


class MuteSection(Section):
    """[[mutes]] A maintenance window: what it fits, when, how long, and why. ~ begins a pattern."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=300)] = Field(
        examples=["nightly backup"]
    )
    """Why these alerts may be silent; it is shown wherever the mute is."""
    lasts: Span = Field(examples=["2h"])
    """How long it lasts each time, such as 90m or 2h."""
    service: Value = ""
    """The service, word for word, or ~ and a pattern that has to match all of it."""
    name: Value = ""
    """The name of the alert."""
    environment: Value = ""
    """The environment."""
    source: Value = ""
    """The source, such as alertmanager."""
    severity: Value = ""
    """info, warning or critical."""
    labels: dict[str, Value] = Field({})
    """Labels of the alert, such as { team = "payments" }."""
    critical: bool = False
    """true mutes critical alerts too; each is then shown in the channel once."""
    start: AwareDatetime | None = Field(None, examples=["2026-03-01T02:00:00Z"])
    """When it begins, where it happens once."""
    days: list[Day] = Field([], examples=[["sat", "sun"]])
    """The days of the week on which it begins, where it happens again."""
    at: time = Field(time(0), examples=["02:00"])
    """The local time at which it begins on those days."""
    zone: str = "UTC"
    """Whose local time, such as Europe/Paris."""

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone. Write one as in Europe/Paris, or UTC.") from None
        return zone

    @model_validator(mode="after")
    def _is_bounded(self) -> MuteSection:
        if (self.start is None) == (not self.days):
            raise ValueError("it has to say when. Give either start, or days with at and zone.")
        if self.days and self.span > LONGEST_AGAIN:
            raise ValueError("it lasts too long for one that comes again. Three days are the most.")
        if self.span * len(set(self.days)) > MOST_OF_A_WEEK:
            raise ValueError("it mutes more than half of each week. Mend or drop the alert's rule instead.")
        if self.span > LONGEST:
            raise ValueError(f"it lasts longer than {LONGEST.days} days. Silence must not be forgotten.")
        try:
            muting.check_matchers(self.matchers, ())
        except MuteRefused as error:
            raise ValueError(str(error).rstrip(".")) from None
        return self

    @property
    def span(self) -> timedelta:
        return parse_span(self.lasts)

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """All that have to fit."""
        fields = ("service", "name", "environment", "source", "severity")
        given = [(field, str(getattr(self, field))) for field in fields]
        given += [(f"{LABEL}{label}", value) for label, value in sorted(self.labels.items())]
        return tuple(muting.parse(field, value) for field, value in given if value)

    @property
    def declared(self) -> Declared:
        start: datetime | None = self.start
        days = tuple(sorted(set(self.days)))
        return Declared(self.matchers, self.reason, self.span, self.critical, start, days, self.at, self.zone)


class CanarySection(Section):
    """[canary] A marked alert that Vigie sends to its own intake, and follows into Slack."""

    every: Span | Literal["off"] = Field("off", examples=["15m"])
    """How often, such as 15m; "off": never."""
    within: Span = "60s"
    """How long it may take until Slack has it; then the path counts as broken and an incident is opened."""
    channel: Annotated[str, StringConstraints(pattern=r"^#?[^\s@#<>]*$", max_length=80)] = ""
    """Where its one message stands, edited in place each time; empty: where incidents are told."""

    @field_validator("every")
    @classmethod
    def _is_not_a_flood(cls, every: str) -> str:
        if every != "off" and parse_span(every) < timedelta(seconds=10):
            raise ValueError("it is too often. Write 10s or more, for example 15m.")
        return every

    @property
    def every_s(self) -> float:
        """Seconds between two; 0 where there are none."""
        return 0.0 if self.every == "off" else parse_span(self.every).total_seconds()

    @property
    def within_s(self) -> float:
        return parse_span(self.within).total_seconds()


class NoiseSection(Section):
    """[noise] What people are told of alerts, and when."""

    hold_minutes: Annotated[float, Field(ge=0, le=15)] = 6.0
    """Minutes that an alert which is not critical may clear by itself before anybody is told; 0: none."""
    keep_days: Annotated[int, Field(ge=0, le=3650)] = 120
    """Days that single deliveries are kept; the first of each alert and what was told stay. 0: for ever."""
    silent_hours: Annotated[float, Field(ge=1, le=720)] = 26.0
    """Hours without a word after which an alert that is not critical counts as over; write more than the
    longest time after which your senders repeat what still fires."""
    across_services: bool = True
    """false: alerts share an incident on one service or host only, never across services."""

    @field_validator("keep_days")
    @classmethod
    def _is_enough(cls, days: int) -> int:
        if 0 < days < 30:
            raise ValueError("it is too few: rules are tried on the last 30 days. Write 30 or more, or 0.")
        return days


Calls = Annotated[str, StringConstraints(pattern=r"^[^:,]+:[^:]+$", max_length=2000)]


class TopologySection(Section):
    """[topology] Which service calls which; without it Vigie learns from labels and what fails together."""

    calls: list[Calls] = Field([], examples=[["checkout: payments, stock"]])
    """A line for each service: its name, a colon, and the services that it calls."""
    file: PathText | Literal[""] = Field("", examples=["services.yaml"])
    """A JSON or YAML file that says the same, read at the start: `calls:` with a list for each service."""
