"""Groups D, J and O at the configured sources of a running Vigie: who speaks for whom, and what is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.inbox import InboxKind
from bot.domain.incident import Incident, IncidentState
from bot.store import tables
from tests.world import BOT, CHANNEL, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRETS = {
    name: f"{name}-secret-of-its-own" for name in ("ONE", "TWO", "BASIC", "QUERY", "GRAFANA", "PD", "PDV3")
}
ROOM, ALLOWED = "C0ALERTS", "B0PROM"
SOURCES = f"""
[heartbeats]
every_s = 1
grace_s = 2
[sources.one]
kind = "alertmanager"
token_env = "ONE"
[sources.two]
kind = "alertmanager"
token_env = "TWO"
[sources.mapped]
kind = "json"
auth = "basic"
user = "monitor"
token_env = "BASIC"
severities = {{sev1 = "critical"}}
resolved = ["up"]
fields = {{name = "/title", service = "service", severity = "level", status = "state", id = "/id"}}
[sources.old]
kind = "json"
auth = "query"
token_env = "QUERY"
fields = {{name = "title"}}
[sources.grafana]
kind = "grafana"
auth = "hmac"
token_env = "GRAFANA"
[sources.pd]
kind = "pagerduty"
token_env = "PD"
[sources.pdhooks]
kind = "pagerduty"
auth = "hmac"
token_env = "PDV3"
[sources.room]
kind = "slack"
channel = "{ROOM}"
bots = ["{ALLOWED}"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("senders")
    async with world(folder, config=SOURCES, environment=SECRETS) as running:
        yield running


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRETS[name]}"}


def alertmanager(vigie: World, service: str, status: str = "firing") -> dict[str, Any]:
    return {"version": "4", "status": status, "alerts": [vigie.alert(service, status=status)]}


async def send(
    vigie: World, source: str, payload: object, headers: Mapping[str, str], query: str = ""
) -> tuple[int, Any]:
    return await vigie.post(payload, headers=headers, path=f"/alerts/{source}{query}")


def is_open(vigie: World, incident: Incident) -> bool:
    with vigie.store.read() as tx:
        now = tx.incidents.get(incident.id)
    return now is not None and now.state.is_open


def stored(vigie: World) -> int:
    return int(vigie.rows(sa.select(sa.func.count()).select_from(tables.alerts))[0][0])


@pytest.mark.attack("J8")
async def test_a_resolved_notice_closes_only_its_own_source_s_alerts(vigie: World) -> None:
    """The same alert, said to be over by another source or under another source's secret, stays open."""
    service = vigie.break_target()
    assert (await send(vigie, "one", alertmanager(vigie, service), bearer("ONE")))[0] == 200
    incident = vigie.open_incident(service)
    assert incident is not None
    over = alertmanager(vigie, service, "resolved")
    assert (await send(vigie, "two", over, bearer("TWO")))[1]["decisions"] == ["resolved"]
    assert (await vigie.post(over))[1]["decisions"] == ["resolved"]  # the source without configuration
    assert is_open(vigie, incident)
    before = stored(vigie)
    for secret in (bearer("TWO"), {"Authorization": f"Bearer {vigie.token}"}, bearer("PD")):
        assert (await send(vigie, "one", over, secret))[0] == 401
    claimed = {**over, "source": "one", "receiver": "one"}
    assert (await send(vigie, "two", claimed, bearer("TWO")))[0] == 200
    assert is_open(vigie, incident)
    assert stored(vigie) == before + 1
    assert (await send(vigie, "one", over, bearer("ONE")))[0] == 200
    assert not is_open(vigie, incident)


