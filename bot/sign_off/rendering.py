"""What is shown before signing: all that the digest covers, in one canonical form that hides nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.sign_off.calls import line_of

MAX_CHARACTERS = 24_000
_ESCAPED = re.compile(r"[^ -~]|\\(?=u\{)")


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled part of what is signed; `text` is ASCII, never cut."""

    label: str
    text: str


def parts(plan: Mapping[str, object]) -> list[Part]:
    """The plan for people: what matters first, then the whole plan as it is digested."""
    target, undo = _mapping(plan["target"]), _mapping(plan["undo"])
    precondition, verification = _mapping(plan["precondition"]), _mapping(plan["verification"])
    entry = _mapping(plan["entry"])
    holds = "holds" if precondition["holds"] else "does not hold"
    undone = f"{undo['tool']}: {call_text(undo['call'])}" if "tool" in undo else f"none: {undo['none']}"
    return [
        Part("What runs", call_text(plan["call"])),
        *_dry_run(plan),
        Part("Where", ascii_text(_where(target))),
        Part("Expected effect", ascii_text(str(entry.get("expected_effect", "")))),
        Part("Pre-condition", ascii_text(f"{_used(precondition)} ({holds})")),
        Part("Verification", ascii_text(_used(verification))),
        Part("Undo", ascii_text(undone)),
        Part("Everything that is signed", json.dumps(plan, indent=1, sort_keys=True, ensure_ascii=True)),
    ]


def _where(target: Mapping[str, object]) -> str:
    seen = target.get("identity_by_verification")
    second = f" (the verification's check sees {seen})" if seen else ""
    return f"{target['service']} in {target['environment']}: {target['identity']}{second}"


def _dry_run(plan: Mapping[str, object]) -> list[Part]:
    """What a run without effect said when it was proposed, where the tool has one."""
    tried = plan.get("dry_run")
    if not tried:
        return []
    said = tried.get("output", "") if isinstance(tried, Mapping) else tried
    lines = (ascii_text(line) for line in str(said).split("\n"))
    return [Part("Dry run, when it was proposed", "\n".join(lines) or "It said nothing.")]


def fits(plan: Mapping[str, object]) -> bool:
    """Whether all of it can be shown at once; what does not fit cannot be signed."""
    return sum(len(part.text) for part in parts(plan)) <= MAX_CHARACTERS


def call_text(call: object) -> str:
    """A call as one unambiguous line: a quoted command, or method, address, headers and body of a request."""
    return ascii_text(line_of(_mapping(call)))


def ascii_text(text: str) -> str:
    """The text with every character that is not printable ASCII written as an escape, so none can deceive.

    The beginning of what looks like such an escape is escaped too: different texts never look the same.
    """
    return _ESCAPED.sub(lambda match: f"\\u{{{ord(match.group()):x}}}", text)


def _used(used: Mapping[str, object]) -> str:
    return f"{used['tool']} expects {used['expect']}: {call_text(used['call'])}"


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value
