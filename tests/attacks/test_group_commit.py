"""Many senders at once: one transaction for many, nothing promised before it, one failure is one sender's."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.copilot.alerts import Alerts
from bot.copilot.receiving import Outcome, Receiving
from bot.domain.senders import Notification
from bot.errors import StoreUnavailable
from bot.store import tables as t
from bot.store.database import Store, sqlite_url
from tests.desk import AT_ONCE
from tests.front import Front, front


def alert(number: int, **labels: str) -> dict[str, Any]:
    named = {"alertname": f"A{number}", "service": f"svc-{number}", **labels}
    return {"status": "firing", "labels": named, "annotations": {}}


def body(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "alerts": list(alerts)}


class Slow(Receiving):
    """The real one, held until `go` is set; it keeps what it was given."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, Alerts(store, AT_ONCE, _wake))
        self.go = threading.Event()
        self.groups: list[int] = []
        self.fails_after = 10**6  # transactions

    def receive_all(self, notifications: Sequence[Notification]) -> list[Outcome]:
        assert self.go.wait(20)
        if len(self.groups) >= self.fails_after:
            raise StoreUnavailable
        self.groups.append(len(notifications))
        return super().receive_all(notifications)


def _wake(verb: str, subject: str) -> None:
    """Nothing sweeps here."""


@contextlib.asynccontextmanager
async def held(folder: Path, **given: Any) -> Any:  # noqa: ANN401
    store = Store.open(sqlite_url(folder / "vigie.sqlite"))
    core = Slow(store)
    try:
        async with front(folder, core=core, **given) as made:
            yield made, core
            core.go.set()
    finally:
        store.close()


def stored(front: Front) -> list[str]:
    with front.store._engine.connect() as connection:
        return sorted(body["name"] for body in connection.execute(sa.select(t.alerts.c.body)).scalars())


@pytest.mark.attack("P13")
async def test_nobody_is_answered_before_the_commit(tmp_path: Path) -> None:
    """While the transaction is not there, no 2xx is; what gathers meanwhile shares the next one."""
    async with held(tmp_path) as (intake, core):
        sent = [asyncio.create_task(intake.post("/alerts/alertmanager", body(alert(n)))) for n in range(20)]
        await asyncio.wait(sent, timeout=0.5)
        assert not any(task.done() for task in sent)
        assert stored(intake) == []
        core.go.set()
        assert {(await task)[0] for task in sent} == {200}
        assert len(stored(intake)) == 20
    assert sum(core.groups) == 20
    assert len(core.groups) <= 3, "concurrent deliveries share a transaction"


@pytest.mark.attack("P14")
async def test_over_capacity_is_said_counted_and_loses_nothing_that_was_accepted(tmp_path: Path) -> None:
    """What does not fit gets 503, Retry-After and a count in rows and metrics; sent again, it is taken."""
    async with held(tmp_path, most_waiting=10) as (intake, core):
        sent = [asyncio.create_task(intake.post("/alerts/alertmanager", body(alert(n)))) for n in range(30)]
        for _ in range(400):
            if len(refused := [task for task in sent if task.done()]) >= 20:
                break
            await asyncio.sleep(0.05)
        assert len(refused) == 20
        for task in refused:
            status, answer, headers = await task
            assert (status, headers["Retry-After"]) == (503, "5")
            assert "nothing of this delivery was kept" in answer["error"]
        core.go.set()
        accepted = [task for task in sent if task not in refused]
        assert {(await task)[0] for task in accepted} == {200}
        assert len(stored(intake)) == 10
        counted = 'vigie_refused_total{reason="over capacity"} 20.0'
        for _ in range(200):  # the count is written with the next group, not before the refusal
            if counted in await intake.metrics():
                break
            await asyncio.sleep(0.02)
        assert counted in await intake.metrics()
        numbers = [number for number, task in enumerate(sent) if task in refused]
        again = [await intake.post("/alerts/alertmanager", body(alert(n))) for n in numbers]
        assert {status for status, *_ in again} == {200}
        assert stored(intake) == sorted(f"A{n}" for n in range(30))


async def test_a_delivery_larger_than_the_queue_is_taken_when_it_is_alone(tmp_path: Path) -> None:
    """The bound keeps memory, and refuses nobody for good."""
    async with front(tmp_path, most_waiting=5) as intake:
        status, answer, _ = await intake.post("/alerts/alertmanager", body(*(alert(n) for n in range(20))))
        assert (status, answer["accepted"]) == (200, 20)


BUSY = """
[sources.am]
kind = "alertmanager"
token_env = "AM"
[sources.events]
kind = "pagerduty"
token_env = "EVENTS"
[sources.hooks]
kind = "pagerduty"
auth = "hmac"
token_env = "HOOKS"
[sources.aws]
kind = "cloudwatch"
topic_arn = "arn:aws:sns:eu-west-1:123456789012:alarms"
[sources.any]
kind = "json"
token_env = "ANY"
fields = { name = "/name" }
"""
ANSWERS = {
    "alertmanager": 503,
    "grafana": 503,
    "datadog": 503,
    "am": 503,
    "hooks": 503,
    "aws": 503,
    "any": 503,
    "events": 429,
    "cloudevents": 429,
}


