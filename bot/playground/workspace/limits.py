"""Slack's limits on blocks and views, checked as Slack does: every fault named with its place."""

from collections.abc import Callable, Iterator

from bot.playground.workspace.elements import options, walk
from bot.playground.workspace.errors import Json, Refused

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 40_000
BLOCKS_TOGETHER = 13_200
_MARKDOWN = 12_000

_EVERYWHERE = {
    "actions",
    "container",
    "context",
    "context_actions",
    "divider",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
}
_MESSAGE_ONLY = {"data_table", "data_visualization", "file", "markdown", "plan", "task_card"}
_VIEW_ONLY = {"alert"}

_Fault = tuple[str, str]  # (what is wrong, where as a JSON pointer)


def check_message(text: str, blocks: list[Json]) -> None:
    """Checks a message's text and blocks.

    Raises:
        Refused: `msg_too_long`, `invalid_blocks` with every fault, or `msg_blocks_too_long`.
    """
    if len(text) > MESSAGE_TEXT:
        raise Refused("msg_too_long")
    faults = list(_faults(blocks, MESSAGE_BLOCKS, _EVERYWHERE | _MESSAGE_ONLY))
    if sum(len(b.get("text", "")) for b in blocks if b.get("type") == "markdown") > _MARKDOWN:
        faults.append((f"must be less than {_MARKDOWN + 1} characters in all markdown blocks", "/blocks"))
    if faults:
        raise _refusal("invalid_blocks", faults)
    if _characters(blocks) > BLOCKS_TOGETHER:
        raise Refused("msg_blocks_too_long")


def check_view(view: Json) -> None:
    """Checks a modal or Home view.

    Raises:
        Refused: `invalid_arguments` with every fault.
    """
    faults: list[_Fault] = []
    blocks = view.get("blocks")
    if view.get("type") not in ("modal", "home"):
        faults.append(("invalid view type: use modal or home", "/view/type"))
    if not isinstance(blocks, list):
        raise _refusal("invalid_arguments", [*faults, ("missing required field: blocks", "/view")])
    if view.get("type") == "modal":
        faults += _modal_faults(view, blocks)
    faults += [*_long(view, "private_metadata", 3000, "/view"), *_long(view, "callback_id", 255, "/view")]
    faults += [
        (what, "/view" + where) for what, where in _faults(blocks, VIEW_BLOCKS, _EVERYWHERE | _VIEW_ONLY)
    ]
    if faults:
        raise _refusal("invalid_arguments", faults)


def _refusal(error: str, faults: list[_Fault]) -> Refused:
    messages = [f"[ERROR] {what} [json-pointer:{where}]" for what, where in faults]
    return Refused(error, errors=[what for what, _ in faults], response_metadata={"messages": messages})


def _modal_faults(view: Json, blocks: list[Json]) -> Iterator[_Fault]:
    yield from _text(view.get("title"), 24, "/view/title", plain=True)
    for key in ("submit", "close"):
        if view.get(key) is not None:
            yield from _text(view[key], 24, f"/view/{key}", plain=True)
    if any(isinstance(b, dict) and b.get("type") == "input" for b in blocks) and not view.get("submit"):
        yield "`submit` is required when an `input` is in the blocks array", "/view/blocks"


def _faults(blocks: list[Json], most: int, allowed: set[str]) -> Iterator[_Fault]:
    if len(blocks) > most:
        yield f"no more than {most} items allowed", "/blocks"
    for index, block in enumerate(blocks):
        place = f"/blocks/{index}"
        if not isinstance(block, dict) or block.get("type") not in allowed:
            kind = block.get("type") if isinstance(block, dict) else block
            yield f"unsupported type: {kind}", f"{place}/type"
            continue
        yield from _long(block, "block_id", 255, place)
        yield from _BLOCKS.get(block["type"], _anything)(block, place)
        for _, element in walk([block]):
            yield from _element(element, place)
    yield from _doubled(blocks)


def _doubled(blocks: list[Json]) -> Iterator[_Fault]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if block_id in seen:
            yield f"`block_id` {block_id} already exists", f"/blocks/{index}/block_id"
        seen |= {block_id} if block_id else set()
        actions = (
            [e["action_id"] for _, e in walk([block]) if e.get("action_id")]
            if isinstance(block, dict)
            else []
        )
        for action_id in {a for a in actions if actions.count(a) > 1}:
            yield f"`action_id` {action_id} already exists for another element", f"/blocks/{index}/elements"


def _anything(_block: Json, _place: str) -> Iterator[_Fault]:
    yield from ()


