"""The contract with Slack: each message and view that the bot can send fits, is inert, and hides nothing.

The specimens are drawn by the product's own builders; the last tests say that none of those is missing.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import bot.playground
import bot.slack.blocks
from bot.sign_off.rendering import parts as plan_parts
from bot.slack.buttons import VIEWS
from bot.slack.commands import COMMANDS
from bot.slack.snapshots import Snapshots
from tests.attacks.modal import shown_in
from tests.slack_limits import faults_of_message, faults_of_view, mrkdwn, texts
from tests.specimens import Message, Specimen, all_specimens, values
from tests.specimens.registry import listed
from tests.specimens.voices import EVIL, HOSTILE, HUGE, MARK, VOICES

BLOCKS = Path(bot.slack.blocks.__path__[0])
EMOJI = Path(bot.playground.__path__[0]) / "page" / "emoji.js"
every = pytest.mark.parametrize("specimen", all_specimens(), ids=lambda specimen: specimen.name)
hostile = pytest.mark.parametrize(
    "specimen", [s for s in all_specimens() if s.voice is HOSTILE], ids=lambda specimen: specimen.name
)
# Who acted, and where a card stands in Slack itself.
_OURS = re.compile(
    r"<@U0(ONCALL|N3A|N3B|NEW\d+)>|<!subteam\^S0TEAM>|<https://example\.slack\.com/archives/C0INCIDENTS/p\d+\|#\d+>"
)
_CODE = re.compile(r":([a-z_][a-z0-9_+-]*):")
_ADDRESSES = {
    "url",
    "image_url",
    "thumbnail_url",
    "slack_file",
    "user_id",
    "usergroup_id",
    "channel_id",
    "range",
}


def walk(value: object) -> Iterator[dict[str, Any]]:
    """Every object within."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


@every
def test_slack_takes_it(specimen: Specimen) -> None:
    """No limit is broken, whatever the texts are."""
    shown = specimen.shown
    if isinstance(shown, Message):
        assert faults_of_message(shown.text, shown.blocks) == []
    else:
        assert faults_of_view(shown) == []


@pytest.mark.attack("E1")
@every
def test_nothing_foreign_is_where_slack_looks_for_formats(specimen: Specimen) -> None:
    """Mrkdwn holds our own words: mentions of people who acted, and nothing else in angle brackets."""
    for text in mrkdwn(specimen.blocks):
        assert MARK not in text, text
        assert not set("<>") & set(_OURS.sub("", text)), text
    if isinstance(specimen.shown, Message):
        assert not set("<>") & set(specimen.shown.text), "the notification's text is read by Slack too"


@pytest.mark.attack("E2")
@pytest.mark.attack("E4")
@every
def test_nothing_has_an_address_or_a_picture(specimen: Specimen) -> None:
    """No element names a place that Slack or a person would be led to, and none is a picture."""
    for element in walk(specimen.blocks):
        assert not _ADDRESSES & element.keys(), element
        assert element.get("type") not in ("image", "video", "file", "link", "markdown", "user"), element


@pytest.mark.attack("E3")
@pytest.mark.attack("E5")
@hostile
def test_hostile_text_is_shown_as_it_is(specimen: Specimen) -> None:
    """Where something foreign is shown, the mask and the fence are read as letters, in inert elements."""
    holders = [e for e in walk(specimen.blocks) if isinstance(e.get("text"), str) and MARK in e["text"]]
    assert {element["type"] for element in holders} <= {"text", "plain_text"}
    assert all(element.get("emoji") is not True for element in holders), "a code would become a picture"
    for text in mrkdwn(specimen.blocks):
        assert "```" not in text and EVIL not in text, text


def test_our_own_words_use_emoji_that_the_page_draws() -> None:
    """A code that the local page does not know would stand there as letters; in Slack all of these exist."""
    known = set(re.findall(r'"?([a-z0-9_+-]+)"?: "[^"]+"', EMOJI.read_text()))
    used = {code for s in all_specimens() for text in mrkdwn(s.blocks) for code in _CODE.findall(text)}
    assert used and used - known == set()


def test_the_hostile_voice_is_heard() -> None:
    """Most kinds show something foreign: the tests above judge more than silence."""
    heard = {s.kind for s in all_specimens() if s.voice is HOSTILE and MARK in "".join(texts(s.blocks))}
    assert {"incident", "evidence", "diagnosis", "proposal", "answer", "summary", "search", "status"} <= heard
    signed = {s.kind for s in all_specimens() if s.voice is HOSTILE and not s.state and _is_signed(s)}
    assert signed == {"sign_open", "change_open"}, (
        "what is signed is escaped to ASCII, so that no character of it can deceive"
    )


