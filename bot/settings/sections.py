"""The shape of vigie.toml: each section a model, each setting with its meaning below it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.domain.tool import Risk
from bot.settings.investigation_section import InvestigationSection
from bot.settings.knowledge_sections import KnowledgeSection
from bot.settings.model_sections import ModelSection
from bot.settings.noise_sections import CanarySection, MuteSection, NoiseSection, TopologySection
from bot.settings.questions_section import QuestionsSection
from bot.settings.running_sections import AuditSection, ExecutionSection, SecretKey, SecretSection
from bot.settings.section import PathText, Section
from bot.settings.source_sections import SourceSection
from bot.settings.upkeep_section import UpkeepSection

SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Handle = Annotated[str, StringConstraints(pattern=r"^@?[^\s@#<>]*$", max_length=80)]


class SlackSection(Section):
    """[slack]"""

    mode: Literal["socket", "http"] = "socket"
    """socket: Vigie opens the connection to Slack. http: Slack calls /slack/events, and signs each call."""
    incidents_channel: Annotated[str, StringConstraints(pattern=r"^#?[^\s@#<>]+$", max_length=80)] = (
        "incidents"
    )
    """Where incidents are told: the name of a public channel, or the id of any channel that Vigie is in."""
    n3_channel: Annotated[str, StringConstraints(pattern=r"^(#?[^\s@#<>]+)?$", max_length=80)] = Field(
        "", examples=["n3"]
    )
    """Where N3 is told of standing sign-offs and of the audit log's heads; empty: where incidents are."""
    updates_channel: Annotated[str, StringConstraints(pattern=r"^(#?[^\s@#<>]+)?$", max_length=80)] = Field(
        "", examples=["status"]
    )
    """Where status updates are posted for stakeholders, beside the incident's thread; empty: there alone."""
    trust_api_url: bool = False
    """Lets SLACK_API_URL name another host than Slack's. Whoever answers there decides who is who."""


PersonKey = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+/[A-Z0-9]+$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class GroupSection(Section):
    """[n3.groups.NAME] A part of N3, for rules that ask for it: a Slack user group or a pinned list."""

    usergroup: Handle = Field("", examples=["n3-database"])
    """Handle of its Slack user group. Who is in it and not in N3 may sign nothing."""
    pinned: list[PersonKey] = Field([], examples=[["T012AB3CD/U045EF6GH"]])
    """Its people where no user group is set."""


class N3Section(Section):
    """[n3] Who may sign: a Slack user group, a pinned list of `TEAM/USER`, or both."""

    usergroup: Handle = Field("", examples=["n3"])
    """Handle of the Slack user group whose members may sign. Slack has user groups on paid plans only."""
    pinned: list[PersonKey] = Field([], examples=[["T012AB3CD/U045EF6GH"]])
    """People by team and user id: who may sign where no group is set; who may sign what is destructive."""
    newcomer_wait_hours: Annotated[float, Field(ge=0, le=8760)] = 24.0
    """How long somebody who is new to N3 waits before they may sign."""
    change_signatures: Annotated[int, Field(ge=1, le=5)] = 1
    """How many of N3 must sign a changed catalogue or policy before it takes effect."""
    next_after_minutes: Annotated[float, Field(gt=0, le=1440)] = 5.0
    """Minutes without a signature or a rejection after which the next of N3 is told by direct message."""
    remind_before_minutes: Annotated[float, Field(ge=0, le=1440)] = 5.0
    """Minutes before the time to sign is over at which those who were told are reminded."""
    same_person: list[list[PersonKey]] = Field([], examples=[[["T012AB3CD/U045EF6GH", "T012AB3CD/U0AB"]]])
    """Accounts that belong to one human, a list for each: they count once, and never sign for each other."""
    groups: dict[GroupName, GroupSection] = Field({}, examples=[{"database": {"usergroup": "n3-database"}}])
    """Parts of N3 by name, for [[sign_off_rules]] to ask for."""


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


class PolicySection(Section):
    """[policy.low], [policy.high], [policy.destructive]"""

    signatures: Annotated[int, Field(ge=1, le=5, examples=[2])]
    """How many of N3 must sign; at least 1."""
    minutes_to_sign: Annotated[float, Field(gt=0, le=1440, examples=[30])]
    """Minutes from the proposal to the last signature."""
    minutes_to_execute: Annotated[float, Field(gt=0, le=120, examples=[5])]
    """Minutes from the last signature to the start."""


