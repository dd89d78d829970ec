"""What a second way says: plain, whole, without secrets, and nothing in it comes alive."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.incident import Incident
from bot.domain.records import News
from bot.reach import wording
from bot.reach.mail import written
from bot.reach.webhook import payload
from tests.letters import END, INCIDENT, LETTER, hostile

SECRET = "xoxb-123456789012-abcdefghijkl"  # no token of anybody's
TO = ("on-call@example.org", "second@example.org")


def test_a_letter_says_what_happened_why_it_comes_and_what_to_do() -> None:
    """Severity, state, place, time, why not by Slack, and that nobody can sign there now."""
    text = wording.body(LETTER)
    for words in ("CRITICAL #7", "Orders are stuck", "orders in prod", "2026-03-01 08:00:00 UTC"):
        assert words in text
    assert "Slack could not be told (Slack says is_archived)" in text
    assert "act by hand" in text


def test_a_rise_and_an_end_say_so() -> None:
    """In the first line, which is all that a phone shows."""
    assert wording.headline(LETTER) == "[Vigie] CRITICAL #7 Orders are stuck"
    assert wording.headline(replace(LETTER, news=News.ROSE)) == "[Vigie] CRITICAL #7 rose: Orders are stuck"
    assert wording.headline(END) == "[Vigie] RESOLVED #7 Orders are stuck"
    assert "so you are told of its end too" in wording.body(END)


def test_the_end_hangs_on_the_opening() -> None:
    """Mail programs show both as one thread; each has a name of its own."""
    opening, end = written(LETTER, "vigie@example.org", TO), written(END, "vigie@example.org", TO)
    assert opening["Message-ID"] == "<vigie-7-opened-critical-1@example.org>"
    assert opening["References"] is None
    assert end["References"] == end["In-Reply-To"] == opening["Message-ID"]
    assert end["Message-ID"] != opening["Message-ID"]
    assert opening["Auto-Submitted"] == "auto-generated"


HEADERS = ("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0"])
def test_no_title_adds_a_header_or_a_recipient(end: str) -> None:
    """Whatever ends a line somewhere is a blank here: the headers are ours alone."""
    message = written(hostile(f"disk{end}Bcc: thief@example.net{end}{end}<html>"), "vigie@example.org", TO)
    raw = message.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert sorted(names) == sorted([*HEADERS, "Content-Type", "Content-Transfer-Encoding", "MIME-Version"])
    assert str(message["To"]) == ", ".join(TO)


@given(st.text(max_size=400))
def test_any_text_can_be_mailed_and_posted(text: str) -> None:
    """One header line each, valid JSON, and no line of the body is the sender's own."""
    letter = hostile(text)
    message = written(letter, "vigie@example.org", TO)
    assert "\n" not in str(message["Subject"]) and "\r" not in str(message["Subject"])
    assert message.as_bytes()
    assert json.loads(json.dumps(payload(letter)))["incident"]["id"] == 7
    # As many lines as an ordinary letter with one alert has: the sender added none.
    assert wording.body(letter).count("\n") == wording.body(hostile("disk")).count("\n")


@pytest.mark.parametrize(
    "incident",
    [
        replace(INCIDENT, title=f"token {SECRET}"),
        replace(INCIDENT, service=f"token {SECRET}"),
        replace(INCIDENT, environment=f"token {SECRET}"),
    ],
)
def test_secrets_are_taken_out(incident: Incident) -> None:
    """Also what was stored before the shape was known, and in what Slack or a mail server said."""
    letter = replace(LETTER, incident=incident, because=f"say {SECRET}")
    for text in (wording.body(letter), wording.short(letter), json.dumps(payload(letter))):
        assert SECRET not in text
    assert SECRET not in written(letter, "vigie@example.org", TO).as_string()
    assert SECRET not in json.dumps(payload(hostile(f"password={SECRET}")))


@pytest.mark.parametrize(
    "text", ["@here", "@everyone", "<!channel>", "<@U1>", "[pay](https://evil.example)", "`x`", "*signed*"]
)
def test_chat_programs_make_nothing_of_it(text: str) -> None:
    """Their `text` and `content` mention nobody, link nowhere and have no markup of the sender's."""
    shown = payload(hostile(text))
    for field in ("text", "content"):
        assert text not in str(shown[field])
        assert "://" not in str(shown[field])
    assert shown["allowed_mentions"] == {"parse": []}
    # A program gets it as it is.
    assert shown["incident"]["title"] == text  # type: ignore[index]


def test_a_long_title_leaves_room() -> None:
    """Everything is cut to what a phone, a chat program and a mail header can hold."""
    letter = hostile("x" * 10_000)
    assert len(wording.headline(letter)) < 200
    assert len(str(payload(letter)["content"])) <= 2000
    assert len(wording.body(letter)) < 5000