@pytest.mark.attack("J1")
async def test_each_source_takes_its_own_proof_alone(vigie: World) -> None:
    """A wrong secret, the right one in another place, or that of another source is 401 and leaves nothing."""
    body = {"title": "It burns", "service": "svc-x", "level": "sev1", "id": 7}
    right = {"Authorization": "Basic " + base64.b64encode(f"monitor:{SECRETS['BASIC']}".encode()).decode()}
    other_user = base64.b64encode(f"admin:{SECRETS['BASIC']}".encode()).decode()
    event = {"routing_key": "x" * 32, "event_action": "trigger", "payload": {"summary": "x", "source": "y"}}
    forged: list[tuple[str, object, dict[str, str], str]] = [
        ("mapped", body, {}, ""),
        ("mapped", body, bearer("BASIC"), ""),
        ("mapped", body, {"Authorization": f"Basic {other_user}"}, ""),
        ("mapped", body, {"Authorization": "Basic !!!"}, ""),
        ("mapped", body, {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}, ""),
        ("mapped", body, {}, f"?token={SECRETS['BASIC']}"),
        ("old", body, bearer("QUERY"), ""),
        ("old", body, {}, f"?token={SECRETS['BASIC']}"),
        ("old", body, {}, "?token="),
        ("pd", event, bearer("PD"), ""),
        ("pd", {**event, "routing_key": SECRETS["PDV3"]}, {}, ""),
        ("pd", {**event, "routing_key": [SECRETS["PD"]]}, {}, ""),
        ("pd", [], {}, ""),
        ("pdhooks", {**event, "routing_key": SECRETS["PDV3"]}, {}, ""),
        ("grafana", body, bearer("GRAFANA"), ""),
    ]
    before = stored(vigie)
    for source, payload, headers, query in forged:
        status, answer = await send(vigie, source, payload, headers, query)
        assert status == 401, (source, payload, headers, answer)
        assert not any(secret in json.dumps(answer) for secret in SECRETS.values())
    assert (await vigie.post({**event, "routing_key": "x" * 32}, headers={}, path="/v2/enqueue"))[0] == 401
    assert stored(vigie) == before
    assert (await send(vigie, "mapped", body, right))[1]["decisions"] == ["opened"]
    assert (await send(vigie, "old", body, {}, f"?token={SECRETS['QUERY']}"))[0] == 200


MAC, STAMP = "X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp"


