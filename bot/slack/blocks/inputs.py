"""Inputs of modals; each is one block whose id says what is entered, with the action `value`."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

LABEL, HINT, OPTION, CHOICES, RADIOS = 200, 300, 75, 100, 10


def text(
    block_id: str,
    label: str,
    least: int = 0,
    most: int = 500,
    *,
    multiline: bool = False,
    initial: str = "",
    hint: str = "",
    optional: bool = False,
) -> Block:
    """A line or some lines of text."""
    element: Block = {"type": "plain_text_input", "max_length": most, "multiline": multiline}
    element |= {"min_length": least} if least else {}
    element |= {"initial_value": initial[:most]} if initial else {}
    return _input(block_id, label, element, hint, optional)


def number(block_id: str, label: str, least: int, most: int, initial: int | None = None) -> Block:
    """A whole number within bounds."""
    element: Block = {"type": "number_input", "is_decimal_allowed": False}
    element |= {"min_value": str(least), "max_value": str(most)}
    element |= {"initial_value": str(initial)} if initial is not None else {}
    return _input(block_id, label, element, f"A whole number from {least} to {most}.")


def choice(
    block_id: str, label: str, options: Sequence[tuple[str, str]], initial: str = "", hint: str = ""
) -> Block:
    """One of some options, each its value and its text; few stand open, more unfold.

    Each text fits as it is: what would have to be cut is entered as text instead.
    """
    made = [{"text": parts.plain(shown, OPTION), "value": value} for value, shown in options[:CHOICES]]
    element: Block = {"type": "static_select", "options": made}
    first = [option for option in made if option["value"] == initial]
    element |= {"initial_option": first[0]} if first else {}
    return _input(block_id, label, element, hint)


def yes_or_no(block_id: str, label: str, initial: object = None) -> Block:
    """True or false, neither of which is taken for granted."""
    made = [{"text": parts.plain(word, OPTION), "value": word} for word in ("true", "false")]
    element: Block = {"type": "radio_buttons", "options": made}
    element |= {"initial_option": made[0 if initial else 1]} if isinstance(initial, bool) else {}
    return _input(block_id, label, element, "")


def person(block_id: str, label: str, initial: str = "", *, optional: bool = False) -> Block:
    """Somebody of the workspace; `initial` is their id."""
    element: Block = {"type": "users_select"} | ({"initial_user": initial} if initial else {})
    return _input(block_id, label, element, "", optional)


def fits(options: Sequence[str]) -> bool:
    """Whether a list can offer all of these, each shown whole."""
    return 0 < len(options) <= CHOICES and all(0 < len(option) <= OPTION for option in options)


def _input(block_id: str, label: str, element: Block, hint: str, optional: bool = False) -> Block:
    block: Block = {"type": "input", "block_id": block_id, "label": parts.plain(label, LABEL)}
    block |= {"hint": parts.plain(hint, HINT)} if hint else {}
    block |= {"optional": True} if optional else {}
    return block | {"element": element | {"action_id": "value"}}
