"""Charts in a real workspace: each once whatever breaks, three a round, in the thread, holding nobody up."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from PIL import Image

from bot.announcements import incident_key
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.chart import chart_of, with_chart
from bot.domain.incident import Incident
from bot.domain.records import Post
from bot.domain.tool import CheckResult, Verdict
from bot.stages.charting import MOST, want_charts
from bot.stages.numbering import Numbering
from bot.store import tables
from bot.tools.in_force import CATALOGUE, adopt_or_offer
from tests.post_office import PostOffice, post_office
from tests.wire import until, wired
from tests.world import CHANNEL, ON_CALL

HOSTILE = "<!channel> \u202eevil <@U0N3A>"


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    content = {"catalogue": json.dumps({"version": 1, "checks": {}, "actions": {}}), "inventory": ""}
    async with post_office(tmp_path) as opened:
        with opened.store.begin() as tx:
            adopt_or_offer(tx, CATALOGUE, json.dumps(content))
        yield opened


def opened(office: PostOffice) -> Incident:
    """An incident whose card is wanted."""
    with office.store.begin() as tx:
        alert = Alert(
            "alertmanager", "a", AlertStatus.FIRING, Severity.CRITICAL, "shop", "production", tx.now
        )
        incident = tx.incidents.open(alert, "Orders are stuck", None)
        tx.posts.want(incident_key(incident.id), "incidents", "incident", incident.id)
    return incident


def looked(
    office: PostOffice,
    incident: Incident,
    *checks: str,
    again: bool = False,
    faulty: str = "",
    names: Sequence[str] = ("a", HOSTILE),
) -> None:
    """These checks saw something over time, each something else; what may be shown of it is wanted."""
    with office.store.begin() as tx:
        numbering = Numbering()
        for number, name in enumerate(checks):
            verdict = Verdict.FAULTY if name == faulty else Verdict.HEALTHY
            now = tx.now.timestamp()
            points = [(now - 1800 + 60 * minute, float(minute * number)) for minute in range(31)]
            made = chart_of([({HOSTILE: one}, points) for one in names], now - 1800, now, 60, "max")
            assert made is not None
            output = with_chart('{"value": 3}', made, 16_000)
            run = tx.checks.request(incident.id, 1, name, {})
            tx.checks.finish(run, CheckResult(name, verdict, 3, "orders", "", output))
            found = tx.checks.get(run)
            assert found is not None
            numbering.check(found, tx.now, "prometheus")
        tx.diagnoses.put_evidence(incident.id, numbering.pieces)
        for _ in range(2 if again else 1):
            want_charts(tx, incident, numbering.pieces)


def charts(office: PostOffice) -> list[dict[str, Any]]:
    """The messages that carry a picture."""
    return [message for message in office.place.messages(CHANNEL) if message.get("files")]


def waiting(office: PostOffice) -> list[Post]:
    with office.store.read() as tx:
        return [post for post in tx.posts.of_kind("chart") if 0 <= post.sent < post.wanted]


async def test_a_chart_stands_in_the_thread_with_its_words(office: PostOffice) -> None:
    """A PNG, with alt text, its evidence id and the same words beside it, in which nothing comes alive."""
    incident = opened(office)
    looked(office, incident, "queue")
    await office.send_all()
    (message,) = charts(office)
    (file,) = message["files"]
    assert file["name"].startswith(f"incident-{incident.id}-chart-0-")
    assert message["thread_ts"] == office.post(incident_key(incident.id)).ts
    content = office.place._core.files.get(file["id"]).content
    assert content is not None
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size[0]) == ("PNG", 800)
    for part in ("Line chart. queue, ", "last 0 orders, lowest 0, highest 0"):
        assert part in file["alt_txt"]
    assert "\u202e" not in file["alt_txt"] + file["title"]
    (block,) = message["blocks"]
    assert block["type"] == "rich_text"
    first, second = block["elements"][0]["elements"]
    assert (first["text"], first["style"]) == ("E1 ", {"bold": True})
    assert second["text"].startswith("queue, ")
    assert [part["type"] for part in block["elements"]] == ["rich_text_section", "rich_text_list"]
    lines = [line["elements"] for line in block["elements"][1]["elements"]]
    assert [[run["type"] for run in line] for line in lines] == [["text"], ["text"]]
    assert not message["text"]


async def test_long_words_in_any_script_arrive(office: PostOffice) -> None:
    """What is said is more than an address holds; it stands beside the picture all the same."""
    incident = opened(office)
    looked(office, incident, "queue", names=[f"{number}{'😀' * 59}" for number in range(8)])
    await office.send_all()
    (message,) = charts(office)
    (file,) = message["files"]
    assert len(message["blocks"][0]["elements"][1]["elements"]) == 8
    assert "7😀😀" in file["alt_txt"]


async def test_a_round_has_three_charts_what_is_wrong_first(office: PostOffice) -> None:
    """However many checks saw something, and however often they are announced; the next round has its own."""
    incident = opened(office)
    looked(office, incident, *"abcdef", again=True, faulty="e")
    await office.send_all()
    titles = [message["files"][0]["title"] for message in charts(office)]
    assert sorted(titles) == ["E1 a", "E2 b", "E5 e"]
    looked(office, incident, *"abcdef", again=True, faulty="e")
    await office.send_all()
    assert len(charts(office)) == MOST


async def test_the_same_points_are_one_chart(office: PostOffice) -> None:
    """Two checks that ask the same are drawn once, and a check that runs on is not drawn again."""
    incident = opened(office)
    looked(office, incident, "a", again=True)
    await office.send_all()
    looked(office, incident, "a", "a", again=True)
    await office.send_all()
    assert len(charts(office)) == 1


@pytest.mark.parametrize("method", ["files.completeUploadExternal", "files.getUploadURLExternal"])
async def test_a_lost_answer_does_not_double_a_chart(office: PostOffice, method: str) -> None:
    """Behind 250 other replies it is found by its name, and not uploaded again."""
    incident = opened(office)
    await office.send()
    root = office.post(incident_key(incident.id)).ts
    for number in range(250):
        await office.place.say(ON_CALL.id, CHANNEL, f"reply {number}", root)
    office.place.faults.drop_answer(method, times=2)  # the web library asks once more by itself
    looked(office, incident, "a")
    await office.send_all()
    assert len(charts(office)) == 1


async def test_a_crash_after_the_upload_does_not_double_a_chart(office: PostOffice) -> None:
    """The row says that it was about to be sent: it is looked for first."""
    incident = opened(office)
    looked(office, incident, "a")
    await office.send_all()
    with office.store.begin() as tx:
        (post,) = tx.posts.of_kind("chart")
        lost = sa.update(tables.posts).where(tables.posts.c.id == post.id).values(sent=0, in_doubt=True)
        tx.posts._connection.execute(lost)  # no port takes back what was sent
    await office.send_all()
    assert len(charts(office)) == 1


async def test_what_slack_refuses_is_done_without(office: PostOffice) -> None:
    """No permission for files: it is given up and counted, and the thread goes on."""
    office.place.faults.fail("files.getUploadURLExternal", "missing_scope")
    incident = opened(office)
    looked(office, incident, "a")
    office.want("after", "after", thread_of=incident_key(incident.id))
    await office.send_all()
    assert (charts(office), "after" in office.shown()) == ([], True)
    with office.store.read() as tx:
        assert tx.alerts.counted()["slack_refused:other"] == 1


async def test_a_chart_that_waits_holds_nobody_up(office: PostOffice) -> None:
    """Slack wants files slower: what is wanted later goes out at once, and no chart is lost."""
    incident = opened(office)
    await office.send()
    office.place.faults.rate_limit("files.getUploadURLExternal", retry_after=60)
    looked(office, incident, "a", "b")
    office.want("after", "after", thread_of=incident_key(incident.id))
    await office.send()
    office.want("later", "later")
    await office.send(after=1)
    assert {"after", "later"} <= set(office.shown())
    assert (len(charts(office)), len(waiting(office))) == (1, 1)
    await office.send_all()
    assert len(charts(office)) == 2


async def test_a_chart_that_hangs_holds_nobody_up(office: PostOffice) -> None:
    """While Slack does not answer to a file, its channel goes on; the file is sent once."""
    async with wired(office.client) as wire:
        wire.held["files.completeUploadExternal"] = asyncio.Event()
        incident = opened(office)
        await office.send()
        looked(office, incident, "a")
        running = asyncio.create_task(office.outbox.run(_always))
        await until(lambda: bool(wire.hanging))
        await asyncio.to_thread(office.want, "later", "later")
        await until(lambda: "later" in office.shown())
        assert charts(office) == []
        wire.held["files.completeUploadExternal"].set()
        await until(lambda: not waiting(office))
        running.cancel()
    assert len(charts(office)) == 1


async def test_charts_without_end_hide_no_message(office: PostOffice) -> None:
    """Files that wait are not counted among the messages of their channel that are looked at."""
    with office.store.begin() as tx:
        for number in range(250):
            tx.posts.want(f"c{number}", "incidents", "chart", number, "unknown")
    office.want("a", "first")
    await office.send()
    assert "first" in office.shown()


async def test_a_chart_is_never_before_its_card(office: PostOffice) -> None:
    """While the card waits, so does the picture: it would stand alone in the channel."""
    office.place.faults.rate_limit("chat.postMessage", times=2, retry_after=5)
    incident = opened(office)
    looked(office, incident, "a")
    await office.send()
    assert (charts(office), len(waiting(office))) == ([], 1)
    await office.send_all()
    (message,) = charts(office)
    assert message["thread_ts"]


async def test_a_chart_of_an_earlier_round_is_not_sent(office: PostOffice) -> None:
    """Its number is that of something else by now."""
    office.place.faults.rate_limit("files.getUploadURLExternal", retry_after=60)
    incident = opened(office)
    looked(office, incident, "a")
    await office.send()
    with office.store.begin() as tx:
        tx.diagnoses.put_evidence(incident.id, [])
    await office.send_all()
    assert (charts(office), waiting(office)) == ([], [])


async def test_an_old_chart_that_fails_again_is_given_up(office: PostOffice) -> None:
    """After an hour nobody waits for it any more."""
    incident = opened(office)
    async with wired(office.client) as wire:
        wire.garbled += ["files.getUploadURLExternal"] * 2
        looked(office, incident, "a")
        await office.send()
        await office.send()
        assert len(waiting(office)) == 1
        office.now[0] += timedelta(minutes=61)
        await office.send()
    assert (charts(office), waiting(office)) == ([], [])


async def _always() -> bool:
    return True
