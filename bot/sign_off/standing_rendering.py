"""What N3 see before they sign a standing sign-off: when, what, where, how often, then all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.sign_off.rendering import MAX_CHARACTERS, Part, ascii_text, call_text


def parts(plan: Mapping[str, object]) -> list[Part]:
    """The plan for people: every call that may ever run, then the whole plan as it is digested."""
    trigger, uses = _mapping(plan["trigger"]), _mapping(plan["uses"])
    entry, listed = _mapping(plan["entry"]), plan["cases"]
    assert isinstance(listed, list)
    cases = [_mapping(case) for case in listed]
    labels = "".join(f", label {key} = {value}" for key, value in _mapping(trigger["labels"]).items())
    when = f"{trigger['alert']} from {trigger['source']}, {trigger['severity_at_least']} at least{labels}"
    often = f"{uses['in_an_hour']} in an hour, {uses['in_all']} in all, until {uses['until']}"
    return [
        Part("When this alert fires", ascii_text(when)),
        Part("What runs", "\n".join(f"{_where(case)}: {call_text(case['call'])}" for case in cases)),
        Part("Only if this holds just before", _each(cases, "precondition")),
        Part("Expected effect", ascii_text(str(entry.get("expected_effect", "")))),
        Part("Verification", _each(cases, "verification")),
        Part("Undo", _each(cases, "undo")),
        Part("How often", ascii_text(often)),
        Part("Everything that is signed", json.dumps(plan, indent=1, sort_keys=True, ensure_ascii=True)),
    ]


def fits(plan: Mapping[str, object]) -> bool:
    """Whether all of it can be shown at once; what does not fit cannot be signed."""
    return sum(len(part.text) for part in parts(plan)) <= MAX_CHARACTERS


def _each(cases: list[Mapping[str, object]], what: str) -> str:
    """One line for each different call, in the order of the cases."""
    return "\n".join(dict.fromkeys(_used(_mapping(case[what])) for case in cases))


def _used(used: Mapping[str, object]) -> str:
    if "tool" not in used:
        return ascii_text(f"none: {used['none']}")
    expects = f" expects {used['expect']}" if used.get("expect") else ""
    return f"{ascii_text(str(used['tool']) + expects)}: {call_text(used['call'])}"


def _where(case: Mapping[str, object]) -> str:
    return ascii_text(f"{case['service']} in {case['environment']}")


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value
