"""[sources.NAME]: who sends alerts, how it proves who it is, and how it is told what people did."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from bot.settings.section import Section

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=80)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$", max_length=80)]
SeverityWord = Literal["info", "warning", "critical"]
Kind = Literal[
    "alertmanager", "grafana", "pagerduty", "datadog", "cloudwatch", "cloudevents", "json", "slack"
]
Proof = Literal["bearer", "basic", "header", "query", "hmac", "routing_key", "sns", "bot"]

# What each kind may use, the usual one first. A secret in an address ends in logs: where nothing else goes.
PROOFS: dict[str, tuple[Proof, ...]] = {
    "alertmanager": ("bearer", "basic"),
    "grafana": ("bearer", "basic", "header", "hmac"),
    "pagerduty": ("routing_key", "hmac", "header", "bearer"),
    "datadog": ("bearer", "basic", "header"),
    "cloudwatch": ("sns",),
    "cloudevents": ("bearer", "basic", "header", "hmac"),
    "json": ("bearer", "basic", "header", "hmac", "query"),
    "slack": ("bot",),
}
MAPPED = ("json", "cloudevents")


class BackSection(Section):
    """[sources.NAME.back] Tells the source what people did: they took an incident, or resolved it."""

    url: str = Field("", examples=["http://alertmanager:9093"])
    """Alertmanager's address, or PagerDuty's: https://events.pagerduty.com."""
    token_env: EnvironmentName | Literal[""] = Field("", examples=["PAGERDUTY_ROUTING_KEY"])
    """The variable with PagerDuty's routing key, or with a bearer token for Alertmanager."""
    acknowledge: bool = True
    """Taking an incident acknowledges it at PagerDuty, or silences its alerts at Alertmanager."""
    resolve: bool = True
    """Resolving an incident resolves it at PagerDuty, or ends the silences at Alertmanager."""
    mute: bool = True
    """A mute silences the same alerts at Alertmanager while it is in force; critical ones as it says."""
    silence_minutes: Annotated[float, Field(gt=0, le=10080)] = 60.0
    """How long a silence holds at Alertmanager; Vigie hears nothing of the alert meanwhile either."""


class SourceSection(Section):
    """[sources.NAME] One sender of alerts; its address is /alerts/NAME."""

    kind: Kind
    """What it sends."""
    token_env: EnvironmentName | Literal[""] = Field("", examples=["GRAFANA_TOKEN"])
    """The variable that holds its secret, in vigie.env; each source has one of its own."""
    auth: Proof | Literal[""] = ""
    """How it proves that it is who it is; empty: the usual way of its kind."""
    user: str = Field("", examples=["vigie"])
    """The user name of `auth = "basic"`; empty: any."""
    header: HeaderName | Literal[""] = Field("", examples=["X-Token"])
    """The header that holds the secret, or the signature of `auth = "hmac"`."""
    timestamp_header: HeaderName | Literal[""] = Field("", examples=["X-Timestamp"])
    """With `auth = "hmac"`: the header with the time that is signed together with the body."""
    topic_arn: str = Field("", examples=["arn:aws:sns:eu-west-1:123456789012:alarms"])
    """With `kind = "cloudwatch"`: the one SNS topic that is believed."""
    channel: str = Field("", examples=["C012AB3CD"])
    """With `kind = "slack"`: the id of the channel in which other bots write alerts."""
    bots: list[str] = Field([], examples=[["B012AB3CD"]])
    """With `kind = "slack"`: the ids of the bots whose messages are alerts."""
    severity: SeverityWord = "warning"
    """What an alert counts as whose severity is missing or not known."""
    severities: dict[str, SeverityWord] = Field({}, examples=[{"sev1": "critical"}])
    """What its own words for severities mean."""
    resolved: list[str] = Field([], examples=[["up", "ok"]])
    """With a mapping: the words of `fields.status` that say that it is over."""
    fields: dict[str, str] = Field({}, examples=[{"name": "/check/name"}])
    """With `kind = "json"` or "cloudevents": where each field stands, as a JSON pointer or a dotted path."""
    back: BackSection | None = None
    """How the source is told what people did."""

    @property
    def proof(self) -> Proof:
        return self.auth or PROOFS[self.kind][0]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Each sentence is what is wrong, then what to write instead."""
        if self.proof not in PROOFS[self.kind]:
            known = ", ".join(f'"{name}"' for name in PROOFS[self.kind])
            raise ValueError(f'auth = "{self.auth}" is not for kind "{self.kind}". Write one of {known}.')
        if not self.token_env and self.proof not in ("sns", "bot"):
            raise ValueError(
                'token_env is missing. Write for example token_env = "MY_SOURCE_TOKEN", and put the secret'
                " under that name into vigie.env."
            )
        if self.proof == "sns" and not _is_topic(self.topic_arn):
            raise ValueError(
                "topic_arn names no SNS topic. Write for example"
                ' topic_arn = "arn:aws:sns:eu-west-1:123456789012:alarms".'
            )
        if self.proof == "bot" and not (self.channel and self.bots):
            raise ValueError(
                'channel and bots are needed. Write for example channel = "C012AB3CD"'
                ' and bots = ["B012AB3CD"].'
            )
        if self.proof == "header" and not self.header:
            raise ValueError('header is missing. Write for example header = "X-Token".')
        if self.proof == "hmac" and self.kind not in ("grafana", "pagerduty") and not self.header:
            raise ValueError('header is missing. Write for example header = "X-Signature-256".')
        return self._mapping_fits()

    def _mapping_fits(self) -> Self:
        if self.fields and self.kind not in MAPPED:
            raise ValueError(f'fields are not for kind "{self.kind}". Take them out.')
        if self.kind == "json" and not self.fields.get("name"):
            raise ValueError('fields.name is missing. Write for example fields = {name = "/title"}.')
        unknown = [name for name in self.fields if name not in FIELDS]
        if unknown:
            raise ValueError(f"fields.{unknown[0]} is not known. Known: {', '.join(FIELDS)}.")
        if self.back is not None and self.kind not in ("alertmanager", "pagerduty"):
            raise ValueError(f'back is not for kind "{self.kind}". Take it out.')
        return self


FIELDS = (
    *("alerts", "name", "id", "status", "severity", "service", "environment"),
    *("summary", "description", "starts_at", "ends_at", "labels", "url"),
)


def _is_topic(arn: str) -> bool:
    parts = arn.split(":")
    return len(parts) == 6 and parts[0] == "arn" and parts[2] == "sns" and all(parts[3:])
