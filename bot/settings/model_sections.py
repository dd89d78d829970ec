"""What an installation says of models: which are asked in which order, what they may cost, what they see."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

import re2
from pydantic import Field, StringConstraints, field_validator, model_validator

from bot.settings.conversation_section import ConversationSection
from bot.settings.section import Section

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,99})?$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Amount = Annotated[float, Field(ge=0, le=1e9)]
Tokens = Annotated[int, Field(ge=0, le=10**12)]
_PATTERN_BYTES = 1 << 20


class ProviderSection(Section):
    """[[model.providers]] One endpoint; the first is asked first, the next one where it fails."""

    name: Name = Field(examples=["main"])
    """How it is called in transcripts, figures and messages."""
    url: Annotated[str, StringConstraints(max_length=500)] = Field(examples=["https://api.example/v1"])
    """The base URL of an endpoint that speaks OpenAI's chat completions."""
    model: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(examples=["gpt-4o-mini"])
    """The model's name there."""
    key_environment: Variable = Field("", examples=["VIGIE_MODEL_KEY_MAIN"])
    """The variable that holds its key; in vigie.env it begins with VIGIE_MODEL_KEY."""
    key_file: Annotated[str, StringConstraints(max_length=1000)] = Field(
        "", examples=["/run/secrets/model-key"]
    )
    """A file that holds the key alone, readable by you alone; neither of both: it needs none."""
    price_in: Amount = 0.0
    """What a million tokens that are sent cost."""
    price_out: Amount = 0.0
    """What a million tokens that are answered cost."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """The currency of its prices; all providers have the same one."""
    timeout_s: Annotated[float, Field(ge=0, le=300)] = 0.0
    """Seconds that one call may take before the next provider is asked; 0: its share of deadline_s."""
    day_tokens: Tokens = 0
    """Tokens in any 24 hours, then the next provider is asked; 0: no bound of its own."""
    day_money: Amount = 0.0
    """Money in any 24 hours, likewise."""

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("it is no address without a login. Write for example https://api.example/v1.")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_environment and self.key_file:
            raise ValueError("it has two keys. Give key_environment or key_file, not both.")
        return self


class BudgetSection(Section):
    """[model.budget] What models may use; over it, the deterministic diagnosis answers. 0: no bound."""

    incident_tokens: Tokens = 60_000
    """Tokens for one incident, questions in its thread and drafts with it."""
    incident_money: Amount = 0.0
    """Money for one incident."""
    incident_s: Amount = 600.0
    """Seconds of models for one incident."""
    channel_tokens: Tokens = 500_000
    """Tokens for one channel in any 24 hours."""
    channel_money: Amount = 0.0
    """Money for one channel in any 24 hours."""
    channel_s: Amount = 0.0
    """Seconds of models for one channel in any 24 hours."""
    day_tokens: Tokens = 2_000_000
    """Tokens for everything in any 24 hours."""
    day_money: Amount = 0.0
    """Money for everything in any 24 hours."""
    day_s: Amount = 0.0
    """Seconds of models for everything in any 24 hours."""


class NeverSendSection(Section):
    """[[model.privacy.never_send]] What no model ever sees; all that is given has to fit."""

    service: Label | None = Field(None, examples=["payments"])
    """The service."""
    environment: Label | None = Field(None, examples=["production"])
    """The environment."""
    labels: dict[str, Label] = Field({}, examples=[{"confidential": "true"}])
    """Labels of an alert; one alert of an incident that has them is enough."""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.service is None and self.environment is None and not self.labels:
            raise ValueError('it would fit everything. Give for example service = "payments".')
        return self


class PrivacySection(Section):
    """[model.privacy] What is taken out before a model sees it. Secrets always are."""

    email: bool = True
    """Takes addresses of mail out."""
    phone: bool = False
    """Takes telephone numbers out; other long numbers may go with them."""
    names: list[Annotated[str, StringConstraints(min_length=2, max_length=100)]] = Field(
        [], examples=[["Ada Example"]]
    )
    """Names of people, customers or projects that are taken out, whatever their case."""
    patterns: dict[Name, Annotated[str, StringConstraints(min_length=1, max_length=1000)]] = Field(
        {}, examples=[{"customer-id": "CUST-[0-9]+"}]
    )
    """Further patterns in RE2's syntax, each with the name that stands in place of what it fits."""
    never_send: list[NeverSendSection] = Field([], examples=[[{"service": "payments"}]])
    """Services, environments or labels that no model ever sees: similar incidents vote there."""
    keep_days: Annotated[float, Field(ge=0, le=3650)] = 30.0
    """Days that the text of exchanges with a model is kept, for `vigie transcript`; 0: never stored."""

    @field_validator("patterns")
    @classmethod
    def _patterns_compile(cls, patterns: dict[str, str]) -> dict[str, str]:
        options = re2.Options()
        options.log_errors, options.max_mem = False, _PATTERN_BYTES
        for name, pattern in patterns.items():
            try:
                empty = re2.compile(pattern, options).fullmatch("") is not None
            except re2.error as error:
                raise ValueError(f"{name} is no pattern of RE2 ({error}). Write [0-9]+ for digits.") from None
            if empty:
                raise ValueError(f"{name} fits even nothing. Write + in place of * for what has to be there.")
        return patterns


class ModelSection(Section):
    """[model] Any OpenAI-compatible endpoint; used when OPENAI_API_KEY is set or providers are given."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "gpt-4o-mini"
    """The model that is asked where no providers are given."""
    deadline_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """Seconds from the question to the answer; then similar incidents vote instead."""
    budget_tokens: Annotated[int, Field(ge=1000)] = 6000
    """Tokens of one diagnosis at most, with its repair."""
    evidence_tokens: Annotated[int, Field(ge=200)] = 1500
    """Tokens of evidence that are sent at most."""
    providers: list[ProviderSection] = Field(
        [], examples=[[{"name": "main", "url": "https://api.example/v1", "model": "gpt-4o-mini"}]]
    )
    """Endpoints in the order in which they are asked, each a section [[model.providers]]. None:
    OPENAI_BASE_URL alone, with OPENAI_API_KEY."""
    budget: BudgetSection = BudgetSection()
    """What models may use for one incident, one channel and in all; over it similar incidents vote."""
    privacy: PrivacySection = PrivacySection()
    """What no model ever sees."""
    conversation: ConversationSection = ConversationSection()
    """Questions in words, and drafts."""

    @field_validator("providers")
    @classmethod
    def _tell_apart(cls, providers: list[ProviderSection]) -> list[ProviderSection]:
        names = [one.name for one in providers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two have the name {twice[0]}. Give each a name of its own.")
        if len({one.currency for one in providers}) > 1:
            raise ValueError("they have different currencies. Give all prices in the one of the budgets.")
        return providers
