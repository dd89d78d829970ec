"""Groups H, P, G and D: while an action runs, after it made things worse, and when nobody saw it end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.incident import Incident
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState
from bot.playground.workspace import Person, SubmitOutcome
from bot.playground.workspace.outcomes import ClickOutcome
from bot.slack.members import GroupMembership
from bot.tools.executor import Executor
from bot.tools.runners.base import Emit, RunResult
from bot.tools.running import Running
from bot.tools.secrets import Secrets
from tests.world import CHANNEL, GUEST, N3_A, N3_B, ON_CALL, SECOND, Message, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = "correct-horse-battery"


def more_actions(whitelist: dict[str, Any]) -> None:
    """An action that makes it worse, and what takes that back; one that may run twice within an hour."""
    fix = whitelist["actions"]["fix"]
    worse = {"target": fix["arguments"]["target"], "value": {**fix["arguments"]["value"], "default": 9}}
    argv = [*fix["run"]["argv"][:-2], "spoiled by vigie", "{value}"]
    spoil = {**fix, "arguments": worse, "title": "Spoil the value", "run": {**fix["run"], "argv": argv}}
    del spoil["no_undo"]
    undo = {**fix, "arguments": {"target": worse["target"]}, "title": "Take back what was spoiled"}
    undo["run"] = {**fix["run"], "argv": [*fix["run"]["argv"][:-2], "taken back", "0"]}
    spoil["undo"] = {"action": "unspoil", "arguments": {"target": "{target}"}}
    rare = {**fix, "title": "Set the value, rarely", "limits": {"at_once": 5, "per_hour": 2}}
    whitelist["actions"] |= {"spoil": spoil, "unspoil": undo, "rare": rare}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Vigie for all cases here, with a secret that tools print."""
    folder = tmp_path_factory.mktemp("running")
    secrets = folder / "secrets.env"
    secrets.write_text(f"HORSE={SECRET}\n")
    secrets.chmod(0o600)
    async with world(folder, change_catalogue=more_actions) as running:
        yield running


async def fill(vigie: World, person: Person, view: dict[str, Any], **given: object) -> SubmitOutcome:
    """Submit the form on top; `given` are arguments by name."""
    values: dict[str, Any] = {f"arg:{name}": {"value": value} for name, value in given.items()}
    why = {"why": {"value": "because the runbook says so"}}
    return await vigie.place.submit(person.id, view["id"], values | why)


async def opened(vigie: World, person: Person, how: Any) -> dict[str, Any]:  # noqa: ANN401  # an awaitable deed
    """The modal that a deed opens for this person."""
    before = len(vigie.place.views_of(person.id))
    outcome = await how
    assert outcome.ok, outcome
    await vigie.until("a modal", lambda: len(vigie.place.views_of(person.id)) > before)
    return vigie.place.views_of(person.id)[-1]


async def prepared(vigie: World, incident: Incident, known: int) -> Proposal:
    """The proposal that was made after there were `known` of them, once it can be signed."""

    def look() -> Proposal | None:
        fresh = vigie.proposals(incident)[known:]
        return fresh[-1] if fresh and fresh[-1].digest else None

    return await vigie.until("a prepared proposal", look)


async def proposed_by_form(
    vigie: World, incident: Incident, tool: str, by: Person = ON_CALL, **given: object
) -> Proposal:
    """Propose on the incident's card by the shortcut, as a person does."""
    known = len(vigie.proposals(incident))
    card = await vigie.message(f"incident:{incident.id}")
    chosen = await opened(vigie, by, vigie.place.shortcut(by.id, CHANNEL, card["ts"], "propose_action"))
    form = await vigie.place.submit(by.id, chosen["id"], {"tool": {"value": tool}})
    assert form.ok and form.view is not None, form
    done = await fill(vigie, by, form.view, **given)
    assert done.ok, done
    assert done.view is not None
    await vigie.place.close_view(by.id, done.view["id"])
    return await prepared(vigie, incident, known)


async def press(vigie: World, person: Person, key: str, action: str) -> ClickOutcome:
    message = await vigie.message(key)
    return await vigie.place.click(person.id, CHANNEL, message["ts"], action)


async def told(vigie: World, person: Person, words: str) -> str:
    """What was said to this person with these words."""
    return await vigie.until(
        f"{words!r} told", lambda: next((text for text in vigie.told(person) if words in text), None)
    )


def in_thread(vigie: World, incident: Incident) -> list[Message]:
    with vigie.store.read() as tx:
        card = tx.posts.get(f"incident:{incident.id}")
    assert card is not None
    return vigie.place.replies(CHANNEL, card.ts)


