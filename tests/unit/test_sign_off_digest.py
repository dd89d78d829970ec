"""The digest stands for the whole plan and for nothing but the plan."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.sign_off.digest import canonical, digest
from tests.unit.plans import PLAN, json_values

Path = tuple[str | int, ...]


def leaves(value: object, at: Path = ()) -> Iterator[Path]:
    """The paths of all values that hold no others, empty containers included."""
    inner = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        inner = list(enumerate(value))
    for key, below in inner:
        yield from leaves(below, (*at, key))
    if not inner:
        yield at


def with_leaf(plan: dict[str, object], path: Path, new: object) -> tuple[dict[str, object], object]:
    """A copy of the plan with another value at `path`, and the value that was there."""
    changed = copy.deepcopy(plan)
    holder: object = changed
    for key in path[:-1]:
        holder = holder[key]  # type: ignore[index]  # the path was read off this very plan
    old = holder[path[-1]]  # type: ignore[index]
    holder[path[-1]] = new  # type: ignore[index]
    return changed, old


def same(one: object, other: object) -> bool:
    """Equal, and of the same types all the way down: 1, 1.0 and True are three values, -0.0 and 0.0 two."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return one == other


@given(st.sampled_from(sorted(leaves(PLAN), key=str)), json_values)
def test_any_change_of_any_leaf_changes_the_digest(path: Path, new: object) -> None:
    """Whatever is put in place of whatever value of a plan, the digest is another one."""
    changed, old = with_leaf(PLAN, path, new)
    assume(not same(old, new))
    assert digest(changed) != digest(PLAN)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5), st.data())
def test_a_leaf_more_or_less_changes_the_digest(plan: dict[str, object], data: st.DataObject) -> None:
    """A key that is added, taken out or renamed is seen."""
    key = data.draw(st.text(max_size=9).filter(lambda name: name not in plan))
    assert digest(plan | {key: None}) != digest(plan)
    if plan:
        gone = data.draw(st.sampled_from(sorted(plan)))
        rest = {name: value for name, value in plan.items() if name != gone}
        assert digest(rest) != digest(plan)
        assert digest(rest | {key: plan[gone]}) != digest(plan)


@given(json_values, json_values)
def test_two_values_share_a_text_only_when_they_are_the_same(one: object, other: object) -> None:
    """The canonical text tells any two different values apart, types included."""
    assert (canonical(one) == canonical(other)) == same(one, other)


@given(json_values, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: object, random: object) -> None:
    """Equal plans give the same digest, however their keys are ordered at any depth."""

    def shuffled(part: object) -> object:
        if isinstance(part, dict):
            keys = list(part)
            random.shuffle(keys)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
            return {key: shuffled(part[key]) for key in keys}
        return [shuffled(inner) for inner in part] if isinstance(part, list) else part

    assert digest({"plan": shuffled(value)}) == digest({"plan": value})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_say_is_refused(number: float) -> None:
    """Not finite, at any depth: an error, never a digest."""
    for plan in ({"a": number}, {"a": [{"b": (1, number)}]}):
        with pytest.raises(ValueError, match="not finite"):
            digest(plan)


@pytest.mark.parametrize("key", [1, None, True, 1.5, ("a",)])
def test_a_key_that_is_no_text_is_refused(key: object) -> None:
    """JSON would turn 1 and "1" into the same key."""
    with pytest.raises(ValueError, match="keys are texts"):
        canonical({"a": {key: 1}})


@given(json_values)
def test_the_text_is_ascii_on_one_line(value: object) -> None:
    """Nothing in the canonical text can be invisible or break a line."""
    text = canonical(value)
    assert text.isascii()
    assert text.isprintable()
