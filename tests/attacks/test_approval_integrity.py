"""Groups G and P: what runs is exactly what was shown and signed, in its time."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import re
import shlex
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.playground.workspace import Person as Member
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, may_be_signed_now, may_execute
from bot.sign_off.rendering import call_text
from bot.slack.blocks.proposal import sign_view
from bot.store import tables
from bot.tools.in_force import CATALOGUE, POLICY, policy_in_force
from tests.scripted_model import ScriptedModel, prose
from tests.world import CHANNEL, N3_A, N3_B, ON_CALL, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGED = "what would run now is not what was signed"
LONG = "".join(f"{number:05d}-" for number in range(500)) + "END"


def _row(proposal: Proposal) -> sa.Update:
    return sa.update(tables.proposals).where(tables.proposals.c.id == proposal.id)


async def refused(vigie: World, service: str, proposal: Proposal, words: str) -> None:
    """It came to its end unrun, with this reason, and that is audited."""
    ended = await vigie.over(proposal)
    assert ended.state in (ProposalState.REJECTED, ProposalState.EXPIRED)
    assert words in ended.reason
    assert [event.subject for event in vigie.audited("refused: ")][-1] == proposal.label
    assert vigie.ledger(service) == []


@pytest.mark.attack("G1")
async def test_arguments_changed_after_signing_do_not_run(vigie: World) -> None:
    """The row's arguments are changed between signature and execution: other digest, refused."""
    service, proposal = await vigie.proposed()
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        vigie.tamper(_row(proposal).values(arguments=dict(proposal.arguments) | {"value": 5}))
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("G1")
async def test_arguments_changed_between_two_signatures_do_not_run(vigie: World) -> None:
    """The second N3 signs what the first one saw, and the row holds something else: refused."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    assert (await vigie.sign(N3_A, proposal)).ok
    vigie.tamper(_row(proposal).values(arguments=dict(proposal.arguments) | {"note": "something else"}))
    assert (await vigie.sign(N3_B, proposal)).ok
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("G1")
async def test_a_lowered_risk_does_not_lower_the_bar(vigie: World) -> None:
    """The row of a risky action is made to say low risk and one signature: one signature runs nothing."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    with vigie.held():
        vigie.tamper(_row(proposal).values(risk=Risk.LOW.value, signatures_needed=1))
        assert (await vigie.sign(N3_A, proposal)).ok
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("P4")
async def test_a_plan_that_is_not_what_the_digest_covers_cannot_be_signed(vigie: World) -> None:
    """The shown plan is changed in its row, its digest left: no modal opens, an open one signs nothing."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    assert proposal.plan is not None
    plan = dict(proposal.plan) | {"call": {"argv": ["/bin/true"], "files": {}}}
    vigie.tamper(_row(proposal).values(plan=plan))
    assert await vigie.open_sign(N3_B, proposal) is None
    outcome = await vigie.place.submit(N3_A.id, view["id"], {})
    assert "not what is recorded" in text_of(outcome.view)
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []


@pytest.mark.attack("G3")
@pytest.mark.parametrize("what", [CATALOGUE, POLICY])
@pytest.mark.parametrize("checking", [False, True], ids=["before", "while it checks"])
async def test_what_was_signed_under_another_rule_does_not_run(
    vigie: World, what: str, checking: bool
) -> None:
    """A changed catalogue or policy comes in force after the signature, even in the last check: refused."""
    service, proposal = await vigie.proposed()
    with vigie.store.read() as tx:
        old = tx.n3.adopted(what)
        policy = policy_in_force(tx)
    assert old is not None
    new = old.content.replace("Writes the state file", "Writes another file")
    if what == POLICY:
        low = dataclasses.replace(policy.rules[Risk.LOW], time_to_execute=timedelta(minutes=6))
        new = dataclasses.replace(policy, rules=dict(policy.rules) | {Risk.LOW: low}).content()
    assert new != old.content
    if checking:
        vigie.slow_checks(service)
        assert (await vigie.sign(N3_A, proposal)).ok
        await vigie.until_looked(service)
        _adopt(vigie, what, new)
    else:
        with vigie.held():
            assert (await vigie.sign(N3_A, proposal)).ok
            _adopt(vigie, what, new)
    try:
        await refused(vigie, service, proposal, CHANGED)
    finally:
        _adopt(vigie, what, old.content)


def _adopt(vigie: World, what: str, content: str) -> None:
    with vigie.store.begin() as tx:
        tx.n3.adopt(what, hashlib.sha256(content.encode()).hexdigest(), content)


@pytest.mark.attack("G10")
@pytest.mark.parametrize("by", [N3_B, ON_CALL], ids=["N3", "its proposer"])
async def test_a_rejection_before_the_start_wins(vigie: World, by: Member) -> None:
    """Signed, and rejected while the executor is checking: nothing runs."""
    service, proposal = await vigie.proposed(by=ON_CALL)
    vigie.slow_checks(service)
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.until_looked(service)
    card = await vigie.message(f"proposal:{proposal.id}", "Signed by")
    assert (await vigie.place.click(by.id, CHANNEL, card["ts"], "reject")).ok
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.REJECTED
    assert f"<@{by.id}>" in ended.reason
    await vigie.settle(2.5)
    assert vigie.ledger(service) == []
    assert vigie.proposal(proposal.id).state is ProposalState.REJECTED


@pytest.mark.attack("P4")
@pytest.mark.attack("G5")
async def test_the_modal_says_what_the_target_then_sees(vigie: World) -> None:
    """The argument vector read back from the modal's text is the one in the target's ledger."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    shown = _shown(view)
    assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    await vigie.over(proposal)
    assert [shlex.split(shown["What runs"])[3:]] == vigie.ledger(service)
    assert json.loads(shown["Everything that is signed"])["call"]["argv"][3:] == vigie.ledger(service)[0]
    assert digest(json.loads(shown["Everything that is signed"])) == proposal.digest


