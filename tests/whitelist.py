"""The people, the whitelist and the past of the tests' world, as data that a test may change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.playground.workspace import Person
from knowledge.model import Document

ON_CALL = Person("U0ONCALL", "On-call")
SECOND = Person("U0SECOND", "Second on-call")
N3_A = Person("U0N3A", "N3 A")
N3_B = Person("U0N3B", "N3 B")
GUEST = Person("U0GUEST", "Guest", is_guest=True)
BOT = Person("U0VIGIE", "Vigie", is_bot=True)
PEOPLE = (ON_CALL, SECOND, N3_A, N3_B, GUEST)
CHANNEL = "C0INCIDENTS"
GROUP = "S0N3"
TOOLS = Path(__file__).parent / "world_tools"
TARGETS = 40


def catalogue() -> dict[str, Any]:
    """The whitelist of the tests, ready to be changed by a test."""
    place = {
        "environments": ["test"],
        "services": [f"svc-{n}" for n in range(TARGETS)],
        "owner": "tests",
        "arguments": {"target": {"type": "reference", "inventory": "targets"}},
    }
    look = {
        **place,
        "title": "The target's value",
        "does": "Reads the state file.",
        "run": {
            "runner": "command",
            "argv": [sys.executable, "-I", str(TOOLS / "look.py"), "{target.folder}"],
            "files": [str(TOOLS / "look.py")],
        },
        "reads": {"value": "/value", "healthy": {"at_most": 5}, "unit": "points", "identity": "/identity"},
    }
    fix_arguments = {
        "target": {"type": "reference", "inventory": "targets"},
        "note": {"type": "pattern", "pattern": "[a-z][a-z0-9 ]{0,60}", "default": "fixed by vigie"},
        "value": {"type": "integer", "minimum": 0, "maximum": 9, "default": 0},
    }
    fix = {
        **place,
        "title": "Set the target's value",
        "does": "Writes the state file.",
        "expected_effect": "The value is low again.",
        "risk": "low",
        "arguments": fix_arguments,
        "run": {
            "runner": "command",
            "argv": [sys.executable, "-I", str(TOOLS / "fix.py"), "{target.folder}", "{note}", "{value}"],
            "files": [str(TOOLS / "fix.py")],
        },
        "precondition": {"check": "look", "arguments": {"target": "{target}"}, "expect": {"at_least": 6}},
        "verification": {"check": "look", "arguments": {"target": "{target}"}, "settle_s": 0.2},
        "no_undo": "the value is what it is",
        "limits": {"at_once": 20, "per_hour": 1000},
    }
    risky = {**fix, "title": "Set the target's value, risky", "risk": "high"}
    checks, actions = {"look": look}, {"fix": fix, "fix_risky": risky}
    return {"version": 1, "inventory": "inventory.yaml", "checks": checks, "actions": actions}


# Slack's three seconds are measured by `scripts/bench_slack`; no test hangs on how fast the machine is.
PLACE = {"app_id": "A0VIGIE", "bot": BOT, "rates": {}, "ack_seconds": 20.0, "trigger_seconds": 20.0}
PAST = Document(
    id="incidents/value-too-high",
    title="The value went too high",
    kind="incident",
    text="## What happened\n\nThe value of the target broke its bound.\n\n## Cause\n\nbroken value\n",
    alerts=("ValueTooHigh",),
    cause="broken-value",
    actions=("fix",),
)
PAST_RISKY = Document(
    id="incidents/value-too-risky",
    title="The value went too risky",
    kind="incident",
    text="## What happened\n\nThe risky value of the target broke its bound.\n\n## Cause\n\nrisky value\n",
    alerts=("ValueTooRisky",),
    cause="risky-value",
    actions=("fix_risky",),
)


AT_ONCE = "[noise]\nhold_minutes = 0\nacross_services = false\n"
"""What most tests are not about: people are told of everything at once, each service has its own
incidents."""


def write_config(
    folder: Path,
    config: str = "",
    change_catalogue: Callable[[dict[str, Any]], None] | None = None,
    slack: str = "",
) -> None:
    """vigie.toml, the catalogue and its inventory."""
    whitelist = catalogue()
    if change_catalogue:
        change_catalogue(whitelist)
    rows = {
        f"target-{n}": {"folder": str(folder / "targets" / f"svc-{n}"), "services": [f"svc-{n}"]}
        for n in range(TARGETS)
    }
    dumper = yaml.SafeDumper
    dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]  # aliases are refused on reading
    (folder / "catalogue.yaml").write_text(yaml.dump(whitelist, Dumper=dumper))
    (folder / "inventory.yaml").write_text(yaml.dump({"targets": rows}, Dumper=dumper))
    noise = "" if "[noise]" in config else AT_ONCE
    (folder / "vigie.toml").write_text(
        'folder = "data"\n[slack]\ntrust_api_url = true\n'
        f'{slack}\n[n3]\nusergroup = "n3"\n'
        f"[web]\nport = 0\nbody_timeout_s = 2\n[knowledge]\nvectors = false\n{noise}{config}\n"
    )


def text_of(value: object) -> str:
    """All text of a message or view, one line a piece."""
    if isinstance(value, Mapping):
        return "\n".join(filter(None, (text_of(v) for k, v in value.items() if k != "metadata")))
    if isinstance(value, list):
        return "\n".join(filter(None, map(text_of, value)))
    return value if isinstance(value, str) else ""
