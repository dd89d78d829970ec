"""All settings, typed: `vigie.toml` for what may be read by others, the environment for tokens and keys."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.environment_file import ENVIRONMENT_FILE, is_placeholder, read_environment_file
from bot.errors import Misconfigured
from bot.mistakes.mistake import told
from bot.mistakes.toml_file import read_toml
from bot.sign_off.policy import DEFAULT_RULES, Policy, Rule

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
        return self.file.store_url or f"sqlite:///{self.folder / 'vigie.sqlite'}"

    @property
    def lifecycle_url(self) -> str:
        """Where DBOS keeps its own tables: a file beside the store's, or the same PostgreSQL."""
        return self.file.store_url or f"sqlite:///{self.folder / 'lifecycle.sqlite'}"

    @property
    def bot_token(self) -> str:
        return self._token("SLACK_BOT_TOKEN", "xoxb-", "OAuth & Permissions › Bot User OAuth Token")

    @property
    def app_token(self) -> str:
        return self._token(
            "SLACK_APP_TOKEN", "xapp-", "Basic Information › App-Level Tokens (connections:write)"
        )

    @property
    def signing_secret(self) -> str:
        """Set only where Slack calls Vigie over HTTP."""
        return self._environment.get("SLACK_SIGNING_SECRET", "")

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
