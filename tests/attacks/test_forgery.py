"""Groups F, G, H and P over HTTP: forged, stale, replayed, repeated and nameless interactions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.proposal import ProposalState
from bot.store import tables
from tests.attacks.over_http import (
    PATH,
    SECRET,
    Payload,
    body_of,
    click,
    command,
    headers_for,
    send,
    submission,
)
from tests.world import CHANNEL, GROUP, N3_A, N3_B, ON_CALL, SECOND, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

_STATE = ("incidents", "proposals", "sign_offs", "executions", "freezes", "inbox", "audit", "n3_members")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie that Slack calls over HTTP as well."""
    folder = tmp_path_factory.mktemp("http")
    async with world(folder, environment={"SLACK_SIGNING_SECRET": SECRET}) as running:
        yield running


def state(vigie: World) -> dict[str, list[Any]]:
    """Every row that a person's deed could change."""
    with vigie.store._engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.select(tables.metadata.tables[name]))]
            for name in _STATE
        }


def _with(payload: Payload, **user: object) -> Payload:
    """The payload with another user in it; no argument at all takes the user out."""
    rest = {key: value for key, value in payload.items() if key != "user"}
    return rest | ({"user": user} if user else {})


async def quiet(vigie: World) -> dict[str, list[Any]]:
    """The state once nothing changes any more."""
    seen = [state(vigie)]

    def settled() -> bool:
        seen.append(state(vigie))
        return seen[-1] == seen[-2]

    await vigie.settle(0.6)
    await vigie.until("a quiet moment", settled)
    return seen[-1]


@pytest.mark.attack("F1")
async def test_a_forged_interaction_is_answered_401_and_changes_nothing(vigie: World) -> None:
    """No signature, a foreign secret's, a truncated one, one of another body, none of the three headers."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    card = await vigie.message(f"proposal:{proposal.id}")
    before = await quiet(vigie)
    for payload in (
        submission(vigie, N3_A, view),
        click(vigie, N3_A, card, "reject"),
        command(vigie, N3_A, "freeze"),
    ):
        body = body_of(payload)
        good = headers_for(body)
        form = {"Content-Type": good["Content-Type"]}
        forged = [
            form,
            good | {"X-Slack-Signature": ""},
            good | {"X-Slack-Signature": "v0="},
            good | {"X-Slack-Signature": good["X-Slack-Signature"][:-1]},
            good | {"X-Slack-Signature": headers_for(body + b"&x=1")["X-Slack-Signature"]},
            good | {"X-Slack-Request-Timestamp": str(int(good["X-Slack-Request-Timestamp"]) - 1)},
            good | {"X-Slack-Request-Timestamp": "soon"},
            good | {"X-Slack-Request-Timestamp": "1" * 5000},
            good | {"X-Slack-Signature": "v0=é"},
            {k: v for k, v in good.items() if k != "X-Slack-Request-Timestamp"},
            headers_for(body, secret=""),
            headers_for(body, secret=SECRET[:-1]),
        ]
        statuses = [(await vigie.post(body, headers=headers, path=PATH))[0] for headers in forged]
        assert statuses == [401] * len(forged)
    assert (await vigie.post(b"payload=\xff", headers=headers_for(b"payload=\xff"), path=PATH))[0] == 400
    for unsigned in (command(vigie, N3_A, "freeze"), submission(vigie, N3_A, view)):
        await vigie.post(body_of(unsigned | {"ssl_check": "1"}), headers=form, path=PATH)
    await vigie.settle()
    assert state(vigie) == before
    assert vigie.ledger(service) == []


@pytest.mark.attack("G9")
async def test_what_is_older_than_five_minutes_is_refused(vigie: World) -> None:
    """A rightly signed payload counts for 300 s, then never again; one from the future neither."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    before = await quiet(vigie)
    for age_s in (302, 3600, -302):
        assert (await send(vigie, submission(vigie, N3_A, view), age_s=age_s))[0] == 401
    await vigie.settle()
    assert state(vigie) == before
    assert vigie.ledger(service) == []


