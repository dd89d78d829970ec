"""Alertmanager's webhook, case by case: a file holds a payload and the alerts or the error it gives."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Alert
from bot.errors import BadInput
from bot.sources import SOURCES
from bot.sources.alertmanager import parse
from bot.sources.parsed import MAX_ALERTS
from bot.sources.text import MAX_CHARACTERS
from tests.unit.plans import json_values

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CASES = {path.stem: path for path in Path(__file__).parents[1].joinpath("cases/alertmanager").glob("*.json")}


def load(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads(CASES[name].read_text(encoding="utf-8"))
    return case


def texts(alert: Alert) -> Iterator[str]:
    """Every text of an alert, wherever it stands."""
    yield from (alert.name, alert.service, alert.environment, alert.summary, alert.description)
    for mapping in (alert.labels, alert.annotations):
        yield from mapping.keys()
        yield from mapping.values()


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_payload_gives_these_alerts_or_this_error(name: str) -> None:
    """What a case expects of a field is what it gives; an error names the field and what it should be."""
    case = load(name)
    payload = copy.deepcopy(case["payload"])
    if "error" in case:
        with pytest.raises(BadInput) as refused:
            parse(payload, NOW)
        assert case["error"] in str(refused.value), case["why"]
        return
    found = parse(payload, NOW)
    alerts = found.alerts
    assert payload == case["payload"], "parsing is pure"
    assert [f"{one.place}: {one.reason}" for one in found.refused] == case.get("refused", []), case["why"]
    assert len(alerts) == len(case["alerts"])
    for alert, expected in zip(alerts, case["alerts"], strict=True):
        _compare(alert, expected, case["why"])


def _compare(alert: Alert, expected: dict[str, Any], why: str) -> None:
    for absent in expected.pop("absent", []):
        assert not any(absent in text for text in texts(alert)), why
    if longest := expected.pop("longest", None):
        assert max(map(len, texts(alert))) == longest, why
    for field, value in expected.items():
        found = getattr(alert, field)
        if isinstance(found, datetime):
            value = datetime.fromisoformat(value)
        if field == "flags":
            found = list(found)
        assert found == value, f"{field}: {why}"


def test_more_alerts_than_the_limit_are_refused() -> None:
    """Up to the limit they are taken; the refusal names what to set at the sender."""
    payload = load("firing")["payload"]
    payload["alerts"] *= MAX_ALERTS
    assert len(parse(payload, NOW).alerts) == MAX_ALERTS
    payload["alerts"] += payload["alerts"][:1]
    with pytest.raises(
        BadInput, match=f"expected 1 to {MAX_ALERTS} of them, got {MAX_ALERTS + 1}.*max_alerts"
    ):
        parse(payload, NOW)


def test_every_source_is_registered_by_its_name() -> None:
    """The path of a request names the source."""
    assert SOURCES["alertmanager"] is parse


payloads = st.fixed_dictionaries(
    {
        "version": st.just("4"),
        "alerts": st.lists(
            st.fixed_dictionaries(
                {"status": st.sampled_from(["firing", "resolved"])},
                optional={
                    "labels": st.dictionaries(st.text(), st.text(), max_size=3).map(
                        lambda drawn: {"alertname": "X"} | drawn
                    ),
                    "annotations": st.dictionaries(st.text(), st.text(), max_size=3) | json_values,
                    "startsAt": json_values | st.datetimes().map(datetime.isoformat),
                    "endsAt": json_values,
                },
            ),
            max_size=3,
        ),
    }
)


@given(payloads | json_values)
def test_any_payload_gives_alerts_or_names_what_is_wrong(payload: object) -> None:
    """No payload ends in another error; what comes out has a name, aware times and storable texts."""
    try:
        alerts = parse(payload, NOW).alerts
    except BadInput:
        return
    for alert in alerts:
        assert alert.name
        assert alert.starts_at.tzinfo is not None
        for text in texts(alert):
            # Redaction may put a longer word in a secret's place; the text itself is cut.
            assert len(text) <= 2 * MAX_CHARACTERS
            assert "\x00" not in text
            text.encode()
