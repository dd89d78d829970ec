"""What is wrong with a message or view: Slack's limits, as the local workspace holds them, and our own rules.

Slack's numbers stand in one place, `bot/playground/workspace/limits.py`, where the workspace refuses what
breaks them; `tests/unit/test_slack_limits.py` holds them against what Slack documents. Here are the rules
that are stricter than Slack's: what we never use, and what we keep below a limit that is not documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.playground.workspace.errors import Refused
from bot.playground.workspace.limits import check_message, check_view

Block = Mapping[str, Any]

# Slack refuses at about 13,200 and does not say so; a text above 4,000 is cut in some clients.
MESSAGE_CHARACTERS, MESSAGE_TEXT, INITIAL_VALUE = 12_000, 4_000, 3_000
RUNS = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
_OURS = {"section", "header", "context", "divider", "actions", "rich_text", "input"}
_FIELDS = {
    "plain_text_input",
    "static_select",
    "users_select",
    "multi_static_select",
    "radio_buttons",
    "checkboxes",
    "number_input",
    "datetimepicker",
}


def faults_of_message(text: str, blocks: Sequence[Block]) -> list[str]:
    """What Slack would refuse of a message, and what we do not send; empty when it is good."""
    found = _refused(lambda: check_message(text, [dict(block) for block in blocks]))
    if not blocks:
        found.append("0 blocks")
    if len(text) > MESSAGE_TEXT:
        found.append(f"text: {len(text)} characters")
    total = sum(len(one) for one in texts(blocks))
    if total > MESSAGE_CHARACTERS:
        found.append(f"all blocks: {total} characters")
    return [*found, *_own_rules(blocks)]


def faults_of_view(view: Block) -> list[str]:
    """What Slack would refuse of a modal or Home, and what we do not send; empty when it is good."""
    found = _refused(lambda: check_view(dict(view)))
    if not view["blocks"]:
        found.append("0 blocks")
    return [*found, *_own_rules(view["blocks"])]


def mrkdwn(value: object) -> Iterator[str]:
    """Every text that Slack would read for mentions, links and formats."""
    if isinstance(value, Mapping):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from mrkdwn(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from mrkdwn(inner)


def texts(value: object) -> Iterator[str]:
    """Every text that people see."""
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def _refused(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except Refused as refusal:
        messages = (refusal.body().get("response_metadata") or {}).get("messages")
        return [f"{refusal.error}: {message}" for message in messages or [""]]
    return []


def _own_rules(blocks: Sequence[Block]) -> Iterator[str]:
    for index, block in enumerate(blocks):
        place = f"{index} {block['type']}"
        if block["type"] not in _OURS:
            yield f"{place}: it is not used"
        for element in (*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])):
            if element["type"] == "button" and not element.get("value"):
                yield f"{place}: a button without a value"
            if block["type"] == "rich_text":
                yield from _rich(element, place)
        if block["type"] == "input":
            yield from _field(block["element"], place)


def _field(element: Block, place: str) -> Iterator[str]:
    if element["type"] not in _FIELDS:
        yield f"{place}: {element['type']} is not used"
    most = min(element.get("max_length", INITIAL_VALUE), INITIAL_VALUE)
    if len(str(element.get("initial_value", ""))) > most:
        yield f"{place}: initial value of {len(element['initial_value'])} characters"


def _rich(element: Block, place: str) -> Iterator[str]:
    if element["type"] in RUNS:
        if not 1 <= len(element["elements"]) <= 1000:
            yield f"{place}: {len(element['elements'])} elements"
        for inner in element["elements"]:
            yield from _rich(inner, place)
    elif element["type"] != "text":
        yield f"{place}: {element['type']} could come alive"
    elif not element["text"]:
        yield f"{place}: empty text"
