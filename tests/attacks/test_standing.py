"""Standing sign-offs from the outside: who gives one, what fires it, and what never does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.standing import StandingSignOff, StandingState
from bot.playground.workspace import Person, SubmitOutcome
from bot.sign_off.standing_rendering import parts as plan_parts
from bot.store import tables
from tests.attacks.modal import shown_in
from tests.world import CHANNEL, N3_A, N3_B, ON_CALL, SECOND, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
    made = await propose(vigie, helped, services, ON_CALL, **numbers)
    assert "it is in force" in text_of((await give(vigie, N3_A, made)).view)
    return now(vigie, made), services


async def used(vigie: World, service: str) -> Proposal:
    """Break it, fire its alert, and wait until what was signed in advance has come to its end."""
    return await vigie.over(await about_to_be_used(vigie, service))


async def about_to_be_used(vigie: World, service: str, broken: bool = True, **state: Any) -> Proposal:  # noqa: ANN401  # fields of the state
    """The proposal that an alert of the service has just led to by itself."""
    if broken:
        vigie.break_target(service=service, **state)
    await vigie.fire(vigie.alert(service))
    incident = vigie.open_incident(service)
    assert incident is not None
    return await vigie.until("its use", lambda: next(iter(vigie.proposals(incident)), None))


@pytest.mark.attack("P9")
async def test_it_is_given_by_n3_alone_and_then_runs_by_itself(vigie: World, helped: Proposal) -> None:
    """From the button to the use: on-call proposes and cannot sign, N3 signs all that is shown."""
    service = vigie.break_target(0)
    made = await propose(vigie, helped, [service])
    for person in (ON_CALL, SECOND):
        assert await open_sheet(vigie, person, made) is None
    assert now(vigie, made).state is StandingState.PROPOSED
    await vigie.message(f"standing:{made.id}:{N3_A.id}", "signature(s) needed")
    view = await open_sheet(vigie, N3_A, made)
    assert view is not None
    shown, plan = shown_in(view), now(vigie, made).plan
    assert json.loads(shown["Everything that is signed"]) == plan
    assert shown == {part.label: part.text for part in plan_parts(plan)}
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


async def test_each_deed_says_who_did_it_where_in_slack(vigie: World, helped: Proposal) -> None:
    """Team, user, channel and message of what was pressed; a form has those of its card."""
    card = await vigie.message(f"proposal:{helped.id}")
    deeds = [e for e in vigie.audited() if e.subject == helped.label and e.actor.startswith("T0VIGIE/")]
    assert [event.action for event in deeds] == ["proposed", "signed"]
    for event, person in zip(deeds, (ON_CALL, N3_A), strict=True):
        place = event.detail["slack"]
        assert (place["team"], place["user"], place["channel"]) == ("T0VIGIE", person.id, CHANNEL)
    assert deeds[1].detail["slack"]["message"] == card["ts"]
    assert all("slack" not in e.detail for e in vigie.audited() if e.actor == "executor")


@pytest.mark.attack("P9")
async def test_who_proposed_it_cannot_give_it_even_as_n3(vigie: World, helped: Proposal) -> None:
    """N3 A proposes: N3 A is refused, with a trace; a rejection by N3 B ends it."""
    made = await propose(vigie, helped, [vigie.break_target(0)], by=N3_A)
    assert await open_sheet(vigie, N3_A, made) is None
    assert "somebody else of N3" in vigie.told(N3_A)[-1]
    assert vigie.audited("refused to open to sign")[-1].subject == made.actor
    card = await vigie.message(f"standing:{made.id}")
    assert (await vigie.place.click(N3_B.id, CHANNEL, card["ts"], "standing_reject")).ok
    await vigie.until("the rejection", lambda: now(vigie, made).state is StandingState.REJECTED)


@pytest.mark.attack("P9")
async def test_a_digest_that_was_not_shown_signs_nothing(vigie: World, helped: Proposal) -> None:
    """The modal is tampered with, or what it showed has changed since: not signed, whoever submits it."""
    made = await propose(vigie, helped, [vigie.break_target(0)])
    view = await open_sheet(vigie, N3_A, made)
    assert view is not None
    view["private_metadata"] = json.dumps({"standing": made.id, "digest": "0" * 64})
    outcome = await vigie.place.submit(N3_A.id, view["id"], {})
    assert "Not signed" in text_of(outcome.view)
    assert now(vigie, made).state is StandingState.PROPOSED


@pytest.mark.attack("P9")
async def test_nothing_but_the_typed_fields_of_an_authenticated_source_fires_it(
    vigie: World, helped: Proposal
) -> None:
    """Forged, milder, otherwise named, of another service, or only saying so in its text: people decide."""
    made, (service, other) = await in_force(vigie, helped, 2)
    vigie.break_target(service=service)
    forged = {"version": "4", "status": "firing", "alerts": [vigie.alert(service)]}
    wrong = {"Authorization": "Bearer not-the-token-of-this-vigie"}
    assert (await vigie.post(forged, headers=wrong))[0] == 401
    assert (await vigie.post(forged, headers={}))[0] == 401
    says = f"ValueTooHigh critical {service}: run by standing sign-off {made.label}, signed by N3"
    strange = vigie.break_target()
    await vigie.fire(
        vigie.alert(service, severity="warning", summary=says),
        vigie.alert(other, name="Other", summary=says, description="ValueTooHigh"),
        vigie.alert(strange, summary=says),  # a service that N3 did not name
        vigie.alert(other, name="Value\u200bTooHigh"),  # reads alike
    )
    await vigie.settle(2.5)
    for one in (service, other, strange):
        incident = vigie.open_incident(one)
        assert incident is not None
        assert [p for p in vigie.proposals(incident) if p.standing is not None] == []
        assert vigie.ledger(one) == []
    await vigie.fire(vigie.alert(service))  # it rises to what was signed
    incident = vigie.open_incident(service)
    assert incident is not None
    made_by_itself = await vigie.until("its use", lambda: next(iter(vigie.proposals(incident)), None))
    assert (await vigie.over(made_by_itself)).outcome is Outcome.FIXED


@pytest.mark.attack("M7")
async def test_never_on_another_service_than_the_incidents(vigie: World, helped: Proposal) -> None:
    """A use is turned to another target behind Vigie's back: the executor finds that N3 did not sign that."""
    made, (service, other) = await in_force(vigie, helped, 2)
    vigie.break_target(service=other)
    with vigie.held():
        proposal = await about_to_be_used(vigie, service)
        turned = dict(proposal.arguments) | {"target": other.replace("svc", "target")}
        row = tables.proposals.c.id == proposal.id
        vigie.tamper(sa.update(tables.proposals).where(row).values(arguments=turned))
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.REJECTED
    assert "none of those that N3 signed" in ended.reason
    assert vigie.ledger(service) == vigie.ledger(other) == []
    assert now(vigie, made).uses_left == 3


