"""The shape of vigie.toml: each section a model, each setting with its meaning below it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from bot.domain.lasting import FORM, parse_span
from bot.domain.mute import LABEL, LONGEST, Matcher
from bot.domain.tool import Risk
from bot.errors import MuteRefused
from bot.triage import muting
from bot.triage.windows import MOST_OF_A_WEEK, Declared


class Section(BaseModel):
    """The text below each setting is its description: the commented vigie.toml of `vigie init` shows it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


# No empty path, none that a file system would refuse to look at.
PathText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1000)]
Handle = Annotated[str, StringConstraints(pattern=r"^@?[^\s@#<>]*$", max_length=80)]


class SlackSection(Section):
    """[slack]"""

    mode: Literal["socket", "http"] = "socket"
    """socket: Vigie opens the connection to Slack. http: Slack calls /slack/events, and signs each call."""
    incidents_channel: Annotated[str, StringConstraints(pattern=r"^#?[^\s@#<>]+$", max_length=80)] = (
        "incidents"
    )
    """Where incidents are told: the name of a public channel, or the id of any channel that Vigie is in."""
    trust_api_url: bool = False
    """Lets SLACK_API_URL name another host than Slack's. Whoever answers there decides who is who."""


class N3Section(Section):
    """[n3] Who may sign: a Slack user group, a pinned list of `TEAM/USER`, or both."""

    usergroup: Handle = Field("", examples=["n3"])
    """Handle of the Slack user group whose members may sign. Slack has user groups on paid plans only."""
    pinned: list[Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+/[A-Z0-9]+$")]] = Field(
        [], examples=[["T012AB3CD/U045EF6GH"]]
    )
    """People by team and user id: who may sign where no group is set; who may sign what is destructive."""
    newcomer_wait_hours: Annotated[float, Field(ge=0, le=8760)] = 24.0
    """How long somebody who is new to N3 waits before they may sign."""
    change_signatures: Annotated[int, Field(ge=1, le=5)] = 1
    """How many of N3 must sign a changed catalogue or policy before it takes effect."""
    next_after_minutes: Annotated[float, Field(gt=0, le=1440)] = 5.0
    """Minutes without a signature or a rejection after which the next of N3 is told by direct message."""
    remind_before_minutes: Annotated[float, Field(ge=0, le=1440)] = 5.0
    """Minutes before the time to sign is over at which those who were told are reminded."""


class WebSection(Section):
    """[web] Where alerts, health and metrics are served."""

    host: Annotated[str, StringConstraints(pattern=r"^[^\s/]+$", max_length=255)] = "127.0.0.1"
    """The address to listen on. Vigie serves plain HTTP: put a proxy with TLS before it for other hosts."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8710
    """The port to listen on; 0 takes a free one and writes it to `web.port` in the folder."""
    max_body: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 512 * 1024
    """Bytes of one notification at most."""
    body_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """Seconds for a body to arrive."""


class ModelSection(Section):
    """[model] Any OpenAI-compatible endpoint; used when OPENAI_API_KEY is set."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "gpt-4o-mini"
    """The model that is asked."""
    deadline_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """Seconds from the question to the answer; then similar incidents vote instead."""
    budget_tokens: Annotated[int, Field(ge=1000)] = 6000
    """Tokens of one diagnosis at most, with its repair."""
    evidence_tokens: Annotated[int, Field(ge=200)] = 1500
    """Tokens of evidence that are sent at most."""


class KnowledgeSection(Section):
    """[knowledge] Without vectors, search rests on words alone."""

    vectors: bool = True
    """false searches by words alone and takes 100 MB less memory."""


class PolicySection(Section):
    """[policy.low], [policy.high], [policy.destructive]"""

    signatures: Annotated[int, Field(ge=1, le=5, examples=[2])]
    """How many of N3 must sign; at least 1."""
    minutes_to_sign: Annotated[float, Field(gt=0, le=1440, examples=[30])]
    """Minutes from the proposal to the last signature."""
    minutes_to_execute: Annotated[float, Field(gt=0, le=120, examples=[5])]
    """Minutes from the last signature to the start."""


class HeartbeatsSection(Section):
    """[heartbeats] Alerts that always fire."""

    names: list[str] = ["Watchdog"]
    """Names of alerts that are only noted as seen: they open no incident."""


Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$", max_length=254)]


