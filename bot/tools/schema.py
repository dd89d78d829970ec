"""The JSON Schema of a catalogue file, for editors: made from the models that read it, so it cannot drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.tools.entries import CatalogueFile

FILE = Path(__file__).parent / "catalogue.schema.json"
NAME = FILE.name

# What a validator of ours asks for, in the words of JSON Schema.
_NEEDS = {
    "enum": ["choices"],
    "integer": ["minimum", "maximum"],
    "pattern": ["pattern"],
    "reference": ["inventory"],
}


def schema() -> dict[str, Any]:
    """The schema, with what our own validators add to the fields."""
    made = CatalogueFile.model_json_schema()
    parts = made["$defs"]
    parts["ArgumentEntry"]["allOf"] = [
        {"if": {"properties": {"type": {"const": kind}}}, "then": {"required": needed}}
        for kind, needed in _NEEDS.items()
    ]
    parts["ActionEntry"]["oneOf"] = [{"required": ["undo"]}, {"required": ["no_undo"]}]
    parts["ExpectEntry"] |= {"minProperties": 1, "maxProperties": 1}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A catalogue of Vigie"}
    return made | head


def text() -> str:
    """The schema as the file that is shipped holds it."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"