def shown_in_thread(vigie: World, incident: Incident, words: str) -> Message | None:
    """The message of the thread that shows these words, if there is one."""
    return next((m for m in in_thread(vigie, incident) if words in text_of(m.get("blocks", []))), None)


async def state_of(vigie: World, proposal: Proposal, state: ProposalState) -> Proposal:
    def look() -> Proposal | None:
        now = vigie.proposal(proposal.id)
        return now if now.state is state else None

    return await vigie.until(f"{proposal.label} {state.value}", look)


@pytest.mark.attack("L3")
async def test_output_is_streamed_stopped_and_settled(vigie: World) -> None:
    """A long action prints into the thread, cleaned; who may stops it, all of its group; N3 settles it."""
    service = vigie.break_target(
        prints=400, pause_s=0.2, words=[SECRET, *["order"] * 50], child=True, slow_s=60
    )
    incident = await vigie.incident(service)
    proposal = await vigie.propose(incident)
    assert (await vigie.sign(N3_A, proposal)).ok
    running = await vigie.message(f"proposal:{proposal.id}", "Runs since")
    streamed = await vigie.until("the output", lambda: shown_in_thread(vigie, incident, "step 9"))
    assert SECRET not in json.dumps(in_thread(vigie, incident)) and "[secret HORSE]" in text_of(streamed)
    assert vigie.place.calls("chat.startStream") and vigie.place.calls("chat.appendStream")
    # -- only who may
    await vigie.place.click(SECOND.id, CHANNEL, running["ts"], "stop")
    await told(vigie, SECOND, "may stop it")
    await vigie.place.click(GUEST.id, CHANNEL, running["ts"], "stop")
    await vigie.forge_click(ON_CALL, "stop", str(proposal.id), team_id="T0OTHER")
    assert vigie.proposal(proposal.id).state is ProposalState.EXECUTING
    await vigie.place.click(ON_CALL.id, CHANNEL, running["ts"], "stop")
    ended = await state_of(vigie, proposal, ProposalState.UNKNOWN)
    child = Path("/proc") / (vigie.target(service) / "child").read_text() / "cmdline"
    await vigie.until("the end of what it began", lambda: not child.exists() or not child.read_bytes())
    assert "stopped while it ran" in ended.reason
    event = vigie.audited("execution unknown")[-1]
    assert event.detail["stopped_by"] == f"{vigie.place._core.team.id}/{ON_CALL.id}"
    with vigie.store.read() as tx:
        run = tx.proposals.execution(proposal.id)
    assert run is not None and "step 9" in run.output and SECRET not in run.output
    # -- the message is whole, an ordinary one by now, and all of it is a file
    final = await vigie.message(f"output:{proposal.id}", "Stopped")
    assert final["ts"] == streamed["ts"] and final.get("streaming_state") != "in_progress"
    files = await vigie.until(
        "the file", lambda: [f for m in in_thread(vigie, incident) for f in m.get("files", [])] or None
    )
    assert [file["name"] for file in files] == [f"{proposal.label}-output.txt"]
    assert SECRET not in json.dumps(vigie.all_messages())
    # -- what is not known is not repeated, also not by a person, before N3 has settled it
    await vigie.forge_click(ON_CALL, "again", str(proposal.id))
    await told(vigie, ON_CALL, "may have taken effect; N3 has to settle that first")
    await press(vigie, ON_CALL, f"proposal:{proposal.id}", "settle_open:yes")
    await told(vigie, ON_CALL, "Only N3 may say whether it took effect")
    await press(vigie, SECOND, f"proposal:{proposal.id}", "look_again")
    await vigie.message(f"proposal:{proposal.id}", "The check, read again")
    view = await opened(vigie, N3_A, press(vigie, N3_A, f"proposal:{proposal.id}", "settle_open:no"))
    assert "The check, read again" in text_of(view) and "9 points" in text_of(view)
    values = {"reason": {"value": {"value": "the ledger has one line and the value is still 9"}}}
    assert (await vigie.place.submit(N3_A.id, view["id"], values)).ok
    settled = await state_of(vigie, proposal, ProposalState.FAILED)
    assert [e.actor for e in vigie.audited("settled: failed")] == [f"{vigie.place._core.team.id}/{N3_A.id}"]
    await vigie.until("verified again", lambda: vigie.proposal(settled.id).outcome is Outcome.NOT_FIXED)
    assert len(vigie.ledger(service)) == 1
    vigie.break_target(service=service)
    await press(vigie, SECOND, f"proposal:{proposal.id}", "again")
    again = await prepared(vigie, incident, 1)
    assert again.proposer.user_id == SECOND.id
    assert (await vigie.sign(N3_B, again)).ok
    assert (await vigie.over(again)).outcome is Outcome.FIXED


