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
CATALOGUE = yaml.safe_load((KNOWLEDGE.parent / "catalogue.yaml").read_text())
UNDOS = {"put_back_lock", "put_back_config", "put_back_mail"}
ACTIONS = set(CATALOGUE["actions"]) - UNDOS
CHECKS = set(CATALOGUE["checks"])
REPAIRS = {
    "stale-lock": ["clear_stale_lock"],
    "bad-config": ["restore_last_good_config"],
    "poison-mail": ["park_mail"],
    "leaked-connections": ["end_leaking_report"],
}
STALE = date(2025, 1, 1)
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
    named = set(re.findall(r"`((?:shop|clear|restore|put|park|end)_[a-z_]+)`", body))
    assert named <= ACTIONS | CHECKS | UNDOS
    assert set(fields["actions"]) <= named


def test_there_is_enough_to_learn_from_and_to_confuse() -> None:
    """30 runbooks, 25 incidents, 8 documents in French, and two past incidents of each known fault."""
    incidents = [read(path)[0] for path in INCIDENTS]
    runbooks = [read(path)[0] for path in RUNBOOKS]
    assert len(RUNBOOKS) >= 30
    assert len(INCIDENTS) >= 25
    assert sum(fields["language"] == "fr" for fields in (*incidents, *runbooks)) >= 8
    causes = Counter(fields["cause"] for fields in incidents)
    assert {cause: causes[cause] for cause in REPAIRS} == dict.fromkeys(REPAIRS, 2)


def test_every_fault_has_lookalikes() -> None:
    """An alert of each fault stands on incidents of another cause too, and its words on other services."""
    incidents = [read(path) for path in INCIDENTS]
    for fault, right in zip(FAULTS.values(), REPAIRS, strict=False):
        causes = {fields["cause"] for fields, _ in incidents if set(fault.alerts) & set(fields["alerts"])}
        assert len(causes) >= 2, (fault.title, causes)
        assert right in causes
    for word, services in (("lock", 3), ("configuration", 2), ("queue", 3), ("connection", 2)):
        about = {fields["service"] for fields, body in incidents if word in body.lower()}
        assert len(about) >= services, (word, about)


def test_an_action_is_linked_only_where_it_repairs() -> None:
    """Each action stands on documents of its own cause, and nowhere else; one runbook links each."""
    for path in INCIDENTS:
        fields, _ = read(path)
        assert fields["actions"] == REPAIRS.get(fields["cause"], []), path.name
    linked = Counter(name for path in RUNBOOKS for name in read(path)[0]["actions"])
    assert linked == dict.fromkeys(ACTIONS, 1)


def test_what_is_stale_says_so_and_cannot_be_taken_for_the_answer() -> None:
    """A document not reviewed for long says what replaced it, links no action and names no present alert."""
    today = {name for fault in FAULTS.values() for name in fault.alerts}
    stale = [(path, *read(path)) for path in RUNBOOKS + INCIDENTS if read(path)[0]["reviewed"] < STALE]
    assert len(stale) >= 4
    for path, fields, body in stale:
        assert re.search(r"Superseded|Remplacée|does not apply any more", body), path.name
        assert not fields["actions"], path.name
        assert not set(fields["alerts"]) & today, path.name


def test_no_document_knows_the_unknown_fault() -> None:
    """Receipts are written about where a disk was full, and never as a folder that is gone."""
    for path in RUNBOOKS + INCIDENTS:
        text = path.read_text(encoding="utf-8").lower()
        assert "no such file" not in text, path.name
        if re.search("receipts?|reçus?", text):
            assert "no space left on device" in text, path.name


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
