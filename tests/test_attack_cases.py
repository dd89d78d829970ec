"""Every attack case that a resolved issue brings has a test with its id, and no id is made up."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
REQUIRED = TESTS / "attacks" / "required.toml"
_RANGE = re.compile(r"([A-Z])([0-9]+)-\1([0-9]+)")


@cache
def issues() -> dict[str, tuple[bool, frozenset[str]]]:
    """By title: whether it is resolved, and the ids of its cases."""
    entries = tomllib.loads(REQUIRED.read_text(encoding="utf-8"))["issue"]
    return {
        e["title"]: (e["resolved"], frozenset(one for c in e["cases"] for one in ids(c))) for e in entries
    }


def ids(case: str) -> Iterator[str]:
    """`F1-F3` is F1, F2 and F3."""
    span = _RANGE.fullmatch(case)
    if span is None:
        assert re.fullmatch(r"[A-Z][0-9]+", case), case
        yield case
    else:
        yield from (f"{span[1]}{number}" for number in range(int(span[2]), int(span[3]) + 1))


@cache
def marked() -> dict[str, list[str]]:
    """Where each id is marked: on a test, a class, a parameter or a whole module."""
    found = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            for case in [a.value for a in node.args if isinstance(a, ast.Constant)]:
                if node.func.attr == "attack":
                    found[str(case)].append(f"{path.relative_to(TESTS)}:{node.lineno}")
    return dict(found)


def test_every_case_of_a_resolved_issue_has_a_test() -> None:
    """A case that lost its last test is told by its id."""
    missing = {
        title: sorted(wanted - marked().keys()) for title, (resolved, wanted) in issues().items() if resolved
    }
    assert {title: cases for title, cases in missing.items() if cases} == {}


def test_an_issue_with_all_its_cases_is_marked_as_resolved() -> None:
    """From then on none of them can be lost. Set `resolved = true` for it in attacks/required.toml."""
    waiting = {title: wanted for title, (resolved, wanted) in issues().items() if not resolved}
    assert [title for title, wanted in waiting.items() if wanted <= marked().keys()] == []


def test_no_id_is_made_up() -> None:
    """An id that no list of cases knows holds no promise: letter and number of `attacks/required.toml`."""
    known = frozenset().union(*(wanted for _, wanted in issues().values()), OTHERS)
    assert {case: places for case, places in marked().items() if case not in known} == {}


# Brought by issues whose lists are not here yet: people in Slack, and the cockpit.
OTHERS = frozenset({"D3", "D4", "D5", "P21", "P22", "R9"})
