"""What a mute may be, which alerts it fits, when a declared one holds, and what a correction overrules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import settings
from bot.copilot.muted import rule_of
from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.lasting import parse_span
from bot.domain.mute import LABEL, Matcher, Mute, MuteOrigin, MuteState
from bot.domain.noise import Group
from bot.domain.quiet import Correction
from bot.errors import Misconfigured, MuteRefused
from bot.triage import muting
from bot.triage.corrections import overrule
from bot.triage.mute import mute_of
from bot.triage.seen import Seen
from bot.triage.traits import traits_of
from bot.triage.windows import Declared

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def alert(severity: Severity = Severity.WARNING, service: str = "orders", **labels: str) -> Alert:
    return Alert(
        "alertmanager",
        "QueueGrows",
        AlertStatus.FIRING,
        severity,
        service,
        "production",
        NOW,
        labels={"alertname": "QueueGrows", **labels},
    )


def mute(*matchers: Matcher, critical: bool = False, start: datetime = NOW) -> Mute:
    ends = start + timedelta(hours=2)
    return Mute(3, MuteOrigin.PERSON, matchers, critical, "disks", "T1/U1", NOW, start, ends, NOW)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_value_fits_itself_alone(value: str, other: str) -> None:
    """Without a pattern nothing in a value is special, and no more of a label than the whole of it counts."""
    fits = muting.fits([Matcher(f"{LABEL}pod", value)], alert(pod=other))
    assert fits == (value == other)


@pytest.mark.parametrize(
    "text, value, fits",
    [("~web-[0-9]+", "web-12", True), ("~web-[0-9]+", "web-12-old", False), ("web-[0-9]+", "web-12", False)],
)
def test_a_pattern_has_to_match_the_whole_value(text: str, value: str, fits: bool) -> None:
    assert muting.fits([muting.parse("service", text)], alert(service=value)) is fits


@pytest.mark.parametrize(
    "field, text, word",
    [
        ("service", "~.*", "empty text"),
        ("service", "~.+", "fits everything"),
        ("name", "~[^x]+", "fits everything"),
        ("label:pod", "~\\S+", "fits everything"),
        ("name", "~.*[a-zA-Z].*", "fits everything"),
        ("service", "~(a+)+(", "no pattern"),
        ("source", "alertmanager", "nothing to do with each other"),
        ("severity", "~warning|info", "nothing to do with each other"),
        ("severity", "wrning", "one of info"),
        ("name", "", "no value"),
        ("team", "x", "is no field"),
        ("name", "Watchdog", "heartbeat"),
        ("name", "~Watch.*", "heartbeat"),
    ],
)
def test_what_is_too_wide_is_refused_with_the_reason(field: str, text: str, word: str) -> None:
    with pytest.raises(MuteRefused, match=word):
        muting.check_matchers([muting.parse(field, text)], ["Watchdog"])


@pytest.mark.parametrize(
    "field, text", [("service", "orders"), ("name", "~Disk.*"), ("environment", "staging")]
)
def test_what_names_something_is_taken(field: str, text: str) -> None:
    muting.check_matchers([muting.parse(field, text)], ["Watchdog"])


@pytest.mark.parametrize(
    "lasts, refused",
    [(timedelta(days=14), False), (timedelta(days=14, seconds=1), True), (timedelta(), True)],
)
def test_a_mute_has_an_end_that_is_near(lasts: timedelta, refused: bool) -> None:
    if refused:
        with pytest.raises(MuteRefused):
            muting.check_times(NOW, NOW + lasts, NOW)
    else:
        muting.check_times(NOW, NOW + lasts, NOW)


def test_the_state_of_a_mute_is_its_times() -> None:
    """It starts and ends to the moment, and nothing has to happen for that."""
    one = mute(Matcher("service", "orders"))
    moments = [NOW - timedelta(microseconds=1), NOW, one.ends_at - timedelta(microseconds=1), one.ends_at]
    states = [one.state(at) for at in moments]
    assert states == [MuteState.PLANNED, MuteState.ACTIVE, MuteState.ACTIVE, MuteState.OVER]
    fitting = [mute_of(alert(), [rule_of(one)], at)[0] is not None for at in moments]
    assert fitting == [False, True, True, False]


def test_critical_alerts_need_the_box() -> None:
    plain, with_box = mute(Matcher("service", "orders")), mute(Matcher("service", "orders"), critical=True)
    critical = alert(Severity.CRITICAL)
    assert mute_of(critical, [rule_of(plain)], NOW)[0] is None
    assert mute_of(critical, [rule_of(with_box)], NOW)[0] is not None


PARIS = Declared((), "backup", timedelta(hours=2), days=("sat", "sun"), at=time(2), zone="Europe/Paris")


@pytest.mark.parametrize(
    "at, holds",
    [
        ("2026-03-28T00:59:59+00:00", False),  # Saturday, winter time: 02:00 is 01:00 UTC
        ("2026-03-28T01:00:00+00:00", True),
        ("2026-03-28T02:59:59+00:00", True),
        ("2026-03-28T03:00:00+00:00", False),
        ("2026-03-29T01:30:00+00:00", True),  # Sunday: 02:00 does not exist that night
        ("2026-04-04T00:30:00+00:00", True),  # summer time: 02:00 is 00:00 UTC
        ("2026-03-30T01:30:00+00:00", False),  # Monday
    ],
)
def test_a_window_comes_again_by_local_time(at: str, holds: bool) -> None:
    assert (PARIS.window(datetime.fromisoformat(at)) is not None) is holds


def test_each_occurrence_has_a_key_of_its_own_over_midnight_too() -> None:
    late = Declared((), "backup", timedelta(hours=3), days=("mon",), at=time(23))
    first = late.window(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    past_midnight = late.window(datetime(2026, 3, 3, 1, 30, tzinfo=UTC))
    next_week = late.window(datetime(2026, 3, 9, 23, 30, tzinfo=UTC))
    assert first is not None and past_midnight is not None and next_week is not None
    assert first.key == past_midnight.key != next_week.key
    found = late.between(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC))
    assert [window.starts_at.day for window in found] == [2, 9]


MUTES = [
    ('service = "~.*"\nstart = 2026-03-01T02:00:00Z\nlasts = "2h"', "empty text"),
    ('start = 2026-03-01T02:00:00Z\nlasts = "2h"', "no matcher"),
    ('service = "db"\nlasts = "2h"', "say when"),
    ('service = "db"\nstart = 2026-03-01T02:00:00Z\nlasts = "15d"', "longer than 14 days"),
    ('service = "db"\ndays = ["mon"]\nlasts = "4d"', "Three days"),
    (
        'service = "db"\ndays = ["mon","tue","wed","thu","fri","sat","sun"]\nlasts = "13h"',
        "half of each week",
    ),
    ('service = "db"\ndays = ["mon"]\nlasts = "2h"\nzone = "Mars/Base"', "no such time zone"),
    ('service = "db"\ndays = ["mon"]\nlasts = "soon"', "right form"),
]


@pytest.mark.attack("O7")
@pytest.mark.parametrize("text, word", MUTES, ids=[word for _, word in MUTES])
def test_a_declared_mute_that_is_too_wide_is_refused_at_load(tmp_path: Path, text: str, word: str) -> None:
    """With its line and the reason; nothing starts."""
    path = tmp_path / "vigie.toml"
    path.write_text(f'[[mutes]]\nreason = "backup"\n{text}\n')
    with pytest.raises(Misconfigured, match=word):
        settings.load(path, {})


@pytest.mark.attack("O8")
def test_a_declared_mute_of_a_heartbeat_is_refused_at_load(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    text = '[[mutes]]\nreason = "backup"\nname = "~DeadMans.*"\ndays = ["mon"]\nlasts = "2h"\n'
    path.write_text(f'{text}[heartbeats]\nnames = ["DeadMansSwitch"]\n')
    with pytest.raises(Misconfigured, match="DeadMansSwitch, which is a heartbeat"):
        _ = settings.load(path, {}).declared_mutes


@pytest.mark.parametrize(
    "text, seconds",
    [
        *(("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800), ("1.5 h", 5400), ("90 min", 5400)),
        *(("1h30", 5400), ("1h30m", 5400), ("1h 2m", 3720), ("2 hours", 7200), ("3 heures", 10_800)),
        ("2j", 172_800),
    ],
)
def test_a_span_is_what_people_write(text: str, seconds: int) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "0s", "15", "m", "-1h", "1h 2", "2m30", "1h302", "2 houses", "1e9s", "९s"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        parse_span(text)


def correction(kind: Kind, **changes: object) -> Correction:
    given = {"undone_at": None, "until": NOW + timedelta(days=7)} | changes
    return Correction(1, 1, "f", kind, "", "T1/U1", NOW, given["until"], None, True, given["undone_at"])  # type: ignore[arg-type]


def seen(own: int | None = None) -> Seen:
    """The alert in an incident of its own, or in none."""
    one = alert()
    group = None if own is None else Group(own, "production", one.severity, NOW)
    return Seen(one, "f", traits_of(one), None, group, False, ())


@pytest.mark.parametrize(
    "kind, incident, told_in",
    [
        (Kind.HELD, None, None),
        (Kind.HELD, 5, 5),
        (Kind.MUTED, None, None),
        (Kind.MUTED, 5, 5),
        (Kind.FLAPPING, 5, 5),
        (Kind.JOINED, 5, None),
    ],
)
def test_what_should_have_paged_is_not_absorbed_that_way_again(
    kind: Kind, incident: int | None, told_in: int | None
) -> None:
    """Until then, unless it was taken back; another kind of decision is not its business."""
    absorbed = Decision(kind, "absorbed", incident, hold_until=NOW, mute=3)
    anew, told = overrule(seen(), absorbed, [correction(kind)], NOW)
    assert (told.notifies, told.incident, told.mute, told.hold_until) == (True, told_in, None, None)
    assert told.kind is (Kind.OPENED if told_in is None else Kind.JOINED) and anew.begins
    for other in (
        correction(kind, until=NOW),
        correction(kind, undone_at=NOW),
        correction(Kind.HELD if kind is not Kind.HELD else Kind.MUTED),
    ):
        assert overrule(seen(), absorbed, [other], NOW) == (seen(), absorbed)


def test_what_begins_again_in_its_own_incident_is_told_there() -> None:
    """It joined and was not told once; when it begins again, people are told in that incident."""
    absorbed = Decision(Kind.JOINED, "it fires again", incident=5)
    begins = replace(seen(5), begins=True)
    told = overrule(begins, absorbed, [correction(Kind.JOINED)], NOW)[1]
    assert (told.notifies, told.incident, told.kind) == (True, 5, Kind.JOINED)


def test_a_repeat_of_what_people_were_told_stays_a_repeat() -> None:
    """Else a correction would page at each re-send for a week."""
    for kind in (Kind.DUPLICATE, Kind.JOINED):
        repeat = Decision(kind, "repeats", incident=5)
        assert overrule(seen(5), repeat, [correction(kind)], NOW)[1] is repeat