@pytest.mark.attack("G9")
async def test_a_replay_within_five_minutes_has_no_second_effect(vigie: World) -> None:
    """A replayed Propose revives nothing that was rejected; a replayed unfreeze lifts no later freeze."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    propose = click(vigie, ON_CALL, await vigie.message(f"incident:{incident.id}:diagnosis"), "propose")
    assert (await send(vigie, propose))[0] == 200
    await vigie.until("the proposal", lambda: bool(vigie.proposals(incident)))
    first = vigie.proposals(incident)[0]
    await vigie.message(f"proposal:{first.id}", "signature(s) needed")
    reject = click(vigie, N3_A, await vigie.message(f"proposal:{first.id}"), "reject")
    await send(vigie, reject)
    await vigie.until("the end", lambda: vigie.proposal(first.id).state is ProposalState.REJECTED)

    assert (await send(vigie, propose))[0] == 200
    await vigie.settle()
    assert len(vigie.proposals(incident)) == 1

    freeze, unfreeze = command(vigie, ON_CALL, "freeze"), command(vigie, N3_A, "unfreeze")
    await send(vigie, freeze)
    await send(vigie, unfreeze)
    assert not _is_frozen(vigie)
    await send(vigie, freeze)
    assert not _is_frozen(vigie), "a replayed freeze froze"
    await send(vigie, command(vigie, ON_CALL, "freeze"))
    try:
        await send(vigie, unfreeze)
        await vigie.settle()
        assert _is_frozen(vigie), "a replayed unfreeze lifted a later freeze"
    finally:
        await send(vigie, command(vigie, N3_A, "unfreeze"))
    assert not _is_frozen(vigie)


@pytest.mark.attack("H2")
async def test_four_deliveries_have_one_effect(vigie: World) -> None:
    """Propose, then sign, each delivered four times at once: one proposal, one signature, one run."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    vigie.place.faults.redeliver(4)
    try:
        proposal = await vigie.propose(incident, by=ON_CALL)
        view = await vigie.open_sign(N3_A, proposal)
        assert view is not None
        assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    finally:
        vigie.place.faults.redeliver(1)
    await vigie.over(proposal)
    await vigie.settle()
    assert [p.id for p in vigie.proposals(incident)] == [proposal.id]
    assert len(vigie.ledger(service)) == 1
    assert len([e for e in vigie.audited("signed") if e.subject == proposal.label]) == 1


@pytest.mark.attack("P1")
async def test_an_approval_delivered_many_times_by_several_people_runs_once(vigie: World) -> None:
    """Ten deliveries of two people's signatures at once: one run; who comes later is told so."""
    service, proposal = await vigie.proposed()
    views = [await vigie.open_sign(person, proposal) for person in (N3_A, N3_B)]
    late_a, late_b = views
    assert late_a is not None
    assert late_b is not None
    sent = [submission(vigie, N3_A, late_a), submission(vigie, N3_B, late_b)] * 5
    answers = await asyncio.gather(*(send(vigie, payload) for payload in sent))
    assert {status for status, _ in answers} == {200}
    refused = [text_of(answer["view"]) for _, answer in answers if answer]
    assert len(refused) == len(answers) - 1, "one signature was needed, one counted"
    assert all("already" in text for text in refused)
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.SUCCEEDED
    for person, view in ((N3_A, late_a), (N3_B, late_b)):
        _, answer = await send(vigie, submission(vigie, person, view))
        assert "succeeded already" in text_of(answer["view"])
    await vigie.settle()
    assert len(vigie.ledger(service)) == 1
    assert len(vigie.audited("execution started")) == len(vigie.audited("execution succeeded"))


@pytest.mark.attack("P6")
async def test_an_empty_or_missing_user_is_nobody(vigie: World) -> None:
    """Rightly signed, but from nobody: refused, also when the N3 group holds an empty id and no one else."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    card = await vigie.message(f"proposal:{proposal.id}")
    payloads = [submission(vigie, N3_A, view), click(vigie, N3_A, card, "reject")]
    team = vigie.place._core.team.id
    before = (await quiet(vigie))["proposals"]
    group = vigie.place._core.team.groups[GROUP]
    vigie.place.set_group_members(GROUP, ["", "null", "None", *group.members])
    try:
        for payload in payloads:
            for nobody in (
                _with(payload),
                _with(payload, id="", team_id=team),
                _with(payload, id=None, team_id=team),
                _with(payload, id="null", team_id=team),
                _with(payload, name="N3 A", username="n3.a", team_id=team),
                _with(payload, id=N3_A.id, team_id="") | {"team": None},
                _with(payload, id=N3_A.id, team_id="T0OTHER"),
                _with(payload, id=f"{N3_A.id} ", team_id=team),
            ):
                await send(vigie, nobody)
        await vigie.settle()
    finally:
        vigie.place.set_group_members(GROUP, group.members)
    assert state(vigie)["proposals"] == before
    assert [row for row in state(vigie)["sign_offs"] if row[1] == proposal.id] == []
    assert vigie.ledger(service) == []


@pytest.mark.attack("P8")
async def test_any_member_may_not_sign(vigie: World) -> None:
    """Somebody outside N3 submits the very modal that an N3 was shown, signed by Slack: refused, audited."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    for person in (SECOND, ON_CALL):
        _, answer = await send(vigie, submission(vigie, person, view))
        assert "Not signed" in text_of(answer["view"])
        refusal = vigie.audited("refused to sign")[-1]
        assert (refusal.actor, refusal.subject) == (f"T0VIGIE/{person.id}", proposal.label)
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    await vigie.settle()
    assert vigie.ledger(service) == []


