"""Group J: who may send alerts, how much and how often; and that what was accepted is never lost."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.copilot.receiving import Receiving
from bot.store import tables
from bot.web.bodies import load_bounded
from tests.front import front
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 512 * 1024


def body_of(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "alerts": list(alerts)}).encode()


def signed(vigie: World, body: bytes, *, age_s: float = 0, key: str = "", stamp: str = "") -> dict[str, str]:
    """The headers of a signed delivery that was made `age_s` seconds ago."""
    stamp = stamp or str(int(time.time() - age_s))
    mac = hmac.new((key or vigie.token).encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
    return {"X-Vigie-Signature": f"v0={mac.hexdigest()}", "X-Vigie-Timestamp": stamp}


async def refused(vigie: World, reason: str) -> int:
    """How many deliveries were refused so far for this reason, as /metrics says."""
    _, text = await vigie.get("/metrics")
    found = re.search(rf'^vigie_refused_total{{reason="{reason}"}} ([0-9.]+)$', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def stored(vigie: World) -> list[int]:
    """How many rows of each kind there are; only what says that something was refused may differ."""
    kinds = (tables.alerts, tables.series, tables.incidents, tables.inbox, tables.audit)
    counts = [sa.select(sa.func.count()).select_from(kind) for kind in kinds]
    counts.append(sa.select(sa.func.count()).where(tables.posts.c.key.not_like("refused:%")))
    return [vigie.rows(count)[0][0] for count in counts]


class Refusals:
    """Within it, nothing may be stored; at its end so many more deliveries were counted as refused."""

    def __init__(self, vigie: World, reason: str, times: int) -> None:
        self._vigie, self._reason, self._times = vigie, reason, times

    async def __aenter__(self) -> None:
        await quiet(self._vigie)
        self._rows, self._count = stored(self._vigie), await refused(self._vigie, self._reason)

    async def __aexit__(self, *error: object) -> None:
        if error[0] is None:
            assert await refused(self._vigie, self._reason) == self._count + self._times
            assert stored(self._vigie) == self._rows


async def quiet(vigie: World) -> None:
    """Wait until what the start and earlier cases have begun is told, and nothing more is written."""
    await vigie.message("n3:first")

    def nothing_waits() -> bool:
        with vigie.store.read() as tx:
            rounds = [i.rounds > tx.diagnoses.last_round(i.id) for i in tx.incidents.open_now()]
            return not tx.posts.unsent() and not any(rounds)

    await vigie.until("quiet", nothing_waits)
    before: list[int] = []
    while (rows := stored(vigie)) != before:
        before = rows
        await vigie.settle(1.0)


@pytest.mark.attack("J1")
async def test_a_forged_delivery_is_refused(vigie: World) -> None:
    """Whatever is no right token and no right signature gets 401, is counted, and leaves nothing else."""
    body = body_of(vigie.alert(vigie.break_target()))
    wrong = "x" * len(vigie.token)
    good = signed(vigie, body)
    forged: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {wrong}"},
        {"Authorization": f"Bearer {vigie.token[:-1]}"},
        {"Authorization": f"Bearer {vigie.token} " + "x"},
        {"Authorization": f"Basic {vigie.token}"},
        {"Authorization": vigie.token},
        {"Authorization": "Bearer \udcff\udcfe"},
        {"X-Vigie-Token": vigie.token},
        signed(vigie, body, key=wrong),
        signed(vigie, body + b" "),
        {**good, "X-Vigie-Signature": ""},
        {**good, "X-Vigie-Signature": "v0="},
        {**good, "X-Vigie-Signature": "v0=\udcff"},
        {**good, "X-Vigie-Signature": good["X-Vigie-Signature"].removeprefix("v0=")},
        # A wrong signature is not mended by a right token.
        {**signed(vigie, body, key=wrong), "Authorization": f"Bearer {vigie.token}"},
    ]
    async with Refusals(vigie, "unauthenticated", len(forged)):
        for headers in forged:
            status, answer = await raw(vigie, body, headers)
            assert status == 401, (headers, answer)
    assert (await vigie.post(body, headers=good))[0] == 200


@pytest.mark.attack("J2")
async def test_an_old_signature_is_refused(vigie: World) -> None:
    """A right signature over a time that is off by more than five minutes, or is none, gets 401."""
    body = body_of(vigie.alert(vigie.break_target()))
    stale = [signed(vigie, body, age_s=age) for age in (302, 3600, 10**9, -360, -3600)]
    stale += [signed(vigie, body, stamp=stamp) for stamp in ("-1", "1e9", "9" * 400, "9" * 5000, " 1")]
    fresh = str(int(time.time()))
    stale += [signed(vigie, body, stamp=f"{fresh}.0"), signed(vigie, body, stamp=f"0x{int(fresh):x}")]
    moved = signed(vigie, body, age_s=302) | {"X-Vigie-Timestamp": fresh}
    unstamped = {"X-Vigie-Signature": signed(vigie, body)["X-Vigie-Signature"]}
    squared = signed(vigie, body) | {"X-Vigie-Timestamp": "²"}
    async with Refusals(vigie, "unauthenticated", len(stale) + 3):
        for headers in (*stale, moved, unstamped, squared):
            status, answer = await raw(vigie, body, headers)
            assert status == 401, (headers, answer)
    assert (await vigie.post(body, headers=signed(vigie, body, age_s=280)))[0] == 200


@pytest.mark.attack("J3")
async def test_a_replay_has_no_effect(vigie: World) -> None:
    """A signed delivery sent again changes nothing: not while its incident is open, and not afterwards."""
    service = vigie.break_target()
    body = body_of(vigie.alert(service))
    headers = signed(vigie, body)
    assert (await vigie.post(body, headers=headers))[1]["decisions"] == ["opened"]
    await quiet(vigie)
    before = stored(vigie)
    for _ in range(3):
        assert await vigie.post(body, headers=headers) == (200, {"accepted": 0, "decisions": []})
    assert stored(vigie) == before
    await vigie.fire(vigie.alert(service, status="resolved"))
    assert (await vigie.post(body, headers=headers))[1]["decisions"] == []
    ended = vigie.open_incident(service)
    assert ended is not None
    assert ended.state.value == "resolved"


@pytest.mark.attack("J3")
async def test_a_repeat_with_a_token_is_a_duplicate(vigie: World) -> None:
    """Senders repeat themselves: one incident, one card, one investigation, and each repeat is recorded."""
    service = vigie.break_target()
    alert = vigie.alert(service)
    decided = [(await vigie.fire(alert))[0] for _ in range(4)]
    assert decided == ["opened", "duplicate", "duplicate", "duplicate"]
    incident = vigie.open_incident(service)
    assert incident is not None
    await vigie.message(f"incident:{incident.id}:diagnosis")
    with vigie.store.read() as tx:
        assert [i.service for i in tx.incidents.open_now()].count(service) == 1
    assert incident.rounds == 1
    assert posted(vigie).count(f"incident:{incident.id}") == 1


@pytest.mark.attack("J4")
async def test_a_large_body_is_refused_before_it_is_parsed(vigie: World) -> None:
    """413 for what is said to be too large (none of it is read) and for what turns out to be, in chunks."""
    # Not JSON: had it been parsed first, the answer would be 400.
    async with Refusals(vigie, "too large", 4):
        for body in (b"[" * (LIMIT + 1), b"x" * (4 * LIMIT)):
            assert (await vigie.post(body))[0] == 413
        chunks = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
        status, _ = await raw(vigie, chunks * 3 + b"0\r\n\r\n", chunked=True)
        assert status == 413
        started = time.monotonic()
        status, _ = await raw(vigie, b"", length=10**12)
        assert status == 413
        assert time.monotonic() - started < 5
    # Its sender has the token, so it is heard of: in Slack once, however often it was.
    ((key,),) = vigie.rows(sa.select(tables.posts.c.key).where(tables.posts.c.key.like("refused:%")))
    await vigie.message(key, "Vigie refused alerts of")
    (refusal,) = json.loads((await vigie.get("/health"))[1])["refused"]
    assert refusal["source"] == "alertmanager" and refusal["deliveries"] >= 4
    assert "The limit is 524288 bytes" in refusal["why"]
    assert "alerts were refused" in vigie.logged()
    padded = body_of(vigie.alert(vigie.break_target()))
    assert (await vigie.post(padded + b" " * (LIMIT - len(padded))))[0] == 200


DEEP = 100_000
BOMBS = {
    "lists": b"[" * DEEP + b"]" * DEEP,
    "objects": b'{"a":' * DEEP,
    "never closed": b"[" * DEEP,
    "hidden by a text": b'["' + b"]" * DEEP + b'",' + b"[" * 900 + b"]" * 900 + b"]",
    "quotes": b'"\\' * (DEEP * 2),
    "other letters": ("[" * DEEP).encode("utf-16"),
}


@pytest.mark.attack("J5")
async def test_deep_json_is_refused_at_once(vigie: World) -> None:
    """Nesting of 10^5, in whatever disguise, is a 400 within a moment, and the next delivery is served."""
    async with Refusals(vigie, "bad input", len(BOMBS)):
        for name, bomb in BOMBS.items():
            assert len(bomb) <= LIMIT, name
            started = time.monotonic()
            status, answer = await vigie.post(bomb)
            assert status == 400, (name, answer)
            assert time.monotonic() - started < 5, name
    assert "nested deeper than 32" in (await vigie.post(BOMBS["hidden by a text"]))[1]["error"]
    assert await vigie.fire(vigie.alert(vigie.break_target())) == ["opened"]


@pytest.mark.attack("J5")
async def test_many_keys_hold_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10^5 keys are read, and as many labels as fit also stored, only when others were served meanwhile."""
    keys = b"{" + b'"":1,' * DEEP + b'"version":"4"}'
    labels = {"alertname": "Many", "service": "svc-x", **{f"k{n:05d}": "" for n in range(36_000)}}
    many = {"version": "4", "alerts": [{"status": "firing", "labels": labels, "annotations": {}}]}
    wide = json.dumps(many, separators=(",", ":")).encode()
    assert max(len(keys), len(wide)) <= LIMIT
    reading, storing = Gate(load_bounded), Gate(Receiving.receive_all)
    monkeypatch.setattr("bot.web.intake.load_bounded", reading)
    monkeypatch.setattr(Receiving, "receive_all", lambda *given: storing(*given))
    for body, status, gates in ((keys, 400, [reading]), (wide, 200, [reading, storing])):
        async with front(tmp_path) as intake:
            answer = asyncio.create_task(intake.post("/alerts/alertmanager", body))
            for gate in gates:
                await asyncio.wait_for(asyncio.to_thread(gate.reached.acquire), 60)
                async with intake.session.get(f"{intake.url}/health") as served:
                    assert served.status == 200
                assert not answer.done()
                gate.open.release()
            assert (await answer)[0] == status
    assert not reading.held_up and not storing.held_up