def _section(block: Json, place: str) -> Iterator[_Fault]:
    fields = block["fields"] if isinstance(block.get("fields"), list) else []
    if block.get("text") is None and not fields:
        yield "missing required field: text or fields", place
    if block.get("text") is not None:
        yield from _text(block["text"], 3000, f"{place}/text")
    yield from _items(fields, 10, f"{place}/fields")
    for index, field in enumerate(fields):
        yield from _text(field, 2000, f"{place}/fields/{index}")


def _header(block: Json, place: str) -> Iterator[_Fault]:
    yield from _text(block.get("text"), 150, f"{place}/text", plain=True)


def _actions(block: Json, place: str) -> Iterator[_Fault]:
    yield from _items(block.get("elements"), 25, f"{place}/elements", least=1)


def _context(block: Json, place: str) -> Iterator[_Fault]:
    yield from _items(block.get("elements"), 10, f"{place}/elements", least=1)
    for index, element in enumerate(block["elements"] if isinstance(block.get("elements"), list) else ()):
        if not isinstance(element, dict) or element.get("type") != "image":
            yield from _text(element, 3000, f"{place}/elements/{index}")


def _input(block: Json, place: str) -> Iterator[_Fault]:
    yield from _text(block.get("label"), 2000, f"{place}/label", plain=True)
    if not isinstance(block.get("element"), dict):
        yield "missing required field: element", place
    if block.get("hint") is not None:
        yield from _text(block["hint"], 2000, f"{place}/hint", plain=True)


def _image(block: Json, place: str) -> Iterator[_Fault]:
    for key, most in (("alt_text", 2000), ("image_url", 3000)):
        yield from _long(block, key, most, place)
    if not block.get("alt_text"):
        yield "missing required field: alt_text", place


def _markdown(block: Json, place: str) -> Iterator[_Fault]:
    if not block.get("text"):
        yield "missing required field: text", place
    yield from _long(block, "text", _MARKDOWN, place)


_BLOCKS: dict[str, Callable[[Json, str], Iterator[_Fault]]] = {
    "section": _section,
    "header": _header,
    "actions": _actions,
    "context": _context,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
}


def _element(element: Json, place: str) -> Iterator[_Fault]:
    place = f"{place}/{element['type']}"
    yield from _long(element, "action_id", 255, place)
    if element["type"] == "button":
        yield from _text(element.get("text"), 75, f"{place}/text", plain=True)
        yield from _long(element, "value", 2000, place)
        yield from _long(element, "url", 3000, place)
        if element.get("style") not in (None, "primary", "danger"):
            yield "must be one of primary, danger", f"{place}/style"
    if element.get("placeholder") is not None:
        yield from _text(element["placeholder"], 150, f"{place}/placeholder", plain=True)
    yield from _options(element, place)
    if isinstance(element.get("confirm"), dict):
        for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            if element["confirm"].get(key) is not None:
                yield from _text(element["confirm"][key], most, f"{place}/confirm/{key}")


def _options(element: Json, place: str) -> Iterator[_Fault]:
    kind = element["type"]
    if kind not in ("static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow"):
        return
    most = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}.get(kind, 100)
    if not element.get("option_groups"):
        yield from _items(element.get("options"), most, f"{place}/options", least=1)
    for index, option in enumerate(options(element)):
        yield from _text(option.get("text"), 75, f"{place}/options/{index}/text")
        yield from _long(option, "value", 150, f"{place}/options/{index}")
        if option.get("description") is not None:
            yield from _text(option["description"], 75, f"{place}/options/{index}/description")


def _text(text: object, most: int, place: str, *, plain: bool = False) -> Iterator[_Fault]:
    if not isinstance(text, dict) or not isinstance(text.get("text"), str):
        yield "must provide a text object", place
        return
    if text.get("type") not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
        yield f"unsupported text type: {text.get('type')}", f"{place}/type"
    if not text["text"]:
        yield "must be more than 0 characters", f"{place}/text"
    yield from _long(text, "text", most, place)


def _long(holder: Json, key: str, most: int, place: str) -> Iterator[_Fault]:
    value = holder.get(key)
    if value is not None and not isinstance(value, str):
        yield "must be a string", f"{place}/{key}"
    elif value is not None and len(value) > most:
        yield f"must be less than {most + 1} characters", f"{place}/{key}"


def _items(items: object, most: int, place: str, *, least: int = 0) -> Iterator[_Fault]:
    count = len(items) if isinstance(items, list) else 0
    if count > most:
        yield f"no more than {most} items allowed", place
    if count < least:
        yield f"no fewer than {least} items allowed", place


def _characters(part: object) -> int:
    """All characters of `text` in these blocks, however deep; what people read."""
    if isinstance(part, list):
        return sum(_characters(one) for one in part)
    if not isinstance(part, dict):
        return 0
    own = len(part["text"]) if isinstance(part.get("text"), str) else 0
    return own + sum(_characters(value) for value in part.values())