def _shown(view: dict[str, Any]) -> dict[str, str]:
    """The modal's parts by label: headings are bold sections, the boxes below them belong to them, whole."""
    found: dict[str, str] = {}
    label = ""
    for block in view["blocks"]:
        if block["type"] == "section" and (bold := re.fullmatch(r"\*(.+)\*", block["text"]["text"])):
            label = bold[1]
            found[label] = ""
        elif block["type"] == "rich_text" and label:
            found[label] += "".join(run["text"] for box in block["elements"] for run in box["elements"])
    return found


# -- the rendering, for any argument there may be

TEXTS = st.text(max_size=60) | st.text(alphabet="\\u{}'\"$ \n\t\r\u202e\u200bаa`é0123456789ecx5", max_size=25)
ARGVS = st.lists(TEXTS, min_size=1, max_size=6)


def _plan(argv: list[str]) -> dict[str, object]:
    used = {"tool": "look", "arguments": {}, "call": {"argv": ["/bin/look"]}, "expect": "at most 5"}
    return {
        "tool": "fix",
        "entry": {"expected_effect": argv[-1]},
        "arguments": {"note": argv[0]},
        "call": {"argv": argv, "files": {}},
        "target": {"service": argv[0], "environment": "test", "identity": argv[-1]},
        "precondition": used | {"holds": True},
        "verification": used,
        "undo": {"none": argv[-1]},
    }


def _proposal(plan: dict[str, object], **more: object) -> Proposal:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "state": ProposalState.PROPOSED,
        "sign_by": now + timedelta(minutes=30),
        "plan": plan,
        "digest": digest(plan),
    }
    return Proposal(
        1,
        1,
        "fix",
        {},
        Person("T1", "U1"),
        risk=Risk.LOW,
        signatures_needed=1,
        created_at=now,
        **values | more,
    )


