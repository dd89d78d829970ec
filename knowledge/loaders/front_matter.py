"""Reads the YAML head of a document strictly: an unknown key or a wrong type is named with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from knowledge.errors import DocumentRefused
from knowledge.model import KINDS

LANGUAGES = ("en", "fr")
MAX_BYTES = 16 * 1024
# The parser takes seconds over some thousand brackets that are opened one in the other.
MAX_BRACKETS = 50
_FENCE = "---"


@dataclass(frozen=True, slots=True)
class Fields:
    """What a front matter may say."""

    title: str = ""
    kind: str = "runbook"
    language: str = "en"
    service: str = ""
    owner: str = ""
    reviewed: date | None = None
    expires: date | None = None
    replaced_by: str = ""
    alerts: tuple[str, ...] = ()
    cause: str = ""
    actions: tuple[str, ...] = ()
    access: tuple[str, ...] = ()


def split_front_matter(content: str) -> tuple[str, str, int]:
    """(front matter without its fences, the text after it, how many lines stand before that text)."""
    content = content.replace("\r\n", "\n")
    lines = content.split("\n")
    if lines[0].rstrip() != _FENCE:
        return "", content, 0
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in (_FENCE, "..."):
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]), number + 1
    raise DocumentRefused("front matter", "opened by --- and never closed", "Close it by a line of ---.")


def read_fields(front: str) -> Fields:
    """The typed fields. Raises DocumentRefused with the field's name."""
    values = _parse(front)
    unknown = sorted(str(key) for key in values if key not in READERS)
    if unknown:
        raise DocumentRefused(
            unknown[0][:60],
            "unknown key in the front matter",
            f"Remove it; known keys: {', '.join(READERS)}.",
        )
    # An empty value is the same as no value.
    return Fields(**{key: READERS[key](key, value) for key, value in values.items() if value is not None})


def _parse(front: str) -> dict[Any, Any]:
    import yaml

    if len(front.encode()) > MAX_BYTES:
        raise DocumentRefused(
            "front matter", f"longer than {MAX_BYTES} bytes", "Move the text below the closing ---."
        )
    if any(line.count("[") + line.count("{") > MAX_BRACKETS for line in front.splitlines()):
        raise DocumentRefused("front matter", "has too many brackets in a line", "Write one value a line.")
    try:
        # Aliases could unfold a few bytes into gigabytes.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(front, Loader=yaml.SafeLoader)):
            raise DocumentRefused("front matter", "uses a YAML alias", "Write the value out.")
        values = yaml.safe_load(front)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 2}" if mark else ""
        raise DocumentRefused(
            "front matter", f"not valid YAML{where}", "Quote values that hold : or #."
        ) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise DocumentRefused("front matter", "not a list of `key: value` lines", "Write one key a line.")
    return values


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise DocumentRefused(key, f"must be text, is {_named(value)}", f'Write {key}: "..." in quotes.')
    return value.strip()


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise DocumentRefused(
            key, f"must be a list of texts, is {_named(value)}", f"Write {key}: [one, two]."
        )
    return tuple(one.strip() for one in value if one.strip())


def _date(key: str, value: object) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise DocumentRefused(key, f"must be a date, is {_named(value)}", f"Write {key}: 2026-01-31.")
    return value


def _kind(key: str, value: object) -> str:
    return _one_of(key, value, KINDS)


def _language(key: str, value: object) -> str:
    return _one_of(key, value, LANGUAGES)


def _one_of(key: str, value: object, allowed: tuple[str, ...]) -> str:
    text = _text(key, value)
    if text not in allowed:
        raise DocumentRefused(key, "not a known value", f"Write one of: {', '.join(allowed)}.")
    return text


def _named(value: object) -> str:
    return {
        "str": "text",
        "int": "a number",
        "float": "a number",
        "bool": "yes or no",
        "list": "a list with other things in it",
        "dict": "a mapping",
        "datetime": "a date with a time",
        "date": "a date",
    }.get(type(value).__name__, type(value).__name__)


READERS: dict[str, Any] = {
    "title": _text,
    "kind": _kind,
    "language": _language,
    "service": _text,
    "owner": _text,
    "reviewed": _date,
    "expires": _date,
    "replaced_by": _text,
    "alerts": _texts,
    "cause": _text,
    "actions": _texts,
    "access": _texts,
}
