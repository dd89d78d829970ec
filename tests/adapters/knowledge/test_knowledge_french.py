"""French questions find French documents, and English ones by the glossary; by words alone, which is the
least.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.base import KnowledgeBase
from knowledge.glossary import Glossary
from knowledge.model import Document, Query
from knowledge.retrieve import Tuning
from tests.adapters.knowledge.conftest import Open

ROOT = Path(__file__).resolve().parents[3]
SHOP = ROOT / "bot" / "playground" / "knowledge"
CASES = ROOT / "tests" / "cases" / "french"


@pytest.fixture(scope="module")
def shop_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """The documents of the demo, without vectors."""
    with KnowledgeBase.open(tmp_path_factory.mktemp("french"), owner=False, vectors=False) as base:
        base.ingest([SHOP])
        yield base


def share_found(base: KnowledgeBase, name: str) -> float:
    """The share of a file's questions whose document is among the first five."""
    met = []
    for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        first: dict[str, None] = {}
        for passage in base.search(Query(case["query_text"]), 12).passages:
            first.setdefault(passage.document_id)
        met.append(any(id in case["relevant"] for id in list(first)[:5]))
    return sum(met) / len(met)


def test_sixty_questions_ship_and_every_document_is_there() -> None:
    """Each asks for documents of the demo."""
    lines = [line for path in CASES.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert len(lines) >= 60
    for line in lines:
        case = json.loads(line)
        assert case["relevant"] and all((SHOP / f"{id}.md").is_file() for id in case["relevant"]), case


def test_french_finds_french(shop_base: KnowledgeBase) -> None:
    """Nineteen of twenty."""
    assert share_found(shop_base, "to_french") >= 0.95


def test_the_glossary_finds_english(shop_base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of what French words alone miss."""
    with_it = share_found(shop_base, "to_english")
    monkeypatch.setattr(shop_base, "_tuning", Tuning(Glossary()))
    assert share_found(shop_base, "to_english") < with_it - 0.3


def test_own_words_find_what_only_this_house_calls_so(open_base: Open, tmp_path: Path) -> None:
    """A nickname in the glossary file, in an English question as well."""
    words = tmp_path / "words.yaml"
    words.write_text("big bertha: [batch, host]\n")
    batch = Document("r/batch", "Batch host", "runbook", "The batch host is restarted by its console.")
    lunch = Document("r/lunch", "Canteen", "runbook", "Lunch is served at noon.")
    for glossary, is_found in ((None, False), (words, True)):
        base = open_base(owner=False, vectors=False, glossary=glossary)
        base.add(batch)
        base.add(lunch)
        found = [passage.document_id for passage in base.search(Query("Big Bertha is down")).passages]
        assert ("r/batch" in found[:1]) is is_found


def test_votes_settle_between_equals(open_base: Open) -> None:
    """What people found useful comes first; what they did not comes last, and is not lost."""
    base = open_base(owner=False, vectors=False)
    for id, pump in (("r/one", "red"), ("r/two", "green"), ("r/three", "blue")):
        base.add(Document(id, f"Pump {pump}", "runbook", f"The {pump} pump stops when the filter is dirty."))
    base.usefulness = lambda: {"r/three": 1.0, "r/one": -1.0}
    found = [passage.document_id for passage in base.search(Query("pump stops, filter dirty")).passages]
    assert found == ["r/three", "r/two", "r/one"]
