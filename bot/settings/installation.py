"""The settings of one installation: the file's, the environment's, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from bot.domain.person import Person
from bot.domain.secret import Source
from bot.domain.senders import BeatRule
from bot.environment_file import is_placeholder
from bot.errors import BadInput, Misconfigured, MuteRefused
from bot.settings.knowledge_sections import LOCAL
from bot.settings.model_sections import ProviderSection
from bot.settings.provider_keys import key_of
from bot.settings.sections import File, SignOffRuleSection
from bot.settings.store_url import with_driver
from bot.settings.topology_file import read_topology
from bot.sign_off.calling import Pace
from bot.sign_off.policy import DEFAULT_RULES, Group, Policy, Rule, SpecialRule
from bot.triage import muting
from bot.triage.likeness import Weights
from bot.triage.rules import Rules
from bot.triage.topology import Topology, topology_of
from bot.triage.windows import Declared
from knowledge.embeddings.choice import Choice
from knowledge.server import Server

SLACK_HOSTS = ("slack.com", "slack-gov.com")
DEFAULT_API_URL = "https://slack.com/api/"


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
    def witness_folder(self) -> Path:
        """Where signed heads of the audit log stand."""
        named = self.file.audit.folder
        return (self.base / named).resolve() if named else self.folder / "audit"

    @property
    def catalogue(self) -> Path:
        return self.base / self.file.catalogue

    @property
    def secrets(self) -> Path:
        return self.base / self.file.secrets

    @property
    def secret_sources(self) -> dict[str, Source]:
        """Where the secrets are kept that stand under [secret.NAME]."""
        return {
            name: Source(
                environment=section.environment,
                file=self.base / section.file if section.file else None,
                command=tuple(section.command),
                passes=tuple(section.passes),
                timeout_s=section.timeout_s,
            )
            for name, section in self.file.secret.items()
        }

    @property
    def secret_variables(self) -> frozenset[str]:
        """Variables of the environment that only the executor needs, for its secrets."""
        sources = self.file.secret.values()
        return frozenset(name for one in sources for name in (one.environment, *one.passes) if name)

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
    def knowledge_limits(self) -> dict[str, tuple[str, ...]]:
        """Who may see which folder of the knowledge base."""
        return {folder: tuple(readers) for folder, readers in self.file.knowledge.limits.items()}

    @property
    def glossary(self) -> Path | None:
        """The file of this installation's own words."""
        given = self.file.knowledge.glossary
        return self.base / given if given else None

    @property
    def embeddings(self) -> Choice:
        """What makes vectors of documents and questions.

        A key is only ever sent where it belongs: that of the model to the model's own endpoint.
        """
        section = self.file.knowledge
        # The endpoint is named for the local model too: vectors that it made before answer for a while.
        model = "" if section.embeddings == LOCAL else section.embeddings
        return Choice(model, section.embeddings_url or self.model_url, self._embeddings_key)

    @property
    def _embeddings_key(self) -> str:
        own = self._environment.get("VIGIE_EMBEDDINGS_KEY", "")
        return own or ("" if self.file.knowledge.embeddings_url else self.model_key)

    @property
    def chroma(self) -> Server | None:
        """The Chroma server that keeps the vectors; None: the folder does."""
        url = self.file.knowledge.chroma_url
        return Server(url, self._environment.get("VIGIE_CHROMA_TOKEN", "")) if url else None

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
    def asks_a_model(self) -> bool:
        """Whether any model may be asked."""
        return bool(self.file.model.providers or self.model_key)

    def provider_key(self, provider: ProviderSection) -> str:
        """The key of a provider; empty where it needs none, else as `key_of` has it."""
        return key_of(provider, self.base, self._environment)

    @property
    def own_secrets(self) -> frozenset[str]:
        """Values that this process holds and nobody outside may see: what is sent and shown goes without."""
        names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "VIGIE_INTAKE_TOKEN")
        more = ("VIGIE_FALLBACK_TOKEN", "VIGIE_SMTP_PASSWORD", "OPENAI_API_KEY", "VIGIE_STORE_URL")
        keys = [self.provider_key(one) for one in self.file.model.providers]
        return frozenset(filter(None, [*keys, *map(self.variable, (*names, *more))]))

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
        """The sign-off policy as the file has it; it takes effect once adopted.

        Raises:
            Misconfigured: a rule of it would let nobody or anybody sign, or does not say who.
        """
        rules = dict(DEFAULT_RULES)
        for risk, section in self.file.policy.items():
            rules[risk] = Rule(
                section.signatures,
                timedelta(minutes=section.minutes_to_sign),
                timedelta(minutes=section.minutes_to_execute),
                rules[risk].pinned,
            )
        n3 = self.file.n3
        try:
            return Policy(
                rules,
                timedelta(hours=n3.newcomer_wait_hours),
                _people(n3.pinned),
                n3.usergroup.removeprefix("@"),
                n3.change_signatures,
                tuple(_special(section) for section in self.file.sign_off_rules),
                {
                    name: Group(group.usergroup.removeprefix("@"), _people(group.pinned))
                    for name, group in n3.groups.items()
                },
                frozenset(_people(accounts) for accounts in n3.same_person),
            )
        except ValueError as error:
            raise Misconfigured(f"vigie.toml: {error}") from None

    @property
    def pace(self) -> Pace:
        """How N3 are called; no part of the policy, as it gives nobody a right."""
        n3 = self.file.n3
        return Pace(timedelta(minutes=n3.next_after_minutes), timedelta(minutes=n3.remind_before_minutes))

    @property
    def beat_rule(self) -> BeatRule:
        """How far apart the heartbeats of senders may be."""
        section = self.file.heartbeats
        return BeatRule(timedelta(seconds=section.every_s), timedelta(seconds=section.grace_s))

    @property
    def declared_mutes(self) -> tuple[Declared, ...]:
        """The maintenance windows of the file.

        Raises:
            Misconfigured: one fits a heartbeat, which can never be muted.
        """
        for section in self.file.mutes:
            try:
                muting.check_matchers(section.matchers, self.file.heartbeats.names)
            except MuteRefused as error:
                raise Misconfigured(f"[[mutes]] {section.reason!r}: {error}") from None
        return tuple(section.declared for section in self.file.mutes)

    @property
    def noise(self) -> Rules:
        """How alerts are triaged."""
        section, default = self.file.noise, Rules()
        hold = timedelta(minutes=section.hold_minutes)
        return replace(
            default,
            heartbeats=frozenset(self.file.heartbeats.names),
            hold=hold,
            shortest_hold=min(hold, default.shortest_hold),
            longest_hold=max(hold, default.longest_hold),
            silent=timedelta(hours=section.silent_hours),
            weights=default.weights if section.across_services else Weights.of_one_place(),
        )

    @property
    def keep(self) -> timedelta:
        """How long single deliveries are kept; nothing: for ever."""
        return timedelta(days=self.file.noise.keep_days)

    @property
    def topology(self) -> Topology:
        """Who calls whom, as vigie.toml and the file that it names say.

        Raises:
            Misconfigured: the file cannot be read or has another shape.
        """
        try:
            section = self.file.topology
            declared = topology_of({"calls": _calls(section.calls)}).calls
            return (read_topology(self.base / section.file) if section.file else Topology()).with_calls(
                declared
            )
        except BadInput as error:
            raise Misconfigured(str(error)) from None

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


def _people(keys: Sequence[str]) -> frozenset[Person]:
    return frozenset(Person.from_key(key) for key in keys)


def _special(section: SignOffRuleSection) -> SpecialRule:
    return SpecialRule(
        tuple(section.risk),
        tuple(section.environments),
        tuple(section.services),
        section.signatures,
        _minutes(section.minutes_to_sign),
        _minutes(section.minutes_to_execute),
        section.group,
        section.second_group,
        section.reason,
        _minutes(section.when_alone_minutes),
    )


def _minutes(given: float | None) -> timedelta | None:
    return None if given is None else timedelta(minutes=given)


def _calls(lines: Sequence[str]) -> dict[str, list[str]]:
    """`checkout: payments, stock` as a service and what it calls."""
    parted = [line.partition(":") for line in lines]
    return {
        service.strip(): [name.strip() for name in called.split(",") if name.strip()]
        for service, _, called in parted
    }


def _is_slack(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(
        host == known or host.endswith(f".{known}") for known in SLACK_HOSTS
    )
