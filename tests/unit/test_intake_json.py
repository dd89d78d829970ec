"""Bodies are read within bounds: any bytes give a value or a refusal, and nothing recurses far."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.web.bodies import MAX_DEPTH, load_bounded
from tests.unit.plans import json_values

brackets = st.text(alphabet='[]{}",:\\ a1', max_size=80)


def depth(value: object) -> int:
    """How deep containers are nested, counted without recursion."""
    deepest, left = 0, [(value, 0)]
    while left:
        one, level = left.pop()
        inner = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else None
        if inner is not None:
            deepest = max(deepest, level + 1)
            left += [(child, level + 1) for child in inner]
    return deepest


@given(st.binary() | brackets.map(str.encode) | json_values.map(lambda v: json.dumps(v).encode("utf-16")))
@example(b"\xff")
@example(b'"\\')
@example(b'{"a":' * 10_000)
@example(b"9" * 10_000)
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_give_a_value_or_a_refusal(body: bytes) -> None:
    """There is no third outcome, and no value is deeper than the bound."""
    try:
        value = load_bounded(body)
    except BadInput:
        return
    assert depth(value) <= MAX_DEPTH


@given(json_values, st.booleans())
def test_what_is_not_too_deep_is_read_as_it_is(value: object, escaped: bool) -> None:
    """Brackets, quotes and backslashes inside texts do not count."""
    assert load_bounded(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize("level", [1, MAX_DEPTH, MAX_DEPTH + 1, 500, 100_000])
@pytest.mark.parametrize("closers", ["", "]" * 200_000, '\\"]]' * 50_000, "\\\\"])
def test_depth_is_refused_whatever_texts_stand_before(level: int, closers: str) -> None:
    """Closing brackets within a text hide no opening ones behind it."""
    body = f'["{closers}", {"[" * (level - 1)}{"]" * (level - 1)}]'.encode()
    if level <= MAX_DEPTH:
        body = body.replace(b", ]", b"]")
        assert depth(load_bounded(body)) == level
        return
    with pytest.raises(BadInput, match=f"deeper than {MAX_DEPTH} levels"):
        load_bounded(body)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ['"', '\\"', '"\\', "[", "[]", '["', "{", '"a'])
def test_no_body_of_the_largest_size_takes_long(part: str) -> None:
    """Half a megabyte made to send a matcher back and forth is judged in linear time."""
    body = (part * (512 * 1024 // len(part))).encode()
    with pytest.raises(BadInput):
        load_bounded(body)
