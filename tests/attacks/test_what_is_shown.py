"""What a person is shown before signing, read back: groups G and P, for any argument there may be."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.copilot.signing import Opening
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.tool import Risk
from bot.sign_off.digest import digest
from bot.sign_off.rendering import call_text
from bot.slack.blocks.signing import sign_view
from tests.attacks.modal import shown_in

TEXTS = st.text(max_size=60) | st.text(alphabet="\\u{}'\"$ \n\t\r\u202e\u200bаa`é0123456789ecx5", max_size=25)
ARGVS = st.lists(TEXTS, min_size=1, max_size=6)


def _plan(argv: list[str]) -> dict[str, object]:
    used = {"tool": "look", "arguments": {}, "call": {"argv": ["/bin/look"]}, "expect": "at most 5"}
    return {
        "tool": "fix",
        "entry": {"expected_effect": argv[-1]},
        "arguments": {"note": argv[0]},
        "call": {"argv": argv, "files": {}},
        "target": {"service": argv[0], "environment": "test", "identity": argv[-1]},
        "precondition": used | {"holds": True},
        "verification": used,
        "undo": {"none": argv[-1]},
    }


def _proposal(plan: dict[str, object]) -> Proposal:
    """A proposal of this plan that waits for signatures."""
    by, now = Person("T1", "U1"), datetime(2030, 1, 1, tzinfo=UTC)
    until = now + timedelta(minutes=30)
    state = ProposalState.PROPOSED
    return Proposal(1, 1, "fix", {}, by, state, Risk.LOW, 1, now, until, None, plan, digest(plan))


@pytest.mark.attack("G5")
@settings(max_examples=40)
@given(ARGVS)
async def test_the_modal_text_gives_the_plan_back_exactly(argv: list[str]) -> None:
    """Newlines, look-alikes, invisible and long texts: the boxes hold all of it, printable and uncut."""
    plan = _plan(argv)
    view = sign_view(Opening(_proposal(plan)))
    shown = shown_in(view)
    whole = json.loads(shown["Everything that is signed"])
    assert whole == plan
    assert digest(whole) == digest(plan)
    assert _argv_of(shown["What runs"]) == argv
    text = "".join(shown.values())
    assert all(" " <= character <= "~" or character == "\n" for character in text)
    assert "\n" not in shown["What runs"] + shown["Where"] + shown["Undo"]


@pytest.mark.attack("G5")
@settings(max_examples=40)
@given(ARGVS, ARGVS)
async def test_two_calls_that_look_the_same_are_the_same(one: list[str], other: list[str]) -> None:
    """The line under "What runs" differs whenever the argument vectors do."""
    alike = call_text({"argv": one}) == call_text({"argv": other})
    assert alike == (one == other)


@pytest.mark.attack("G5")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["é"], ["\\u{e9}"]),
        (["payments"], ["раyments"]),
        (["a b"], ["a", "b"]),
        (["a\nb"], ["a b"]),
        (["a"], ["a", ""]),
        (["rm"], ["rm\u200b"]),
        (["x" * 5000], ["x" * 5001]),
        (["\u202eabc"], ["cba"]),
        (["\\u{5c}u{e9}"], ["\\u{e9}"]),
    ],
)
async def test_deceiving_pairs_look_different(one: list[str], other: list[str]) -> None:
    """Pairs that were made to be taken for each other."""
    assert call_text({"argv": one}) != call_text({"argv": other})


def _argv_of(shown: str) -> list[str]:
    """What the line says: the words of a shell, then the escapes."""
    escape = re.compile(r"\\u\{([0-9a-f]+)\}")
    return [escape.sub(lambda match: chr(int(match[1], 16)), word) for word in shlex.split(shown)]


@pytest.mark.attack("G5")
async def test_a_plain_command_is_shown_as_a_shell_would_read_it() -> None:
    """A real shell, given the shown line, sees the argument vector that runs."""
    argv = ["/bin/fix", "two words", "it's", "$(reboot)", "`id`", "a;b", "-x=*", "", "\\", '"', "~"]
    shown = call_text({"argv": argv})
    script = f'for word in {shown}; do printf "%s\\0" "$word"; done'
    shell = await asyncio.create_subprocess_exec("/bin/sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    echoed, _ = await shell.communicate()
    assert echoed.decode().split("\0")[:-1] == argv
