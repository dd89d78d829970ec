"""[sources.NAME] in vigie.toml: what could never work is named by its field, with what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.errors import Misconfigured
from bot.reach.configured import backs_of
from bot.settings import load
from bot.slack.bot_alerts import rooms_of
from bot.web.senders import enqueuers, senders_of
from tests.front import TOKEN, settings

SECRET = "a-secret-of-its-own"


def problem(folder: Path, text: str, **environment: str) -> str:
    """What is said of such a file, when serve would read it."""
    with pytest.raises(Misconfigured) as refused:
        _read(folder, text, environment)
    return refused.value.detail


def _read(folder: Path, text: str, environment: dict[str, str]) -> None:
    made = settings(folder, text, **environment)
    senders_of(made)
    backs_of(made)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "zabbix"', "sources.x.kind must be 'alertmanager', 'grafana'"),
        ('kind = "grafana"', "sources.x: token_env is missing. Write for example token_env"),
        ('kind = "grafana"\ntoken_env = "lower"', "sources.x.token_env does not have the right form"),
        (
            'kind = "grafana"\ntoken_env = "T"\nauth = "query"',
            'auth = "query" is not for kind "grafana". Write one of "bearer"',
        ),
        ('kind = "alertmanager"\ntoken_env = "T"\nauth = "hmac"', 'is not for kind "alertmanager"'),
        (
            'kind = "json"\ntoken_env = "T"\nauth = "header"\nfields = {name = "x"}',
            "header is missing. Write for example",
        ),
        (
            'kind = "json"\ntoken_env = "T"\nauth = "hmac"\nfields = {name = "x"}',
            "header is missing. Write for example",
        ),
        (
            'kind = "json"\ntoken_env = "T"',
            'fields.name is missing. Write for example fields = {name = "/title"}',
        ),
        (
            'kind = "json"\ntoken_env = "T"\nfields = {name = "x", sevrity = "y"}',
            "fields.sevrity is not known. Known: alerts, name",
        ),
        (
            'kind = "grafana"\ntoken_env = "T"\nfields = {name = "x"}',
            'fields are not for kind "grafana". Take them out',
        ),
        ('kind = "cloudwatch"', "topic_arn names no SNS topic. Write for example topic_arn"),
        ('kind = "cloudwatch"\ntopic_arn = "arn:aws:sqs:eu-west-1:1:x"', "topic_arn names no SNS topic"),
        (
            'kind = "cloudwatch"\ntopic_arn = "arn:aws:sns:evil.example/:1:x"',
            "it names no region of Amazon's",
        ),
        ('kind = "slack"', "channel and bots are needed. Write for example"),
        (
            'kind = "json"\ntoken_env = "T"\nfields = {name = "x"}\nback = {url = "http://x"}',
            'back is not for kind "json"',
        ),
        (
            'kind = "grafana"\ntoken_env = "T"\nseverity = "sev1"',
            "sources.x.severity must be 'info', 'warning' or 'critical'",
        ),
        (
            'kind = "grafana"\ntoken_env = "T"\nchanel = "x"',
            "sources.x.chanel is not a setting; did you mean 'channel'?",
        ),
    ],
)
def test_what_cannot_work_is_named_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    """The field, what is wrong, and what to write instead."""
    assert said in problem(tmp_path, f"[sources.x]\n{text}\n", T=SECRET)


def test_a_secret_that_is_missing_short_or_shared_is_refused(tmp_path: Path) -> None:
    """Each source has one of its own, or one could speak for the other; no value is repeated."""
    one = '[sources.x]\nkind = "grafana"\ntoken_env = "T"\n'
    assert "T is not set, or shorter than 16 characters; sources.x needs it" in problem(tmp_path, one)
    assert "shorter than 16" in problem(tmp_path, one, T="short")
    two = one + '[sources.y]\nkind = "datadog"\ntoken_env = "U"\n'
    said = problem(tmp_path, two, T=SECRET, U=SECRET)
    assert "sources.y: U holds the same secret as T" in said and SECRET not in said
    assert "the same secret as VIGIE_INTAKE_TOKEN" in problem(tmp_path, one, T=TOKEN)


def test_the_name_of_vigie_s_own_alerts_is_taken(tmp_path: Path) -> None:
    """Nobody may send in its name."""
    text = '[sources.vigie]\nkind = "grafana"\ntoken_env = "T"\n'
    assert "Choose another one" in problem(tmp_path, text, T=SECRET)


def test_a_way_back_without_an_address_or_key_is_refused(tmp_path: Path) -> None:
    """PagerDuty needs its routing key, Alertmanager an address."""
    text = (
        '[sources.x]\nkind = "pagerduty"\ntoken_env = "T"\n[sources.x.back]\nurl = "https://events.example"\n'
    )
    assert "sources.x.back.token_env: it is not set" in problem(tmp_path, text, T=SECRET)
    assert "sources.x.back.token_env: K is not set" in problem(tmp_path, text + 'token_env = "K"\n', T=SECRET)
    text = '[sources.x]\nkind = "alertmanager"\ntoken_env = "T"\n[sources.x.back]\n'
    assert "sources.x.back.url: not an address" in problem(tmp_path, text + 'url = "am:9093"', T=SECRET)
    assert "holds a password" in problem(tmp_path, text + 'url = "http://u:p@am:9093"', T=SECRET)


def test_who_may_send_is_told_by_name(tmp_path: Path) -> None:
    """Ready kinds under the intake's token, the file's under their own; a room of bots takes no HTTP."""
    made = settings(
        tmp_path,
        """
        [sources.eu]
        kind = "grafana"
        token_env = "EU"
        severity = "critical"
        severities = {Sev1 = "info"}
        [sources.alertmanager]
        kind = "alertmanager"
        token_env = "AM"
        [sources.pd]
        kind = "pagerduty"
        token_env = "PD"
        [sources.room]
        kind = "slack"
        channel = "C1"
        bots = ["B1"]
        """,
        EU="eu-" + SECRET, AM="am-" + SECRET, PD="pd-" + SECRET,
    )  # fmt: skip
    senders = senders_of(made)
    assert set(senders) == {"alertmanager", "grafana", "datadog", "cloudevents", "eu", "pd"}
    assert [one.name for one in enqueuers(senders)] == ["pd"]
    assert senders["eu"].options.severity("SEV1").word == "info"
    assert senders["eu"].options.severity("whatever").word == "critical"
    assert [(room.name, room.channel, room.bots) for room in rooms_of(made)] == [
        ("room", "C1", frozenset({"B1"}))
    ]


def test_the_example_of_the_package_loads(tmp_path: Path) -> None:
    """What bot/sources/README.md has one write is read by the product's own code."""
    page = (Path(__file__).parents[2] / "bot" / "sources" / "README.md").read_text()
    text = page.partition("```toml\n")[2].partition("```")[0]
    names = set(re.findall(r'token_env = "([A-Z_]+)"', text))
    (tmp_path / "vigie.toml").write_text(text)
    secrets = {name: f"{name}-{SECRET}" for name in names}
    made = load(tmp_path / "vigie.toml", {"VIGIE_INTAKE_TOKEN": TOKEN} | secrets)
    assert len(senders_of(made)) > 5
    assert len(backs_of(made)) == 2