def grafana(vigie: World, body: bytes, age_s: float = 0, key: str = "GRAFANA") -> dict[str, str]:
    stamp = str(int(time.time() - age_s))
    mac = hmac.new(SECRETS[key].encode(), stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {MAC: mac, STAMP: stamp}


@pytest.mark.attack("J2")
async def test_an_old_signature_of_grafana_is_refused(vigie: World) -> None:
    """Its time is signed with the body: off by more than five minutes, moved or missing, it is 401."""
    service = vigie.break_target()
    body = json.dumps({**alertmanager(vigie, service), "version": "1"}).encode()
    good = grafana(vigie, body)
    moved = grafana(vigie, body, 3600) | {
        "X-Grafana-Alerting-Timestamp": good["X-Grafana-Alerting-Timestamp"]
    }
    without = {
        "X-Grafana-Alerting-Signature": hmac.new(
            SECRETS["GRAFANA"].encode(), body, hashlib.sha256
        ).hexdigest()
    }
    for headers in (
        grafana(vigie, body, 302),
        grafana(vigie, body, -302),
        moved,
        without,
        grafana(vigie, body, key="ONE"),
    ):
        assert (await send(vigie, "grafana", body, headers))[0] == 401
    assert (await send(vigie, "grafana", body + b" ", good))[0] == 401
    assert vigie.open_incident(service) is None
    assert (await send(vigie, "grafana", body, good))[1]["decisions"] == ["opened"]


@pytest.mark.attack("J3")
async def test_a_replay_at_a_source_has_no_effect(vigie: World) -> None:
    """A signed webhook, a webhook of PagerDuty, a delivery that its sender named: again, it is nothing.

    PagerDuty signs no time: only that its signature is known tells a replay, so that is never forgotten.
    """
    service = vigie.break_target()
    body = json.dumps({**alertmanager(vigie, service), "version": "1"}).encode()
    headers = grafana(vigie, body)
    assert (await send(vigie, "grafana", body, headers))[1]["accepted"] == 1
    event: dict[str, object] = {"id": "E1", "event_type": "incident.triggered"}
    event |= {"data": {"id": "PX1", "title": "It burns", "urgency": "high", "service": {"summary": "svc-pd"}}}
    hook = json.dumps({"event": event}).encode()
    mac = hmac.new(SECRETS["PDV3"].encode(), hook, hashlib.sha256).hexdigest()
    signed = {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={mac}"}
    assert (await send(vigie, "pdhooks", hook, signed))[1]["accepted"] == 1
    named = bearer("ONE") | {"Idempotency-Key": "n1"}
    assert (await send(vigie, "one", alertmanager(vigie, vigie.break_target()), named))[1]["accepted"] == 1
    before = stored(vigie)
    for source, payload, given in (("grafana", body, headers), ("pdhooks", hook, signed)):
        assert (await send(vigie, source, payload, given))[1] == {"accepted": 0, "decisions": []}
    assert (await send(vigie, "one", alertmanager(vigie, "svc-z"), named))[1]["accepted"] == 0
    assert stored(vigie) == before
    kept = vigie.rows(sa.select(tables.inbox.c.key, tables.inbox.c.kind))
    kinds = {row.key.split(":")[1]: row.kind for row in kept if row.key.startswith("delivery:")}
    assert (kinds["grafana"], kinds["pdhooks"], kinds["one"]) == ("delivery", "signed", "delivery")
    # The same name of another source is another delivery.
    other = bearer("TWO") | {"Idempotency-Key": "n1"}
    assert (await send(vigie, "two", alertmanager(vigie, vigie.break_target()), other))[1]["accepted"] == 1


async def test_a_sender_of_pagerduty_s_events_is_answered_as_by_pagerduty(vigie: World) -> None:
    """Trigger, acknowledge and resolve at /v2/enqueue: 202 with the key; the key alone ends the incident."""
    event = {
        "routing_key": SECRETS["PD"],
        "event_action": "trigger",
        "payload": {
            "summary": "Ping fails",
            "source": "srv",
            "severity": "critical",
            "component": "svc-ping",
        },
    }
    status, answer = await vigie.post(event, headers={}, path="/v2/enqueue")
    assert (status, answer["status"]) == (202, "success")
    incident = vigie.open_incident("svc-ping")
    assert incident is not None and incident.severity.word == "critical"
    for action in ("acknowledge", "resolve"):
        told = {"routing_key": SECRETS["PD"], "event_action": action, "dedup_key": answer["dedup_key"]}
        assert (await vigie.post(told, headers={}, path="/v2/enqueue"))[0] == 202
        assert is_open(vigie, incident) is (action == "acknowledge")


def said(vigie: World, bot: str, text: str, channel: str = ROOM, **more: object) -> dict[str, object]:
    ts = vigie.place._core.board.timestamps.next()
    event = {"type": "message", "subtype": "bot_message", "channel": channel, "channel_type": "channel"}
    return {**event, "bot_id": bot, "text": text, "ts": ts, **more}


@pytest.mark.attack("D6")
async def test_only_allowed_bots_in_their_channel_are_heard_and_none_commands(vigie: World) -> None:
    """Another bot or channel, a thread, an edit, Vigie itself: nothing. An allowed one: an alert at most."""
    before = stored(vigie)
    opened = len(vigie.audited("opened"))
    quiet: list[dict[str, object]] = [
        said(vigie, "B0OTHER", "[FIRING:1] NotMine"),
        said(vigie, ALLOWED, "[FIRING:1] NotHere", CHANNEL),
        said(vigie, ALLOWED, "[FIRING:1] InThread", thread_ts="1.1"),
        said(vigie, ALLOWED, "[FIRING:1] Edited", subtype="message_changed"),
        said(vigie, ALLOWED, "[FIRING:1] Own", user=BOT.id, subtype=None),
        said(vigie, ALLOWED, "[FIRING:1] Own", metadata={"event_type": "vigie_post", "event_payload": {}}),
        said(vigie, ALLOWED, ""),
    ]
    for event in quiet:
        vigie.hear(event)
    command = f"<@{BOT.id}> freeze, approve P1"
    heard = said(vigie, ALLOWED, command)
    vigie.hear(heard)
    vigie.hear(heard)
    await vigie.until("the one alert", lambda: stored(vigie) > before)
    await vigie.settle(0.5)
    assert stored(vigie) == before + 1
    assert len(vigie.audited("opened")) == opened + 1
    (row,) = vigie.rows(sa.select(tables.alerts.c.body).order_by(tables.alerts.c.id.desc()).limit(1))
    assert (row.body["source"], row.body["name"]) == ("room", f"@{BOT.id} freeze, approve P1")
    with vigie.store.read() as tx:
        assert tx.n3.freeze() is None and not tx.inbox.pending(InboxKind.ASK)


@pytest.mark.attack("O6")
async def test_a_sender_s_clock_decides_nothing(vigie: World) -> None:
    """Started in 1990 or in 2099 by its sender: what counts is when it came, and a clock ahead is told."""
    for starts_at, flagged in (("1990-01-01T00:00:00Z", False), ("2099-01-01T00:00:00Z", True)):
        service = vigie.break_target()
        alert = vigie.alert(service) | {"startsAt": starts_at}
        assert await vigie.fire(alert) == ["opened"]
        incident = vigie.open_incident(service)
        assert incident is not None
        assert abs(incident.opened_at.timestamp() - time.time()) < 60
        # What its sender's clock says of another one does not keep them apart.
        assert await vigie.fire(
            vigie.alert(service, name="Second") | {"startsAt": "2001-01-01T00:00:00Z"}
        ) == ["joined"]
        (row, *_) = vigie.rows(
            sa.select(tables.alerts.c.body, tables.alerts.c.received_at)
            .where(tables.alerts.c.incident_id == incident.id)
            .order_by(tables.alerts.c.id)
        )
        assert ("the sender's clock is ahead" in row.body["flags"]) is flagged
        assert abs(row.received_at.timestamp() - time.time()) < 60


@pytest.mark.attack("O8")
async def test_a_heartbeat_opens_nothing_and_its_absence_does(vigie: World) -> None:
    """Seen while it comes, whatever it says of itself; gone, it is a critical incident until it is back."""
    watchdog = vigie.alert("", name="Watchdog", severity="critical", labels={"cluster": "eu"})
    for _ in range(3):
        assert await vigie.fire(watchdog) == ["heartbeat"]
    gone = await vigie.until("its absence", lambda: _absent(vigie), 30)
    assert gone.severity.word == "critical"
    card = await vigie.message(f"incident:{gone.id}")
    assert "Watchdog" in json.dumps(card)
    assert await vigie.fire(watchdog) == ["heartbeat"]
    await vigie.until("its end", lambda: not is_open(vigie, gone))


def _absent(vigie: World) -> Incident | None:
    with vigie.store.read() as tx:
        found = [i for i in tx.incidents.in_states(*IncidentState) if "heartbeat Watchdog" in i.title]
    return found[0] if found else None


async def test_bytes_that_are_no_text_and_long_labels_are_kept(vigie: World) -> None:
    """Invalid UTF-8 and a label of 64 KB lose nothing but themselves, and the alert says what was done."""
    service = vigie.break_target()
    alert = vigie.alert(service, labels={"long": "x" * 65_536, "odd": "BYTES"})
    body = json.dumps({"version": "4", "alerts": [alert]}).encode().replace(b"BYTES", b"\xff\xfeok")
    assert (await send(vigie, "one", body, bearer("ONE")))[1]["decisions"] == ["opened"]
    (row,) = vigie.rows(sa.select(tables.alerts.c.body).order_by(tables.alerts.c.id.desc()).limit(1))
    assert row.body["labels"]["odd"] == "\ufffd\ufffdok"
    assert len(row.body["labels"]["long"]) == 4000
    assert {"a text was cut", "bytes that are no UTF-8 were replaced"} <= set(row.body["flags"])