@pytest.mark.attack("H8")
@pytest.mark.attack("H9")
async def test_worse_offers_the_signed_undo_and_a_failed_undo_calls_n3(vigie: World) -> None:
    """The check reads worse: the undo is offered with the digest it was signed under; nothing after it."""
    service = vigie.break_target(7)
    incident = await vigie.incident(service)
    proposal = await proposed_by_form(vigie, incident, "spoil")
    assert (await vigie.sign(N3_A, proposal)).ok
    assert (await vigie.over(proposal)).worse
    offered = await vigie.message(f"worse:{proposal.id}", proposal.digest)
    vigie.break_target(9, service=service, stuck=True)
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, offered["ts"], "undo")).ok
    undo = await prepared(vigie, incident, 1)
    assert undo.undo_of == proposal.id
    await vigie.message(f"worse:{proposal.id}", f"proposed as *{undo.label}*")
    assert (await vigie.sign(N3_B, undo)).ok
    assert (await vigie.over(undo)).outcome is Outcome.NOT_FIXED
    await vigie.message(f"undo_failed:{undo.id}", "Vigie stops here")
    with vigie.store.read() as tx:
        called = [tx.posts.get(f"undo_failed:{undo.id}:{person.id}") for person in (N3_A, N3_B)]
    assert all(called)
    card = await vigie.message(f"proposal:{undo.id}", "not fixed")
    assert "actions" not in [block["type"] for block in card["blocks"]]
    await vigie.forge_click(ON_CALL, "undo", str(undo.id))
    await told(vigie, ON_CALL, "is an undo itself")
    assert len(vigie.proposals(incident)) == 2


@pytest.mark.attack("H10")
@pytest.mark.attack("H11")
@pytest.mark.attack("P3")
async def test_a_storm_of_signatures_and_a_freeze(vigie: World) -> None:
    """One at a time a service, so many an hour a tool; a freeze starts nothing and lists what runs."""
    service = vigie.break_target(9, slow_s=3)
    incident = await vigie.incident(service)
    first = await vigie.propose(incident)
    rest = [
        await proposed_by_form(vigie, incident, "rare", by, note=f"note {n}")
        for n, by in enumerate((ON_CALL, SECOND, ON_CALL))
    ]
    assert (await vigie.sign(N3_A, first)).ok
    await vigie.until("the first under way", lambda: bool(vigie.ledger(service)))
    assert (await vigie.sign(N3_A, rest[0])).ok
    await vigie.message(f"proposal:{rest[0].id}", "It waits: 1 of at most 1 at a time")
    # -- P3: what was signed for one set of arguments lets no other run
    assert vigie.proposal(rest[1].id).state is ProposalState.PROPOSED
    # -- the switch, by anybody, in the thread: slash commands do not work there
    card = await vigie.message(f"incident:{incident.id}")
    await vigie.place.say(
        SECOND.id, CHANNEL, f"<@{vigie.place._core.team.bot.id}> freeze odd things", card["ts"]
    )
    await told(vigie, SECOND, "/vigie freeze")
    with vigie.store.read() as tx:
        frozen = tx.n3.freeze()
    assert frozen is not None and frozen.reason == "odd things"
    listed = await vigie.message(f"frozen:{frozen.id}", first.label)
    assert [e["action_id"] for b in listed["blocks"] for e in [b.get("accessory")] if e] == ["stop"]
    await vigie.over(first)
    await vigie.message(f"frozen:{frozen.id}", "No action runs")
    await vigie.settle(2)
    assert len(vigie.ledger(service)) == 1 and vigie.proposal(rest[0].id).state is ProposalState.SIGNED
    await vigie.place.click(ON_CALL.id, CHANNEL, listed["ts"], "unfreeze")
    await told(vigie, ON_CALL, "Only N3 may sign or lift a freeze")
    vigie.break_target(9, service=service)
    await vigie.place.click(N3_B.id, CHANNEL, listed["ts"], "unfreeze")
    await vigie.over(rest[0])
    vigie.break_target(9, service=service)
    assert (await vigie.sign(N3_B, rest[1])).ok
    await vigie.over(rest[1])
    vigie.break_target(9, service=service)
    assert (await vigie.sign(N3_A, rest[2])).ok
    refused = await state_of(vigie, rest[2], ProposalState.REJECTED)
    assert "rare has had 2 of 2 actions within an hour; propose it again after" in refused.reason
    assert len(vigie.ledger(service)) == 3


