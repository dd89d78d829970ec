"""When an incident goes out by a second way: a pure rule over rows, whose every answer carries a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.records import News, Notice, Post
from bot.reach.due import Known, Rule, decide

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
RULE = Rule(Severity.CRITICAL, timedelta(seconds=60))
INCIDENT = Incident(
    7, "Orders are stuck", "orders", "prod", Severity.CRITICAL, IncidentState.TRIGGERED, AT, AT
)


def post(
    key: str = "incident:7", *, sent: int = 0, ts: str = "", problem: str = "", at: datetime = AT
) -> Post:
    return Post(1, key, "incidents", "incident", 7, "", None, 1, sent, ts, "", False, 0, None, problem, at)


def notice(news: News = News.OPENED, severity: Severity = Severity.CRITICAL, sent: bool = True) -> Notice:
    return Notice(1, 7, news, severity, "e-mail", "Slack is down", AT, AT if sent else None)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds, news", [(0, None), (59.9, None), (60, News.OPENED), (3600, News.OPENED)])
def test_slack_has_so_long_to_confirm_the_first_message(seconds: float, news: News | None) -> None:
    """Not a moment earlier, and from then on."""
    assert decide(Known(INCIDENT, post()), RULE, after(seconds)).news is news


@pytest.mark.parametrize("card", [post(ts="1.1", sent=1), post(sent=1)], ids=["there", "deleted by somebody"])
def test_what_slack_confirmed_once_is_not_told_again(card: Post) -> None:
    """Also when somebody has deleted the card since: people have seen it."""
    assert decide(Known(INCIDENT, card), RULE, after(3600)).news is None


@pytest.mark.parametrize("card", [None, post(), post(sent=-1, problem="invalid_blocks")])
def test_a_message_that_was_given_up_or_never_wanted_is_not_confirmed(card: Post | None) -> None:
    """Only Slack's own answer counts."""
    assert decide(Known(INCIDENT, card), RULE, after(60)).news is News.OPENED


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
def test_what_is_less_severe_waits_for_slack(severity: Severity) -> None:
    """The setting says from which severity on; a lower setting takes it in."""
    known = Known(replace(INCIDENT, severity=severity), post())
    assert decide(known, RULE, after(3600)).news is None
    assert decide(known, replace(RULE, severity=severity), after(3600)).news is News.OPENED


def test_the_reason_is_what_slack_said() -> None:
    """Of this message, else of what stands before it; where Slack said nothing, that it was silent."""
    assert decide(Known(INCIDENT, post(problem="Slack says is_archived")), RULE, after(60)).reason == (
        "Slack says is_archived"
    )
    behind = Known(INCIDENT, post(), trouble="SLACK_BOT_TOKEN was revoked")
    assert decide(behind, RULE, after(60)).reason == "SLACK_BOT_TOKEN was revoked"
    assert "did not confirm a message within 60 s" in decide(Known(INCIDENT, post()), RULE, after(60)).reason


@pytest.mark.parametrize("sent", [True, False])
def test_it_is_wanted_once(sent: bool) -> None:
    """Whether or not it was taken yet."""
    assert decide(Known(INCIDENT, post(), notices=[notice(sent=sent)]), RULE, after(3600)).news is None


def test_a_rise_that_slack_did_not_confirm_is_told() -> None:
    """The card stands in Slack as a warning, then Slack is gone: its time counts from the rise on."""
    card, rise = post(ts="1.1", sent=1), post("incident:7:rise:critical", at=after(600))
    known = Known(INCIDENT, card, {Severity.CRITICAL: rise})
    assert decide(known, RULE, after(659)).news is None
    assert decide(known, RULE, after(660)).news is News.ROSE
    told = replace(known, notices=[notice(News.ROSE)])
    assert decide(told, RULE, after(3600)).news is None
    confirmed = replace(known, rises={Severity.CRITICAL: replace(rise, ts="1.2", sent=1)})
    assert decide(confirmed, RULE, after(3600)).news is None


def test_an_opening_that_was_told_as_critical_covers_the_rise() -> None:
    """Both were untold: one letter says both."""
    rise = post("incident:7:rise:critical")
    known = Known(INCIDENT, post(ts="1.1", sent=1), {Severity.CRITICAL: rise}, [notice()])
    assert decide(known, RULE, after(3600)).news is None


def test_worse_than_what_was_told_is_told_as_a_rise() -> None:
    """A warning went out by the second way, then it became critical with Slack still away."""
    warned = Known(INCIDENT, post(), notices=[notice(severity=Severity.WARNING)])
    assert decide(warned, replace(RULE, severity=Severity.WARNING), after(90)).news is News.ROSE


def test_the_end_is_told_where_the_opening_was() -> None:
    """By this way, once; not where nothing was sent, and not where the letter said it already."""
    over = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=after(90))
    assert decide(Known(over, post()), RULE, after(100)).news is None
    assert decide(Known(over, post(), notices=[notice(sent=False)]), RULE, after(100)).news is None
    assert decide(Known(over, post(), notices=[notice()]), RULE, after(100)).news is News.RESOLVED
    said = replace(notice(), over=True)
    assert decide(Known(over, post(), notices=[said]), RULE, after(100)).news is None
    twice = [notice(), notice(News.RESOLVED, sent=False)]
    assert decide(Known(over, post(), notices=twice), RULE, after(100)).news is None


def test_what_was_short_lived_and_untold_stays_so() -> None:
    """It ended before its time was up: Slack will tell the whole story."""
    over = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=after(30))
    assert decide(Known(over, post()), RULE, after(3600)).news is None


@given(
    st.sampled_from(Severity),
    st.sampled_from(IncidentState),
    st.integers(0, 200),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(News), st.sampled_from(Severity), st.booleans()), max_size=4),
)
def test_whatever_is_wanted_is_not_wanted_again(
    severity: Severity,
    state: IncidentState,
    seconds: int,
    told: bool,
    before: list[tuple[News, Severity, bool]],
) -> None:
    """The rule comes to rest: once its answer stands as a row, the same moment asks for nothing more."""
    known = Known(
        replace(INCIDENT, severity=severity, state=state),
        post(ts="1.1" if told else "", sent=int(told)),
        {severity: post(f"incident:7:rise:{severity.word}")},
        [notice(*one) for one in before],
    )
    rule = replace(RULE, severity=Severity.INFO)
    first = decide(known, rule, after(seconds))
    assert first.reason
    if first.news is not None:
        noted = replace(known, notices=[*known.notices, notice(first.news, severity, sent=False)])
        assert decide(noted, rule, after(seconds)).news is None
