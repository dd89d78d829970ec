"""What a sender with a right proof sends and cannot be taken: never in silence, never by anybody else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from bot.copilot.alerts import Alerts
from bot.copilot.receiving import Receiving
from bot.copilot.refusals import note_refusals
from bot.domain.records import Post
from bot.domain.senders import Refused, TurnedAway
from bot.errors import StoreUnavailable
from bot.store import tables as t
from bot.store.database import Store, sqlite_url
from bot.web.seldom import Seldom
from tests.desk import AT_ONCE
from tests.front import Front, front

LIMIT = 512 * 1024
SIGNED = """
[sources.signed]
kind = "json"
auth = "hmac"
header = "X-Mac"
token_env = "SIGNED"
fields = { name = "/name" }
[sources.events]
kind = "pagerduty"
token_env = "EVENTS"
[sources.aws]
kind = "cloudwatch"
topic_arn = "arn:aws:sns:eu-west-1:123456789012:alarms"
"""
SECRETS = {"SIGNED": "the-secret-of-the-signed", "EVENTS": "the-routing-key-of-events"}


def alert(name: str, severity: str = "critical", **labels: str) -> dict[str, Any]:
    named = {"alertname": name, "severity": severity, **labels}
    return {"status": "firing", "labels": named, "annotations": {}}


def body(*alerts: object) -> dict[str, Any]:
    return {"version": "4", "alerts": list(alerts)}


def stored(intake: Front) -> list[str]:
    with intake.store._engine.connect() as connection:
        return sorted(one["name"] for one in connection.execute(sa.select(t.alerts.c.body)).scalars())


def said(store: Store) -> list[Post]:
    """What people are told of refusals."""
    with store.read() as tx:
        return [post for post in tx.posts.of_kind("text") if post.key.startswith("refused:")]


def kept(store: Store) -> list[Refused]:
    with store.read() as tx:
        return tx.refusals.all()


async def test_one_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path) -> None:
    """The critical one is stored; the other is named in the answer, to people, and in what is kept."""
    async with front(tmp_path) as intake:
        sent = body(alert("Down"), {"status": "firing", "labels": {"severity": "critical"}}, 7)
        status, answer, _ = await intake.post("/alerts/alertmanager", sent)
        assert (status, answer["accepted"], answer["decisions"]) == (200, 1, ["opened"])
        assert answer["refused"] == [
            {
                "place": "alerts[1].labels.alertname",
                "reason": "it is missing; without it the alert has no name.",
            },
            {"place": "alerts[2]", "reason": "expected an object."},
        ]
        assert answer["refused_in_all"] == 2
        assert stored(intake) == ["Down"]
        (post,), (known,) = said(intake.store), kept(intake.store)
        content = post.content or {}
        assert "alerts[1].labels.alertname: it is missing" in str(content["foreign"])
        assert "`alertmanager`" in str(content["text"])
        assert (known.source, known.deliveries, known.untold) == ("alertmanager", 1, 0)
        assert "alerts[1].labels.alertname: it is missing" in known.problem
        assert 'vigie_refused_total{reason="in part"} 1.0' in await intake.metrics()


async def test_where_not_one_can_be_read_it_is_a_400_and_people_hear_of_it(tmp_path: Path) -> None:
    """Nothing is stored, and nothing is silent."""
    async with front(tmp_path) as intake:
        status, answer, _ = await intake.post("/alerts/alertmanager", body(alert(" ")))
        assert status == 400
        assert "alerts[0].labels.alertname: it is blank" in answer["error"]
        assert stored(intake) == []
        assert len(said(intake.store)) == len(kept(intake.store)) == 1


async def test_a_group_of_more_than_a_thousand_is_taken(tmp_path: Path) -> None:
    """Alertmanager has no bound of its own: as long as the body fits, the group is taken, whole."""
    several = [alert(f"A{n}", "critical" if n == 1000 else "info", host=f"h{n}") for n in range(1001)]
    async with front(tmp_path) as intake:
        status, answer, _ = await intake.post("/alerts/alertmanager", body(*several))
        assert (status, answer["accepted"], answer["decisions"][-1]) == (200, 1001, "opened")
        assert len(stored(intake)) == 1001
        assert said(intake.store) == []


async def test_a_body_that_is_too_large_is_heard_of_and_says_what_to_set(tmp_path: Path) -> None:
    """413 is final to its sender, and whatever was in it is lost: people hear of it."""
    async with front(tmp_path) as intake:
        status, answer, _ = await intake.post("/alerts/alertmanager", b" " * (LIMIT + 1))
        assert status == 413
        assert "web.max_body" in answer["error"] and "max_alerts" in answer["error"]
        assert "524288 bytes" in str((said(intake.store)[0].content or {})["foreign"])


def signature(raw: bytes, secret: str = SECRETS["SIGNED"]) -> dict[str, str]:
    return {"X-Mac": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


BAD = b"{}"
FORGED: list[tuple[str, bytes, Mapping[str, str]]] = [
    ("alertmanager", BAD, {}),
    ("alertmanager", BAD, {"Authorization": "Bearer wrong"}),
    ("alertmanager", BAD, {"X-Vigie-Signature": "v0=00", "X-Vigie-Timestamp": "1"}),
    ("alertmanager", b" " * (LIMIT + 1), {"X-Vigie-Signature": "v0=00"}),
    ("alertmanager", b" " * (LIMIT + 1), {}),
    ("nobody", BAD, {}),
    ("signed", BAD, signature(BAD, "another-secret")),
    ("signed", b"[" * 99, signature(BAD)),
    ("signed", b" " * (LIMIT + 1), signature(BAD)),
    ("events", b"[" * 99, {}),
    ("events", b'{"routing_key": "wrong", "event_action": 7}', {}),
    ("events", b" " * (LIMIT + 1), {}),
    ("aws", b"[" * 99, {}),
    ("aws", b'{"TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "Type": "x"}', {}),
]


@pytest.mark.attack("J1")
async def test_nobody_without_a_proof_makes_vigie_speak(tmp_path: Path) -> None:
    """Whatever is wrong with it, who has not proved who they are leaves a count: no message, row or log."""
    async with front(tmp_path, SIGNED, environment=SECRETS) as intake:
        with structlog.testing.capture_logs() as logged:
            for source, raw, headers in FORGED:
                status, answer, _ = await intake.post(f"/alerts/{source}", raw, headers)
                assert status in (400, 401, 413), (source, raw[:20], answer)
            await intake.post("/v2/enqueue", b"[" * 99, {})
        assert said(intake.store) == [] and kept(intake.store) == []
        assert not logged
        # With the proof, the same is heard of.
        assert (await intake.post("/alerts/signed", BAD, signature(BAD)))[0] == 400
        event = {"routing_key": SECRETS["EVENTS"], "event_action": 7}
        assert (await intake.post("/alerts/events", event, {}))[0] == 400
        assert (await intake.post("/v2/enqueue", event, {}))[0] == 400
        assert [one.source for one in kept(intake.store)] == ["events", "signed"]
        assert len(said(intake.store)) == 2


async def test_people_hear_once_an_hour_and_source(tmp_path: Path) -> None:
    """However often; then with how many there were. Another source is heard of by itself."""
    at = [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"), lambda: at[0])

    def refuse(source: str, minutes: int, deliveries: int = 1) -> int:
        at[0] += timedelta(minutes=minutes)
        with store.begin() as tx:
            note_refusals(tx, [TurnedAway(source, f"field: after {minutes}", deliveries)])
        return len(said(store))

    try:
        assert [refuse("am", 0), refuse("am", 30, 5), refuse("eu", 0), refuse("am", 29)] == [1, 1, 2, 2]
        assert "a delivery" in str((said(store)[0].content or {})["text"])
        assert [refuse("am", 1), refuse("am", 59)] == [3, 3]
        assert "7 deliveries" in str((said(store)[2].content or {})["text"])
        assert {one.source: (one.deliveries, one.problem) for one in kept(store)} == {
            "am": (9, "field: after 59"),
            "eu": (1, "field: after 0"),
        }
    finally:
        store.close()


async def test_the_log_says_it_once_a_minute_with_how_often(tmp_path: Path) -> None:
    """A sender that sends in vain all day does not fill the disk."""
    at = [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    seldom = Seldom(lambda: at[0])
    assert [seldom.due("am"), seldom.due("am"), seldom.due("eu"), seldom.due("am")] == [1, 0, 1, 0]
    at[0] += timedelta(minutes=1)
    assert [seldom.due("am"), seldom.due("am"), seldom.due("eu")] == [3, 0, 1]
    async with front(tmp_path) as intake:
        with structlog.testing.capture_logs() as logged:
            for _ in range(5):
                await intake.post("/alerts/alertmanager", body(7))
        (line,) = [entry for entry in logged if entry["event"] == "alerts were refused"]
        assert (line["source"], line["problem"]) == ("alertmanager", "alerts[0]: expected an object.")
        assert (kept(intake.store)[0].deliveries, len(said(intake.store))) == (5, 1)


class Away(Receiving):
    """The real one, whose store is away for counts until it is told otherwise."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, Alerts(store, AT_ONCE, lambda verb, subject: None))
        self.away = True

    def count_refused(self, refused: Mapping[str, int], known: Sequence[TurnedAway] = ()) -> None:
        if self.away:
            raise StoreUnavailable
        super().count_refused(refused, known)


@pytest.mark.fault
async def test_a_refusal_waits_for_a_store_that_is_away(tmp_path: Path) -> None:
    """Who was refused meanwhile is kept and told once it is back, the newest reason with all their number."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    core = Away(store)
    async with front(tmp_path, core=core) as intake:
        for bad in (7, "x"):
            assert (await intake.post("/alerts/alertmanager", body(bad)))[0] == 400
        core.away = False
        assert (await intake.post("/alerts/alertmanager", b"[]"))[0] == 400
        for _ in range(200):
            if [known.deliveries for known in kept(store)] == [3]:
                break
            await asyncio.sleep(0.02)
        (known,) = kept(store)
        assert (known.deliveries, json.dumps(known.problem)[:8]) == (3, '"alerts:')
    store.close()