@pytest.mark.attack("H6")
@pytest.mark.attack("H7")
async def test_an_old_fence_writes_nothing_and_a_late_end_counts(vigie: World) -> None:
    """Given up as lost while it still runs: its end is taken when it comes; another worker can write none."""
    service = vigie.break_target(slow_s=2)
    proposal = await vigie.propose(await vigie.incident(service))
    who = GroupMembership(vigie.place.bot_token, vigie.place.api_url, "n3")
    first, second = (Executor(vigie.store, who, Secrets({})) for _ in range(2))

    async def forge(emit: Emit) -> RunResult:
        emit("it is done, says the other\n" * 100)
        return RunResult(0, "it is done, says the other")

    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        run = asyncio.create_task(first.execute(proposal.id))
        await vigie.until("the action under way", lambda: bool(vigie.ledger(service)))
        other = Running(vigie.store, vigie.proposal(proposal.id), "another fence", Secrets({}).stream())
        assert (await other.carry_out(forge)).ok
        with vigie.store.begin() as tx:
            forged = Execution(proposal.id, "another fence", tx.now, tx.now, 0, "it is done, says the other")
            assert not tx.proposals.finish(forged)
            assert tx.executions.pieces(proposal.id) == []
        assert second.settle_interrupted() == [proposal.id]
        assert vigie.proposal(proposal.id).state is ProposalState.UNKNOWN
        await run
    assert (await vigie.over(proposal)).state is ProposalState.SUCCEEDED
    assert [e.subject for e in vigie.audited("late end: succeeded")] == [proposal.label]
    await vigie.until("verified", lambda: vigie.proposal(proposal.id).outcome is Outcome.FIXED)
    with vigie.store.read() as tx:
        kept = tx.proposals.execution(proposal.id)
    assert kept is not None and "fixed by vigie" in kept.output
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("I2")
@pytest.mark.attack("F3")
@pytest.mark.attack("P5")
@pytest.mark.attack("D5")
async def test_forms_check_what_is_entered_and_an_edit_is_a_new_proposal(vigie: World) -> None:
    """Wrong fields are told beside them; who edits is the proposer and cannot sign; the old one is over."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    near = await vigie.place.command(ON_CALL.id, CHANNEL, "/vigie run fixx")
    assert near.ok
    await told(vigie, ON_CALL, "Did you mean fix")
    form = await opened(vigie, N3_A, vigie.place.command(N3_A.id, CHANNEL, "/vigie run fix"))
    place = {"place": {"value": json.dumps([incident.id])}}
    other = next(name for name in ("target-0", "target-39") if name != f"target-{service[4:]}")
    wrong = {"arg:note": {"value": "-rf /"}, "arg:value": {"value": "99"}, "arg:target": {"value": other}}
    outcome = await vigie.place.submit(
        N3_A.id, form["id"], place | wrong | {"why": {"value": "it is too high"}}
    )
    assert not outcome.ok and set(outcome.errors) == {"arg:note", "arg:value", "arg:target"}
    assert "whole number from 0 to 9" in outcome.errors["arg:value"]
    assert "not to" in outcome.errors["arg:target"]
    assert vigie.proposals(incident) == []
    right = {"arg:note": {"value": "calm"}, "arg:value": {"value": "1"}}
    target = {"arg:target": {"value": f"target-{service[4:]}"}, "why": {"value": "it is too high"}}
    assert (await vigie.place.submit(N3_A.id, form["id"], place | right | target)).ok
    old = await prepared(vigie, incident, 0)
    assert dict(old.arguments) == {"target": f"target-{service[4:]}", "note": "calm", "value": 1}
    edit = await opened(vigie, N3_B, press(vigie, N3_B, f"proposal:{old.id}", "edit_open"))
    assert (await fill(vigie, N3_B, edit, value="2")).ok
    new = await prepared(vigie, incident, 1)
    assert (new.proposer.user_id, new.arguments["value"]) == (N3_B.id, 2)
    replaced = vigie.proposal(old.id)
    assert (replaced.state, replaced.replaced_by) == (ProposalState.REJECTED, new.id)
    assert await vigie.open_sign(N3_B, new) is None
    await told(vigie, N3_B, "You proposed this")
    await vigie.forge_click(N3_B, "sign_open", str(old.id))
    await told(vigie, N3_B, "rejected already")
    view = await opened(vigie, N3_A, press(vigie, N3_A, f"proposal:{new.id}", "sign_open"))
    assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    assert (await vigie.over(new)).outcome is Outcome.FIXED
    assert vigie.ledger(service) == [[str(vigie.target(service)), "calm", "2"]]
