"""What a tool's output or a server's answer says, however badly it is written."""

from __future__ import annotations

import pytest

from bot.tools.json_text import parsed


def test_what_is_sound_is_read() -> None:
    assert parsed('{"value": [1, null, "x"]}') == {"value": [1, None, "x"]}


@pytest.mark.parametrize("text", ["", "{", "[1,]", "[" * 100_000, '{"a":' * 100_000])
def test_whatever_cannot_be_read_is_one_kind_of_error(text: str) -> None:
    """A check whose output nobody can read is a check without a value, not a broken executor."""
    with pytest.raises(ValueError):
        parsed(text)