@pytest.mark.attack("G5")
@settings(max_examples=40)
@given(ARGVS)
async def test_the_modal_text_gives_the_plan_back_exactly(argv: list[str]) -> None:
    """Newlines, look-alikes, invisible and long texts: the boxes hold all of it, printable and uncut."""
    plan = _plan(argv)
    view = sign_view(_proposal(plan))
    shown = _shown(view)
    whole = json.loads(shown["Everything that is signed"])
    assert whole == plan
    assert digest(whole) == digest(plan)
    assert _argv_of(shown["What runs"]) == argv
    text = "".join(shown.values())
    assert all(" " <= character <= "~" or character == "\n" for character in text)
    assert "\n" not in shown["What runs"] + shown["Where"] + shown["Undo"]


@pytest.mark.attack("G5")
@settings(max_examples=40)
@given(ARGVS, ARGVS)
async def test_two_calls_that_look_the_same_are_the_same(one: list[str], other: list[str]) -> None:
    """The line under "What runs" differs whenever the argument vectors do."""
    alike = call_text({"argv": one}) == call_text({"argv": other})
    assert alike == (one == other)


@pytest.mark.attack("G5")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["é"], ["\\u{e9}"]),
        (["payments"], ["раyments"]),
        (["a b"], ["a", "b"]),
        (["a\nb"], ["a b"]),
        (["a"], ["a", ""]),
        (["rm"], ["rm\u200b"]),
        (["x" * 5000], ["x" * 5001]),
        (["\u202eabc"], ["cba"]),
        (["\\u{5c}u{e9}"], ["\\u{e9}"]),
    ],
)
async def test_deceiving_pairs_look_different(one: list[str], other: list[str]) -> None:
    """Pairs that were made to be taken for each other."""
    assert call_text({"argv": one}) != call_text({"argv": other})


def _argv_of(shown: str) -> list[str]:
    """What the line says: the words of a shell, then the escapes."""
    escape = re.compile(r"\\u\{([0-9a-f]+)\}")
    return [escape.sub(lambda match: chr(int(match[1], 16)), word) for word in shlex.split(shown)]