class SignOffRuleSection(Section):
    """[[sign_off_rules]] What differs for some risks, environments and services; the most special fits.

    What is not given is as [policy] has it for the risk.
    """

    risk: list[Risk] = Field([], examples=[["destructive"]])
    """The risks that it is about; empty: every one."""
    environments: list[Label] = Field([], examples=[["production"]])
    """The environments that it is about; empty: every one."""
    services: list[Label] = Field([], examples=[["payments"]])
    """The services that it is about; empty: every one."""
    signatures: Annotated[int, Field(ge=1, le=5, examples=[2])] | None = None
    """How many of N3 must sign."""
    group: str | None = Field(None, examples=["database"])
    """The group of [n3.groups] that must sign; not given: all of N3 may."""
    second_group: str | None = Field(None, examples=["security"])
    """A second role: one of the signatures must come from this group, and never from the same human."""
    reason: bool | None = None
    """Each signer must say why."""
    when_alone_minutes: Annotated[float, Field(gt=0, le=1440, examples=[15])] | None = None
    """Minutes without an answer of anybody else after which one signature with a reason will do."""
    minutes_to_sign: Annotated[float, Field(gt=0, le=1440, examples=[30])] | None = None
    """Minutes from the proposal to the last signature."""
    minutes_to_execute: Annotated[float, Field(gt=0, le=120, examples=[5])] | None = None
    """Minutes from the last signature to the start."""


class HeartbeatsSection(Section):
    """[heartbeats] Alerts that always fire."""

    names: list[str] = Field(["Watchdog"])
    """Names of alerts that are only noted as seen: they open no incident, and can never be muted."""
    every_s: Annotated[float, Field(ge=0, le=604800)] = 0.0
    """Seconds between two of one heartbeat; 0: learned, the longest pause that it has made so far."""
    grace_s: Annotated[float, Field(gt=0, le=86400)] = 120.0
    """Seconds that one may be late before its absence opens an incident."""


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
    """Any OpenAI-compatible endpoint; asked when OPENAI_API_KEY is set or providers are given."""
    investigation: InvestigationSection = InvestigationSection()
    """How much the model may read for one incident."""
    questions: QuestionsSection = QuestionsSection()
    """What a question in an incident's thread may read, with a model and without."""
    heartbeats: HeartbeatsSection = HeartbeatsSection()
    """Alerts that always fire."""
    knowledge: KnowledgeSection = KnowledgeSection()
    """How documents are searched."""
    upkeep: UpkeepSection = UpkeepSection()
    """When documents are looked at again, and who hears of it."""
    fallback: FallbackSection = FallbackSection()
    """The second way out, for incidents that Slack was not told of: a webhook, mail, or both."""
    heartbeat_out: HeartbeatOutSection = HeartbeatOutSection()
    """Tells something else that Vigie is well, for as long as it is."""
    execution: ExecutionSection = ExecutionSection()
    """What one service bears, whatever the catalogue allows each tool by itself."""
    audit: AuditSection = AuditSection()
    """Signed heads of the audit log, kept outside the database."""
    canary: CanarySection = CanarySection()
    """A marked alert that Vigie sends to its own intake, and follows into Slack: the alert path works."""
    mutes: list[MuteSection] = Field([])
    """Maintenance windows, each a section [[mutes]] with a reason, how long it lasts, what it fits (service,
    name, environment, source, severity, labels) and when: start, or days with at and zone."""
    noise: NoiseSection = NoiseSection()
    """What people are told of alerts, and when."""
    topology: TopologySection = TopologySection()
    """Which service calls which."""
    policy: dict[Risk, PolicySection] = Field({})
    """What an action of each risk asks for. A section gives all of its settings."""
    sign_off_rules: list[SignOffRuleSection] = Field([], examples=[[{"risk": ["destructive"]}]])
    """What differs for some risks, environments and services. A part of the policy, signed like it."""
    secret: dict[SecretKey, SecretSection] = Field({})
    """Secrets that are kept elsewhere than in the file `secrets`: in a variable, a file, a vault."""
    sources: dict[SourceName, SourceSection] = Field({})
    """Further senders of alerts, each a section of its own; /alerts/alertmanager is there without."""
