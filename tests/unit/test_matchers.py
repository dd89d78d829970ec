"""A mute in Alertmanager's words: nothing is silent there that the mute would have let through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import re2
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.mute import Matcher, Mute, MuteOrigin
from bot.reach.matchers import matchers_of
from bot.sources.alertmanager import parse
from bot.sources.options import Options
from bot.triage.muting import fits

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEATS = {"Watchdog", "a.b"}
VALUES = ("shop", "mail", "a.b", "Watchdog", "aXb")
SEVERITIES = ("critical", "CRITICAL", " page", "warning", "info", "sev9", "none", "minor")

labels = st.fixed_dictionaries(
    {"alertname": st.sampled_from(VALUES)},
    optional={
        "service": st.sampled_from(VALUES),
        "job": st.sampled_from(VALUES),
        "environment": st.sampled_from(VALUES),
        "team": st.sampled_from(VALUES),
        "severity": st.sampled_from(SEVERITIES),
    },
)
patterns = st.sampled_from(["shop|mail", "a.b", "W.*", "[a-z]+", "critical|info"])
fields = st.sampled_from(["name", "service", "environment", "source", "label:team", "severity"])
matchers = st.one_of(
    st.builds(Matcher, fields, st.sampled_from([*VALUES, "am", "critical", "warning"])),
    st.builds(Matcher, fields, patterns, st.just(True)),
)
options = st.builds(
    Options,
    st.sampled_from(Severity),
    st.sampled_from([{}, {"minor": Severity.CRITICAL, "critical": Severity.INFO}]),
)


def mute_of(*found: Matcher, critical: bool = False) -> Mute:
    times = (NOW, NOW, NOW + timedelta(hours=1), NOW)
    return Mute(1, MuteOrigin.PERSON, found, critical, "a test", "T/U", *times)


def silent(wanted: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    """What Alertmanager does: a pattern has to fit all of the value, and a label that is missing is empty."""
    value, text = labels.get(str(wanted["name"]), ""), str(wanted["value"])
    found = re2.fullmatch(text, value) is not None if wanted["isRegex"] else value == text
    return found == wanted["isEqual"]


def severities(options: Options) -> dict[str, Severity]:
    return {word: options.severity(word) for word in {*Severity.words(), *options.words, ""}}


@given(labels, st.lists(matchers, min_size=1, max_size=3), st.booleans(), options)
@example({"alertname": "shop", "severity": "CRITICAL"}, [Matcher("name", "shop")], False, Options())
@example({"alertname": "shop"}, [Matcher("name", "shop")], False, Options(Severity.CRITICAL))
@example({"alertname": "Watchdog", "team": "shop"}, [Matcher("label:team", "shop")], True, Options())
def test_what_is_silent_there_would_be_quiet_here(
    labels: dict[str, str], found: list[Matcher], critical: bool, options: Options
) -> None:
    """Whatever the labels, the mute and the source's own words for severities."""
    mute = mute_of(*found, critical=critical)
    told = matchers_of(mute, "am", BEATS, severities(options))
    if not told or not all(silent(one, labels) for one in told):
        return
    raw = {"version": "4", "alerts": [{"status": "firing", "labels": labels}]}
    (alert,) = parse(raw, NOW, options).alerts
    alert = replace(alert, source="am")
    assert fits(mute.matchers, alert)
    assert critical or alert.severity < Severity.CRITICAL
    assert alert.name not in BEATS


def test_what_fits_word_for_word_is_silent_there() -> None:
    """Not only on the safe side: the usual mute is told in full."""
    told = matchers_of(mute_of(Matcher("service", "shop")), "am", BEATS, severities(Options()))
    assert all(silent(one, {"alertname": "Slow", "service": "shop"}) for one in told)
    assert all(silent(one, {"alertname": "Slow", "service": "shop", "severity": "Warning"}) for one in told)
    assert matchers_of(mute_of(Matcher("source", "pd"), Matcher("name", "a")), "am", (), {}) == []
