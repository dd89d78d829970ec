"""Group P: whatever changes something is an action; a catalogue that says otherwise is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

CHECK: dict[str, Any] = {
    "title": "Look",
    "does": "Looks",
    "owner": "on-call",
    "run": {"runner": "http", "url": "http://127.0.0.1:9/n"},
    "environments": ["production"],
    "services": ["orders"],
}
ACTION: dict[str, Any] = CHECK | {
    "expected_effect": "Fixed",
    "risk": "low",
    "run": {"runner": "http", "url": "http://127.0.0.1:9/n", "method": "POST"},
    "precondition": {"check": "look"},
    "verification": {"check": "look"},
    "no_undo": "cannot be",
}
READS = {"reads": {"value": "/n", "healthy": {"at_most": 5}, "identity": "/id"}}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in ACTION.items() if name != key}


def check(folder: Path, raw: dict[str, Any], *options: str) -> int:
    """The exit code of `vigie catalogue check`."""
    path = folder / "catalogue.yaml"
    path.write_text(json.dumps({"version": 1} | raw, indent=1))
    return main(["catalogue", "check", str(path), "--config", str(folder / "absent.toml"), *options])


@pytest.mark.attack("P10")
@pytest.mark.parametrize(
    "raw",
    [
        {"checks": {"look": CHECK | {"run": CHECK["run"] | {"method": "POST"}}}},
        {"checks": {"look": CHECK | {"run": CHECK["run"] | {"method": "DELETE"}}}},
        {"checks": {"look": CHECK | {"risk": "low"}}},
        {"checks": {"look": CHECK | {"expected_effect": "The worker restarts."}}},
        {"checks": {"look": CHECK | {"undo": {"action": "fix"}}}},
        {"tools": {"mail": ACTION}},
        {
            "checks": {"look": CHECK | READS},
            "actions": {"fix": without("risk")},
        },
        {"checks": {"look": CHECK | READS}, "actions": {"fix": ACTION | {"risk": "none"}}},
        {"checks": {"look": CHECK | READS}, "actions": {"fix": ACTION | {"sign_off": False}}},
        {
            "checks": {"look": CHECK | READS},
            "actions": {"fix": without("verification")},
        },
    ],
)
async def test_what_changes_something_is_an_action_or_nothing(
    tmp_path: Path, raw: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that writes or says that it has an effect, an action without its risk, another kind of tool."""
    assert check(tmp_path, {"checks": {"look": CHECK | READS}, "actions": {"fix": ACTION}}) == 0
    capsys.readouterr()
    assert check(tmp_path, raw) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "catalogue.yaml line" in told.err


async def test_dangers_are_shown_and_strict_refuses_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wide pattern: shown with exit code 0, refused with --strict; --json holds what N3 will see."""
    wide = ACTION | {"arguments": {"note": {"type": "pattern", "pattern": ".*"}}}
    raw = {"checks": {"look": CHECK | READS}, "actions": {"fix": wide}}
    assert check(tmp_path, raw) == 0
    shown = capsys.readouterr().out
    assert "it takes any text" in shown
    assert "text that matches .* as a whole" in shown
    assert "1 at once and 10 an hour at most" in shown
    assert check(tmp_path, raw, "--strict") == 1
    capsys.readouterr()
    assert check(tmp_path, raw, "--strict", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["errors"]) == (False, [])
    assert [tool["name"] for tool in told["tools"]] == ["fix", "look"]
    assert check(tmp_path, {"checks": 1}, "--json") == 1
    assert json.loads(capsys.readouterr().out)["errors"]