@pytest.mark.attack("P14")
async def test_a_full_queue_answers_each_sender_what_it_comes_again_on(tmp_path: Path) -> None:
    """429 is final to most; senders of PagerDuty's events and of CloudEvents come again on it."""
    secrets = {name: f"{name}-secret-of-its-own" for name in ("AM", "EVENTS", "HOOKS", "ANY")}
    async with held(tmp_path, toml=BUSY, environment=secrets, most_waiting=1) as (intake, core):
        waits = asyncio.create_task(intake.post("/alerts/alertmanager", body(alert(1))))
        while not intake.commit.is_full:
            await asyncio.sleep(0.01)
        for path, expected in [*((f"/alerts/{n}", s) for n, s in ANSWERS.items()), ("/v2/enqueue", 429)]:
            status, answer, headers = await intake.post(path, {})
            assert (status, headers["Retry-After"]) == (expected, "5"), path
            assert "nothing of this delivery was kept" in answer["error"]
        core.go.set()
        assert (await waits)[0] == 200


async def test_a_large_delivery_is_committed_in_parts_the_gravest_first(tmp_path: Path) -> None:
    """No transaction is long; the decisions come in the order of the alerts; sent again under its key it is
    taken up where it failed, and nothing of it twice.
    """
    alerts = [alert(n, severity="critical" if n % 10 == 9 else "info") for n in range(600)]
    named = {"Authorization": "Bearer a-token-of-the-intake", "Idempotency-Key": "k"}
    async with held(tmp_path, at_once=1) as (intake, core):
        core.fails_after = 2
        first = asyncio.create_task(intake.post("/alerts/alertmanager", body(*alerts), named))
        core.go.set()
        assert (await first)[0] == 503
        assert len(stored(intake)) == 500
        assert {f"A{n}" for n in range(9, 600, 10)} <= set(stored(intake))
        core.fails_after = 100
        status, answer, _ = await intake.post("/alerts/alertmanager", body(*alerts), named)
        assert (status, answer["accepted"]) == (200, 100)
        assert stored(intake) == sorted(f"A{n}" for n in range(600))
        again = body(*alerts[:300], alert(999, severity="critical"))
        status, answer, _ = await intake.post("/alerts/alertmanager", again)
        assert (status, answer["accepted"]) == (200, 301)
        assert answer["decisions"][-1] == "opened", "each decision stands where its alert stood"


async def test_one_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    """In one group, the delivery that the store refuses is told so, whole; the others are committed."""
    async with held(tmp_path) as (intake, core):
        with intake.store._engine.begin() as connection:
            when = "json_extract(NEW.body, '$.name') = 'A3'"
            connection.execute(
                sa.text(
                    f"CREATE TRIGGER no BEFORE INSERT ON alerts WHEN {when}"
                    " BEGIN SELECT RAISE(ABORT, 'no'); END"
                )
            )
        sent = [
            asyncio.create_task(intake.post("/alerts/alertmanager", body(alert(n), alert(100 + n))))
            for n in range(6)
            if n != 3
        ]
        bad = asyncio.create_task(
            intake.session.post(
                f"{intake.url}/alerts/alertmanager",
                json=body(alert(103), alert(3)),
                headers={"Authorization": "Bearer a-token-of-the-intake"},
            )
        )
        await asyncio.wait([*sent, bad], timeout=0.5)
        core.go.set()
        assert {(await task)[0] for task in sent} == {200}
        assert (await bad).status == 500
        assert stored(intake) == sorted(f"A{n}" for k in range(6) if k != 3 for n in (k, 100 + k))
        with intake.store.read() as tx:
            decided = {name: n for name, n in tx.alerts.counted().items() if name.startswith("decided:")}
        assert sum(decided.values()) == 10, decided
    assert max(core.groups) > 1


@pytest.mark.fault
async def test_a_store_that_is_away_is_503_for_all_and_nothing_is_kept(tmp_path: Path) -> None:
    """The whole group is told to come again; once the store is back, what comes again is taken."""
    async with front(tmp_path) as intake:
        sa.event.listen(intake.store._engine, "begin", _fail)
        status, _, headers = await intake.post("/alerts/alertmanager", body(alert(1)))
        assert (status, headers["Retry-After"]) == (503, "5")
        sa.event.remove(intake.store._engine, "begin", _fail)
        assert stored(intake) == []
        assert (await intake.post("/alerts/alertmanager", body(alert(1))))[0] == 200


def _fail(connection: object) -> None:
    raise sa.exc.OperationalError("BEGIN", {}, Exception("disk I/O error"))
