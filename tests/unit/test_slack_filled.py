"""What is filled into a form: read by type, never by its looks; what is no value of its type is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.copilot.proposals import Place
from bot.domain.tool import Argument
from bot.errors import Refused
from bot.slack.blocks import forms as form_blocks
from bot.slack.filled import arguments_of, entered, known_of, number_of, place_of
from tests.specimens import values
from tests.specimens.voices import ORDINARY

TOOL = values.tool(ORDINARY)


def typed(name: str, value: object) -> dict[str, dict[str, dict[str, object]]]:
    return {f"arg:{name}": {"value": {"type": "plain_text_input", "value": value}}}


def chosen(name: str, value: object) -> dict[str, dict[str, dict[str, object]]]:
    return {f"arg:{name}": {"value": {"type": "static_select", "selected_option": {"value": value}}}}


def test_each_type_is_read_as_it_is() -> None:
    """Numbers, choices, rows, texts and booleans; an empty field is no value, so the default holds."""
    filled = (
        typed("at_most", "7") | chosen("how", "softly") | chosen("shop", "shop-1") | chosen("force", "true")
    )
    given_, wrong = arguments_of(TOOL, filled | typed("note", None))
    assert given_ == {"shop": "shop-1", "how": "softly", "at_most": 7, "force": True}
    assert wrong == {}


@pytest.mark.parametrize("text", ["7.0", "0x7", "٣", "1e3", " 7", "7\n", "9" * 40, "true", "--7"])
def test_what_is_no_whole_number_is_told(text: str) -> None:
    """Neither guessed nor rounded."""
    given_, wrong = arguments_of(TOOL, typed("at_most", text))
    assert given_ == {} and wrong == {"at_most": "Write a whole number."}


@given(st.text(max_size=40))
def test_a_text_goes_through_as_it_is(text: str) -> None:
    """What was typed for a pattern is what the catalogue judges: nothing is stripped or unquoted."""
    given_, wrong = arguments_of(TOOL, typed("note", text))
    assert (given_.get("note", ""), wrong) == (text, {})


@given(st.text(max_size=60))
def test_no_metadata_breaks_it(text: str) -> None:
    """A form that is not ours is refused in words."""
    for read in (known_of, place_of):
        said = ""
        try:
            read(text)
        except Refused as error:
            said = error.detail
        assert said in ("", "That form is not one of ours.")


def test_what_a_form_offers_comes_back_as_what_it_meant() -> None:
    """Each place of the form is read back as that incident, or that service and environment."""
    form = values.form(ORDINARY)
    read = [place_of(value) for value, _ in form_blocks.places(form)]
    assert read == [*(Place(i.id) for i in form.incidents), Place(None, "shop-orders", "production")]
    assert known_of(str(form_blocks.form(form)["private_metadata"]))["tool"] == TOOL.name


@pytest.mark.parametrize("value", [True, "7", 7.0, [7]])
def test_only_a_number_is_one(value: object) -> None:
    """Nothing else passes for the number of a row."""
    with pytest.raises(Refused):
        number_of(value)


def test_a_list_that_cannot_be_shown_whole_is_typed_and_never_cut() -> None:
    """An enum with a choice of 200 characters is a text field: no option stands for another."""
    view = form_blocks.form(values.form(ORDINARY))
    kinds = {b["block_id"]: b["element"]["type"] for b in view["blocks"] if b["type"] == "input"}
    assert kinds["arg:how"] == "static_select" and kinds["arg:force"] == "radio_buttons"
    assert kinds["arg:at_most"] == "number_input" and kinds["arg:shop"] == "static_select"
    long = Argument("among", "enum", choices=("a" * 76, "b"))
    block = form_blocks._argument(long, (), None)
    assert block["element"]["type"] == "plain_text_input"
    assert entered({"x": {}}, "x") == "" and json.loads(view["private_metadata"])["edits"] is None
