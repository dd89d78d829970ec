"""The shape of vigie.toml: each section a model, each setting with its meaning below it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.domain.tool import Risk


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
    noise: NoiseSection = NoiseSection()
    """What people are told of alerts, and when."""
    topology: TopologySection = TopologySection()
    """Which service calls which."""
    policy: dict[Risk, PolicySection] = {}
    """What an action of each risk asks for. A section gives all of its settings."""
