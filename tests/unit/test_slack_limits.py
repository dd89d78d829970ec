"""The workspace's limits are those that Slack documents: what is at a limit passes, one more does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.playground.workspace.errors import Refused
from bot.playground.workspace.limits import check_message, check_view

Json = dict[str, Any]
Make = Callable[[int], Json]


def _plain(count: int) -> Json:
    return {"type": "plain_text", "text": "x" * count}


def _actions(count: int = 1, **button: Any) -> Json:  # noqa: ANN401  # fields of a button
    each = {"type": "button", "text": _plain(1), "value": "v", **button}
    return {"type": "actions", "elements": [each | {"action_id": f"a{n}", **button} for n in range(count)]}


def _section(count: int) -> Json:
    return {"type": "section", "text": _plain(count)}


def _fields(count: int, long: int = 1) -> Json:
    return {"type": "section", "fields": [_plain(long)] * count}


def _input(count: int) -> Json:
    return {
        "type": "input",
        "label": _plain(count),
        "element": {"type": "plain_text_input", "action_id": "a"},
    }


# What Slack documents (docs.slack.dev, "Block Kit"), written down here a second time on purpose.
BLOCKS: dict[str, tuple[int, Make]] = {
    "section text": (3000, _section),
    "section fields": (10, _fields),
    "section field text": (2000, lambda count: _fields(1, count)),
    "header": (150, lambda count: {"type": "header", "text": _plain(count)}),
    "context elements": (10, lambda count: {"type": "context", "elements": [_plain(1)] * count}),
    "actions elements": (25, _actions),
    "button text": (75, lambda count: _actions(text=_plain(count))),
    "button value": (2000, lambda count: _actions(value="v" * count)),
    "action_id": (255, lambda count: _actions(action_id="a" * count)),
    "block_id": (255, lambda count: _section(1) | {"block_id": "b" * count}),
    "input label": (2000, _input),
}


def _message(block: Json) -> None:
    check_message("text", [block])


def _view(*blocks: Json, **changes: Any) -> None:  # noqa: ANN401  # fields of a view
    check_view({"type": "modal", "title": _plain(1), "submit": _plain(1), "blocks": list(blocks), **changes})


@pytest.mark.parametrize("most, make", BLOCKS.values(), ids=BLOCKS.keys())
@pytest.mark.parametrize("check", [_message, _view], ids=["message", "view"])
def test_a_block_at_its_limit_passes_and_one_more_does_not(
    check: Callable[[Json], None], most: int, make: Make
) -> None:
    """Within a message and within a view alike."""
    check(make(most))
    with pytest.raises(Refused):
        check(make(most + 1))


def test_a_message_at_its_limits() -> None:
    """50 blocks, and all of them together."""
    check_message("text", [_section(1)] * 50)
    with pytest.raises(Refused):
        check_message("text", [_section(1)] * 51)
    check_message("text", [_section(3000)] * 4)
    with pytest.raises(Refused) as refused:
        check_message("text", [_section(3000)] * 5)
    assert refused.value.error == "msg_blocks_too_long"


VIEWS: dict[str, tuple[int, Make]] = {
    "title": (24, lambda count: {"title": _plain(count)}),
    "submit": (24, lambda count: {"submit": _plain(count)}),
    "close": (24, lambda count: {"close": _plain(count)}),
    "private_metadata": (3000, lambda count: {"private_metadata": "m" * count}),
    "callback_id": (255, lambda count: {"callback_id": "c" * count}),
    "blocks": (100, lambda count: {"blocks": [_section(1)] * count}),
}


@pytest.mark.parametrize("most, make", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_at_its_limit_passes_and_one_more_does_not(most: int, make: Make) -> None:
    """What a modal is made of besides its blocks."""
    _view(_section(1), **make(most))
    with pytest.raises(Refused):
        _view(_section(1), **make(most + 1))
