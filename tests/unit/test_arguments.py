"""Only what its declaration allows passes as an argument, and what passes is what runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.tool import Argument, Tool, ToolKind
from bot.errors import ArgumentRefused
from bot.tools.arguments import MAX_TEXT, rows_of, validate
from tests.unit.plans import hostile, json_values

INVENTORY = {"hosts": {"web-1": {"address": "10.0.0.1"}, "web-2": {"address": "10.0.0.2"}}}
DECLARED = (
    Argument("mode", "enum", choices=("soft", "hard")),
    Argument("count", "integer", minimum=1, maximum=9),
    Argument("name", "pattern", pattern=r"[a-z/.-]{1,20}"),
    Argument("force", "boolean", default=False),
    Argument("host", "reference", inventory="hosts"),
)
GOOD = {"mode": "soft", "count": 3, "name": "orders", "force": True, "host": "web-1"}


def tool(*arguments: Argument) -> Tool:
    return Tool(
        name="restart",
        kind=ToolKind.ACTION,
        title="Restart",
        does="Restarts",
        runner="command",
        call={},
        arguments=arguments,
        timeout_s=5.0,
        output_cap=1000,
        environments=("production",),
        services=("orders",),
        owner="on-call",
        entry={},
    )


TOOL = tool(*DECLARED)


def allowed(name: str, value: object) -> bool:
    """Whether a value fits its declaration, said once more and differently."""
    if name == "mode":
        return value in ("soft", "hard")
    if name == "count":
        return type(value) is int and value in range(1, 10)
    if name == "force":
        return value is True or value is False
    if name == "host":
        return value in ("web-1", "web-2")
    return isinstance(value, str) and re.fullmatch(r"[a-z/.][a-z/.-]{0,19}", value) is not None


values = (
    json_values
    | st.text(alphabet="abz/.-\n\x00 ;", max_size=6)
    | st.sampled_from(["soft", "hard", "web-1", "web-2", 1, 9, 10, 0, True, 1.0, "3", [], {}])
)


@given(st.sampled_from(sorted(GOOD)), values)
def test_only_what_the_declaration_allows_passes(name: str, value: object) -> None:
    """For every kind of argument and any value: it passes unchanged, or it is refused by its name."""
    arguments = GOOD | {name: value}
    if isinstance(value, list | dict) or not allowed(name, value):
        with pytest.raises(ArgumentRefused, match=f"{name}: "):
            validate(TOOL, arguments, INVENTORY)
        return
    checked = validate(TOOL, arguments, INVENTORY)
    assert checked == arguments
    assert type(checked[name]) is type(value)
    assert list(checked) == [argument.name for argument in DECLARED]


def test_a_missing_argument_takes_its_default_or_is_refused() -> None:
    """An argument without a default is never made up, and null is no value."""
    without = {name: value for name, value in GOOD.items() if name not in ("force", "count")}
    assert validate(TOOL, without | {"count": 1}, INVENTORY)["force"] is False
    for absent in (without, without | {"count": None}, GOOD | {"count": None}):
        with pytest.raises(ArgumentRefused, match="count: a value is needed"):
            validate(TOOL, absent, INVENTORY)


@given(hostile.filter(lambda name: name not in GOOD), values)
def test_an_argument_that_is_not_declared_is_refused(name: str, value: object) -> None:
    """Whatever it is called and holds."""
    with pytest.raises(ArgumentRefused, match="has no such argument"):
        validate(TOOL, GOOD | {name: value}, INVENTORY)


@pytest.mark.parametrize(
    "value",
    [
        "; rm -rf /",
        "`id`",
        "$(id)",
        "a\x00",
        "a\n",
        "a\r\nb",
        "-rf",
        "--kubeconfig=/tmp/x",
        "а",
        "ａ",
        "a\u200b",
        "a" * (MAX_TEXT + 1),
        "",
    ],
)
def test_a_pattern_that_allows_everything_still_refuses_tricks(value: str) -> None:
    """Control and non-ASCII characters, leading dashes and endless texts go by no pattern."""
    loose = tool(Argument("name", "pattern", pattern=r"(?s).+"))
    plain = value.isascii() and value.isprintable() and value[:1] not in ("-", "") and len(value) <= MAX_TEXT
    if plain:
        assert validate(loose, {"name": value}, {}) == {"name": value}
    else:
        with pytest.raises(ArgumentRefused, match="name: "):
            validate(loose, {"name": value}, {})


@pytest.mark.parametrize("value", ["web-1.evil.example", "evil-web", "web\nweb", " web", "WEB"])
def test_a_pattern_must_match_the_whole_value(value: str) -> None:
    """An unanchored pattern is no prefix, and case counts."""
    with pytest.raises(ArgumentRefused, match="as a whole"):
        validate(tool(Argument("name", "pattern", pattern="web")), {"name": value.replace("\n", "w")}, {})


@pytest.mark.parametrize("value", ["web-3", "WEB-1", "web-1 ", "wеb-1", "../web-1", "hosts", ""])
def test_a_reference_is_the_exact_id_of_a_row(value: str) -> None:
    """No case folding, no trimming, no look-alikes; the error names what there is."""
    with pytest.raises(ArgumentRefused, match="must be one of the inventory's hosts: web-1, web-2"):
        validate(TOOL, GOOD | {"host": value}, INVENTORY)
    assert rows_of(TOOL, GOOD, INVENTORY) == {"host": {"address": "10.0.0.1"}}


@pytest.mark.parametrize("value", ["", " ", "   ", "*", "**", "?", "%", " * ", "*?%"])
def test_what_could_mean_everything_is_refused_whatever_the_pattern_says(value: str) -> None:
    """Nothing, blanks and wildcards alone; a wildcard within a text is a letter like others."""
    free = tool(Argument("note", "pattern", pattern="(?s).*"))
    with pytest.raises(ArgumentRefused, match="could mean everything"):
        validate(free, {"note": value}, {})
    assert validate(free, {"note": f"a{value}"}, {}) == {"note": f"a{value}"}
