"""Questions of alerts that were not told, in an incident's thread over real rows and without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.missing import SWITCHED_OFF, in_language
from tests.adapters.test_conversing import Thread


async def test_why_alerts_were_not_told_is_answered_from_rows(tmp_path: Path) -> None:
    """Decisions and reasons of the incident's alerts, each a source, in the asker's language; no action."""
    thread = Thread(tmp_path)
    desk = thread.desk
    for name in ("HighLatency", "HighLatency", "OrdersStuck", "OrdersStuck"):
        desk.copilot.alerts.receive([desk.alert(name)])
    with desk.store.read() as tx:
        reasons = {t.name: t.reason for t in tx.deliveries.tallies_of(thread.incident.id) if not t.told}
        shown = tx.alerts.shown(thread.incident.id)
    assert "HighLatency" in reasons and (shown.received, shown.told) == (5, 2)
    asked = await thread.ask("why was HighLatency not told?")
    first, *rest = [source["text"] for source in asked["decided"]]
    assert first == "3 of this incident's 5 alert(s) were not told (3 repeated)."
    assert rest[0] == f"1 × HighLatency, warning, repeated: {reasons['HighLatency']}"
    assert len(rest) == 2 and rest[1].startswith("1 × HighLatency, warning, told: ")
    assert not asked["actions"] and not asked["listed"]
    for question in (
        "pourquoi HighLatency n'a pas été signalée ?",
        "combien d'alertes ont été absorbées et pourquoi ?",
    ):
        asked = await thread.ask(question)
        assert asked["language"] == "fr" and "n'ont pas été signalées" in asked["decided"][0]["text"]
    names = " ".join(source["text"] for source in asked["decided"])
    assert "HighLatency" in names and "2 × OrdersStuck" in names
    with desk.store.read() as tx:
        assert tx.gaps.open() == []


@pytest.mark.parametrize(
    "question",
    [
        "why is it slow?",
        "why not restart the cache?",
        "should the cache be suppressed?",
        "which service is not healthy?",
        "pourquoi le cache est plein ?",
    ],
)
async def test_other_questions_are_not_answered_by_decisions(tmp_path: Path, question: str) -> None:
    assert not (await Thread(tmp_path).ask(question))["decided"]


async def test_what_could_not_be_searched_is_said_in_the_askers_language(tmp_path: Path) -> None:
    thread = Thread(tmp_path)
    thread.missing = (SWITCHED_OFF,)
    french = (await thread.ask("pourquoi le cache est plein ?"))["missing"]
    assert french == [in_language(SWITCHED_OFF, "fr")] and "désactivée" in french[0]
    assert (await thread.ask("why is the cache full?"))["missing"] == [SWITCHED_OFF]
