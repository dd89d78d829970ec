"""Alerts by the thousand over real HTTP into a running Vigie: how many a second, how late, and what is lost.

One alert a request over connections that are kept, as a sender of webhooks does it. Whoever gets no 2xx sends
again. `accepted` is what a 2xx was given for: all of it has to be there in the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store import tables as t
from tests.world import CHANNEL, World

BATCH = 5000


@dataclass
class Request:
    """One alert on its way: when it was due, when its 2xx came, how often it was sent."""

    number: int
    service: str
    body: bytes
    due: float = 0.0
    accepted_at: float = 0.0
    tries: int = 0


def requests(
    count: int, services: int, first: int = 0, *, critical_every: int = 0, own_services: str = "load"
) -> list[Request]:
    """Distinct alerts of so many services; each `critical_every`-th is critical, of a service of its own."""
    made = []
    for number in range(first, first + count):
        critical = bool(critical_every) and number % critical_every == critical_every // 2
        service = f"{own_services}-crit-{number}" if critical else f"{own_services}-{number % services}"
        made.append(Request(number, service, _body(number, service, critical)))
    return made


def _body(number: int, service: str, critical: bool) -> bytes:
    alert = {
        "status": "firing",
        "labels": {
            "alertname": f"Storm{number % 7}",
            "severity": "critical" if critical else "warning",
            "service": service,
            "environment": "test",
            "instance": f"host-{number % 200}",
            "number": str(number),
        },
        "annotations": {
            "summary": f"Value {number} of {service} is too high",
            "description": f"It has been {number % 97} for five minutes on host-{number % 200}.",
        },
        "startsAt": "2026-01-31T08:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": f"{number:016x}",
    }
    return json.dumps({"version": "4", "status": "firing", "groupKey": "{}:{}", "alerts": [alert]}).encode()


@dataclass
class Line:
    """One kept connection. A refusal or an end of the other side is told as False."""

    world: World
    idempotent: bool = False
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request) -> bool:
        """Send it once; True when a 2xx came."""
        request.tries += 1
        try:
            async with asyncio.timeout(15):
                status = await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return False
        if status != 200:
            self.close()
            return False
        request.accepted_at = time.monotonic()
        return True

    async def _exchange(self, request: Request) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.world.port)
        reader, writer = self._streams
        key = f"Idempotency-Key: n{request.number}\r\n" if self.idempotent else ""
        head = (
            "POST /alerts/alertmanager HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.world.token}\r\n{key}Content-Length: {len(request.body)}\r\n\r\n"
        )
        writer.write(head.encode() + request.body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return int(answer[9:12])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def as_fast_as_it_goes(world: World, work: Sequence[Request], lines: int = 16) -> float:
    """Alerts a second that were accepted."""
    left = iter(work)
    began = time.monotonic()

    async def go() -> None:
        line = Line(world)
        for request in left:
            while not await line.send(request):
                await asyncio.sleep(0.05)
        line.close()

    await asyncio.gather(*(go() for _ in range(lines)))
    return len(work) / (time.monotonic() - began)


async def at_a_pace(
    world: World, work: Sequence[Request], per_second: float, lines: int = 64, *, idempotent: bool = False
) -> None:
    """Each is sent when it is due, or as soon as a line is free; again until it is accepted."""
    left, began = iter(enumerate(work)), time.monotonic() + 0.1

    async def go() -> None:
        line = Line(world, idempotent)
        for place, request in left:
            request.due = began + place / per_second
            await asyncio.sleep(max(0.0, request.due - time.monotonic()))
            while not await line.send(request):
                await asyncio.sleep(0.2)
        line.close()

    await asyncio.gather(*(go() for _ in range(lines)))


def cpu_s(world: World) -> float:
    """Processor time that serve has used so far, without its executor."""
    assert world.serve is not None
    fields = Path(f"/proc/{world.serve.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def settled(world: World) -> None:
    """Wait until what the alerts so far have begun is done."""

    def nothing_waits() -> bool:
        with world.store.read() as tx:
            return not any(i.rounds > tx.diagnoses.last_round(i.id) for i in tx.incidents.open_now())

    await world.until("all rounds", nothing_waits, 120)


def waits_ms(work: Sequence[Request]) -> list[float]:
    """From when each was due to its 2xx."""
    return [1000 * (request.accepted_at - request.due) for request in work]


def fill(world: World, wanted: int) -> None:
    """Old alerts in the store, up to that many, of incidents that are long over."""
    with world.store._engine.connect() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(t.alerts)).scalar_one()
    old = datetime.now(UTC) - timedelta(days=30)
    for start in range(stored, wanted, BATCH):
        with world.store._engine.begin() as connection:
            incident = connection.execute(
                sa.insert(t.incidents).values(
                    title="Old", service=f"old-{start}", environment="test", severity=2, state="closed",
                    opened_at=old, changed_at=old, resolved_at=old, resolved_by="source",
                )
            )  # fmt: skip
            assert incident.inserted_primary_key is not None
            rows = [
                _old(number, incident.inserted_primary_key[0], old)
                for number in range(start, min(start + BATCH, wanted))
            ]
            connection.execute(sa.insert(t.series), [series for series, _ in rows])
            connection.execute(sa.insert(t.alerts), [alert for _, alert in rows])


def _old(number: int, incident: int, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    import hashlib

    mark = hashlib.sha256(f"old {number}".encode()).hexdigest()[:32]
    body = json.loads(_body(number, "old", critical=False))["alerts"][0]
    body |= {"source": "alertmanager", "name": "Old", "severity": 2, "summary": "", "description": ""}
    body |= {"flags": [], "service": "old", "environment": "test", "starts_at": at.isoformat()}
    series = {"fingerprint": mark, "status": "resolved", "severity": 2, "first_at": at, "last_at": at}
    series |= {"deliveries": 1, "incident_id": incident}
    alert = {"received_at": at, "fingerprint": mark, "incident_id": incident, "decision": "joined"}
    return series, alert | {"reason": "It is old.", "body": body}


@dataclass
class Watch:
    """Sees when the card of each service comes into the channel."""

    world: World
    seen: dict[str, float] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    async def go_on(self) -> None:
        while True:
            for ts, message in list(self.world.place._core.board.room(CHANNEL).messages.items()):
                if ts not in self._known and not message.get("thread_ts"):
                    self._known.add(ts)
                    self._note(json.dumps(message))
            await asyncio.sleep(0.02)

    def _note(self, text: str) -> None:
        found = text.partition("Service ")[2].partition(" in ")[0]
        self.seen.setdefault(found, time.monotonic())

    async def until(self, services: Sequence[str], seconds: float) -> None:
        over = time.monotonic() + seconds
        while not set(services) <= self.seen.keys() and time.monotonic() < over:
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def watched(world: World) -> AsyncIterator[Watch]:
    watch = Watch(world)
    task = asyncio.create_task(watch.go_on())
    try:
        yield watch
    finally:
        task.cancel()


async def storm(
    world: World, services: int, count: int, seconds: float, critical_every: int
) -> dict[str, float]:
    """A storm with critical alerts in it: how long each of these takes to its first message, p99."""
    work = requests(count, services, 10_000_000, critical_every=critical_every, own_services="storm")
    async with watched(world) as watch:
        await at_a_pace(world, work, count / seconds)
        critical = [request for request in work if "-crit-" in request.service]
        await watch.until([request.service for request in critical], 60)
    late = [watch.seen.get(one.service, one.due + 600) - one.due for one in critical]
    after = [watch.seen.get(one.service, one.due + 600) - one.accepted_at for one in critical]
    return {
        "storm_alerts": count,
        "storm_critical": len(critical),
        "first_message_p50_s": round(percentile(late, 0.5), 2),
        "first_message_p99_s": round(percentile(late, 0.99), 2),
        "first_message_after_2xx_p99_s": round(percentile(after, 0.99), 2),
        "storm_p99_ms": round(percentile(waits_ms(work), 0.99), 1),
        **verdict(world, work),
    }


async def killed(world: World, services: int, count: int, seconds: float, kills: int) -> dict[str, float]:
    """A storm while serve is killed again and again and started anew; half of the senders name deliveries."""
    work = requests(count, services, 20_000_000, critical_every=max(40, count // 60), own_services="kill")
    named, unnamed = work[::2], work[1::2]
    world.supervised = True
    sending = asyncio.gather(
        at_a_pace(world, named, len(named) / seconds, idempotent=True),
        at_a_pace(world, unnamed, len(unnamed) / seconds),
    )
    done = 0
    for _ in range(kills):
        await asyncio.sleep(seconds / (kills + 1))
        await world.kill()
        done += 1
        await world.start()
    await sending
    await world.until("every message", lambda: _all_sent(world), 600)
    return {"kills": done, "killed_alerts": count, **verdict(world, work, {one.number for one in named})}


def _all_sent(world: World) -> bool:
    with world.store.read() as tx:
        return not any(post.kind == "incident" for post in tx.posts.unsent())


def verdict(world: World, work: Sequence[Request], named: set[int] | None = None) -> dict[str, float]:
    """lost: accepted and not there. doubled: an effect that is there twice.

    Effects are the row of a delivery that its sender named, the open incident of a service, and its card.
    """
    label = t.alerts.c.body["labels"]["number"].as_string()
    first, last = work[0].number, work[-1].number
    with world.store._engine.connect() as connection:
        stored = Counter(
            int(number)
            for number in connection.execute(
                sa.select(label).where(t.alerts.c.received_at >= datetime.now(UTC) - timedelta(days=1))
            ).scalars()
            if number and first <= int(number) <= last
        )
        open_now = Counter(
            connection.execute(
                sa.select(t.incidents.c.service).where(t.incidents.c.state.notin_(["resolved", "closed"]))
            ).scalars()
        )
    services = {request.service for request in work}
    cards = Counter(key for key in world.posted() if key.startswith("incident:") and key.count(":") == 1)
    return {
        "lost": sum(1 for request in work if request.accepted_at and not stored[request.number]),
        "doubled": sum(stored[number] > 1 for number in named or ())
        + sum(open_now[service] > 1 for service in services)
        + sum(times > 1 for times in cards.values()),
    }
