"""What looks like something else is told, and nothing that is told can deceive in its turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.tool import Argument, Inventory
from bot.errors import ArgumentRefused
from bot.sign_off.confusable import MOST, nearest_alike, quoted, strange, warnings_of
from bot.tools.arguments import validate_one
from tests.unit.plans import PLAN, hostile

texts = st.text(max_size=30) | hostile


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u0440\u0430yments", "U+0440 CYRILLIC SMALL LETTER ER"),
        ("\u0440\u0430yments", "it mixes CYRILLIC and LATIN"),
        ("\uff50ayments", "FULLWIDTH LATIN SMALL LETTER P"),
        ("pay\u200bments", "U+200B ZERO WIDTH SPACE"),
        ("\u202estnemyap", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("pay\nments", "U+000A"),
        ("caf\u00e9", "U+00E9"),
    ],
)
def test_each_strange_letter_is_named(text: str, words: str) -> None:
    """By its code point and its name, and that scripts are mixed."""
    assert words in "".join(strange(text))


@pytest.mark.parametrize(
    "text",
    ["p\u0430yments", "PAYMENTS", "\uff50ayments", "pay\u200bments", "payrnents", "paymen\u0442s"],
)
def test_what_looks_like_a_row_is_told_with_it(text: str) -> None:
    """Another script, another case, full width, something hidden, letters that run together."""
    assert nearest_alike(text, ["orders", "payments"]) == "payments"


@pytest.mark.parametrize(
    ("text", "known"), [("orders-1", "orders-l"), ("shop-O", "shop-0"), ("web-I", "web-1")]
)
def test_two_rows_that_look_alike_are_told(text: str, known: str) -> None:
    """Whoever chose one may have meant the other."""
    plan = PLAN | {"arguments": {"worker": text}}
    assert any(quoted(known) in warning for warning in warnings_of(plan, [text, known]))


@given(st.dictionaries(texts, texts, max_size=20), st.lists(texts, max_size=5))
def test_a_warning_is_plain(arguments: dict[str, str], known: list[str]) -> None:
    """Printable ASCII alone, one line each, and not without end."""
    found = warnings_of(PLAN | {"arguments": arguments}, known)
    assert all(warning.isascii() and warning.isprintable() for warning in found)
    assert len(found) <= MOST + 1


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_plain_text_is_not_strange(text: str) -> None:
    """No warning without a reason."""
    assert strange(text) == []


@given(texts)
def test_a_reference_is_the_row_itself_or_refused(text: str) -> None:
    """However alike: only the very id passes."""
    argument = Argument("worker", "reference", inventory="workers")
    rows: Inventory = {"workers": {"orders-1": {}, "payments": {}}}
    try:
        validate_one(argument, text, rows)
    except ArgumentRefused:
        assert text not in rows["workers"]
    else:
        assert text in rows["workers"]
