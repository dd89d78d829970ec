"""All settings, typed: `vigie.toml` for what may be read by others, the environment for tokens and keys."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.errors import Misconfigured
from bot.sign_off.policy import DEFAULT_RULES, Policy, Rule

SLACK_HOSTS = ("slack.com", "slack-gov.com")
DEFAULT_API_URL = "https://slack.com/api/"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SlackSection(Section):
    """[slack]"""

    incidents_channel: str = "incidents"
    mode: Literal["socket", "http"] = "socket"
    """socket: Vigie opens the connection to Slack. http: Slack calls /slack/events, and signs each call."""
    trust_api_url: bool = False


class N3Section(Section):
    """[n3] Who may sign: a Slack user group, a pinned list of `TEAM/USER`, or both."""

    usergroup: str = ""
    pinned: list[Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+/[A-Z0-9]+$")]] = []
    newcomer_wait_hours: Annotated[float, Field(ge=0)] = 24.0
    change_signatures: Annotated[int, Field(ge=1, le=5)] = 1


class WebSection(Section):
    """[web] Where alerts, health and metrics are served."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8710
    max_body: Annotated[int, Field(ge=1024)] = 512 * 1024
    body_timeout_s: Annotated[float, Field(gt=0)] = 10.0


class ModelSection(Section):
    """[model] Any OpenAI-compatible endpoint; used when OPENAI_API_KEY is set."""

    name: str = "gpt-4o-mini"
    deadline_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    budget_tokens: Annotated[int, Field(ge=1000)] = 6000
    evidence_tokens: Annotated[int, Field(ge=200)] = 1500


class KnowledgeSection(Section):
    """[knowledge] Without vectors, search rests on words alone."""

    vectors: bool = True


class PolicySection(Section):
    """[policy.low], [policy.high], [policy.destructive]"""

    signatures: Annotated[int, Field(ge=1, le=5)]
    minutes_to_sign: Annotated[float, Field(gt=0, le=1440)]
    minutes_to_execute: Annotated[float, Field(gt=0, le=120)]


class HeartbeatsSection(Section):
    """[heartbeats] Alerts that always fire."""

    names: list[str] = ["Watchdog"]


class File(Section):
    """vigie.toml"""

    folder: str = "data"
    store_url: str = ""
    catalogue: str = "catalogue.yaml"
    secrets: str = "secrets.env"
    slack: SlackSection = SlackSection()
    n3: N3Section = N3Section()
    web: WebSection = WebSection()
    model: ModelSection = ModelSection()
    heartbeats: HeartbeatsSection = HeartbeatsSection()
    knowledge: KnowledgeSection = KnowledgeSection()
    policy: dict[Risk, PolicySection] = {}


class Settings:
    """The settings of one installation: the file's, the environment's, and what follows from them."""

    def __init__(self, file: File, base: Path, environment: Mapping[str, str]) -> None:
        self.file = file
        self.base = base
        self._environment = environment

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
        if len(token) < 16:
            raise Misconfigured(
                "VIGIE_INTAKE_TOKEN is not set, or shorter than 16 characters. Set it to a random text and"
                " give the same to your alert sender as its bearer token."
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
        if not token.startswith(prefix):
            raise Misconfigured(f"{name} must begin with {prefix}; find it in your Slack app under {where}.")
        return token


def load(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read vigie.toml.

    Raises:
        Misconfigured: the file is missing or not TOML, or a setting is unknown or of the wrong type.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misconfigured(f"{path} does not exist; name another with --config.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Misconfigured(f"{path}: {error}.") from None
    try:
        file = File.model_validate(raw)
    except ValidationError as error:
        raise Misconfigured(f"{path}: {_first_problem(error)}") from None
    return Settings(file, path.resolve().parent, os.environ if environment is None else environment)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg']}."
    name = str(problem["loc"][-1])
    known = _known_names() if len(problem["loc"]) > 1 else list(File.model_fields)
    near = difflib.get_close_matches(name, known, n=1)
    return f"{where} is not a setting" + (f"; did you mean {near[0]!r}?" if near else ". Take it out.")


def _known_names() -> list[str]:
    names: list[str] = list(File.model_fields)
    for field in File.model_fields.values():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            names += list(kind.model_fields)
    return names


def _is_slack(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(
        host == known or host.endswith(f".{known}") for known in SLACK_HOSTS
    )
