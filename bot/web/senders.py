"""Who may send alerts: the source that is there without configuration, and those of [sources.NAME]."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.domain.alert import Severity
from bot.environment_file import is_placeholder
from bot.errors import Misconfigured
from bot.settings import Settings, SourceSection
from bot.sources import PLAIN, Options
from bot.web.proofs import Bearer, Proof, RoutingKey, Signed, basic, in_header, in_query
from bot.web.sns import Fetch, Sns, fetch, is_region

DEFAULT = "alertmanager"
# Whose documentation says that the sender comes again on 429. Alertmanager, Datadog and SNS do so on 5xx
# alone: to them 429 is final. PagerDuty says it of its Events API v2, not of its webhooks.
_RETRIES_429 = {
    "cloudevents": "https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md",
    "pagerduty": "https://developer.pagerduty.com/docs/events-api-v2-overview",
}
# Kinds whose payload says all by itself: each has an address of its own name, under VIGIE_INTAKE_TOKEN.
READY = ("alertmanager", "grafana", "datadog", "cloudevents")
_LEAST = 16
_GRAFANA = ("X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp")
_PAGERDUTY = "X-PagerDuty-Signature"


@dataclass(frozen=True, slots=True)
class Sender:
    """One source. Its name is part of what makes an alert the same one, so none closes another's alerts."""

    name: str
    kind: str
    proof: Proof
    options: Options = field(default=PLAIN)

    @property
    def retries_429(self) -> bool:
        """Whether it comes again on 429, which says more than 503; what is not known to, gets 503."""
        is_event = self.kind != "pagerduty" or isinstance(self.proof, RoutingKey)
        return self.kind in _RETRIES_429 and is_event


def senders_of(settings: Settings, fetch: Fetch = fetch) -> dict[str, Sender]:
    """Everybody who may send over HTTP, by name.

    Raises:
        Misconfigured: names the setting or variable, and what to write.
    """
    bearer = Bearer(settings.intake_token)
    found = {kind: Sender(kind, kind, bearer) for kind in READY}
    tokens = {settings.intake_token: "VIGIE_INTAKE_TOKEN"}
    for name, section in settings.file.sources.items():
        if name == "vigie":
            raise Misconfigured("sources.vigie: Vigie's own alerts have this name. Choose another one.")
        if section.proof == "bot":
            continue
        token = _token(settings, name, section, tokens)
        proof = _proof(section, token, name, fetch)
        found[name] = Sender(name, section.kind, proof, options_of(section))
    return found


def options_of(section: SourceSection) -> Options:
    """How the payloads of this source read."""
    given = {"resolved": frozenset(word.strip().lower() for word in section.resolved)}
    return Options(
        unknown=Severity[section.severity.upper()],
        words={w.strip().lower(): Severity[s.upper()] for w, s in section.severities.items()},
        fields=section.fields,
        **(given if section.resolved else {}),
    )


def _token(settings: Settings, name: str, section: SourceSection, known: dict[str, str]) -> str:
    if not section.token_env:
        return ""
    token = settings.variable(section.token_env)
    if len(token) < _LEAST or is_placeholder(token):
        raise Misconfigured(
            f"{section.token_env} is not set, or shorter than {_LEAST} characters; sources.{name} needs it."
            " Put the secret that the sender has into vigie.env under this name."
        )
    if token in known:
        raise Misconfigured(
            f"sources.{name}: {section.token_env} holds the same secret as {known[token]}. Give each source"
            " one of its own, or one could speak for the other."
        )
    known[token] = section.token_env
    return token


def _proof(section: SourceSection, token: str, name: str, fetch: Fetch) -> Proof:
    if section.proof == "sns":
        if not is_region(section.topic_arn):
            raise Misconfigured(f"sources.{name}.topic_arn: it names no region of Amazon's. Copy it anew.")
        return Sns(section.topic_arn, fetch)
    if section.proof == "hmac":
        return _signed(section, token)
    made: dict[str, Proof] = {
        "bearer": Bearer(token),
        "basic": basic(token, section.user),
        "header": in_header(token, section.header),
        "query": in_query(token),
        "routing_key": RoutingKey(token),
    }
    return made[section.proof]


def _signed(section: SourceSection, token: str) -> Signed:
    if section.kind == "pagerduty":
        return Signed(token, section.header or _PAGERDUTY)
    if section.kind == "grafana":
        return Signed(token, section.header or _GRAFANA[0], section.timestamp_header or _GRAFANA[1])
    return Signed(token, section.header, section.timestamp_header)


def enqueuers(senders: Mapping[str, Sender]) -> Iterator[Sender]:
    """Those that take events at the address of PagerDuty's Events API v2."""
    return (one for one in senders.values() if one.kind == "pagerduty" and isinstance(one.proof, RoutingKey))
