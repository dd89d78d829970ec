"""The demo's runbooks and incidents are well formed and speak only of tools that there are."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.playground.faults import FAULTS

KNOWLEDGE = Path(__file__).resolve().parents[3] / "bot" / "playground" / "knowledge"
RUNBOOKS = sorted((KNOWLEDGE / "runbooks").glob("*.md"))
INCIDENTS = sorted((KNOWLEDGE / "incidents").glob("*.md"))
ACTIONS = {"clear_stale_lock", "restore_last_good_config"}
CHECKS = {"shop_pool", "shop_checkout", "shop_lock", "shop_config", "shop_log"}
UNDOS = {"put_back_lock", "put_back_config"}
FIELDS = {"title", "kind", "language", "service", "owner", "reviewed", "alerts", "actions"}
SECTIONS = {
    "runbook": ["What it means", "How to tell it apart", "Steps", "Afterwards"],
    "incident": ["What happened", "What it looked like", "Cause", "What helped", "What did not"],
}


def read(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter and body of one document."""
    empty, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert empty == ""
    fields: dict[str, Any] = yaml.safe_load(front)
    return fields, body


@pytest.mark.parametrize("path", RUNBOOKS + INCIDENTS, ids=lambda path: path.stem)
def test_front_matter_and_sections(path: Path) -> None:
    """Each document has its fields, typed, its title as first heading, and its sections in order."""
    fields, body = read(path)
    kind = path.parent.name.removesuffix("s")
    assert fields.keys() == (FIELDS if kind == "runbook" else FIELDS | {"cause"})
    assert fields["kind"] == kind
    assert fields["language"] in {"en", "fr"}
    assert isinstance(fields["reviewed"], date)
    assert all(re.fullmatch(r"Shop[A-Za-z]+", name) for name in fields["alerts"])
    assert fields["alerts"]
    assert body.strip().splitlines()[0] == f"# {fields['title']}"
    headings = re.findall(r"^## (.+)$", body, re.MULTILINE)
    expected = SECTIONS[kind]
    assert len(headings) == len(expected)
    assert all(part in heading for part, heading in zip(expected, headings, strict=True))
    if kind == "runbook":
        assert 25 <= len(path.read_text(encoding="utf-8").splitlines()) <= 60
        assert re.search(r"^1\. ", body, re.MULTILINE)
    else:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", fields["cause"])


@pytest.mark.parametrize("path", RUNBOOKS + INCIDENTS, ids=lambda path: path.stem)
def test_only_known_tools_are_named(path: Path) -> None:
    """Linked actions are catalogued actions, and each tool-like word in the text is a tool or its undo."""
    fields, body = read(path)
    assert set(fields["actions"]) <= ACTIONS
    named = set(re.findall(r"`((?:shop|clear|restore|put)_[a-z_]+)`", body))
    assert named <= ACTIONS | CHECKS | UNDOS
    assert set(fields["actions"]) <= named


def test_there_is_enough_to_learn_from_and_to_confuse() -> None:
    """A dozen of each, two of each in French, two past incidents of each demo fault, and lookalikes."""
    incidents = [read(path)[0] for path in INCIDENTS]
    runbooks = [read(path)[0] for path in RUNBOOKS]
    assert len(RUNBOOKS) >= 12
    assert len(INCIDENTS) == 12
    for documents in (incidents, runbooks):
        assert sum(fields["language"] == "fr" for fields in documents) >= 2
    causes = Counter(fields["cause"] for fields in incidents)
    assert causes["stale-lock"] == causes["bad-config"] == 2
    stuck = {fields["cause"] for fields in incidents if "ShopOrdersStuck" in fields["alerts"]}
    failing = {fields["cause"] for fields in incidents if "ShopCheckoutErrors" in fields["alerts"]}
    assert stuck == {"stale-lock", "slow-database", "long-batch"}
    assert failing == {"bad-config", "expired-certificate", "payment-partner-outage", "disk-full"}


def test_an_action_is_linked_only_where_it_repairs() -> None:
    """The two actions stand on documents of their own cause, and nowhere else."""
    repairs = {"stale-lock": ["clear_stale_lock"], "bad-config": ["restore_last_good_config"]}
    for path in INCIDENTS:
        fields, _ = read(path)
        assert fields["actions"] == repairs.get(fields["cause"], []), path.name


def test_every_alert_of_a_fault_has_a_runbook() -> None:
    """What the demo can raise is explained by at least one runbook."""
    explained = {name for path in RUNBOOKS for name in read(path)[0]["alerts"]}
    assert {name for fault in FAULTS.values() for name in fault.alerts} <= explained


def test_runbooks_point_to_runbooks_that_there_are() -> None:
    """Each reference by title in quotes names a runbook that is there."""
    titles = {read(path)[0]["title"] for path in RUNBOOKS}
    for path in RUNBOOKS:
        _, body = read(path)
        flat = " ".join(body.split())
        for name in re.findall(r"(?:[Rr]ead|go to|voir|lire) (?:[\"“]|« )([^\"”»]+?)(?:[\"”]| »)", flat):
            assert any(title.startswith(name) for title in titles), (path.name, name)
