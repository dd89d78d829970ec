"""Standing sign-offs from the outside: who gives one, what fires it, and what never does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.incident import Incident
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.standing import StandingSignOff, StandingState
from bot.playground.workspace import SubmitOutcome
from bot.store import tables
from bot.tools.standing import under_standing
from tests.world import CHANNEL, N3_A, N3_B, ON_CALL, SECOND, Message, Person, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICES = 6  # the first so many of the world's targets; each test takes some


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Vigie with an action that has helped once, by people."""
    async with world(tmp_path_factory.mktemp("standing")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def helped(vigie: World) -> Proposal:
    """An action that on-call proposed, N3 signed, and that verifiably helped."""
    _, proposal = await vigie.proposed()
    assert (await vigie.sign(N3_A, proposal)).ok
    ended = await vigie.over(proposal)
    assert ended.outcome is Outcome.FIXED
    await vigie.message(f"proposal:{proposal.id}", "by itself next time")
    return ended


async def open_form(vigie: World, person: Person, proposal: Proposal) -> dict[str, Any]:
    """Press "Do this by itself next time…" on its card; the form that opens."""
    card = await vigie.message(f"proposal:{proposal.id}")
    before = len(vigie.place.views_of(person.id))
    assert (await vigie.place.click(person.id, CHANNEL, card["ts"], "standing_new")).ok
    await vigie.until("the form", lambda: len(vigie.place.views_of(person.id)) > before)
    return vigie.place.views_of(person.id)[-1]


def filled(view: dict[str, Any], services: list[str], **numbers: int) -> dict[str, Any]:
    """The form's answers: these services with their targets, the rest as it was filled in."""
    blocks = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}

    def keys(block: str, texts: list[str]) -> dict[str, Any]:
        offered = {option["text"]["text"]: option for option in blocks[block]["options"]}
        return {"value": {"selected_options": [offered[text] for text in texts]}}

    targets = [service.replace("svc", "target") for service in services]
    answers = {"services": keys("services", services), "argument:target": keys("argument:target", targets)}
    answers["why"] = {"value": {"value": "It has always helped."}}
    return answers | {name: {"value": {"value": str(number)}} for name, number in numbers.items()}


async def propose(
    vigie: World, proposal: Proposal, services: list[str], by: Person = ON_CALL, **numbers: int
) -> StandingSignOff:
    """Fill the form in and submit it; the standing sign-off that N3 may sign now."""
    view = await open_form(vigie, by, proposal)
    given = {"per_hour": 2, "in_all": 3, "days": 30} | numbers
    outcome = await vigie.place.submit(by.id, view["id"], filled(view, services, **given))
    assert outcome.ok and "is proposed" in text_of(outcome.view), outcome
    with vigie.store.read() as tx:
        made = tx.standing.every()[0]
    await vigie.message(f"standing:{made.id}", "signature(s) needed")
    return made


async def open_sheet(vigie: World, person: Person, made: StandingSignOff) -> dict[str, Any] | None:
    """Press "See all and sign…"; the modal, or None when it was refused."""
    card = await vigie.message(f"standing:{made.id}")
    views, told = len(vigie.place.views_of(person.id)), len(vigie.told(person))
    assert (await vigie.place.click(person.id, CHANNEL, card["ts"], "standing_open")).ok
    await vigie.until(
        "a modal or a refusal",
        lambda: len(vigie.place.views_of(person.id)) > views or len(vigie.told(person)) > told,
    )
    opened = vigie.place.views_of(person.id)
    return opened[-1] if len(opened) > views else None


async def give(vigie: World, person: Person, made: StandingSignOff) -> SubmitOutcome:
    view = await open_sheet(vigie, person, made)
    assert view is not None, vigie.told(person)
    return await vigie.place.submit(person.id, view["id"], {})


def now(vigie: World, made: StandingSignOff) -> StandingSignOff:
    with vigie.store.read() as tx:
        found = tx.standing.get(made.id)
    assert found is not None
    return found


async def in_force(
    vigie: World, helped: Proposal, count: int, **numbers: int
) -> tuple[StandingSignOff, list[str]]:
    """One that N3 A has given, for fresh services that work well so far."""
    services = [vigie.break_target(0) for _ in range(count)]
    made = await propose(vigie, helped, services, **numbers)
    assert "it is in force" in text_of((await give(vigie, N3_A, made)).view)
    return now(vigie, made), services


async def used(vigie: World, service: str) -> Proposal:
    """Break it, fire its alert, and wait until what was signed in advance has come to its end."""
    vigie.break_target(service=service)
    await vigie.fire(vigie.alert(service))
    incident = vigie.open_incident(service)
    assert incident is not None
    return await vigie.over(await vigie.until("its use", lambda: next(iter(vigie.proposals(incident)), None)))


@pytest.mark.attack("P9")
async def test_it_is_given_by_n3_alone_and_then_runs_by_itself(vigie: World, helped: Proposal) -> None:
    """From the button to the use: on-call proposes and cannot sign, N3 signs all that is shown, it is used."""
    service = vigie.break_target(0)
    made = await propose(vigie, helped, [service])
    for person in (ON_CALL, SECOND):
        assert await open_sheet(vigie, person, made) is None
    assert now(vigie, made).state is StandingState.PROPOSED
    await vigie.message(f"standing:{made.id}:{N3_A.id}", "signature(s) needed")
    view = await open_sheet(vigie, N3_A, made)
    assert view is not None
    shown = text_of(view["blocks"])
    assert json.dumps(now(vigie, made).plan, indent=1, sort_keys=True)[:2500] in shown.replace("\n", "\n")
    assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    assert now(vigie, made).state is StandingState.IN_FORCE
    ended = await used(vigie, service)
    assert (ended.state, ended.outcome, ended.standing) == (ProposalState.SUCCEEDED, Outcome.FIXED, made.id)
    assert len(vigie.ledger(service)) == 1
    card = await vigie.message(f"proposal:{ended.id}", f"by standing sign-off *S{made.id}*")
    assert "Revoke" in text_of(card["blocks"])
    await vigie.message(f"proposal:{ended.id}:use", "fixed")
    (started,) = [e for e in vigie.audited("execution started") if e.subject == ended.label]
    assert started.detail["standing"] == made.id and started.detail["signers"] == [f"T0VIGIE/{N3_A.id}"]
    assert now(vigie, made).uses_left == 2