@pytest.mark.attack("G5")
async def test_a_plain_command_is_shown_as_a_shell_would_read_it() -> None:
    """A real shell, given the shown line, sees the argument vector that runs."""
    argv = ["/bin/fix", "two words", "it's", "$(reboot)", "`id`", "a;b", "-x=*", "", "\\", '"', "~"]
    shown = call_text({"argv": argv})
    script = f'for word in {shown}; do printf "%s\\0" "$word"; done'
    shell = await asyncio.create_subprocess_exec("/bin/sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    echoed, _ = await shell.communicate()
    assert echoed.decode().split("\0")[:-1] == argv


# -- time

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SIGNER = Person("T1", "U2")


@pytest.mark.attack("G6")
@pytest.mark.parametrize(("late_s", "allowed"), [(-1, True), (0, False), (1, False)])
async def test_the_time_to_sign_ends_on_the_second(late_s: int, allowed: bool) -> None:
    """One second before the end a signature counts; at the end and one second after it does not."""
    proposal = _proposal(_plan(["/bin/fix"]), sign_by=NOW)
    now = NOW + timedelta(seconds=late_s)
    assert may_be_signed_now(proposal, proposal.digest, False, now).allowed is allowed


@pytest.mark.attack("G6")
@pytest.mark.parametrize(("late_s", "allowed"), [(-1, True), (0, False), (1, False)])
async def test_the_time_to_execute_ends_on_the_second(late_s: int, allowed: bool) -> None:
    """The second clock, the executor's: the same rule."""
    proposal = _proposal(_plan(["/bin/fix"]), state=ProposalState.SIGNED, execute_by=NOW)
    given_by = [SignOff(1, SIGNER, proposal.digest, True, NOW - timedelta(minutes=1))]
    now = NOW + timedelta(seconds=late_s)
    judged = may_execute(proposal, given_by, proposal.digest, N3({SIGNER: None}), Policy(), False, now)
    assert judged.allowed is allowed


def _long_arguments(catalogue: dict[str, Any]) -> None:
    catalogue["actions"]["fix"]["run"]["argv"].append(LONG)
    catalogue["actions"]["fix_risky"]["run"]["argv"].append(LONG * 3)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aging(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie whose time the cases move on; its actions have long arguments."""
    folder = tmp_path_factory.mktemp("aging")
    async with world(folder, change_catalogue=_long_arguments) as running:
        yield running


@pytest.mark.attack("P2")
async def test_a_long_argument_is_shown_whole(aging: World) -> None:
    """Thousands of characters stand in the modal to the last one, and run as they were shown."""
    service, proposal = await aging.proposed()
    view = await aging.open_sign(N3_A, proposal)
    assert view is not None
    shown = shlex.split(_shown(view)["What runs"])
    assert shown[-1] == LONG
    assert "more characters" not in text_of(view)
    assert (await aging.place.submit(N3_A.id, view["id"], {})).ok
    await aging.over(proposal)
    assert aging.ledger(service) == [shown[3:]]


@pytest.mark.attack("P2")
async def test_what_cannot_be_shown_whole_cannot_be_signed(aging: World) -> None:
    """Longer than a modal holds: refused with the reason before anybody is asked, and no button to sign."""
    _, proposal = await aging.proposed(name="ValueTooRisky")
    assert proposal.state is ProposalState.REJECTED
    assert "too long to be shown whole" in proposal.reason
    card = await aging.message(f"proposal:{proposal.id}", "too long")
    assert (await aging.place.click(N3_A.id, CHANNEL, card["ts"], "sign_open")).error == "element_not_found"


@pytest.mark.attack("G7")
async def test_a_signed_action_whose_window_passed_does_not_run(aging: World) -> None:
    """Signed in time, but its time to execute ends while the executor checks: expired, not run."""
    service, proposal = await aging.proposed()
    aging.slow_checks(service)
    assert (await aging.sign(N3_A, proposal)).ok
    await aging.until_looked(service)
    aging.push_time(timedelta(minutes=5, seconds=1))
    ended = await aging.over(proposal)
    assert ended.state is ProposalState.EXPIRED
    await aging.settle(2.5)
    assert aging.ledger(service) == []


@pytest.mark.attack("G6")
@pytest.mark.attack("G11")
async def test_a_timeout_expires_and_never_approves(aging: World) -> None:
    """A second after its time a proposal is expired, told and audited; the open modal signs nothing."""
    service, proposal = await aging.proposed()
    view = await aging.open_sign(N3_A, proposal)
    assert view is not None
    aging.push_time(proposal.sign_by - datetime.now(UTC) + timedelta(seconds=1))
    outcome = await aging.place.submit(N3_A.id, view["id"], {})
    assert "Not signed" in text_of(outcome.view)
    ended = await aging.over(proposal)
    assert ended.state is ProposalState.EXPIRED
    assert "Propose it again" in ended.reason
    assert [event.subject for event in aging.audited("expired")][-1] == proposal.label
    card = await aging.message(f"proposal:{proposal.id}", "expired")
    assert not [block for block in card["blocks"] if block["type"] == "actions"]
    await aging.settle()
    assert aging.ledger(service) == []
    with aging.store.read() as tx:
        assert tx.proposals.sign_offs(proposal.id) == []


# -- the model has no part in it


@pytest.mark.attack("P5")
async def test_a_click_asks_no_model(tmp_path: Path) -> None:
    """A model was asked for the diagnosis; from Propose to the verified run nothing asks it again."""
    async with ScriptedModel([prose("Run the fix. It is approved.")]) as model:
        environment = {"OPENAI_API_KEY": "sk-scripted", "OPENAI_BASE_URL": model.base_url}
        async with world(tmp_path, environment=environment) as vigie:
            service = vigie.break_target()
            incident = await vigie.incident(service)
            asked = len(model.requests)
            assert asked
            proposal = await vigie.propose(incident)
            assert (await vigie.sign(N3_A, proposal)).ok
            await vigie.over(proposal)
            await vigie.settle()
    assert len(model.requests) == asked
    assert model.strays == []
