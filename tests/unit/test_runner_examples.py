"""The examples of the runners' page are entries that are read, lint clean, can be resolved, and are shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from bot.sign_off.rendering import call_text
from bot.tools.arguments import rows_of, validate
from bot.tools.catalogue import Catalogue, lint_of, parse
from bot.tools.runners import RUNNERS
from bot.tools.template import fill

PAGE = Path(__file__).parents[2] / "bot" / "tools" / "runners" / "README.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
VALUES = {"worker": "orders-1", "job": "restart orders", "word": "orders", "count": 5, "force": False}
ROW = {
    "unit": "orders@1.service",
    "host": "10.0.0.5",
    "host_key": "10.0.0.5 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHeld",
    "rundeck": "https://rundeck.example.org",
    "database": "10.0.0.6",
    "prometheus": "http://10.0.0.7:9090",
    "loki": "http://10.0.0.8:3100",
    "log": "/var/log/orders.log",
}
ARGUMENTS = {
    "worker": {"type": "reference", "inventory": "workers"},
    "job": {"type": "enum", "choices": ["restart orders"]},
    "word": {"type": "pattern", "pattern": "[a-z ]{1,20}"},
    "count": {"type": "integer", "minimum": 1, "maximum": 50},
    "force": {"type": "boolean"},
}


def as_catalogue(block: str) -> Catalogue:
    """The block as the `run:` of an action, or of a check where it only reads."""
    run = yaml.safe_load(block)["run"]
    common = {
        "title": "Example",
        "does": "What the page shows.",
        "owner": "on-call",
        "arguments": ARGUMENTS,
        "environments": ["production"],
        "services": ["orders"],
    }
    reads = {"value": "/value", "healthy": {"at_most": 0}}
    look = {**common, "run": {"runner": "command", "argv": ["/bin/true"]}, "reads": reads}
    use = {"check": "look", "arguments": {name: f"{{{name}}}" for name in ARGUMENTS}}
    changes = {"expected_effect": "It helps.", "risk": "low", "no_undo": "it is an example"}
    action = {**common, **changes, "run": run, "precondition": use, "verification": use}
    is_check = run["runner"] in ("prometheus", "logs")
    checks = {"look": look} | ({"example": {**common, "run": run}} if is_check else {})
    file = {"version": 1, "checks": checks, "actions": {} if is_check else {"example": action}}
    rows = {"workers": {"orders-1": ROW}}
    return parse(json.dumps({"catalogue": json.dumps(file), "inventory": json.dumps(rows)}))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][2:12])
def test_each_example_is_an_entry_that_could_run(block: str) -> None:
    """Read strictly, without a finding; with values in its holes it is shown as one line of ASCII."""
    catalogue = as_catalogue(block)
    assert lint_of(catalogue) == []
    tool = catalogue.tool("example")
    checked = validate(tool, VALUES, catalogue.inventory)
    for call in filter(None, (tool.call, tool.dry_run)):
        filled = fill(call, checked, rows_of(tool, checked, catalogue.inventory))
        assert isinstance(filled, dict)
        shown = call_text(RUNNERS[tool.runner].resolve(filled))
        assert shown.isascii() and shown.isprintable()
        assert not re.search(r"\{(worker[.}]|word\}|count\}|job\})", shown)


def test_every_runner_has_an_example() -> None:
    """And a row in the table."""
    shown = {yaml.safe_load(block)["run"]["runner"] for block in BLOCKS}
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert shown == rows == set(RUNNERS)


@pytest.mark.parametrize(
    "runner, expected",
    [
        ("command", '/usr/bin/systemctl restart orders@1.service {"credentials": ["API_TOKEN"]'),
        ("ssh", "on 10.0.0.5 port 22 as vigie with the key SSH_KEY, known by ssh-ed25519 AAAA"),
        ("http", "POST https://rundeck.example.org/api/41/job/restart%20orders/run with headers"),
        ("sql", 'AND worker = %(word)s" with {"word": "orders"} on postgresql://vigie@10.0.0.6:5432/shop'),
        ("prometheus", '"sum(queue_depth{worker=\\"orders\\"}) > 5" asked of http://10.0.0.7:9090'),
    ],
)
def test_what_is_shown_says_what_runs_and_where(runner: str, expected: str) -> None:
    """In words that a person reads first: the whole is in the plan."""
    (block,) = [block for block in BLOCKS if yaml.safe_load(block)["run"]["runner"] == runner]
    catalogue = as_catalogue(block)
    tool = catalogue.tool("example")
    filled = fill(tool.call, VALUES, {"worker": ROW})
    assert isinstance(filled, dict)
    assert expected in call_text(RUNNERS[runner].resolve(filled))
