"""What people type behind `/vigie mute`, and what the form then holds and says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.copilot.mutes import MuteList
from bot.domain.lasting import parse_span, take_span
from bot.domain.mute import LABEL, Matcher
from bot.errors import MuteRefused
from bot.slack import muting as said
from bot.slack.blocks import mute as mute_blocks
from bot.slack.blocks.times import exactly
from bot.slack.values import chosen
from bot.triage import muting
from tests.slack_limits import faults_of_view, texts
from tests.specimens import values
from tests.specimens.desk import Desk
from tests.specimens.quiet import mute
from tests.specimens.voices import ORDINARY

LISTED = MuteList(values.NOW, [mute(ORDINARY)], ())


def answered(words: str) -> str:
    """All that `/vigie mute words` answers."""
    return "\n".join(texts(Desk(mutes=LISTED).answer("mute", words).blocks))


def lasts_of(words: str) -> tuple[str, list[str]]:
    """The option that the form begins with, and all options in order."""
    view = mute_blocks.form(said.given_by(words))
    assert faults_of_view(view) == []
    (field,) = [block["element"] for block in view["blocks"] if block.get("block_id") == "lasts"]
    options = [option["text"]["text"] for option in field["options"]]
    state: dict[str, Any] = {"lasts": {"text": {"selected_option": field["initial_option"]}}}
    assert parse_span(chosen(state, "lasts"))
    return field["initial_option"]["text"]["text"], options


@pytest.mark.parametrize(
    "words, lasts, reason",
    [
        ("service=checkout 90m", "1 h 30 min", ""),
        ("service=checkout 1h30 new disks", "1 h 30 min", "new disks"),
        ("service=checkout new disks for 36h", "1 day 12 h", "new disks for"),
        ("service=checkout 120 min", "2 hours", ""),
        ("service=checkout 3 jours", "3 days", ""),
        ("service=checkout new disks", "2 hours", "new disks"),
        ("service=checkout 45s", "45 s", ""),
    ],
)
def test_a_time_that_is_typed_is_the_one_in_the_form(words: str, lasts: str, reason: str) -> None:
    """Whatever `extend` takes; one that the menu lacks is one more option, and no part of the reason."""
    assert lasts_of(words)[0] == lasts
    assert said.given_by(words)["reason"] == reason
    assert said.given_by(words)["service"] == "checkout"


def test_the_menu_stays_in_order() -> None:
    assert lasts_of("90m")[1][:4] == ["30 minutes", "1 hour", "1 h 30 min", "2 hours"]


@given(st.integers(1, 40 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_time_that_is_shown_can_be_typed(lasts: timedelta) -> None:
    """What Vigie says of a length of time it understands, too; nothing of it is rounded."""
    assert parse_span(exactly(lasts)) == lasts
    assert take_span(f"service=a {exactly(lasts)} new disks") == (exactly(lasts), "service=a new disks")


@pytest.mark.parametrize("words", ["end", "fin", "extend", "extend soon", "end all of it"])
def test_a_verb_without_a_number_says_how_and_lists_what_is_muted(words: str) -> None:
    text = answered(words)
    assert "Say which one, such as `/vigie mute e" in text and "*M3*" in text


@pytest.mark.parametrize(
    "words, near",
    [("lst", "mute list"), ("ende M9", "mute end M9"), ("extnd M9 2h", "mute extend M9 2h")],
)
def test_a_verb_that_is_mistyped_is_met_with_the_nearest(words: str, near: str) -> None:
    """Nothing is done; what was meant as a reason is one button away."""
    text = answered(words)
    assert f"Did you mean `/vigie {near}`?" in text and "No, open the form" in text


@pytest.mark.parametrize("words", ["new disks", "service=list 2h", "2h", "test of the mail server", ""])
def test_what_is_no_verb_opens_the_form(words: str) -> None:
    assert "The form opens." in answered(words)


def test_verbs_are_taken_in_french() -> None:
    assert "*Muted now, and planned*" in answered("liste")
    assert {said.VERBS[word] for word in ("fin", "prolonge", "liste")} == {"end", "extend", "list"}


def test_a_button_may_fill_the_form_in() -> None:
    """With what somebody typed; a value is only text, and never more than the form takes."""
    view = asyncio.run(said.open_form(None, values.ON_CALL, "typed:service=a lst 90m"))  # type: ignore[arg-type]
    (service,) = [b["element"] for b in view["blocks"] if b.get("block_id") == "service"]
    assert service["initial_value"] == "a" and faults_of_view(view) == []


@pytest.mark.parametrize(
    "matcher, field",
    [
        (Matcher("service", ".*", is_pattern=True), "service"),
        (Matcher("environment", "(", is_pattern=True), "environment"),
        (Matcher(f"{LABEL}pod", "a*", is_pattern=True), "labels"),
        (Matcher(f"{LABEL}alertname", "Watchdog"), "labels"),
        (Matcher("name", "Watchdog"), "name"),
        (Matcher("source", "alertmanager"), "source"),
        (Matcher("severity", "loud"), "severity"),
        (Matcher("service", "x" * 300), "service"),
    ],
)
def test_an_error_stands_at_its_field(matcher: Matcher, field: str) -> None:
    """Each field of a matcher is a field of the form, where people look for what is wrong."""
    with pytest.raises(MuteRefused) as refused:
        muting.check_matchers((matcher,), {"Watchdog"})
    assert refused.value.field == field
    named = {block.get("block_id") for block in mute_blocks.form({})["blocks"]}
    assert field in named
