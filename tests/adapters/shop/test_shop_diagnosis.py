"""Each fault, broken for real, leads to its one right document and remedy; one fault leads to none.

Nothing stands in: the watcher's own alerts, the catalogue's checks on the running shop, the demo's knowledge
with the local embedder, and the diagnostician that works without a model.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.announcements import INCIDENTS
from bot.domain.alert import Alert, Severity
from bot.domain.diagnosis import Diagnosis
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.records import CheckRun, SeenAlert
from bot.domain.tool import ToolKind
from bot.playground.faults import FAULTS, break_shop, mend_by_hand
from bot.playground.watcher import Watcher
from bot.playground.watcher_delivery import Delivery
from bot.sources.alertmanager import parse as parse_alerts
from bot.stages.diagnose import diagnose
from bot.stages.investigate import number, query_of
from bot.stages.linked import suggest_arguments
from bot.stages.steps import PASSAGES
from bot.tools.arguments import validate
from bot.tools.catalogue import Catalogue, parse, read_files
from bot.tools.checking import run_check
from knowledge.base import KnowledgeBase

if TYPE_CHECKING:
    from tests.adapters.shop.conftest import RunningShop

PROJECT = Path(__file__).resolve().parents[3]
PLAYGROUND = PROJECT / "bot" / "playground"
RIGHT = {
    "stale_lock": ("stale-lock", "runbooks/shop-orders-stuck", "clear_stale_lock"),
    "bad_config": ("bad-config", "runbooks/shop-checkout-errors", "restore_last_good_config"),
    "poison_mail": ("poison-mail", "runbooks/mail-one-message-blocks-the-queue", "park_mail"),
    "leaked_connections": (
        "leaked-connections",
        "runbooks/database-no-connection-left",
        "end_leaking_report",
    ),
}


@dataclass(frozen=True)
class Found:
    """What Vigie finds out about one broken shop."""

    made: Diagnosis
    evidence: Sequence[Evidence]

    def documents(self, ids: Sequence[str]) -> set[str]:
        """The documents behind some evidence ids."""
        cited = [piece for piece in self.evidence if piece.id in ids and piece.kind is EvidenceKind.PASSAGE]
        return {str(piece.facts["document"]) for piece in cited}

    @property
    def told(self) -> str:
        """All that people would read, to see why a test failed."""
        seen = [
            f"{p.id} {p.facts['document']} {p.facts['score']}"
            for p in self.evidence
            if p.facts.get("document")
        ]
        return "\n".join([*seen, *map(str, self.made.hypotheses), *self.made.gaps, *self.made.advice])


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """The demo's knowledge, indexed by the local model."""
    base = KnowledgeBase.open(tmp_path_factory.mktemp("knowledge"), owner=True)
    base.ingest([PLAYGROUND / "knowledge"])
    base.warm()
    base.index_pending()
    yield base
    base.close()


def catalogue_for(shop: RunningShop, folder: Path) -> Catalogue:
    """The demo's whitelist, with this shop in its inventory."""
    services = ["shop-orders", "shop-checkout", "shop-mail", "shop-database"]
    row = {"url": shop.url, "folder": str(shop.folder), "tools": str(PLAYGROUND / "tools")}
    inventory = {"shops": {"shop": row | {"python": sys.executable, "services": services}}}
    (folder / "inventory.yaml").write_text(yaml.safe_dump(inventory))
    (folder / "catalogue.yaml").write_text((PLAYGROUND / "catalogue.yaml").read_text())
    return parse(read_files(folder / "catalogue.yaml"))


def notice_of(shop: RunningShop, wanted: Sequence[str], at_least: int) -> list[Alert]:
    """Watch the shop until so many of these alerts fire, and parse the notifications as intake does."""
    delivery = Delivery("http://127.0.0.1:9/", "t")
    watcher = Watcher(shop.url, delivery)

    def fires() -> list[Alert]:
        watcher.step(watcher.poll(), time.monotonic())
        alerts = [a for body in delivery.pending for a in parse_alerts(body, datetime.now(UTC)).alerts]
        newest = {alert.name: alert for alert in alerts if alert.name in wanted}
        return list(newest.values()) if len(newest) >= at_least else []

    shop.until(fires, f"{wanted} fire", seconds=15)
    return fires()


