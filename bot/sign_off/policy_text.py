"""The parts of a policy as plain values and back, and a policy's text as people read it in a difference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.sign_off.rules import Group, Rule, SpecialRule

_TIMES = ("time_to_sign", "time_to_execute", "when_alone")
_VALUES = ("signatures", "group", "second_group", "reason")


def lines(text: str) -> list[str]:
    """A policy's text for people, one fact a line; two different texts never give the same lines."""
    raw = json.loads(text)
    found = []
    for entry in raw.pop("rules"):
        found += [f"risk {entry.pop('risk')}:", *_told(entry, "  ")]
    for entry in raw.pop("special", ()):
        found += ["special rule:", *_told(entry, "  ")]
    return found + list(_told(raw, ""))


def _told(value: object, indent: str) -> Iterator[str]:
    assert isinstance(value, Mapping)
    for name, inner in sorted(value.items()):
        if isinstance(inner, Mapping):
            yield f"{indent}{name}:"
            yield from _told(inner, f"{indent}  ")
        elif isinstance(inner, list):
            yield f"{indent}{name}:{'' if inner else ' nothing'}"
            yield from (f"{indent}  - {json.dumps(item)}" for item in inner)
        elif name.endswith("_s") and isinstance(inner, int):
            minutes = f" ({inner // 60} min)" if inner % 60 == 0 else ""
            yield f"{indent}{name}: {inner}{minutes}"
        else:
            yield f"{indent}{name}: {json.dumps(inner)}"


def rule_entry(risk: Risk, rule: Rule) -> dict[str, object]:
    return {
        "risk": risk.value,
        "signatures": rule.signatures,
        "time_to_sign_s": seconds(rule.time_to_sign),
        "time_to_execute_s": seconds(rule.time_to_execute),
        "pinned": rule.pinned,
    }


def rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        entry["signatures"],
        timedelta(seconds=entry["time_to_sign_s"]),
        timedelta(seconds=entry["time_to_execute_s"]),
        entry["pinned"],
    )


def special_entry(special: SpecialRule) -> dict[str, object]:
    scope = {
        "risks": [risk.value for risk in special.risks],
        "environments": list(special.environments),
        "services": list(special.services),
    }
    values = {name: getattr(special, name) for name in _VALUES}
    times = {
        f"{name}_s": None if getattr(special, name) is None else seconds(getattr(special, name))
        for name in _TIMES
    }
    said = {name: value for name, value in (values | times).items() if value is not None}
    return {name: value for name, value in scope.items() if value} | said


def special(entry: Mapping[str, Any]) -> SpecialRule:
    times: dict[str, Any] = {
        name: timedelta(seconds=entry[f"{name}_s"]) for name in _TIMES if f"{name}_s" in entry
    }
    return SpecialRule(
        tuple(Risk(risk) for risk in entry.get("risks", ())),
        tuple(entry.get("environments", ())),
        tuple(entry.get("services", ())),
        **{name: entry[name] for name in _VALUES if name in entry},
        **times,
    )


def group_entry(group: Group) -> dict[str, object]:
    return {"usergroup": group.usergroup, "pinned": sorted(person.key for person in group.pinned)}


def group(entry: Mapping[str, Any]) -> Group:
    return Group(entry["usergroup"], people(entry["pinned"]))


def accounts(same_person: Iterable[frozenset[Person]]) -> list[list[str]]:
    """The accounts of each human, in one order."""
    return sorted(sorted(person.key for person in accounts) for accounts in same_person)


def people(keys: Iterable[str]) -> frozenset[Person]:
    return frozenset(Person.from_key(key) for key in keys)


def seconds(time: timedelta) -> int:
    return int(time.total_seconds())
