"""Slack is away, in every way it can be, while Vigie runs: people are told otherwise, and nothing is lost.

One Vigie with a mail server, a webhook and a dead man's switch, all real, on loopback.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.incident import Incident
from bot.playground.workspace.rooms import Room
from tests.receivers import Hook, MailBox, hook, mail_box
from tests.world import BOT, CHANNEL, N3_A, N3_B, ON_CALL, PEOPLE, Message, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
FRESH = "C0FRESH"


@dataclass
class Away:
    """A running Vigie and who else hears of it."""

    vigie: World
    box: MailBox
    hook: Hook
    switch: Hook

    async def broken(self) -> Incident:
        """A critical alert whose incident is stored."""
        service = self.vigie.break_target()
        assert await self.vigie.fire(self.vigie.alert(service)) == ["opened"]
        incident = self.vigie.open_incident(service)
        assert incident is not None
        return incident

    async def over(self, incident: Incident) -> None:
        await self.vigie.fire(self.vigie.alert(incident.service, status="resolved"))

    def events(self, incident: Incident) -> list[str]:
        return [body["event"] for body in self.hook.bodies if body["incident"]["id"] == incident.id]

    def mails(self, incident: Incident) -> list[str]:
        return [subject.split()[1] for subject in self.box.subjects() if f" {incident.label} " in subject]

    async def told(self, incident: Incident, *events: str) -> None:
        """Wait until both ways have told exactly this, and it is noted, so that they never tell it again."""
        words = {"opened": "CRITICAL", "resolved": "RESOLVED"}
        mails = [words[event] for event in events]

        def noted() -> bool:
            with self.vigie.store.read() as tx:
                return not any(tx.notices.unsent(way) for way in ("webhook", "e-mail"))

        await self.vigie.until(
            f"{events} of {incident.label}",
            lambda: self.events(incident) == list(events) and self.mails(incident) == mails and noted(),
        )

    async def health(self) -> dict[str, Any]:
        status, text = await self.vigie.get("/health")
        assert status == 200
        seen: dict[str, Any] = json.loads(text)
        return seen

    async def until_health(self, name: str, words: str) -> None:
        async with asyncio.timeout(20):
            while words not in str((await self.health())[name]):
                await asyncio.sleep(0.1)

    async def metric(self, name: str) -> float:
        lines = (await self.vigie.get("/metrics"))[1].splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def away(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Away]:
    async with mail_box() as box, hook() as receiver, hook() as switch:
        config = (
            f"[fallback]\nafter_s = 2\nwebhook_url = '{receiver.url}'\n"
            f"smtp_host = '127.0.0.1'\nsmtp_port = {box.port}\nsmtp_starttls = false\n"
            "mail_from = 'vigie@example.org'\nmail_to = ['on-call@example.org']\n"
            f"[heartbeat_out]\nurl = '{switch.url}'\nevery_s = 1\n"
        )
        token = {"VIGIE_FALLBACK_TOKEN": "token-of-the-receiver"}
        async with world(tmp_path_factory.mktemp("away"), config=config, environment=token) as vigie:
            made = Away(vigie, box, receiver, switch)
            await made.until_health("slack", "connected")
            yield made


async def test_what_slack_confirms_goes_out_no_other_way(away: Away) -> None:
    """The normal case: the card is in Slack, and neither mail nor webhook hear of the incident or its end."""
    incident = await away.vigie.incident(away.vigie.break_target())
    await away.vigie.settle(4)
    await away.over(incident)
    await away.vigie.message(f"incident:{incident.id}", "resolved")
    await away.vigie.settle(2)
    assert (away.events(incident), away.mails(incident)) == ([], [])


async def test_a_deleted_channel(away: Away) -> None:
    """Told by both ways once; N3 hear what to do; with a channel of that name all is there, in order."""
    vigie = away.vigie
    vigie.place.delete_channel(CHANNEL)
    incident = await away.broken()
    await away.told(incident, "opened")
    for person in (N3_A, N3_B):
        await vigie.until(
            "a direct message",
            lambda person=person: any("#incidents" in m["text"] for m in vigie.all_messages(person.id)),  # type: ignore[misc]
        )
    await away.until_health("message_problem", "channel_not_found of #incidents")
    assert (await away.health())["waiting_by_kind"]["incident"] == 1
    assert away.hook.taken[-1][0]["Authorization"] == "Bearer token-of-the-receiver"
    members = {person.id for person in PEOPLE} | {BOT.id}
    vigie.place._core.board.rooms[CHANNEL] = Room(CHANNEL, "incidents", "channel", members)
    line = await vigie.message(f"incident:{incident.id}:second_way", "by e-mail at")
    assert "by webhook at" in text_of(line) and "channel_not_found" in text_of(line)
    await vigie.message(f"incident:{incident.id}:diagnosis")
    keys = [key for key in vigie.posted() if key.startswith(f"incident:{incident.id}")]
    assert keys[0] == f"incident:{incident.id}" and len(keys) == len(set(keys))
    await away.over(incident)
    await away.told(incident, "opened", "resolved")
    opening, end = away.box.letters[-2:]
    assert end["In-Reply-To"] == opening["Message-ID"]


async def test_a_token_revoked_while_running(away: Away) -> None:
    """Vigie goes on: alerts are taken in and told otherwise, health and metrics say why, and it recovers."""
    vigie = away.vigie
    vigie.place.revoke_token()
    incident = await away.broken()
    await away.told(incident, "opened")
    assert "token_revoked" in str(away.hook.bodies[-1]["because"])
    await away.until_health("slack", "Slack says token_revoked")
    assert await away.metric("vigie_slack_connected") == 0
    assert (await away.health())["messages_waiting"] > 0
    assert vigie.serve is not None and vigie.serve.returncode is None
    vigie.place.reinstall()
    await vigie.message(f"incident:{incident.id}:diagnosis", "broken-value")
    await away.until_health("slack", "connected")
    assert await away.metric("vigie_slack_connected") == 1


async def test_slack_and_both_ways_are_down_at_once(away: Away) -> None:
    """Nothing can be told for a while; then each way has it once, and so has Slack."""
    vigie = away.vigie
    vigie.place.faults.down(3600)
    await away.box.stop()
    away.hook.always = 503
    incident = await away.broken()
    await away.until_health("second_way", "The webhook answers 503")
    await away.until_health("second_way", "mail server does not answer")
    assert (await away.health())["second_way"]["webhook"]["waiting"] == 1
    away.hook.always = 200
    await away.box.start()
    await away.told(incident, "opened")
    vigie.place.faults.clear()
    await vigie.message(f"incident:{incident.id}:diagnosis")
    await away.told(incident, "opened")


async def test_a_restart_with_a_new_token_loses_nothing(away: Away) -> None:
    """With the old one the start is refused with the remedy; with the new one all that waited is there."""
    vigie = away.vigie
    vigie.place.revoke_token()
    incident = await away.broken()
    await away.told(incident, "opened")
    await vigie.stop()
    await vigie.start(ready=False)
    assert vigie.serve is not None
    assert await asyncio.wait_for(vigie.serve.wait(), 20) == 2
    assert "Slack says token_revoked. Install the app again" in vigie.logged().splitlines()[-1]
    fresh = "xoxb-of-the-new-installation"
    vigie.place._core.team.bot_token = vigie.environment["SLACK_BOT_TOKEN"] = fresh
    vigie.place.reinstall()
    await vigie.start()
    await vigie.message(f"incident:{incident.id}:diagnosis", "broken-value")
    await away.told(incident, "opened")


@pytest.mark.fault
async def test_a_crash_between_sending_and_noting(away: Away) -> None:
    """kill -9 at that very place: it goes out again, under the Message-ID and key of the first time."""
    vigie = away.vigie
    await vigie.stop()
    vigie.place.faults.down(3600)
    await vigie.start({"VIGIE_FAULT_AT": "serve second way e-mail done#1"}, ready=True)
    incident = await away.broken()
    assert vigie.serve is not None
    await asyncio.wait_for(vigie.serve.wait(), 20)
    assert vigie.serve.returncode == -9
    assert away.mails(incident) == ["CRITICAL"]
    await vigie.start()
    await vigie.until("the second letter", lambda: len(away.mails(incident)) == 2)
    first, second = away.box.letters[-2:]
    assert first["Message-ID"] == second["Message-ID"]
    await vigie.settle(2)
    assert len(away.mails(incident)) == 2
    assert len({body["key"] for body in away.hook.bodies if body["incident"]["id"] == incident.id}) == 1
    vigie.place.faults.clear()
    await vigie.message(f"incident:{incident.id}:diagnosis")


async def test_a_form_that_slack_opens_too_late(away: Away) -> None:
    """The person is told why, with the button to press again; pressing it opens the form."""
    vigie = away.vigie
    _, proposal = await vigie.proposed()
    vigie.place.faults.fail("views.open", "expired_trigger_id")
    assert await vigie.open_sign(N3_A, proposal) is None
    assert "three seconds" in vigie.told(N3_A)[-1] and "press again" in vigie.told(N3_A)[-1]
    told = vigie.place.ephemerals(N3_A.id)[-1]
    assert (await vigie.place.click(N3_A.id, CHANNEL, told["ts"], "sign_open")).ok
    views = await vigie.until("the form", lambda: vigie.place.views_of(N3_A.id) or None)
    assert (await vigie.place.submit(N3_A.id, views[-1]["id"], {})).ok
    await vigie.over(proposal)


async def test_a_form_that_does_not_open_where_vigie_cannot_write(away: Away) -> None:
    """Vigie was removed from the channel: the words and the button come by direct message."""
    vigie = away.vigie
    _, proposal = await vigie.proposed()
    message = await vigie.message(f"proposal:{proposal.id}")
    vigie.place.faults.fail("views.open", "internal_error")
    vigie.place.remove_bot(CHANNEL)
    before = len(vigie.all_messages(N3_A.id))
    assert (await vigie.place.click(N3_A.id, CHANNEL, message["ts"], "sign_open")).ok

    def told_why() -> Message | None:
        fresh = vigie.all_messages(N3_A.id)[before:]  # that a signature waits is told there as well
        return next((one for one in fresh if "internal_error" in text_of(one)), None)

    told = await vigie.until("a direct message", told_why)
    assert "Open it again" in text_of(told)
    assert (await vigie.place.click(N3_A.id, "D" + N3_A.id[1:], told["ts"], "sign_open")).ok
    await vigie.until("the form", lambda: vigie.place.views_of(N3_A.id))
    vigie.place.add_bot(CHANNEL)


async def test_a_heartbeat_goes_out_while_all_is_well(away: Away) -> None:
    """Once a second here, and its body says how Slack is, also while that is away."""
    vigie, switch = away.vigie, away.switch
    count = len(switch.taken)
    await vigie.until("two heartbeats", lambda: len(switch.taken) >= count + 2)
    assert (switch.bodies[-1]["status"], switch.bodies[-1]["slack"]) == ("well", "connected")
    vigie.place.revoke_token()
    await away.broken()
    await vigie.until("its word of Slack", lambda: "revoked" in switch.bodies[-1]["slack"])
    vigie.place.reinstall()
    await vigie.until("its word of Slack", lambda: switch.bodies[-1]["slack"] == "connected")
    assert await away.metric("vigie_heartbeat_out_timestamp_seconds") > 0


@pytest.mark.fault
async def test_a_full_disk_stops_the_heartbeat(away: Away) -> None:
    """No row can be written, and nothing says that all is well."""
    vigie, switch = away.vigie, away.switch
    assert vigie.serve is not None
    before = len(switch.taken)
    await vigie.until("a heartbeat", lambda: len(switch.taken) > before)
    with vigie.unwritable():
        await vigie.settle(2)  # what was on its way when the disk became full
        count = len(switch.taken)
        await vigie.settle(4)
        assert len(switch.taken) == count
        assert vigie.serve.returncode is None
    await vigie.until("a heartbeat", lambda: len(switch.taken) > count)
    incident = await vigie.incident(vigie.break_target())
    assert incident.id


@pytest.mark.fault
async def test_a_stuck_sweep_stops_the_heartbeat(away: Away) -> None:
    """Somebody holds the lock of the workflow engine's rows: the intake answers, but no work is begun."""
    vigie, switch = away.vigie, away.switch
    with vigie.workflows_held():
        incident = await away.broken()
        await away.until_health("heartbeat_out", "The sweep has done nothing for")
        count = len(switch.taken)
        await vigie.settle(3)
        assert len(switch.taken) == count
    await vigie.until("a heartbeat", lambda: len(switch.taken) > count)
    await vigie.message(f"incident:{incident.id}:diagnosis")


async def test_nothing_of_a_token_is_said_anywhere(away: Away) -> None:
    """Neither the log nor health nor metrics hold the tokens or the webhook's address."""
    vigie = away.vigie
    said = vigie.logged() + (await vigie.get("/health"))[1] + (await vigie.get("/metrics"))[1]
    for secret in ("token-of-the-receiver", away.hook.url, vigie.environment["SLACK_BOT_TOKEN"]):
        assert secret not in said
    assert ON_CALL.id not in (await vigie.get("/metrics"))[1]
