"""What a catalogue had better not allow is told; what is fine is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.catalogue import dangers_of, lint_of, parse
from bot.tools.patterns import ALL, reach_of

LOOK: dict[str, Any] = {
    "title": "Look",
    "does": "Looks",
    "owner": "on-call",
    "run": {"runner": "command", "argv": ["/bin/look"]},
    "environments": ["production"],
    "services": ["orders"],
    "reads": {"value": "/n", "healthy": {"at_most": 5}, "identity": "/id"},
}
FIX: dict[str, Any] = {
    **{key: value for key, value in LOOK.items() if key != "reads"},
    "expected_effect": "Fixed",
    "risk": "high",
    "run": {"runner": "command", "argv": ["/bin/fix"]},
    "precondition": {"check": "look", "expect": {"at_least": 6}},
    "verification": {"check": "look"},
    "undo": {"action": "fix"},
}
ROWS = {"workers": {"w1": {"services": ["orders"], "unit": "a"}}}


def told(action: dict[str, Any], check: dict[str, Any] | None = None, rows: object = None) -> list[str]:
    """The dangers of this action beside a sound check."""
    raw = {"version": 1, "checks": {"look": LOOK | (check or {})}, "actions": {"fix": FIX | action}}
    content = {"catalogue": json.dumps(raw, indent=1), "inventory": json.dumps(rows or ROWS)}
    found = parse(json.dumps(content))
    return [str(danger) for danger in (*dangers_of(found), *lint_of(found))]


def argument(**declared: object) -> dict[str, Any]:
    return {"arguments": {"size": declared}, "run": {"runner": "command", "argv": ["/bin/fix", "{size}"]}}


def test_what_is_sound_is_not_dangerous() -> None:
    """The case from which the others differ by one thing."""
    assert told({}) == []


@pytest.mark.parametrize(
    ("action", "check", "words"),
    [
        ({"undo": None, "no_undo": "cannot be"}, {}, "of high risk and nothing takes it back"),
        ({"verification": {"check": "look", "expect": {"at_least": 6}}}, {}, "what held before"),
        ({}, {"reads": {"value": "/n", "healthy": {"at_most": 5}}}, "reads no `identity`"),
        ({"services": ["*"]}, {}, "'*' is compared as it is"),
        ({"environments": ["prod*"]}, {}, "'prod*' is compared as it is"),
        (argument(type="integer", minimum=0, maximum=9), {}, "it may be 0"),
        (argument(type="integer", minimum=-5, maximum=9), {}, "it may be negative"),
        (argument(type="integer", minimum=1, maximum=100_000), {}, "blast radius"),
        (argument(type="enum", choices=["-rf", "soft"]), {}, "could read it as an option"),
        (argument(type="enum", choices=["/etc", "soft"]), {}, "could be a path"),
        (argument(type="pattern", pattern=".*"), {}, "takes any text"),
        (argument(type="pattern", pattern="(?s).+"), {}, "takes any text"),
        (argument(type="pattern", pattern="[a-z-]{1,9}"), {}, "begin with '-'"),
        (argument(type="pattern", pattern="[a-z/]{1,9}"), {}, "it can hold '/'"),
        (argument(type="pattern", pattern="[a-z.]{1,9}"), {}, "it can hold '..'"),
        (argument(type="pattern", pattern="[a-z]+ [a-z]+"), {}, "it can hold blanks"),
        (argument(type="pattern", pattern="[a-z]*"), {}, "it can be empty"),
        (argument(type="pattern", pattern="[a-z]+|[*]"), {}, "it can be '*'"),
        (argument(type="pattern", pattern="\\pL+"), {}, "cannot be followed"),
        (
            argument(type="pattern", pattern="[a-z]{1,9}")
            | {"run": {"runner": "command", "argv": ["/bin/bash", "-c", "echo {size}"]}},
            {},
            "would read the argument",
        ),
        (
            argument(type="pattern", pattern="[a-z]{1,9}")
            | {"run": {"runner": "command", "argv": ["/usr/bin/sudo", "-n", "bash", "-ec", "echo {size}"]}},
            {},
            "would read the argument",
        ),
        (
            argument(type="pattern", pattern="[a-z]{1,9}")
            | {"run": {"runner": "command", "argv": ["/bin/a"], "dry_run": ["/bin/sh", "-c", "{size}"]}},
            {},
            "would read the argument",
        ),
    ],
)
def test_a_danger_is_named(action: dict[str, Any], check: dict[str, Any], words: str) -> None:
    """With its place and what to do."""
    given_ = {key: value for key, value in (FIX | action).items() if value is not None}
    raw = {"version": 1, "checks": {"look": LOOK | check}, "actions": {"fix": given_}}
    if "arguments" in action and "undo" in given_:
        given_["undo"] = {"action": "fix", "arguments": {"size": "{size}"}}
    content = {"catalogue": json.dumps(raw, indent=1), "inventory": json.dumps(ROWS)}
    found = parse(json.dumps(content))
    said = [str(danger) for danger in (*dangers_of(found), *lint_of(found))]
    assert [one for one in said if words in one and one.startswith("catalogue line ")], said


@pytest.mark.parametrize(
    ("row", "action", "words"),
    [
        ({"unit": "a"}, {}, "no `services` in w1"),
        ({"services": ["orders"]}, {"environments": ["staging", "production"]}, "could be in either"),
    ],
)
def test_a_row_that_says_too_little_is_named(row: dict[str, Any], action: dict[str, Any], words: str) -> None:
    """Of which service it is, and of which environment where there are several."""
    reference = argument(type="reference", inventory="workers")
    undo = {"undo": {"action": "fix", "arguments": {"size": "{size}"}}}
    said = told(reference | undo | action, rows={"workers": {"w1": row}})
    assert [one for one in said if words in one], said


WORDS = r"a [a-c] [^a-c/] . - / [.] x+ (ab|c-) [a-z]{2,3} y? (?:-|z)* \d \w"
PARTS = (*WORDS.split(" "), " ")


@given(st.lists(st.sampled_from(PARTS), max_size=5), st.text(alphabet="abcxyz019-/. *_", max_size=8))
def test_a_pattern_lets_nothing_through_that_is_not_told(parts: list[str], text: str) -> None:
    """Whatever matches holds only told characters, begins with one, and is empty only where that was said."""
    written = "".join(parts)
    reach = reach_of(written)
    assert reach is not None
    if re2.fullmatch(written, text):
        assert set(text) <= reach.any
        assert not text or text[0] in reach.first
        assert text or reach.can_be_empty
        for character in set(text):
            assert character * 2 not in text or character in reach.repeated
    assert reach.first <= reach.any <= ALL


@pytest.mark.parametrize(
    ("text", "can"), [("[.][.]", True), ("a.[.]", True), ("[a-z][.][a-z]", False), ("([.]a?)+", True)]
)
def test_two_dots_in_a_row_are_seen(text: str, can: bool) -> None:
    """In a repetition, and where two parts touch."""
    reach = reach_of(text)
    assert reach is not None
    assert ("." in reach.repeated) is can
