"""Settings are read strictly: what is wrong is named with its remedy, and nothing half-read is used."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot import settings as settings_package
from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.errors import Misconfigured
from bot.reach.configured import ways_of
from bot.settings import Settings, load
from bot.sign_off.calling import Pace
from bot.sign_off.policy import DEFAULT_RULES, Rule


def read(folder: Path, text: str = "", **environment: str) -> Settings:
    """The settings of a vigie.toml with that text."""
    path = folder / "vigie.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environment)


def problem(folder: Path, text: str) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(Misconfigured) as refused:
        read(folder, text)
    return str(refused.value)


def test_an_empty_file_gives_the_defaults_beside_it(tmp_path: Path) -> None:
    """Paths are those beside the file, not those of the working directory."""
    settings = read(tmp_path)
    assert settings.folder == tmp_path / "data"
    assert settings.catalogue == tmp_path / "catalogue.yaml"
    assert settings.store_url == f"sqlite:///{tmp_path / 'data' / 'vigie.sqlite'}"
    assert settings.lifecycle_url == f"sqlite:///{tmp_path / 'data' / 'lifecycle.sqlite'}"
    assert settings.file.heartbeats.names == ["Watchdog"]
    assert settings.policy.rules == DEFAULT_RULES


def test_how_n3_are_called_is_no_part_of_the_policy(tmp_path: Path) -> None:
    """Both times are read in minutes, and editing them asks for no signature: they give nobody a right."""
    plain = read(tmp_path)
    edited = read(tmp_path, "[n3]\nnext_after_minutes = 0.5\nremind_before_minutes = 0")
    assert edited.pace == Pace(timedelta(seconds=30), timedelta(0))
    assert plain.pace == Pace()
    assert edited.policy.content() == plain.policy.content()
    assert "more than 0" in problem(tmp_path, "[n3]\nnext_after_minutes = 0")


def test_one_postgresql_holds_both(tmp_path: Path) -> None:
    """The lifecycle keeps its tables in the store's own database."""
    url = "postgresql+psycopg://vigie@db.internal/vigie"
    settings = read(tmp_path, f'store_url = "{url}"')
    assert settings.store_url == settings.lifecycle_url == settings.knowledge_url == url


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_environment_names_the_store_before_the_file(tmp_path: Path, scheme: str) -> None:
    """So that a password need not stand in the file; every usual scheme means the one driver."""
    (tmp_path / "vigie.toml").write_text('store_url = "postgresql://file/vigie"')
    given = {"VIGIE_STORE_URL": f"{scheme}://vigie:geheim@db/vigie"}
    found = load(tmp_path / "vigie.toml", given)
    assert found.store_url == "postgresql+psycopg://vigie:geheim@db/vigie"
    assert found.is_postgresql


def test_another_sqlite_file_leaves_the_workflows_in_the_folder(tmp_path: Path) -> None:
    """They never share a file with the rows."""
    settings = read(tmp_path, 'store_url = "sqlite:////var/lib/other.sqlite"')
    assert settings.lifecycle_url == f"sqlite:///{tmp_path / 'data' / 'lifecycle.sqlite'}"


def test_a_missing_file_says_how_to_name_another(tmp_path: Path) -> None:
    """With the path that was looked for."""
    with pytest.raises(Misconfigured, match=r"vigie\.toml does not exist\. Name another with --config"):
        load(tmp_path / "vigie.toml", {})