def _is_signed(specimen: Specimen) -> bool:
    """Whether it is a modal to sign that holds nothing foreign as it is."""
    kinds = ("sign_open", "change_open", "open_source:.+")
    return specimen.kind in kinds and MARK not in "".join(texts(specimen.blocks))


@pytest.mark.attack("E6")
@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_the_modal_to_sign_shows_all_that_the_digest_covers(voice: Any) -> None:  # noqa: ANN401
    """With a hundred arguments too: each part whole, and the plan can be read back."""
    (view,) = [s.shown for s in all_specimens() if (s.kind, s.state, s.voice) == ("sign_open", "", voice)]
    assert isinstance(view, dict)
    plan = values.plan(voice)
    shown = shown_in(view)
    assert shown == {part.label: part.text or " " for part in plan_parts(plan)}
    assert json.loads(shown["Everything that is signed"]) == plan


@pytest.mark.attack("E6")
@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_the_modal_of_a_change_shows_all_of_it(voice: Any) -> None:  # noqa: ANN401
    """Every character of the difference."""
    (view,) = [s.shown for s in all_specimens() if (s.kind, s.state, s.voice) == ("change_open", "", voice)]
    assert isinstance(view, dict)
    assert shown_in(view)["The difference"] == values.change(voice).difference


@pytest.mark.attack("E6")
def test_what_cannot_be_shown_whole_says_that_it_cannot_be_signed() -> None:
    """Its card says so and offers no button to sign."""
    (card,) = [s for s in all_specimens() if (s.kind, s.state) == ("proposal", "cannot be signed")]
    assert "nobody could sign it" in " ".join(texts(card.blocks))
    assert "sign_open" not in json.dumps(card.blocks)


@pytest.mark.parametrize("specimen", [s for s in all_specimens() if s.voice is HUGE], ids=lambda s: s.name)
def test_what_is_cut_is_said_and_no_button_is_lost(specimen: Specimen) -> None:
    """A message without end has the buttons of the ordinary one (those that open sources may be fewer)."""
    usual = next(
        s
        for s in all_specimens()
        if (s.group, s.kind, s.state, s.voice.name)
        == (specimen.group, specimen.kind, specimen.state, "ordinary")
    )
    assert _deeds(usual) <= _deeds(specimen)


def _deeds(specimen: Specimen) -> set[str]:
    found = {e["action_id"].partition(":")[0] for e in walk(specimen.blocks) if "action_id" in e}
    return found - {"open_source"}


# -- completeness


def _kinds(group: str) -> set[str]:
    return {specimen.kind for specimen in all_specimens() if specimen.group == group}


def test_every_kind_of_message_has_specimens() -> None:
    """What `Snapshots` can draw, by the methods that it has for it."""
    methods = {
        name: draw
        for name, draw in inspect.getmembers(Snapshots, inspect.isfunction)
        if name not in ("render", "file")
    }
    kinds = {
        name.lstrip("_") for name, draw in methods.items() if "post" in inspect.signature(draw).parameters
    }
    kinds |= {"news"}  # drawn as any text is, by the name of what it is for
    assert kinds == _kinds("message") | _kinds("direct") | _kinds("home")


def test_every_command_has_specimens() -> None:
    """What `/vigie` understands."""
    assert set(COMMANDS) == _kinds("command")


def test_every_modal_has_specimens() -> None:
    """What a button opens."""
    opened = {key if isinstance(key, str) else key.pattern for key in VIEWS}
    assert opened <= _kinds("modal")


def test_the_stressed_kinds_have_every_voice() -> None:
    """Each kind of message and modal is there in all four voices, in one of its states at least."""
    for group in ("message", "direct", "modal", "home"):
        for kind in _kinds(group):
            heard = {s.voice.name for s in all_specimens() if (s.group, s.kind) == (group, kind)}
            assert heard == {voice.name for voice in VOICES}, kind


@cache
def _run_while_drawing() -> frozenset[str]:
    """The functions of the blocks that run while all specimens are drawn."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _value: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        for specimen in listed():
            assert specimen.shown
    finally:
        sys.setprofile(None)
    return frozenset(f"{Path(code.co_filename).name}:{code.co_name}" for code in seen if _is_block(code))


def _is_block(code: CodeType) -> bool:
    return Path(code.co_filename).parent == BLOCKS


@pytest.mark.parametrize("path", sorted(BLOCKS.glob("*.py")), ids=lambda path: path.stem)
def test_every_function_that_draws_is_used_by_a_specimen(path: Path) -> None:
    """A block that no specimen shows is one that no test here has judged: add a specimen for it."""
    functions = re.findall(r"^(?:async )?def (\w+)", path.read_text(), re.MULTILINE)
    missing = [name for name in functions if f"{path.name}:{name}" not in _run_while_drawing()]
    assert missing == []
