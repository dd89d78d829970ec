"""What is shown before signing is all of what is signed, and two different things never look the same."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sign_off.difference import can_be_shown, difference
from bot.sign_off.rendering import MAX_CHARACTERS, ascii_text, call_text, fits, parts
from tests.unit.plans import PLAN, hostile, json_values

texts = st.text(max_size=40) | hostile
plans = st.fixed_dictionaries(
    {
        "entry": st.fixed_dictionaries({"expected_effect": texts}),
        "arguments": st.dictionaries(texts, json_values, max_size=3),
        "call": st.fixed_dictionaries({"argv": st.lists(texts, min_size=1, max_size=4)}),
        "target": st.fixed_dictionaries({"environment": texts, "service": texts, "identity": texts}),
    }
).map(lambda drawn: PLAN | drawn)


def unescaped(text: str) -> str:
    """The inverse of `ascii_text`."""
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), text)


@given(texts)
def test_the_escaped_text_says_exactly_one_text(text: str) -> None:
    """Printable ASCII only, and the original can be read back from it: no two texts look the same."""
    shown = ascii_text(text)
    assert shown.isascii() and shown.isprintable()
    assert unescaped(shown) == text


@given(st.text(alphabet="\\u{}e9\u00e9", max_size=12), st.text(alphabet="\\u{}e9\u00e9", max_size=12))
def test_what_looks_like_an_escape_is_not_taken_for_one(one: str, other: str) -> None:
    """A text that spells an escape is told from the character that the escape stands for."""
    assert (ascii_text(one) == ascii_text(other)) == (one == other)


@given(plans)
def test_the_parts_show_the_whole_plan(plan: dict[str, object]) -> None:
    """The last part is the plan, word for word; all parts are plain ASCII without anything that hides."""
    shown = parts(plan)
    assert json.loads(shown[-1].text) == plan
    for part in shown:
        assert part.text.replace("\n", "").isascii()
        assert part.text.replace("\n", "").isprintable()


@given(plans, plans)
def test_two_plans_that_differ_look_different(one: dict[str, object], other: dict[str, object]) -> None:
    """What is shown determines what is signed."""
    assert (parts(one) == parts(other)) == (one == other)


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_command_is_shown_so_that_its_arguments_can_be_counted(argv: list[str]) -> None:
    """Reading the shown line as a shell would gives back exactly the arguments."""
    shown = call_text({"argv": argv})
    # Every escape stands within single quotes, where a shell leaves a backslash as it is.
    assert [unescaped(word) for word in shlex.split(shown, posix=True)] == argv


def test_what_matters_stands_first() -> None:
    """The command, where, what it should do, its checks and its undo, each with its label."""
    labelled = {part.label: part.text for part in parts(PLAN)}
    assert labelled["What runs"] == "/usr/bin/restart orders-1"
    assert labelled["Where"] == "orders in production: pid 812"
    assert labelled["Pre-condition"] == "queue_depth expects at least 100: /usr/bin/depth (holds)"
    assert labelled["Verification"] == "queue_depth expects at most 5: GET http://127.0.0.1/depth"
    assert labelled["Undo"] == 'stop_worker: POST http://127.0.0.1/stop {"force": false}'
    assert list(labelled)[-1] == "Everything that is signed"


def test_headers_of_a_request_are_shown() -> None:
    """By name and value; a secret stays a reference."""
    headers = {"X-Force": "yes", "Authorization": "Bearer {secret:TOKEN}"}
    call = {"method": "POST", "url": "http://127.0.0.1/x", "headers": headers, "body": {"n": 1}}
    sent = '{"Authorization": "Bearer {secret:TOKEN}", "X-Force": "yes"}'
    assert call_text(call) == f'POST http://127.0.0.1/x with headers {sent} {{"n": 1}}'


def test_no_undo_says_why() -> None:
    """The reason stands where the undo would."""
    shown = {part.label: part.text for part in parts(PLAN | {"undo": {"none": "a restart cannot be undone"}})}
    assert shown["Undo"] == "none: a restart cannot be undone"


@pytest.mark.parametrize("spare", [0, 1])
def test_what_does_not_fit_whole_cannot_be_signed(spare: int) -> None:
    """Up to the limit it fits, one character more and it does not."""
    used = sum(len(part.text) for part in parts(PLAN | {"arguments": {"text": ""}}))
    room = MAX_CHARACTERS - used
    plan = PLAN | {"arguments": {"text": "x" * (room + spare)}}
    assert fits(plan) is (spare == 0)


def lines_of(content: dict[str, str]) -> dict[str, list[str]]:
    """A content in sections."""
    return {name: text.split("\n") for name, text in content.items()}


@given(st.dictionaries(texts, texts, max_size=3), st.dictionaries(texts, texts, max_size=3))
def test_a_difference_is_empty_only_when_nothing_changed(old: dict[str, str], new: dict[str, str]) -> None:
    """Every change of a content shows, invisible characters and odd line ends included."""
    shown = difference(*map(lines_of, (old, new)))
    assert (shown == "") == (old == new)
    assert shown.replace("\n", "").isascii() and shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("line_end", ["\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\n\n"])
def test_another_line_end_is_a_change(line_end: str) -> None:
    """YAML or an editor may break a line where we see none; the character itself is shown."""
    old, new = {"catalogue": "a\nb\n"}, {"catalogue": f"a{line_end}b\n"}
    assert difference(lines_of(old), lines_of(new))
    assert difference(lines_of(old), lines_of({"catalogue": "a\nb"}))


def test_a_text_cannot_pass_for_another_files_heading() -> None:
    """Moving a line over a heading that the text itself spells is a change that shows."""
    old = {"catalogue": "A", "inventory": "B\n# inventory\nC"}
    new = {"catalogue": "A\n# inventory\nB", "inventory": "C"}
    assert difference(lines_of(old), lines_of(new))


def test_a_difference_that_cannot_be_shown_whole_is_known() -> None:
    """The limit is the one of plans."""
    assert can_be_shown("x" * MAX_CHARACTERS)
    assert not can_be_shown("x" * (MAX_CHARACTERS + 1))


def test_another_order_of_the_same_sections_is_a_change() -> None:
    """The digest differs, so the difference says why."""
    one, other = {"a": ["x"], "b": ["y"]}, {"b": ["y"], "a": ["x"]}
    assert difference(one, other) == "== order: changed\n+ b\n+ a"
