"""From a real Prometheus through an investigation to the picture that its thread gets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.chart import KEY
from bot.domain.evidence import EvidenceKind
from bot.domain.incident import Incident
from bot.domain.records import Post
from bot.slack.snapshots import Snapshots
from bot.slack.uploads import File
from bot.stages.charting import MOST, MOST_WITH_QUESTIONS, want_charts
from bot.tools.in_force import Adopted
from tests import prometheus_filled
from tests.investigated import PLACE, Investigated, investigated
from tests.questioned import Thread
from tests.scripted_model import prose, reads
from tests.unit.diagnosis.builders import evidence

pytestmark = pytest.mark.asyncio(loop_scope="module")


def samples() -> str:
    """Half an hour in which orders pile up: the newest is 36."""
    now, lines = int(time.time()), ["# TYPE waiting gauge"]
    for minute in range(31):
        lines.append(
            f'waiting{{service="orders"}} {max(6, 6 + 3 * (minute - 20))} {now - (30 - minute) * 60}'
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with prometheus_filled.server(samples()) as address:
        yield address


def _check(url: str, query: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # keys of an entry
    run = {"runner": "prometheus", "url": url, "query": query, "range": {"minutes": 30, "step_s": 60}}
    reads_ = {"value": "/value", "healthy": {"at_most": 20}, "unit": "orders"}
    return {**PLACE, "title": "Orders that wait", "run": run, "reads": reads_, **more}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Investigated]:
    times = {"times": {"type": "integer", "minimum": 1, "maximum": 9}}
    checks = {
        "waiting": _check(url, 'waiting{service="orders"}'),
        "scaled": _check(url, 'waiting{service="orders"} * {times}', arguments=times),
    }
    async with investigated(tmp_path_factory.mktemp("charting"), checks=checks) as made:
        yield made


def posts(stage: Investigated, incident: Incident) -> list[Post]:
    with stage.store.read() as tx:
        return [post for post in tx.posts.of_kind("chart") if post.thread_of == f"incident:{incident.id}"]


def file(stage: Investigated, post: Post) -> File:
    made = Snapshots(stage.store, Adopted()).file(post, "")
    assert made is not None
    return made


async def test_a_metric_over_time_is_read_short_and_seen_whole(stage: Investigated) -> None:
    """The evidence has the bounds and no points; the thread gets one picture, with title, bound and alert."""
    stage.model = None
    began = datetime.now(UTC) - timedelta(minutes=9)
    incident = stage.open(began=began)
    await stage.investigate(incident)
    (piece,) = [piece for piece in stage.evidence(incident) if piece.title == "waiting"]
    assert piece.text.startswith("36 orders\n")
    assert f'"{KEY}"' not in piece.text
    assert '"max": 36' in piece.text
    (post,) = posts(stage, incident)
    shown = file(stage, post)
    assert isinstance(shown.content, bytes)
    assert shown.content.startswith(b"\x89PNG")
    assert shown.title == f"{piece.id} Orders that wait"
    for part in (
        "Last 36 orders, lowest 6, highest 36.",
        f"The alert began at {began:%H:%M} UTC",
        "should be at most 20.",
    ):
        assert part in shown.alt_text
    assert file(stage, post) == shown  # from what is stored it is drawn again, and looks the same


async def test_what_a_model_asks_for_is_drawn_too(stage: Investigated) -> None:
    """Beside what was read before it was asked; the model is given no points."""
    await stage.ask(reads(("check_scaled", {"times": 2})), prose("That is all."))
    incident = stage.open()
    await stage.investigate(incident)
    told = [file(stage, post).alt_text for post in posts(stage, incident)]
    assert ["Last 36 orders" in told[0], "Last 72 orders" in told[1]] == [True, True]
    assert stage.server is not None
    said = [str(message["content"]) for message in stage.server.requests[-1]["messages"]]
    assert any("72 orders" in text for text in said)
    assert not any(f'"{KEY}"' in text for text in said)


async def test_what_a_question_reads_is_drawn_in_the_incidents_thread(stage: Investigated) -> None:
    """One picture of what was read now, under its own number; none where it was asked elsewhere."""
    stage.model = None
    thread = Thread(stage, stage.open())
    elsewhere = {"channel": "D1", "thread_ts": None}
    said = await thread.ask("are orders still waiting?", **elsewhere)
    assert (said["fresh"][0]["told"], posts(stage, thread.incident)) == ("36 orders", [])
    stage.clock.ahead += timedelta(seconds=60)
    said = await thread.ask("are orders still waiting?")
    (post,) = posts(stage, thread.incident)
    assert said["fresh"][0]["id"] == "R2"
    assert file(stage, post).title == "R2 Orders that wait"


async def test_questions_take_no_picture_from_a_round(stage: Investigated) -> None:
    """A round has its three whatever was asked; with questions there are twelve at most."""
    incident = stage.open()
    with stage.store.begin() as tx:
        for number in range(20):
            piece = evidence(f"R{number}", EvidenceKind.CHECK, "waiting", chart=f"{number:064}")
            piece = replace(piece, source=f"check:{number}")
            want_charts(tx, incident, [piece], MOST if number < 5 else MOST_WITH_QUESTIONS)
    assert len(posts(stage, incident)) == MOST_WITH_QUESTIONS
