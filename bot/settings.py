"""All settings, typed: `vigie.toml` for what may be read by others, the environment for tokens and keys."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.environment_file import ENVIRONMENT_FILE, is_placeholder, read_environment_file
from bot.errors import Misconfigured
from bot.mistakes.mistake import told
from bot.mistakes.toml_file import read_toml
from bot.sign_off.calling import Pace
from bot.sign_off.policy import DEFAULT_RULES, Policy, Rule

POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")
SLACK_HOSTS = ("slack.com", "slack-gov.com")
DEFAULT_API_URL = "https://slack.com/api/"


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
    policy: dict[Risk, PolicySection] = {}
    """What an action of each risk asks for. A section gives all of its settings."""


class Settings:
    """The settings of one installation: the file's, the environment's, and what follows from them."""

    def __init__(self, file: File, base: Path, environment: Mapping[str, str]) -> None:
        self.file = file
        self.base = base
        self._environment = environment

    def variable(self, name: str) -> str:
        """A variable of the environment or of vigie.env; empty where it is not set."""
        return self._environment.get(name, "")

    @property
    def folder(self) -> Path:
        return (self.base / self.file.folder).resolve()

    @property
    def catalogue(self) -> Path:
        return self.base / self.file.catalogue

    @property
    def secrets(self) -> Path:
        return self.base / self.file.secrets

    @property
    def store_url(self) -> str:
        """The environment's, so that a password need not stand in the file; else the file's; else SQLite."""
        given = self._environment.get("VIGIE_STORE_URL", "") or self.file.store_url
        return with_driver(given) if given else f"sqlite:///{self.folder / 'vigie.sqlite'}"

    @property
    def is_postgresql(self) -> bool:
        return self.store_url.startswith("postgresql")

    @property
    def lifecycle_url(self) -> str:
        """Where DBOS keeps its own tables: a schema of its own in the same PostgreSQL, or a SQLite file."""
        return self.store_url if self.is_postgresql else f"sqlite:///{self.folder / 'lifecycle.sqlite'}"

    @property
    def knowledge_url(self) -> str:
        """Where documents are kept: beside the rows in PostgreSQL, or in a SQLite file of their own."""
        file = self.folder / "knowledge" / "knowledge.sqlite"
        return self.store_url if self.is_postgresql else f"sqlite:///{file}"

    @property
    def bot_token(self) -> str:
        return self._token("SLACK_BOT_TOKEN", "xoxb-", "OAuth & Permissions › Bot User OAuth Token")

    @property
    def uses_socket(self) -> bool:
        """Whether Vigie opens the connection to Slack itself; otherwise Slack calls it."""
        return self.file.slack.mode == "socket"

    @property
    def app_token(self) -> str:
        """What opens Socket Mode; empty where Slack calls Vigie."""
        if not self.uses_socket:
            return ""
        return self._token(
            "SLACK_APP_TOKEN", "xapp-", "Basic Information › App-Level Tokens (connections:write)"
        )

    @property
    def signing_secret(self) -> str:
        """What Slack signs its calls with; without one there is no way in over HTTP.

        Raises:
            Misconfigured: it is needed and not set.
        """
        secret = self._environment.get("SLACK_SIGNING_SECRET", "")
        if not self.uses_socket and len(secret) < 16:
            raise Misconfigured(
                "SLACK_SIGNING_SECRET is not set, or too short to be one. In HTTP mode Slack's calls are"
                " known by it; find it in your Slack app under Basic Information › App Credentials."
            )
        return secret

    @property
    def intake_token(self) -> str:
        """What senders of alerts must present.

        Raises:
            Misconfigured: it is not set or too short to be a secret.
        """
        token = self._environment.get("VIGIE_INTAKE_TOKEN", "")
        if len(token) < 16 or is_placeholder(token):
            raise Misconfigured(
                "VIGIE_INTAKE_TOKEN is not set, or shorter than 16 characters. Set it to a random text in"
                " vigie.env, and give the same to your alert sender as its bearer token."
            )
        return token

    @property
    def model_key(self) -> str:
        return self._environment.get("OPENAI_API_KEY", "")

    @property
    def model_url(self) -> str:
        return self._environment.get("OPENAI_BASE_URL", "https://api.openai.com/v1")

    @property
    def slack_api_url(self) -> str:
        """The Slack that is believed about identity.

        Raises:
            Misconfigured: SLACK_API_URL names another host and vigie.toml does not say that it is trusted.
        """
        url = self._environment.get("SLACK_API_URL", DEFAULT_API_URL)
        url = url if url.endswith("/") else f"{url}/"
        if not self.trusts_foreign_slack and not _is_slack(url):
            raise Misconfigured(
                f"SLACK_API_URL is {url}, which is not Slack. Unset it, or write `trust_api_url = true` under"
                " [slack] in vigie.toml: whoever answers there then decides who is who."
            )
        return url

    @property
    def trusts_foreign_slack(self) -> bool:
        return self.file.slack.trust_api_url

    @property
    def policy(self) -> Policy:
        """The sign-off policy as the file has it; it takes effect once adopted."""
        rules = dict(DEFAULT_RULES)
        for risk, section in self.file.policy.items():
            rules[risk] = Rule(
                section.signatures,
                timedelta(minutes=section.minutes_to_sign),
                timedelta(minutes=section.minutes_to_execute),
                rules[risk].pinned,
            )
        pinned = frozenset(Person.from_key(key) for key in self.file.n3.pinned)
        n3 = self.file.n3
        wait = timedelta(hours=n3.newcomer_wait_hours)
        return Policy(rules, wait, pinned, n3.usergroup.removeprefix("@"), n3.change_signatures)

    @property
    def pace(self) -> Pace:
        """How N3 are called; no part of the policy, as it gives nobody a right."""
        n3 = self.file.n3
        return Pace(timedelta(minutes=n3.next_after_minutes), timedelta(minutes=n3.remind_before_minutes))

    @property
    def fallback_token(self) -> str:
        """The bearer token of the fallback webhook; empty where it needs none."""
        return self._environment.get("VIGIE_FALLBACK_TOKEN", "")

    @property
    def smtp_password(self) -> str:
        return self._environment.get("VIGIE_SMTP_PASSWORD", "")

    def require_n3(self) -> None:
        """Refuse to start where nobody could ever sign, or where it is not said who may.

        Raises:
            Misconfigured: neither a user group nor a pinned list is set.
        """
        if not self.file.n3.usergroup and not self.file.n3.pinned:
            raise Misconfigured(
                "[n3] names nobody. Set `usergroup` to the handle of a Slack user group, or `pinned` to a"
                ' list such as ["T012AB3CD/U045EF6GH"].'
            )

    def _token(self, name: str, prefix: str, where: str) -> str:
        token = self._environment.get(name, "")
        if is_placeholder(token) or not token.startswith(prefix):
            what = "is not filled in" if is_placeholder(token) else "is of another kind"
            remedy = f"It begins with {prefix}; copy it from your Slack app, {where}, into vigie.env."
            raise Misconfigured(f"{name} {what}. {remedy}")
        return token


def load(
    path: Path, environment: Mapping[str, str] | None = None, only: Collection[str] | None = None
) -> Settings:
    """Read vigie.toml and the vigie.env beside it; variables of the environment win over the latter.

    `only`: take no other names out of vigie.env, for who is to hold no more than it needs; with no name
    it is not even read.

    Raises:
        Misconfigured: a file is missing or cannot be read, or names what is wrong in them, all at once.
    """
    file, mistakes = read_toml(path, File)
    given: Mapping[str, str] = {}
    if only is None or only:
        given, wrong = read_environment_file(path.parent / ENVIRONMENT_FILE)
        mistakes += wrong
    if mistakes:
        raise Misconfigured(told(mistakes))
    if only is not None:
        given = {name: value for name, value in given.items() if name in only}
    if environment is None:
        hand_on(given)
        environment = os.environ
    return Settings(file, path.resolve().parent, {**given, **environment})


def with_driver(url: str) -> str:
    """The URL as SQLAlchemy takes it: PostgreSQL always by psycopg."""
    for scheme in POSTGRESQL_SCHEMES:
        if url.startswith(scheme):
            return f"postgresql+psycopg://{url.removeprefix(scheme)}"
    return url


def hand_on(given: Mapping[str, str]) -> None:
    """Give this process what vigie.env says, as systemd would: libraries read some of it by themselves."""
    for name, value in given.items():
        os.environ.setdefault(name, value)


def _is_slack(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(
        host == known or host.endswith(f".{known}") for known in SLACK_HOSTS
    )
