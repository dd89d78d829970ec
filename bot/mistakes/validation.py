"""What pydantic found wrong, in our words: where, what, and what to write instead."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.domain.tool import shown
from bot.mistakes.mistake import Lines, Mistake, Place, line_of, nearest
from knowledge.text.redaction import redact

# What must be, by pydantic's kind of error; the names in braces come from the field's own bounds.
WORDS = {
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of a sensible size",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "string_pattern_mismatch": "does not have the right form",
    "string_too_long": "must have {max_length} characters at most",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a section of its own, with keys",
    "model_type": "must be a section of its own, with keys",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must be of a known kind: {expected_tags}",
    "union_tag_not_found": "must say its kind under {discriminator}",
    "too_long": "must have {max_length} items at most",
    "is_instance_of": "must be {members}",
    "missing": "is missing",
    "extra_forbidden": "is not known",
}
_SHORT = 60
_UNITS = (
    (r"hours", "hours"),
    (r"minutes", "minutes"),
    (r"_s$", "seconds"),
    (r"tokens", "tokens"),
    (r"signatures", "people"),
    (r"max_body|_cap$", "bytes"),
)


class Style:
    """How a file writes a key, so that a remedy can be copied: `key = value` or `key: value`."""

    def __init__(self, sign: str, value: Callable[[object], str], unknown: str) -> None:
        self.sign, self.value, self.unknown = sign, value, unknown

    def line(self, name: str, example: object) -> str:
        return f"{name}{self.sign}{self.value(example)}"


def _plain(value: object) -> str:
    """A value as JSON, TOML and YAML alike have it."""
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False, default=str)


def _flow(value: object) -> str:
    """A value in YAML's short form, texts quoted only where they must be."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and re.fullmatch(r"[\w/][\w ./-]*", value):
        return value
    return _plain(value)


TOML = Style(" = ", _plain, "is not a setting")
YAML = Style(": ", _flow, "is an unknown key")


def mistakes_in(
    error: ValidationError, model: type[BaseModel], file: str, lines: Lines, style: Style
) -> list[Mistake]:
    """Every mistake once, in the order of the file's lines."""
    by_place: dict[Place, list[ErrorDetails]] = {}
    walks: dict[Place, _Walk] = {}
    for problem in error.errors(include_url=False):
        walk = _Walk(model, problem["loc"])
        by_place.setdefault(walk.place, []).append(problem)
        walks.setdefault(walk.place, walk)
    found = [
        # What is missing at the top belongs to the top.
        Mistake(file, line_of(lines, place) or 1, *_sentence(walks[place], problems, style))
        for place, problems in by_place.items()
    ]
    return sorted(found, key=lambda mistake: mistake.line)


class _Walk:
    """Follows an error's location through the models: the place in the file, and the field that is there."""

    def __init__(self, model: type[BaseModel], location: Sequence[str | int]) -> None:
        self.place: Place = ()
        self.name = ""
        self.field: FieldInfo | None = None
        self.siblings: list[str] = []
        self.is_key = False
        kind: Any = model
        for part in location:
            kind = self._step(kind, part)
        self.kind = _bare(kind)

    def _step(self, kind: Any, part: str | int) -> Any:  # noqa: ANN401  # annotations are of any type
        kind = _bare(kind)
        if part == "[key]":
            self.is_key = True
            return None
        if get_origin(kind) in (Union, types.UnionType):
            # This part names the member of the union that was tried; the file has no such key.
            return next((m for m in get_args(kind) if _is_called(m, str(part))), None)
        self.place = (*self.place, part)
        self.siblings = []
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            self.name, self.siblings = str(part), list(kind.model_fields)
            self.field = kind.model_fields.get(self.name)
            return None if self.field is None else self.field.annotation
        arguments = get_args(kind)
        return arguments[-1] if get_origin(kind) in (dict, list) and arguments else None

    @property
    def shown(self) -> str:
        return ".".join(_short(str(part)) for part in self.place) or "the whole file"


