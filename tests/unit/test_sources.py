"""Every source, case by case: a file holds the vendor's page, a payload, and the alerts or the error."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Alert, Severity
from bot.errors import BadInput
from bot.settings import source_sections
from bot.sources import DELIVERIES, PLAIN, SOURCES, Options, Parsed
from bot.sources.cloudevents import structured
from bot.sources.mapped import FIELDS
from bot.sources.pagerduty import dedup_key
from bot.triage.fingerprint import fingerprint
from tests.unit.plans import json_values

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FOLDER = Path(__file__).parents[1] / "cases" / "sources"
CASES = {f"{path.parent.name}/{path.stem}": path for path in FOLDER.glob("*/*.json")}


def load(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads(CASES[name].read_text(encoding="utf-8"))
    return case


def parsed(name: str, case: dict[str, Any]) -> Parsed:
    kind = name.partition("/")[0]
    payload = case["payload"]
    if kind == "cloudevents":
        payload = structured(case.get("headers", {"Content-Type": "application/cloudevents+json"}), payload)
    return SOURCES[kind](payload, NOW, options(case.get("options")))


def parse(name: str, case: dict[str, Any]) -> list[Alert]:
    return parsed(name, case).alerts


def options(given: dict[str, Any] | None) -> Options:
    if given is None:
        return PLAIN
    return Options(
        unknown=Severity(given.get("unknown", 2)),
        words={word: Severity(value) for word, value in given.get("words", {}).items()},
        fields=given.get("fields", {}),
        resolved=frozenset(given.get("resolved", PLAIN.resolved)),
    )


def texts(alert: Alert) -> Iterator[str]:
    """Every text of an alert, wherever it stands."""
    yield from (alert.name, alert.service, alert.environment, alert.summary, alert.description)
    for mapping in (alert.labels, alert.annotations, alert.origin):
        yield from mapping.keys()
        yield from mapping.values()


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_payload_gives_these_alerts_or_this_error(name: str) -> None:
    """What a case expects of a field is what it gives; an error names the field and what it should be."""
    case = load(name)
    before = copy.deepcopy(case["payload"])
    if "error" in case:
        with pytest.raises(BadInput) as refused:
            parse(name, case)
        assert case["error"] in str(refused.value), case["why"]
        return
    found = parsed(name, case)
    alerts = found.alerts
    assert case["payload"] == before, "parsing is pure"
    assert [f"{one.place}: {one.reason}" for one in found.refused] == case.get("refused", []), case["why"]
    assert len(alerts) == len(case["alerts"]), case["why"]
    for alert, expected in zip(alerts, case["alerts"], strict=True):
        for absent in expected.pop("absent", []):
            assert not any(absent in text for text in texts(alert)), case["why"]
        for field, value in expected.items():
            found = getattr(alert, field)
            value = datetime.fromisoformat(value) if isinstance(found, datetime) else value
            assert (list(found) if field == "flags" else found) == value, f"{field}: {case['why']}"


def test_every_source_has_cases_of_its_vendor() -> None:
    """Each kind has good and bad payloads, and each says which page it follows."""
    for kind in SOURCES:
        cases = [load(name) for name in CASES if name.startswith(f"{kind}/")]
        assert [case for case in cases if "error" in case], kind
        assert [case for case in cases if case.get("alerts")], kind
        for case in cases:
            assert case["page"].startswith("https://") or case["page"] == "bot/sources/README.md"


def test_the_settings_name_the_sources_and_their_fields() -> None:
    """What vigie.toml may name is what is there."""
    assert set(source_sections.PROOFS) == set(SOURCES)
    assert source_sections.FIELDS == FIELDS


def test_a_resolve_is_the_alert_of_its_trigger() -> None:
    """For each source the end has the fingerprint of the beginning, so that it closes it and no other."""
    pairs = [
        ("grafana/firing", "grafana/resolved"),
        ("pagerduty/trigger", "pagerduty/resolve"),
        ("pagerduty/webhook_triggered", "pagerduty/webhook_resolved"),
        ("datadog/default_triggered", "datadog/default_recovered"),
        ("datadog/template_triggered", "datadog/template_recovered"),
        ("cloudwatch/alarm", "cloudwatch/ok"),
        ("json/mapped", "json/resolved"),
        ("slack/alertmanager_firing", "slack/alertmanager_resolved"),
        ("slack/grafana_firing", "slack/grafana_resolved"),
    ]
    for names in pairs:
        (first,), (last,) = (parse(name, load(name)) for name in names)
        assert fingerprint(first) == fingerprint(last), names
        assert first.status.value == "firing" and last.status.value == "resolved", names


def test_an_event_without_a_key_gets_one_from_what_it_says() -> None:
    """The same content gives the same key, other content another; a given key is kept."""
    event = load("pagerduty/no_key")["payload"]
    other = {**event, "payload": {**event["payload"], "source": "srv02"}}
    later = {**event, "payload": {**event["payload"], "timestamp": "2026-03-01T12:00:00Z"}}
    assert dedup_key(event) == dedup_key(later) != dedup_key(other)
    assert dedup_key({**event, "dedup_key": "mine"}) == "mine"


def test_a_delivery_is_named_where_its_sender_names_it() -> None:
    """CloudEvents by source and id, PagerDuty's webhooks by the event; what has no name has none."""
    event = load("cloudevents/structured")["payload"]
    name = DELIVERIES["cloudevents"]
    assert name(event) != name({**event, "id": "other"}) and name(event) != name({**event, "source": "x"})
    assert name([event]) == name({}) == name(7) == ""
    assert DELIVERIES["pagerduty"](load("pagerduty/webhook_triggered")["payload"]) == "01BWEMZ9UYQ"
    assert DELIVERIES["pagerduty"](load("pagerduty/trigger")["payload"]) == ""