def find_out(alerts: Sequence[Alert], catalogue: Catalogue, knowledge: KnowledgeBase) -> Found:
    """One round: every check of the incident's service, what the knowledge holds, and the diagnosis."""
    now = datetime.now(UTC)
    first = alerts[0]
    incident = Incident(
        1, first.summary or first.name, first.service, first.environment, Severity.CRITICAL,
        IncidentState.INVESTIGATING, now, now,
    )  # fmt: skip
    seen = [
        SeenAlert(
            n,
            a.name,
            a.severity,
            a.status,
            a.summary,
            a.description,
            a.labels,
            a.annotations,
            a.flags,
            now,
            1,
        )
        for n, a in enumerate(alerts, 1)
    ]
    runs: list[CheckRun] = []
    for tool in catalogue.tools.values():
        arguments = suggest_arguments(tool, incident, catalogue.inventory)
        if tool.kind is ToolKind.CHECK and incident.service in tool.services and arguments is not None:
            given = validate(tool, arguments, catalogue.inventory)
            result = asyncio.run(run_check(catalogue, tool, given, lambda name: name))
            runs.append(CheckRun(len(runs) + 1, 1, tool.name, given, now, result))
    found = knowledge.search(query_of(incident, seen, frozenset({INCIDENTS})), PASSAGES)
    evidence = number(incident, seen, runs, found, now)
    tools = list(catalogue.tools.values())
    asked = diagnose(
        incident, evidence, tools, catalogue.inventory, None, 5,
        lambda tool, given: validate(tool, given, catalogue.inventory),
    )  # fmt: skip
    return Found(asyncio.run(asked), evidence)


@pytest.mark.parametrize("alerts", ["first", "all"])
@pytest.mark.parametrize("fault", sorted(RIGHT))
def test_a_known_fault_has_one_right_answer(
    shop: RunningShop, knowledge: KnowledgeBase, tmp_path: Path, fault: str, alerts: str
) -> None:
    """The right cause leads and cites the right runbook and incidents; the right remedy is the only one."""
    cause, runbook, tool = RIGHT[fault]
    break_shop(shop.folder, fault)
    names = FAULTS[fault].alerts
    notice = notice_of(shop, names, len(names) if alerts == "all" else 1)
    found = find_out(notice, catalogue_for(shop, tmp_path), knowledge)
    assert [remedy.tool for remedy in found.made.remedies] == [tool], found.told
    lead, *others = found.made.hypotheses
    assert lead.cause == cause, found.told
    assert lead.confidence > 0.5, found.told
    assert all(other.confidence < lead.confidence for other in others)
    cited = found.documents(lead.citations)
    assert runbook in cited, found.told
    assert any(document.startswith("incidents/") for document in cited)
    assert found.documents(found.made.remedies[0].citations) <= cited
    steps = found.made.advice[0].rpartition("(")[2].partition(")")[0]
    assert found.documents([steps]) == {runbook}, found.told


def test_a_fault_that_no_document_knows_is_said_to_be_unknown(
    shop: RunningShop, knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    """The very alert of a bad configuration, but no cause, remedy or steps; it says what was ruled out."""
    break_shop(shop.folder, "lost_receipts")
    found = find_out(notice_of(shop, ["ShopCheckoutErrors"], 1), catalogue_for(shop, tmp_path), knowledge)
    assert (found.made.hypotheses, found.made.remedies, found.made.advice) == ((), (), ()), found.told
    assert found.made.gaps[0].startswith("Nothing fits")
    assert any(gap.startswith("bad-config (") and "does not fit" in gap for gap in found.made.gaps), (
        found.told
    )
    log = next(piece for piece in found.evidence if piece.title == "shop_log")
    assert "receipt not written: No such file or directory" in log.text
    mend_by_hand(shop.folder, "lost_receipts")


def test_a_living_batch_is_not_taken_for_a_dead_one(
    shop: RunningShop, knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    """The very alert of a stale lock, but its holder lives: the lock is never offered to be cleared."""
    call = ["-m", "bot.playground.shop.stock_count", "--folder", str(shop.folder), "--seconds", "60"]
    with subprocess.Popen([sys.executable, *call], cwd=PROJECT, stdout=subprocess.PIPE) as batch:
        notice = notice_of(shop, ["ShopOrdersStuck"], 1)
        found = find_out(notice, catalogue_for(shop, tmp_path), knowledge)
        batch.terminate()
    assert found.made.remedies == ()
    assert found.made.hypotheses == (), found.told