class FallbackSection(Section):
    """[fallback] The second way out, for incidents that Slack was not told of: webhook, mail, or both."""

    webhook_url: str = Field("", examples=["https://pager.example/hook"])
    """Where to POST it as JSON; VIGIE_FALLBACK_TOKEN, where set, is sent as the bearer token."""
    smtp_host: str = Field("", examples=["mail.example"])
    """The mail server; its password stands in VIGIE_SMTP_PASSWORD."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    """The mail server's port."""
    smtp_starttls: bool = True
    """Mail goes out encrypted or not at all; false for a server on this host that cannot do it."""
    smtp_user: str = Field("", examples=["vigie"])
    """The name to log in with; empty: without."""
    mail_from: Address | Literal[""] = Field("", examples=["vigie@example.org"])
    """The sender's address."""
    mail_to: list[Address] = Field([], examples=[["oncall@example.org"]])
    """Who gets it."""
    after_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds that an incident may be untold in Slack before it goes out the second way."""
    severity: Literal["info", "warning", "critical"] = "critical"
    """How severe an incident must be, at least."""


class HeartbeatOutSection(Section):
    """[heartbeat_out] Tells something else that Vigie is well, for as long as it is."""

    url: str = Field("", examples=["https://beats.example/vigie"])
    """The address of a dead man's switch; empty: none."""
    every_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """Seconds between two heartbeats."""


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
    labels: dict[str, Value] = {}
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
    across_services: bool = True
    """false: alerts share an incident on one service or host only, never across services."""


Calls = Annotated[str, StringConstraints(pattern=r"^[^:,]+:[^:]+$", max_length=2000)]


class TopologySection(Section):
    """[topology] Which service calls which. Without it Vigie learns from labels and from what fails
    together."""

    calls: list[Calls] = Field([], examples=[["checkout: payments, stock"]])
    """A line for each service: its name, a colon, and the services that it calls."""
    file: PathText | Literal[""] = Field("", examples=["services.yaml"])
    """A JSON or YAML file that says the same, read at the start: `calls:` with a list for each service."""


class File(Section):
    """vigie.toml"""

    folder: PathText = "data"
    """Where Vigie keeps its rows, its documents and its locks. One `serve` owns it."""
    store_url: str = Field("", examples=["postgresql+psycopg://vigie@localhost/vigie"])
    """SQLAlchemy's URL of the store. Empty: SQLite in the folder."""
    catalogue: PathText = "catalogue.yaml"
    """The whitelist of tools."""
    secrets: PathText = "secrets.env"
    """Lines NAME=value for tools, readable by you alone. Only the executor reads it."""
    slack: SlackSection = SlackSection()
    """Where Vigie speaks."""
    n3: N3Section = N3Section()
    """Who may sign. With [policy] it is the policy: a change takes effect once N3 has signed it in Slack."""
    web: WebSection = WebSection()
    """Where alerts, health and metrics are served."""
    model: ModelSection = ModelSection()
    """Any OpenAI-compatible endpoint; asked only when OPENAI_API_KEY is set."""
    heartbeats: HeartbeatsSection = HeartbeatsSection()
    """Alerts that always fire."""
    knowledge: KnowledgeSection = KnowledgeSection()
    """How documents are searched."""
    fallback: FallbackSection = FallbackSection()
    """The second way out, for incidents that Slack was not told of: a webhook, mail, or both."""
    heartbeat_out: HeartbeatOutSection = HeartbeatOutSection()
    """Tells something else that Vigie is well, for as long as it is."""
    canary: CanarySection = CanarySection()
    """A marked alert that Vigie sends to its own intake, and follows into Slack: the alert path works."""
    mutes: list[MuteSection] = []
    """[[mutes]] Maintenance windows. Each has a reason, how long it lasts, what it fits (service, name,
    environment, source, severity, labels) and when: start, or days with at and zone."""
    noise: NoiseSection = NoiseSection()
    """What people are told of alerts, and when."""
    topology: TopologySection = TopologySection()
    """Which service calls which."""
    policy: dict[Risk, PolicySection] = {}
    """What an action of each risk asks for. A section gives all of its settings."""