@pytest.mark.attack("G4")
async def test_a_tampered_modal_signs_nothing(vigie: World) -> None:
    """The record is the only truth: another proposal, another digest, rubbish, extra arguments."""
    service, proposal = await vigie.proposed()
    other_service, other = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    real = json.loads(view["private_metadata"])
    card = await vigie.message(f"proposal:{proposal.id}")
    opened_from = {"channel": CHANNEL, "message": card["ts"]}  # for the record alone
    assert real == {"proposal": proposal.id, "digest": proposal.digest, "from": opened_from}
    for metadata in (
        json.dumps(real | {"proposal": other.id}),
        json.dumps(real | {"proposal": str(other.id)}),
        json.dumps(real | {"digest": ""}),
        json.dumps(real | {"digest": proposal.digest.upper()}),
        json.dumps(real | {"digest": None}),
        json.dumps(real | {"digest": [proposal.digest]}),
        json.dumps(real | {"proposal": 10**30}),
        json.dumps(real | {"proposal": -1}),
        '{"proposal": Infinity, "digest": ""}',
        json.dumps([proposal.id, proposal.digest]),
        "null",
        "",
        "[" * 2000,
    ):
        await send(vigie, submission(vigie, N3_A, view) | {"view": view | {"private_metadata": metadata}})
    await vigie.settle()
    for each in (proposal, other):
        assert vigie.proposal(each.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == vigie.ledger(other_service) == []

    arguments = {"target": "target-39", "note": "rm", "value": 9}
    extra = json.dumps(
        real | {"arguments": arguments, "plan": {"call": {"argv": ["/bin/false"]}}, "signatures": 9}
    )
    values = {"x": {"y": {"type": "plain_text_input", "value": "approved"}}}
    tampered = view | {"private_metadata": extra, "state": {"values": values}, "blocks": []}
    await send(vigie, submission(vigie, N3_A, view) | {"view": tampered})
    await vigie.over(proposal)
    assert vigie.ledger(service) == [[str(vigie.target(service)), "fixed by vigie", "0"]]


@pytest.mark.attack("G4")
async def test_a_tampered_button_leads_to_the_record_or_nowhere(vigie: World) -> None:
    """Values that no button of ours has do nothing; the value of another proposal shows that one, whole."""
    service, proposal = await vigie.proposed()
    _, other = await vigie.proposed()
    incident = vigie.open_incident(service)
    assert incident is not None
    card = await vigie.message(f"proposal:{proposal.id}")
    diagnosis = await vigie.message(f"incident:{incident.id}:diagnosis")
    before = await quiet(vigie)
    for value in ("", "-1", "0", "１", "1 or 1=1", "9" * 16, "9" * 15, "1.0", "null"):
        for action in ("sign_open", "reject"):
            await send(vigie, click(vigie, N3_A, card, action, value))
    for value in ("1", "1:0", "1:0:0:0", f"{incident.id}:0:0", f"{incident.id}:1:99", f"{incident.id}:1:-1"):
        await send(vigie, click(vigie, ON_CALL, diagnosis, "propose", value))
    await vigie.settle()
    after = state(vigie)
    assert {name: after[name] for name in ("proposals", "sign_offs")} == {
        name: before[name] for name in ("proposals", "sign_offs")
    }
    shown = len(vigie.place.views_of(N3_B.id))
    await send(vigie, click(vigie, N3_B, card, "sign_open", str(other.id)))
    await vigie.until("the modal", lambda: len(vigie.place.views_of(N3_B.id)) > shown)
    view = vigie.place.views_of(N3_B.id)[-1]
    assert view["title"]["text"] == f"Sign {other.label}"
    assert other.digest in text_of(view)
    assert str(vigie.target(service)) not in text_of(view)


def _is_frozen(vigie: World) -> bool:
    with vigie.store.read() as tx:
        return tx.n3.freeze() is not None