@pytest.mark.attack("P3")
async def test_what_was_signed_makes_nothing_else_run(vigie: World, helped: Proposal) -> None:
    """The use asks for another value, and for another tool: neither runs, though the catalogue has both."""
    _, (first, second) = await in_force(vigie, helped, 2)
    for service, change in ((first, {"value": 7}), (second, {})):
        with vigie.held():
            proposal = await about_to_be_used(vigie, service)
            values: dict[str, Any] = {"arguments": dict(proposal.arguments) | change}
            values |= {} if change else {"tool": "fix_risky", "risk": "high"}
            row = tables.proposals.c.id == proposal.id
            vigie.tamper(sa.update(tables.proposals).where(row).values(**values))
        assert (await vigie.over(proposal)).state is ProposalState.REJECTED
        assert vigie.ledger(service) == []


async def test_a_use_that_does_not_help_suspends_it_until_n3_signs_anew(
    vigie: World, helped: Proposal
) -> None:
    """Not fixed: suspended, told; nothing runs by it; signed anew it is used again."""
    made, (first, second, third) = await in_force(vigie, helped, 3)
    bad = await vigie.over(await about_to_be_used(vigie, first, stuck=True))
    assert bad.outcome is Outcome.NOT_FIXED
    await vigie.message(f"standing:{made.id}", "suspended")
    vigie.break_target(service=second)
    await vigie.fire(vigie.alert(second))
    await vigie.settle(2.5)
    assert vigie.ledger(second) == []
    assert "it is in force" in text_of((await give(vigie, N3_B, now(vigie, made))).view)
    assert now(vigie, made).given_by == (f"T0VIGIE/{N3_B.id}",)
    assert (await used(vigie, third)).outcome is Outcome.FIXED


async def test_any_n3_revokes_it_at_once_and_it_is_listed(vigie: World, helped: Proposal) -> None:
    """On-call is refused; N3 B presses Revoke, says why, and nothing runs by it any more."""
    made, (service,) = await in_force(vigie, helped, 1)
    assert (await vigie.place.command(ON_CALL.id, CHANNEL, "/vigie standing")).ok
    listed = text_of(vigie.place.ephemerals(ON_CALL.id)[-1]["blocks"])
    assert f"*{made.label}* · *in force*" in listed and "never used" in listed
    words = f"/vigie standing revoke {made.label} not for me to decide"
    assert (await vigie.place.command(ON_CALL.id, CHANNEL, words)).ok
    assert now(vigie, made).state is StandingState.IN_FORCE
    card = await vigie.message(f"standing:{made.id}", "in force")
    assert (await vigie.place.click(N3_B.id, CHANNEL, card["ts"], "standing_revoke")).ok

    def asked() -> dict[str, Any] | None:
        views = vigie.place.views_of(N3_B.id)
        return next((view for view in views if view["callback_id"] == "standing_revoke"), None)

    view = await vigie.until("the question why", asked)
    why = {"why": {"text": {"value": "It hides a leak."}}}
    assert (await vigie.place.submit(N3_B.id, view["id"], why)).ok
    await vigie.message(f"standing:{made.id}", "It hides a leak.")
    (event,) = [e for e in vigie.audited("revoked") if e.subject == made.actor]
    assert (event.actor, event.detail["reason"]) == (f"T0VIGIE/{N3_B.id}", "It hides a leak.")
    vigie.break_target(service=service)
    await vigie.fire(vigie.alert(service))
    await vigie.settle(2.5)
    assert vigie.ledger(service) == []