def _bare(kind: Any) -> Any:  # noqa: ANN401
    """The type without its annotations and without None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not types.NoneType]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _is_called(member: Any, tag: str) -> bool:  # noqa: ANN401
    member = _bare(member)
    if not isinstance(member, type):
        return False
    fields = getattr(member, "model_fields", {})
    return member.__name__ == tag or any(tag in get_args(field.annotation) for field in fields.values())


def _sentence(walk: _Walk, problems: Sequence[ErrorDetails], style: Style) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    problem = problems[0]
    if problem["type"] == "extra_forbidden":
        near = nearest(walk.name, walk.siblings)
        return f"{walk.shown} {style.unknown}" + (f"; did you mean {near!r}?" if near else ""), (
            "" if near else f"Take it out. Known here: {', '.join(walk.siblings)}."
        )
    if walk.is_key:
        return f"{walk.shown} {_must(problem, walk.kind)}", "Write lower-case letters, digits and _ alone."
    if problem["type"] == "missing":
        return f"{walk.shown} is missing", f"Write for example {_line(walk, style)}".rstrip(".") + "."
    if problem["type"] == "value_error":
        # A validator of ours: what is wrong, then what to do.
        what, _, remedy = str(problem["ctx"]["error"]).partition(". ")
        return f"{walk.shown}: {what}", remedy
    must = " or ".join(dict.fromkeys(_must(each, walk.kind) for each in problems))
    must = must.replace(" or must be ", " or ").replace("a whole number or a number", "a number")
    return f"{walk.shown} {must}{_is(problem)}", _remedy(walk, style)


def _must(problem: ErrorDetails, wanted: Any) -> str:  # noqa: ANN401
    kind, context = problem["type"], dict(problem.get("ctx", {}))
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        context["members"] = ", ".join(str(member.value) for member in wanted)
    if kind in ("string_too_short", "too_short"):
        least = context["min_length"]
        return "must not be empty" if least == 1 else f"must have {least} or more"
    words = WORDS.get(kind)
    context = {name: f"{bound:g}" if isinstance(bound, float) else bound for name, bound in context.items()}
    return words.format_map(context) if words else problem["msg"][:1].lower() + problem["msg"][1:]


def _is(problem: ErrorDetails) -> str:
    """What stands there now, short and without anything that looks like a secret."""
    given = problem["input"]
    if problem["type"] in ("union_tag_not_found", "string_too_short", "too_short"):
        return ""
    if isinstance(given, Mapping):
        return ", is a section" if problem["type"] != "union_tag_invalid" else ""
    if isinstance(given, list | tuple):
        return ", is a list"
    if isinstance(given, str):
        return f", is {json.dumps(_short(redact(given).text), ensure_ascii=False)}"
    return f", is {_short(f'{given:g}' if isinstance(given, float) else shown(given))}"


def _short(text: str) -> str:
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def _remedy(walk: _Walk, style: Style) -> str:
    kinds = list(_kinds(walk.kind))
    if not kinds:
        return f"Write for example {_line(walk, style)}." if walk.field else ""
    unit = next((f" of {unit}" for form, unit in _UNITS if re.search(form, walk.name)), "")
    if kinds == ["true or false"]:
        return "Write true or false."
    asked = f"{' or '.join(kinds)}{unit if kinds[-1].endswith('number') else ''}"
    return f"Write {asked}, for example {style.value(_example(walk))}."


def _kinds(kind: Any) -> Iterator[str]:  # noqa: ANN401
    """What may be written, in a few words."""
    named = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    if get_origin(kind) in (Union, types.UnionType):
        members = [_bare(member) for member in get_args(kind)]
        for member in members:
            # Who may write any number may write a whole one.
            yield from () if member is int and float in members else _kinds(member)
    elif get_origin(kind) is Literal:
        if len(get_args(kind)) > 1:
            yield "one of these"
    elif kind in named:
        yield named[kind]
    elif get_origin(kind) is list:
        yield "a list"


def _line(walk: _Walk, style: Style) -> str:
    return style.line(walk.name or "name", _example(walk))


def _example(walk: _Walk) -> object:
    if walk.field is None:
        return "..."
    example = example_of(walk.field)
    if isinstance(example, list) and isinstance(walk.place[-1], int):
        return example[0]  # the item of a list is wrong, not the list
    return example


def example_of(field: FieldInfo) -> object:
    """What could be written: the field's example, its default, or something of its type."""
    if field.examples:
        return field.examples[0]
    default = field.get_default(call_default_factory=True)
    if not field.is_required() and default not in (None, "", [], {}) and not isinstance(default, BaseModel):
        return default
    kind = _bare(field.annotation)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        kind = _bare(get_args(kind)[0])
    made: dict[Any, object] = {bool: True, int: 1, float: 1, str: "...", list: ["..."]}
    return made.get(get_origin(kind) or kind, {"...": "..."})
