"""Slack's limits on messages and views, as documented: what one breaks, each fault with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]

MESSAGE_BLOCKS, VIEW_BLOCKS, MESSAGE_CHARACTERS = 50, 100, 12_000
TEXTS = {"section": 3000, "header": 150, "context": 3000, "button": 75, "label": 2000, "title": 24}
RUNS = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


def faults_of_message(text: str, blocks: Sequence[Block]) -> list[str]:
    """What Slack would refuse of a message; empty when it takes it."""
    found = [*_blocks(blocks, MESSAGE_BLOCKS)]
    if len(text) > 4000:
        found.append(f"text: {len(text)} characters")
    total = sum(len(one) for one in _texts(blocks))
    if total > MESSAGE_CHARACTERS:
        found.append(f"all blocks: {total} characters")
    return found


def faults_of_view(view: Block) -> list[str]:
    """What Slack would refuse of a modal; empty when it takes it."""
    found = [*_blocks(view["blocks"], VIEW_BLOCKS)]
    for name in ("title", "submit", "close"):
        if name in view:
            found += _text(view[name], TEXTS["title"], name, plain=True)
    if any(block["type"] == "input" for block in view["blocks"]) and "submit" not in view:
        found.append("submit: missing beside an input")
    if len(view.get("private_metadata", "")) > 3000:
        found.append("private_metadata: too long")
    return found


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


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _blocks(blocks: Sequence[Block], most: int) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    for index, block in enumerate(blocks):
        yield from _block(block, f"{index} {block['type']}")


def _block(block: Block, place: str) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from _text(block["text"], TEXTS["section"], place)
            if "accessory" in block:
                yield from _button(block["accessory"], place)
        case "header":
            yield from _text(block["text"], TEXTS["header"], place, plain=True)
        case "context":
            yield from _count(block["elements"], 10, place)
            for element in block["elements"]:
                yield from _text(element, TEXTS["context"], place)
        case "actions":
            yield from _count(block["elements"], 25, place)
            names = [element["action_id"] for element in block["elements"]]
            if len(set(names)) < len(names):
                yield f"{place}: two elements of one action_id"
            for element in block["elements"]:
                yield from _button(element, place)
        case "rich_text":
            yield from _count(block["elements"], 50, place)
            for element in block["elements"]:
                yield from _rich(element, place)
        case "input":
            yield from _text(block["label"], TEXTS["label"], place, plain=True)
            initial = block["element"].get("initial_value", "")
            if len(initial) > 3000:
                yield f"{place}: initial value of {len(initial)} characters"
        case "divider":
            pass
        case other:
            yield f"{place}: {other} is not used"


def _rich(element: Block, place: str) -> Iterator[str]:
    if element["type"] in RUNS:
        yield from _count(element["elements"], 1000, place)
        for inner in element["elements"]:
            yield from _rich(inner, place)
    elif element["type"] != "text":
        yield f"{place}: {element['type']} could come alive"
    elif not element["text"]:
        yield f"{place}: empty text"


def _button(element: Block, place: str) -> Iterator[str]:
    yield from _text(element["text"], TEXTS["button"], place, plain=True)
    if len(element["action_id"]) > 255:
        yield f"{place}: action_id too long"
    if not 1 <= len(element["value"]) <= 2000:
        yield f"{place}: value of {len(element['value'])} characters"


def _text(text: Block, most: int, place: str, *, plain: bool = False) -> Iterator[str]:
    if plain and text["type"] != "plain_text":
        yield f"{place}: {text['type']} in place of plain_text"
    if not 1 <= len(text["text"]) <= most:
        yield f"{place}: {len(text['text'])} characters"


def _count(elements: Sequence[Block], most: int, place: str) -> Iterator[str]:
    if not 1 <= len(elements) <= most:
        yield f"{place}: {len(elements)} elements"
