"""What a text says, freed of what differs every time: words, line templates, and values of named things."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass

MOST = 16_000
"""Characters of one text that are read."""
MOST_SEEN = 50 * MOST
"""Characters of one text that are looked at."""
_DAY, _MONTH = "mon|tue|wed|thu|fri|sat|sun", "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATES = re.compile(
    rf"\b(?:{_DAY}),? |\b\d{{4}}-\d\d-\d\d[T ]?[\d:.]*(?:z|[+-]\d{{4}})?"
    rf"|\b(?:{_MONTH}) \d+ ?[\d:.]*|\b\d\d (?:{_MONTH}) \d{{4}}",
    re.IGNORECASE,
)
GENERATED = re.compile(r"\b([a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*)-[0-9a-f]{6,10}-(?:[a-z0-9]{5}\b)?")
_LABEL = re.compile(r"\b(?:app|service|job|component|name)=([A-Za-z][\w.-]*)")
_NUMBERED = re.compile(r"\b[\w./:%-]*\d[\w./:%-]*")
_WORD = re.compile(r"[^\W\d_][^\W\d]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PAIR = re.compile(r"^\s*([A-Z][A-Za-z -]{1,30}):\s*(.*)$")
_NAMING = ("name", "node", "host", "pod", "service", "instance")
_REACH = 6
"""Lines below a name that still speak of it."""
_HEADING = re.compile(r"[A-Z][A-Z ]+")
_COLUMNS = re.compile(r"\s{2,}")
_TAIL = re.compile(r"-[0-9a-f]{6,10}-[a-z0-9]{5}$")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+(:\d+)?")
_HEX = re.compile(r"\b[0-9a-f]{8,10}\b")
_DIGITS = re.compile(r"\d+")
_LONGEST_TEMPLATE = 200


@dataclass(frozen=True, slots=True)
class Value:
    """A reading of one thing: `key` is the kind of reading, `of` the thing it was read of, "" if none."""

    key: str
    of: str
    value: str

    @property
    def shape(self) -> str:
        """The value without what differs every time."""
        return shape(self.value)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as sets: repeating a line changes nothing."""

    words: frozenset[str]
    templates: frozenset[str]
    values: frozenset[Value]


def read(text: str) -> Reading:
    """Names of things, numbers, dates and identifiers are masked in words and templates."""
    text = _bounded(text)
    lines = [masked(line) for line in _without_names(text).splitlines()]
    # One copy of what thousands of incidents say alike.
    words = (sys.intern(word.lower()) for line in lines for word in _WORD.findall(_CAMEL.sub(" ", line)))
    templates = (sys.intern(line[:_LONGEST_TEMPLATE]) for line in lines if line)
    values = (Value(*map(sys.intern, (one.key, one.of, one.value))) for one in values_of(text))
    return Reading(frozenset(words), frozenset(templates), frozenset(values))


def _bounded(text: str) -> str:
    """What is read of a text: of a long one each line once, so that repeats push nothing out."""
    if len(text) > MOST:
        text = "\n".join(dict.fromkeys(text[:MOST_SEEN].splitlines()))
    return text[:MOST]


def names_of(text: str) -> set[str]:
    """The things that a text names: by labels, and by names that a machine has lengthened."""
    return {match[1] for pattern in (GENERATED, _LABEL) for match in pattern.finditer(text)}


def masked(line: str) -> str:
    """A line with every token that holds a digit as 0, and single spaces."""
    return " ".join(_NUMBERED.sub(" 0 ", line).split())


def shape(value: str) -> str:
    """A value without addresses, identifiers and numbers."""
    value = _HEX.sub("id", _ADDRESS.sub("address", value))
    return _DIGITS.sub("0", value).strip()[:60]


def bare(name: str) -> str:
    """A name without what the machine appended to it."""
    return _TAIL.sub("", name)


def values_of(text: str) -> list[Value]:
    """`Key: value` lines of the thing named last, the cells of tables with a heading in capitals, and how
    many rows of them speak of a thing.
    """
    found: list[Value] = []
    of, until = "", 0
    head: list[str] = []
    rows: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines()):
        pair = _PAIR.match(line)
        if pair:
            named = _LABEL.search(line)
            if named or pair[1].strip().casefold() in _NAMING:
                of, until = named[1] if named else pair[2].strip(), number + _REACH
            elif number > until:
                of = ""
            inner = "." if line[0].isspace() else ""
            found.append(Value(inner + pair[1].strip(), of, pair[2].strip()))
            continue
        cells = _COLUMNS.split(line.strip())
        if len(cells) >= 3 and cells[0] == "NAME" and all(_HEADING.fullmatch(cell) for cell in cells):
            head = cells
        elif head and len(cells) == len(head) and not line[0].isspace():
            thing = bare(cells[0])
            found += [
                Value(f"{name} of", thing, cell)
                for name, cell in zip(head[1:], cells[1:], strict=True)
                if name != "AGE"
            ]
            rows[thing] += 1
        elif len(cells) < 3:
            head = []
    return found + [Value("ROWS of", thing, str(many)) for thing, many in rows.items()]


def _without_names(text: str) -> str:
    names = sorted(names_of(text), key=lambda name: (-len(name), name))
    text = _DATES.sub(" ", text)
    if not names:
        return text
    some = "|".join(re.escape(name) for name in names)
    return re.sub(rf"\b(?:{some})(?:-[0-9a-f]{{5,10}})?(?:-[a-z0-9]{{5}})?\b-?", "OBJ", text)
