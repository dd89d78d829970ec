"""Values fill the holes of a call once and as they are: none becomes a hole, an argument or a structure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ArgumentRefused
from bot.tools.template import Hole, fill, holes
from tests.unit.plans import hostile

text = st.text(alphabet="ab{}. $;\"'", max_size=12) | hostile
scalars = text | st.booleans() | st.integers()
CALL = {
    "argv": ["/bin/echo", "{name}", "--to={host.address}", "{name}{name}", "plain"],
    "body": {"deep": [{"count": "{count}"}, "{host.address}"], "kept": 5},
}


def shown(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@given(scalars, scalars, text)
def test_every_hole_takes_exactly_its_value(name: object, count: object, address: str) -> None:
    """Same shape, same number of arguments, each value where its hole was, whatever characters it holds."""
    filled = fill(CALL, {"name": name, "count": count, "host": "web-1"}, {"host": {"address": address}})
    assert filled == {
        "argv": ["/bin/echo", name, f"--to={address}", shown(name) * 2, "plain"],
        "body": {"deep": [{"count": count}, address], "kept": 5},
    }


@given(text, text)
def test_a_value_is_never_a_hole(first: str, second: str) -> None:
    """A value that spells another argument's hole stays that text."""
    values = {"one": "{two}" + first, "two": second}
    assert fill("<{one}>", values, {}) == f"<{{two}}{first}>"
    assert fill("{one}", values, {}) == "{two}" + first
    assert fill("{a}{b}", {"a": "{", "b": "two}", "two": second}, {}) == "{two}"


@given(st.text(max_size=30))
def test_what_is_no_hole_is_left_alone(call: str) -> None:
    """Text without holes goes through unchanged; braces of other kinds are no holes."""
    if not list(holes(call)):
        assert fill(call, {"name": "x"}, {}) == call
    for literal in (
        "{Name}",
        "{ name }",
        "{name!r}",
        "{name:>9}",
        "{}",
        "{0}",
        "{name.a.b}",
        "{{",
        "{secret:X}",
    ):
        assert list(holes(literal)) == []
        assert fill(literal, {"name": "x", "secret": "y"}, {}) == literal


def test_keys_are_never_filled() -> None:
    """The names of headers and fields are the catalogue's own."""
    assert fill({"{name}": "{name}"}, {"name": "x"}, {}) == {"{name}": "x"}


def test_all_holes_are_found() -> None:
    """However deep, with the field of the row that they name."""
    found = {(hole.argument, hole.field) for hole in holes(CALL)}
    assert found == {("name", ""), ("host", "address"), ("count", "")}
    assert next(iter(holes("a{host.address}b"))) == Hole("host.address", "host", "address")


def test_a_hole_without_a_value_is_refused() -> None:
    """An argument that is not there, and a field that the row lacks."""
    with pytest.raises(ArgumentRefused, match="name: a value is needed"):
        fill("{name}", {}, {})
    with pytest.raises(ArgumentRefused, match="host: its inventory row has no field 'port'"):
        fill("{host.port}", {"host": "web-1"}, {"host": {"address": "10.0.0.1"}})
    with pytest.raises(ArgumentRefused, match="name: its inventory row has no field 'real'"):
        fill("{name.real}", {"name": 5}, {})