class Gate:
    """Work that waits at its begin until it is let through: what it blocks meanwhile shows."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self.reached, self.open, self.held_up = threading.Semaphore(0), threading.Semaphore(0), False
        self._work = work

    def __call__(self, *given: Any) -> Any:  # noqa: ANN401
        self.reached.release()
        self.held_up |= not self.open.acquire(timeout=10)
        return self._work(*given)


@pytest.mark.attack("J6")
async def test_a_slow_body_is_given_up_and_others_are_served(vigie: World) -> None:
    """Twenty senders that dribble are answered after two seconds; meanwhile alerts are taken at once."""
    async with Refusals(vigie, "bad input", 20):
        slow = [asyncio.create_task(dribble(vigie)) for _ in range(20)]
        await asyncio.sleep(0.3)
        started = time.monotonic()
        assert (await vigie.get("/health"))[0] == 200
        assert not any(task.done() for task in slow)
        served_after = time.monotonic() - started
        answers = await asyncio.gather(*slow)
    assert served_after < 1.5
    assert {status for status, _ in answers} == {400}
    assert all("did not arrive within 2 s" in text for _, text in answers)
    assert await vigie.fire(vigie.alert(vigie.break_target())) == ["opened"]


@pytest.mark.attack("P13")
async def test_what_was_accepted_survives_a_kill(tmp_path: Path) -> None:
    """kill -9 at the first byte of the 2xx: after the restart the alert is there and its incident is told."""
    async with world(tmp_path) as vigie:
        service = vigie.break_target()
        body = body_of(vigie.alert(service))
        reader, writer = await asyncio.open_connection("127.0.0.1", vigie.port)
        writer.write(_head(vigie, len(body)) + body)
        first = await reader.readexactly(12)
        assert vigie.serve is not None
        vigie.serve.kill()
        assert first == b"HTTP/1.1 200"
        writer.close()
        await vigie.kill()
        await vigie.start()
        incident = vigie.open_incident(service)
        assert incident is not None
        assert incident.alerts_received == 1
        await vigie.message(f"incident:{incident.id}:diagnosis")
        assert posted(vigie).count(f"incident:{incident.id}") == 1


def posted(vigie: World) -> list[str]:
    """The keys of the messages that were posted, in order; an edit is none."""
    calls = vigie.place.calls("chat.postMessage")
    return [call.args["metadata"]["event_payload"]["key"] for call in calls if "metadata" in call.args]


def _head(
    vigie: World, length: int, headers: dict[str, str] | None = None, *, chunked: bool = False
) -> bytes:
    given = {"Authorization": f"Bearer {vigie.token}"} if headers is None else headers
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
    lines = [
        "POST /alerts/alertmanager HTTP/1.1",
        "Host: 127.0.0.1",
        framing,
        *(f"{name}: {value}" for name, value in given.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode(errors="surrogateescape")


async def raw(
    vigie: World,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    chunked: bool = False,
    length: int | None = None,
) -> tuple[int, str]:
    """One delivery byte by byte as given, whatever a client library would think of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", vigie.port)
    try:
        head = _head(vigie, len(body) if length is None else length, headers, chunked=chunked)
        writer.write(head + body)
        return await _answer(reader)
    finally:
        writer.close()


async def dribble(vigie: World) -> tuple[int, str]:
    """A delivery whose body comes one byte at a time, as long as anybody listens."""
    reader, writer = await asyncio.open_connection("127.0.0.1", vigie.port)
    writer.write(_head(vigie, 1000))
    answered = asyncio.create_task(_answer(reader))
    try:
        while not answered.done():
            writer.write(b" ")
            await asyncio.wait({answered}, timeout=0.1)
        return await answered
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).decode()
    found = re.search(r"Content-Length: (\d+)", head, re.IGNORECASE)
    text = await reader.readexactly(int(found[1]) if found else 0)
    return int(head.split()[1]), text.decode()
