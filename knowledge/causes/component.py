"""Which part is unhealthy, read from the evidence alone: what is not ready, restarted, missing, or odd."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from knowledge.causes.reading import GENERATED, bare, names_of, values_of

_READY = re.compile(r"^(\d+)/(\d+)$")
_WELL = ("running", "completed", "ready", "active", "bound", "true", "healthy", "ok", "succeeded")
_NODE = re.compile(r"\bnode[/:]\s*([a-z][a-z0-9.-]*)|\bNode: *([a-z][a-z0-9.-]*)", re.IGNORECASE)
_SCOPE = re.compile(r"""(?:account |pod="|namespace[ ="/:]+"?)([a-z][a-z0-9-]*)(?![\w.-])""")
_TROUBLE = re.compile(
    r"warning|error|fail|refused|denied|forbidden|unhealthy|exceeded|back-?off|not ?ready|dead|killed", re.I
)


def component(texts: Sequence[str], oddities: Sequence[Mapping[str, set[str]]], past: Sequence[str]) -> str:
    """The unhealthy part as "kind/name", its name where the past records no kind, "" if none stands out.

    `oddities`: what is odd in each text, and of which things. `past`: components of incidents of the
    likeliest cause, of which only the kind before the "/" is taken, never the name.
    """
    kinds = Counter(part.partition("/")[0] for part in past if "/" in part)
    kind = min(kinds, key=lambda k: (-kinds[k], k)) if kinds else ""
    text = "\n".join(texts)
    if kind in ("node", "host", "machine"):
        name = _node(text)
    elif kind in ("namespace", "project", "tenant"):
        name = _scope(text)
    else:
        name = _thing(text, oddities)
    return f"{kind}/{name}" if kind and name else name


def _thing(text: str, oddities: Sequence[Mapping[str, set[str]]]) -> str:
    names = names_of(text)
    marks: dict[str, list[float]] = {}
    for value in values_of(text):
        marks.setdefault(value.of, []).append(_mark(value.key, value.value))
    for odd in oddities:
        for what, things in odd.items():
            gone = what.startswith("gone")
            for thing in things:
                if gone or thing in names:
                    marks.setdefault(thing, []).append((3 if gone else 1) / len(things))
    for name, times in _named_in_trouble(text, names).items():
        marks.setdefault(name, []).append(times)
    marks.pop("", None)
    return _that_exists(most(marks), text)


def most(marks: Mapping[str, Sequence[float]]) -> str:
    """The name with the highest sum, the first by name of several; "" when none is above 0.

    Sums are exact: the order of sets differs from one process to the next, the answer must not.
    """
    sums = {name: math.fsum(each) for name, each in marks.items()}
    best = max(sums.values(), default=0.0)
    return min((name for name, total in sums.items() if total == best), default="") if best > 0 else ""


def _that_exists(name: str, text: str) -> str:
    """The thing that runs and is spelt most like `name`: a wrong label names what is nowhere else."""
    running = {match[1] for match in GENERATED.finditer(text)}
    if name in running or not running:
        return name
    return next(iter(get_close_matches(name, sorted(running), 1)), name)


def _mark(key: str, value: str) -> float:
    ready = _READY.match(value)
    if ready:
        return 3.0 if int(ready[1]) < int(ready[2]) else 0.0
    if key == "STATUS of":
        return 0.0 if value.casefold() in _WELL else 3.0
    if key == "RESTARTS of":
        return 2.0 if value[:1].isdigit() and int(re.match(r"\d+", value)[0]) > 0 else 0.0  # type: ignore[index]
    if key == "Endpoints":
        return 0.0 if value else 4.0
    return 2.0 if re.search(r"\b[1-9]\d* unavailable", value) else 0.0


def _named_in_trouble(text: str, names: set[str]) -> dict[str, float]:
    """How far lines of trouble name one thing and not all of them alike."""
    by_line: dict[str, set[str]] = {}
    for line in text.splitlines():
        if not _TROUBLE.search(line):
            continue
        named = {bare(token) for token in re.findall(r"[a-z][a-z0-9-]*", line)}
        hit = {
            name for name in names if any(token == name or token.startswith(f"{name}-") for token in named)
        }
        kind = " ".join(re.findall(r"[A-Z][a-z]+[A-Z]\w+", line))
        for name in hit:
            by_line.setdefault(kind, set()).add(name)
    marks: dict[str, list[float]] = {}
    for things in by_line.values():
        for name in things:
            marks.setdefault(name, []).append(1 / len(things) ** 2)
    return {name: math.fsum(each) for name, each in marks.items()}


def _node(text: str) -> str:
    marks: Counter[str] = Counter()
    now = ""
    for line in text.splitlines():
        found = _NODE.search(line)
        if found:
            now = found[1] or found[2]
            marks[now] += 1 if _TROUBLE.search(line) else 0
        elif now and re.search(r"inactive|dead|NotReady|failed to", line):
            marks[now] += 3
    best = max(marks.values(), default=0)
    return min((name for name, mark in marks.items() if mark == best), default="")


def _scope(text: str) -> str:
    marks: Counter[str] = Counter()
    for line in text.splitlines():
        for name in set(_SCOPE.findall(line)):
            marks[name] += 3 if _TROUBLE.search(line) else 1
    best = max(marks.values(), default=0)
    return min((name for name, mark in marks.items() if mark == best), default="")