def _mutated(payload: object) -> st.SearchStrategy[object]:
    """The payload with something else in one place, at any depth."""
    if isinstance(payload, dict) and payload:
        return st.sampled_from(sorted(payload)).flatmap(
            lambda key: _mutated(payload[key]).map(lambda value: {**payload, key: value})
        )
    if isinstance(payload, list) and payload:
        return _mutated(payload[0]).map(lambda value: [value, *payload[1:]])
    return json_values | st.sampled_from(["9" * 400, "\x00", "\ud800", "A" * 65_536, -1, 1e308, 10**400])


@given(
    st.sampled_from(sorted(name for name in CASES if "bad_" not in name)).flatmap(
        lambda name: _mutated(load(name)["payload"]).map(lambda payload: (name, payload))
    )
)
def test_any_payload_gives_alerts_or_names_what_is_wrong(drawn: tuple[str, object]) -> None:
    """No payload ends in another error; what comes out has a name, aware times and bounded texts."""
    name, payload = drawn
    alerts, refusals = [], []
    try:
        found = parsed(name, {**load(name), "payload": payload})
        alerts, refusals = found.alerts, [f"{one.place}: {one.reason}" for one in found.refused]
    except BadInput as error:
        refusals = [error.detail]
    for refusal in refusals:
        assert re.match(r"[^:]+: .", refusal), "a refusal begins with the field's name"
    for alert in alerts:
        assert alert.name
        assert alert.starts_at.tzinfo is not None
        assert alert.starts_at <= NOW.replace(hour=13)
        for text in texts(alert):
            assert len(text) <= 8000 and "\x00" not in text
            text.encode()


def test_what_the_sender_calls_another_alert_is_another_one() -> None:
    """Keys that differ by a number alone are alerts of their own, however alike their texts are."""
    event, alarm = load("pagerduty/trigger")["payload"], load("cloudwatch/alarm")["payload"]
    monitor = load("datadog/template_triggered")["payload"]
    webhook = load("pagerduty/webhook_triggered")["payload"]
    other_incident = {**webhook["event"], "data": {**webhook["event"]["data"], "id": "PGR0VU3"}}
    pairs = [
        ("pagerduty", event, {**event, "dedup_key": "srv02/HTTP"}),
        ("pagerduty", webhook, {"event": other_incident}),
        ("datadog", monitor, {**monitor, "alert_id": "1235"}),
        ("cloudwatch", alarm, {**alarm, "Message": alarm["Message"].replace("alarm:Orders", "alarm:Order2")}),
    ]
    for kind, one, other in pairs:
        marks = {fingerprint(SOURCES[kind](payload, NOW, PLAIN).alerts[0]) for payload in (one, other)}
        assert len(marks) == 2, kind
