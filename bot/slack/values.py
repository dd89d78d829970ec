"""What buttons and forms carry: numbers of rows and what a person entered. None of it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import Refused
from bot.slack.edge import Body

Entered = Mapping[str, Any]


def number(value: str) -> int:
    """The number of a row.

    Raises:
        Refused: it is none.
    """
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Refused("That button is not one of ours.")
    return int(value)


def entered(body: Body) -> Entered:
    """The state of a submitted form, by block."""
    values: Entered = body["view"]["state"]["values"]
    return values


def text(values: Entered, block: str) -> str:
    """What was entered in a field; empty where nothing was."""
    return str(((values.get(block) or {}).get("text") or {}).get("value") or "").strip()


def chosen(values: Entered, block: str) -> str:
    """The one option that was chosen; empty where none was."""
    option = ((values.get(block) or {}).get("text") or {}).get("selected_option") or {}
    return str(option.get("value") or "")


def ticked(values: Entered, block: str) -> list[str]:
    """The values of the boxes or options that were chosen."""
    options = ((values.get(block) or {}).get("text") or {}).get("selected_options") or []
    return [str(option.get("value")) for option in options]


def submission(body: Body) -> str:
    """The key of a submitted form: sent again by Slack it is the same, filled in anew it is another."""
    return f"{body['view']['id']}:{body['view'].get('hash', '')}"
