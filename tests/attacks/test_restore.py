"""Group R: what a backup brings back has lost its signatures, whichever engine it goes into."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.incident import Incident
from bot.domain.proposal import Proposal, ProposalState
from bot.sign_off.audit import first_broken
from tests.acceptance.vigie_command import vigie as command
from tests.postgresql import DEFAULT, database
from tests.world import CHANNEL, N3_A, N3_B, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Restored:
    """A Vigie that lost its store and was restored: what the backup held, and what restore said."""

    vigie: World
    service: str  # of `signed`
    signed: Proposal  # fully signed and not started when the backup was taken; it ran before the loss
    half: Proposal  # with one of its two signatures
    running: Proposal  # under way
    young: Incident  # nothing of it was in Slack yet; all of it was before the loss
    backup: dict[str, Any]
    told: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def restored(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Restored]:
    """A backup of the one engine while `serve` works and goes on, a loss, a restore into the other."""
    before = DEFAULT["store"]
    after = "sqlite" if before == "postgresql" else "postgresql"
    async with world(tmp_path_factory.mktemp("restored"), store=before) as vigie:
        _, half = await vigie.proposed(name="ValueTooRisky")
        assert (await vigie.sign(N3_A, half)).ok
        service, signed = await vigie.proposed()
        slow = vigie.break_target(slow_s=3)
        running = await vigie.propose(await vigie.incident(slow))
        assert (await vigie.sign(N3_A, running)).ok
        await vigie.until("the run", lambda: vigie.ledger(slow) or None)
        young_service = vigie.break_target()
        file = str(vigie.folder / "vigie.backup")
        with vigie.held():
            assert (await vigie.sign(N3_A, signed)).ok
            vigie.place.faults.down(3600)
            await vigie.fire(vigie.alert(young_service))
            backup = await _asked(vigie, "backup", file)
            vigie.place.faults.clear()
        young = vigie.open_incident(young_service)
        assert young is not None
        await vigie.message(f"incident:{young.id}:diagnosis")
        assert (await vigie.over(signed)).state is ProposalState.SUCCEEDED
        await vigie.kill()
        lose_store(vigie, after)
        told = await _asked(vigie, "restore", file)
        await vigie.start()
        yield Restored(vigie, service, signed, half, running, young, backup, told)


def lose_store(vigie: World, engine: str) -> None:
    """The store is gone; what comes now goes into a new one of this engine."""
    vigie.store.close()
    vigie._store = None
    (vigie.folder / "data").rename(vigie.folder / "lost")
    vigie.environment.pop("VIGIE_STORE_URL", None)
    vigie.environment |= database(engine)


@pytest.mark.attack("R10")
async def test_what_was_signed_before_does_not_run_again(restored: Restored) -> None:
    """It was signed in the backup and ran after it: restored, it is expired, says why, and does not run."""
    vigie, signed = restored.vigie, restored.signed
    await vigie.message(f"proposal:{signed.id}", "restored from a backup")
    await vigie.settle(2.5)
    assert vigie.proposal(signed.id).state is ProposalState.EXPIRED
    assert len(vigie.ledger(restored.service)) == 1
    assert signed.label in restored.told["voided"]["expired"]


@pytest.mark.attack("R10")
async def test_a_half_signed_proposal_takes_no_second_signature(restored: Restored) -> None:
    """The signature from before does not wait for another: a click on Sign… is refused."""
    vigie, half = restored.vigie, restored.half
    before = len(vigie.told(N3_B))
    await vigie.forge_click(N3_B, "sign_open", str(half.id))
    await vigie.until("the refusal", lambda: len(vigie.told(N3_B)) > before)
    assert vigie.place.views_of(N3_B.id) == []
    assert f"{half.label} is expired already" in vigie.told(N3_B)[-1]


@pytest.mark.attack("R10")
async def test_what_ran_is_unknown_and_is_not_repeated(restored: Restored) -> None:
    """Its end is not in the backup, so nobody claims to know it."""
    vigie, running = restored.vigie, restored.running
    ended = vigie.proposal(running.id)
    assert ended.state is ProposalState.UNKNOWN
    assert "not known" in ended.reason
    with vigie.store.read() as tx:
        incident = tx.incidents.get(running.incident_id)
    assert incident is not None
    assert len(vigie.ledger(incident.service)) == 1


@pytest.mark.attack("R10")
async def test_signed_anew_it_runs(restored: Restored) -> None:
    """The only way to run it is a new proposal with a new signature; new rows get numbers of their own."""
    vigie, service = restored.vigie, restored.service
    vigie.break_target(service=service)
    with vigie.store.read() as tx:
        incident = tx.incidents.get(restored.signed.incident_id)
        newest = max(proposal.id for proposal in tx.proposals.in_states(*ProposalState))
    assert incident is not None
    again = await vigie.propose(incident)
    assert again.id > newest + 1000  # Slack may show cards of the numbers in between
    runs = len(vigie.ledger(service))
    assert (await vigie.sign(N3_B, again)).ok
    assert (await vigie.over(again)).state is ProposalState.SUCCEEDED
    assert len(vigie.ledger(service)) == runs + 1


async def test_nothing_is_posted_twice(restored: Restored) -> None:
    """What was not sent in the backup was sent before the loss: it is found in Slack, not sent again."""
    vigie, young = restored.vigie, restored.young
    await vigie.message(f"incident:{young.id}:diagnosis", "broken-value")
    await vigie.until("no message waits", lambda: _waiting(vigie) == 0 or None)
    doubled = {key: times for key, times in Counter(vigie.posted()).items() if times != 1}
    assert doubled == {}
    assert f"incident:{young.id}" in vigie.posted()


async def test_it_is_audited_and_told(restored: Restored) -> None:
    """One event with the head of the backup, a chain that holds, and a message that says what to do."""
    vigie = restored.vigie
    (event,) = vigie.audited("restored")
    assert event.detail["backup_head"] == restored.backup["head"]
    with vigie.store.read() as tx:
        events = list(tx.audit.events())
    assert first_broken(events) is None
    assert events[event.seq - 2].seq < event.seq and restored.backup["head"] in {e.hash for e in events}
    (told,) = [m for m in vigie.all_messages(CHANNEL) if "restored from a backup of" in m["text"]]
    assert "proposed and signed again" in told["text"]


async def test_no_token_is_in_a_backup(restored: Restored) -> None:
    """Nothing of the environment's secrets stands in any part, whatever was typed or sent."""
    vigie = restored.vigie
    with zipfile.ZipFile(vigie.folder / "vigie.backup") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "VIGIE_INTAKE_TOKEN")
    assert [name for name in names if vigie.environment[name].encode() in everything] == []
    assert json.loads(zipfile.ZipFile(vigie.folder / "vigie.backup").read("manifest.json"))["format"] == 1


async def _asked(vigie: World, *words: str) -> dict[str, Any]:
    ran = await command(vigie, *words, "--json")
    assert ran.code == 0, ran.err
    return ran.only_json


def _waiting(vigie: World) -> int:
    with vigie.store.read() as tx:
        return tx.posts.lag()[0]
