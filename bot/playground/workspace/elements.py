"""The interactive parts of blocks: finding and naming them, what they hold, what a click reports."""

import copy
from collections.abc import Iterator

from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.identifiers import random_id

# element type -> the key under which its answer stands in actions and in a view's state
ANSWER_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
CLICKED = ("button", "workflow_button", "feedback_buttons", "icon_button")
_INITIAL_KEYS = {"value": "initial_value", "rich_text_value": "initial_value"}


def walk(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yields (block, element) for every interactive element, in reading order."""
    for block in blocks:
        elements = block.get("elements")
        candidates = [*(elements if isinstance(elements, list) else ())]
        candidates += [block.get("accessory"), block.get("element")]
        for element in candidates:
            if isinstance(element, dict) and element.get("type") in (*ANSWER_KEYS, *CLICKED):
                yield block, element


def with_ids(blocks: list[Json]) -> list[Json]:
    """A copy in which every block and every interactive element has an id, as Slack fills them in."""
    named = copy.deepcopy(blocks)
    for block in named:
        block.setdefault("block_id", random_id("", 5))
    for _, element in walk(named):
        element.setdefault("action_id", random_id("", 5))
    return named


def find(blocks: list[Json], action_id: str, block_id: str | None, value: object) -> tuple[Json, Json]:
    """The (block, element) of that action; `value` tells apart buttons that share an action_id.

    Raises:
        Refused: `element_not_found`.
    """
    found = [
        (block, element)
        for block, element in walk(blocks)
        if element.get("action_id") == action_id and block_id in (None, block["block_id"])
    ]
    if not found:
        raise Refused("element_not_found")
    wanted = value.get("value") if isinstance(value, dict) else value
    for block, element in found:
        if value is not None and wanted in (
            element.get("value"),
            *(o.get("value") for o in options(element)),
        ):
            return block, element
    return found[0]


def options(element: Json) -> list[Json]:
    """The options of a select, with those in groups."""
    groups = _objects(element.get("option_groups"))
    return [
        *_objects(element.get("options")),
        *(one for group in groups for one in _objects(group.get("options"))),
    ]


def _objects(given: object) -> list[Json]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def action_item(block: Json, element: Json, value: object, action_ts: str) -> Json:
    """What stands in `actions` of a block_actions payload."""
    item: Json = {"action_id": element["action_id"], "block_id": block["block_id"]}
    kind = element["type"]
    if kind in ANSWER_KEYS:
        item |= {key: element[key] for key in ("placeholder",) if key in element}
        item |= {k: v for k, v in answer(element, value).items() if k != "type"}
    else:
        item |= {
            key: element[key] for key in ("text", "value", "style", "url") if element.get(key) is not None
        }
        if kind == "feedback_buttons":
            item["value"] = value
    return item | {"type": kind, "action_ts": action_ts}


def answer(element: Json, given: object) -> Json:
    """An element's entry in `state.values`, from a typed entry, a bare value, or (None) its initial value.

    Raises:
        Refused: `invalid_option` when the value is none of the options offered.
    """
    kind = element["type"]
    key = ANSWER_KEYS[kind]
    if isinstance(given, dict) and (key in given or "type" in given):
        given = given.get(key)
    elif given is None:
        given = element.get(_INITIAL_KEYS.get(key, key.replace("selected_", "initial_")))
    if key == "selected_option" and given is not None:
        given = _option(element, given)
    if key == "selected_options":
        chosen = given if isinstance(given, list) else [given] if given is not None else []
        given = [_option(element, one) for one in chosen]
    if key == "value" and given is not None:
        given = str(given)
    if key.endswith("s") and given is None:
        given = []
    return {"type": kind, key: given}


def _option(element: Json, wanted: object) -> Json:
    value = wanted.get("value") if isinstance(wanted, dict) else wanted
    for option in options(element):
        if option.get("value") == value:
            return {"text": option["text"], "value": option["value"]}
    if element["type"].endswith("external_select") and isinstance(wanted, dict):
        return wanted
    raise Refused("invalid_option")


def state_values(blocks: list[Json], given: Json, held: Json | None = None) -> Json:
    """`state.values` of these blocks: what was given, else what was held, else the initial values."""
    values: Json = {}
    for block, element in walk(blocks):
        if element["type"] not in ANSWER_KEYS or element["type"] == "overflow":
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        entry = given.get(block_id, {}).get(action_id)
        if entry is None:
            entry = (held or {}).get(block_id, {}).get(action_id)
        values.setdefault(block_id, {})[action_id] = answer(element, entry)
    return values


def input_errors(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's client says before it sends a form: required fields left empty, text of a wrong length."""
    errors: dict[str, str] = {}
    for block, element in walk(blocks):
        if block.get("type") != "input" or element["type"] not in ANSWER_KEYS:
            continue
        entry = values[block["block_id"]][element["action_id"]].get(ANSWER_KEYS[element["type"]])
        if not entry and not block.get("optional"):
            errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(entry, str) and len(entry) > element.get("max_length", 3000):
            errors[block["block_id"]] = (
                f"Please enter fewer than {element.get('max_length', 3000) + 1} characters."
            )
        elif isinstance(entry, str) and 0 < len(entry) < element.get("min_length", 0):
            errors[block["block_id"]] = f"Please enter at least {element['min_length']} characters."
    return errors