@pytest.mark.parametrize(
    "text, said",
    [
        ("folder = \nstore_url = 1", "line 1"),
        ("foldr = 'x'", "foldr is not a setting; did you mean 'folder'?"),
        ("[slack]\nincident_channel = 'x'", "slack.incident_channel is not a setting; did you mean"),
        ("[zzzzzz]\nq = 1", "zzzzzz is not a setting. Take it out. Known here: folder, store_url"),
        ("[web]\nport = 70000", "web.port "),
        ("[web]\nport = 'http'", "web.port "),
        ("[web]\nmax_body = 10", "web.max_body "),
        ("[web]\nbody_timeout_s = 0", "web.body_timeout_s "),
        ("[model]\ndeadline_s = 301", "model.deadline_s "),
        ("[n3]\npinned = ['U045EF6GH']", "n3.pinned.0 "),
        ("[n3]\npinned = ['T1/U1', '']", "n3.pinned.1 "),
        ("[n3]\npinned = ['t1/u1']", "n3.pinned.0 "),
        ("[n3]\npinned = 'T1/U1'", "n3.pinned "),
        ("[n3]\nnewcomer_wait_hours = -1", "n3.newcomer_wait_hours "),
        (
            "[policy.low]\nsignatures = 0\nminutes_to_sign = 30\nminutes_to_execute = 5",
            "policy.low.signatures ",
        ),
        ("[policy.low]\nsignatures = 1", "policy.low.minutes_to_sign "),
        ("[policy.none]\nsignatures = 1\nminutes_to_sign = 30\nminutes_to_execute = 5", "policy.none"),
        (
            "[policy.low]\nsignatures = 1\nminutes_to_sign = 1e9\nminutes_to_execute = 5",
            "policy.low.minutes_to_sign ",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Syntax, unknown names with the nearest one, wrong types, and values out of bounds."""
    assert said in problem(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Named by its path."""
    path = tmp_path / "vigie.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match=str(path)):
        load(path, {})


def test_a_policy_section_replaces_one_rule_and_leaves_pinning(tmp_path: Path) -> None:
    """The others keep their defaults; whether a risk needs pinned people is no setting."""
    text = "[policy.destructive]\nsignatures = 3\nminutes_to_sign = 10\nminutes_to_execute = 1.5"
    rules = read(tmp_path, text).policy.rules
    assert rules[Risk.DESTRUCTIVE] == Rule(3, timedelta(minutes=10), timedelta(minutes=1.5), pinned=True)
    assert {risk: rules[risk] for risk in (Risk.LOW, Risk.HIGH)} == {
        risk: DEFAULT_RULES[risk] for risk in (Risk.LOW, Risk.HIGH)
    }


def test_who_is_pinned_and_how_long_newcomers_wait(tmp_path: Path) -> None:
    """Both are part of the policy that is adopted."""
    policy = read(tmp_path, "[n3]\npinned = ['T1/U1', 'T1/U2']\nnewcomer_wait_hours = 0").policy
    assert policy.pinned == {Person("T1", "U1"), Person("T1", "U2")}
    assert policy.newcomer_wait == timedelta(0)


@pytest.mark.parametrize("text", ["", "[n3]", "[n3]\nusergroup = ''\npinned = []"])
def test_an_installation_in_which_nobody_is_n3_does_not_start(tmp_path: Path, text: str) -> None:
    """An empty list is never everybody."""
    with pytest.raises(Misconfigured, match=r"\[n3\] names nobody"):
        read(tmp_path, text).require_n3()
    read(tmp_path, "[n3]\nusergroup = 'n3'").require_n3()
    read(tmp_path, "[n3]\npinned = ['T1/U1']").require_n3()


@pytest.mark.parametrize("token", ["", "qwerty", "x" * 15])
def test_a_weak_intake_token_is_refused(tmp_path: Path, token: str) -> None:
    """Unset or too short to be a secret; the value itself is not repeated."""
    with pytest.raises(Misconfigured, match="VIGIE_INTAKE_TOKEN") as refused:
        assert read(tmp_path, VIGIE_INTAKE_TOKEN=token).intake_token
    assert not token or token not in str(refused.value)
    assert read(tmp_path, VIGIE_INTAKE_TOKEN="x" * 16).intake_token == "x" * 16


@pytest.mark.parametrize(
    "name, prefix, where",
    [("SLACK_BOT_TOKEN", "xoxb-", "OAuth & Permissions"), ("SLACK_APP_TOKEN", "xapp-", "App-Level Tokens")],
)
def test_a_slack_token_of_the_wrong_kind_says_where_the_right_one_is(
    tmp_path: Path, name: str, prefix: str, where: str
) -> None:
    """Swapped tokens are the commonest slip; what was given is not repeated."""
    fields = {"SLACK_BOT_TOKEN": "bot_token", "SLACK_APP_TOKEN": "app_token"}
    for given in ({}, {name: "xoxp-of-another-kind"}):
        with pytest.raises(Misconfigured, match=where) as refused:
            getattr(read(tmp_path, **given), fields[name])
        assert "xoxp" not in str(refused.value)
    assert getattr(read(tmp_path, **{name: f"{prefix}1"}), fields[name]) == f"{prefix}1"


@pytest.mark.parametrize(
    "url",
    [
        "http://slack.com/api/",
        "https://slack.com.evil.example/api/",
        "https://evilslack.com/api/",
        "https://slack.com@evil.example/api/",
        "https://evil.example/slack.com/",
        "https://127.0.0.1/api/",
        "file:///slack.com",
        "slack.com/api/",
    ],
)
def test_another_slack_is_believed_only_when_the_file_says_so(tmp_path: Path, url: str) -> None:
    """The environment alone cannot say who decides who is who."""
    with pytest.raises(Misconfigured, match="trust_api_url"):
        assert read(tmp_path, SLACK_API_URL=url).slack_api_url
    trusting = read(tmp_path, "[slack]\ntrust_api_url = true", SLACK_API_URL=url)
    assert trusting.slack_api_url.startswith(url)
    assert trusting.trusts_foreign_slack


@pytest.mark.parametrize(
    "url", ["https://slack.com/api", "https://slack-gov.com/api/", "https://acme.enterprise.slack.com/api/"]
)
def test_slack_s_own_hosts_are_believed(tmp_path: Path, url: str) -> None:
    """With the slash at the end that the client needs."""
    assert read(tmp_path, SLACK_API_URL=url).slack_api_url == url.rstrip("/") + "/"
    assert read(tmp_path).slack_api_url == "https://slack.com/api/"


def reach_problem(folder: Path, text: str, **environment: str) -> str:
    with pytest.raises(Misconfigured) as refused:
        ways_of(read(folder, text, **environment))
    return str(refused.value)


MAIL = "smtp_host = 'mail.example.org'\nmail_from = 'v@example.org'\nmail_to = ['a@example.org']"


def test_without_a_second_way_there_is_none(tmp_path: Path) -> None:
    """It is a choice; with one section both ways are there."""
    assert ways_of(read(tmp_path)) == []
    both = read(tmp_path, f"[fallback]\nwebhook_url = 'https://example.org/hook'\n{MAIL}")
    assert [way.name for way in ways_of(both)] == ["webhook", "e-mail"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("[fallback]\nwebhook_url = 'example.org/hook'", "fallback.webhook_url"),
        ("[fallback]\nwebhook_url = 'ftp://example.org'", "fallback.webhook_url"),
        ("[fallback]\nwebhook_url = 'https://example.org/a b'", "fallback.webhook_url"),
        ("[fallback]\nwebhook_url = 'https://[example.org/'", "fallback.webhook_url"),
        (
            "[fallback]\nwebhook_url = 'https://u:hush@example.org/'",
            "it holds a password",
        ),
        ("[heartbeat_out]\nurl = 'ping.example.org'", "heartbeat_out.url"),
        ("[fallback]\nmail_to = ['a@example.org']", "fallback.smtp_host is missing"),
        ("[fallback]\nsmtp_host = 'mail.example.org'", "mail_from and mail_to are needed"),
        (f"[fallback]\nsmtp_user = 'v'\n{MAIL}", "VIGIE_SMTP_PASSWORD is not set"),
    ],
)
def test_a_second_way_that_could_never_work_is_named(tmp_path: Path, text: str, said: str) -> None:
    """With the setting or variable, and what to write."""
    assert said in reach_problem(tmp_path, text)
    assert "hush" not in reach_problem(tmp_path, text)


def test_a_password_never_crosses_the_network_in_the_clear(tmp_path: Path) -> None:
    """A login needs TLS, from the start or by STARTTLS; a relay on this very host may do without."""
    login = f"[fallback]\nsmtp_user = 'v'\n{MAIL}\nsmtp_starttls = false"
    secret = {"VIGIE_SMTP_PASSWORD": "hush"}
    assert "in the clear" in reach_problem(tmp_path, login, **secret)
    assert ways_of(read(tmp_path, f"{login}\nsmtp_port = 465", **secret))
    assert ways_of(read(tmp_path, login.replace("mail.example.org", "localhost"), **secret))


@pytest.mark.parametrize(
    "text, said",
    [
        (
            'mail_to = ["a@example.org\\r\\nBcc: x@example.org"]',
            "fallback.mail_to.0 does not have",
        ),
        ("mail_to = ['A <a@example.org>']", "fallback.mail_to.0 does not have"),
        ("mail_to = 'a@example.org'", "fallback.mail_to must "),
        ("mail_from = 'nobody'", "fallback.mail_from"),
        ("severity = 'bad'", "fallback.severity must "),
        ("after_s = 0", "fallback.after_s must "),
        ("smtp_port = 0", "fallback.smtp_port must "),
        ("web_hook = 'x'", "fallback.web_hook is not a setting; did you mean 'webhook_url'"),
    ],
)
def test_a_wrong_fallback_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Addresses are bare ones, so none of them can add a header."""
    assert said in problem(tmp_path, f"[fallback]\n{text}")


def test_a_token_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    """A line break in it would be a header of its own."""
    text = "[fallback]\nwebhook_url = 'https://example.org/hook'"
    assert "VIGIE_FALLBACK_TOKEN" in reach_problem(tmp_path, text, VIGIE_FALLBACK_TOKEN="a\r\nb")


def test_the_rules_that_the_readme_shows_are_taken(tmp_path: Path) -> None:
    """What it has one write is read, and asks for whom it says."""
    page = Path(settings_package.__file__).with_name("README.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    policy = read(tmp_path, f'{text}[n3.groups.security]\nusergroup = "n3-security"\n').policy
    rule = policy.rule(Risk.DESTRUCTIVE, "production", "payments")
    assert rule.asks == "2 of N3: 1 of database and 1 of security"
    assert (rule.name, rule.reason) == ("destructive in production for payments", True)
    assert policy.rule(Risk.DESTRUCTIVE, "staging", "payments").asks == "2 of N3"


def test_a_policy_that_nobody_changed_has_the_text_it_always_had(tmp_path: Path) -> None:
    """An installation that is brought to this version has nothing to sign for what it does not use."""
    said = json.loads(read(tmp_path, "[n3]\nusergroup = 'n3'").policy.content())
    assert set(said) == {"rules", "newcomer_wait_s", "pinned", "usergroup", "change_signatures"}


def test_deliveries_are_kept_for_as_long_as_rules_are_tried_on_them(tmp_path: Path) -> None:
    """Fewer days than `vigie replay` looks at are refused; 0 keeps all."""
    path = tmp_path / "vigie.toml"
    for days in (1, 29):
        path.write_text(f"[noise]\nkeep_days = {days}\n")
        with pytest.raises(Misconfigured, match="Write 30 or more, or 0"):
            load(path, {})
    for days in (0, 30):
        path.write_text(f"[noise]\nkeep_days = {days}\n")
        assert load(path, {}).keep == timedelta(days=days)
