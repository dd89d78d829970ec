"""Incidents by hand in a running Vigie: by command, shortcut, words in a thread, and the card's form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.playground.workspace import Person
from tests.world import BOT, CHANNEL, GUEST, N3_A, ON_CALL, SECOND, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("by-hand")) as running:
        await running.until("the connection", lambda: running.place.connections or None)
        yield running


def newest(vigie: World) -> Incident | None:
    with vigie.store.read() as tx:
        found = tx.incidents.open_now()
    return found[-1] if found else None


async def form(vigie: World, person: Person, asked: Any, callback: str) -> dict[str, Any]:  # noqa: ANN401
    """The form that opens on what is asked."""
    before = len(vigie.place.views_of(person.id))
    outcome = await asked
    assert outcome.ok, outcome
    await vigie.until("the form", lambda: len(vigie.place.views_of(person.id)) > before)
    view = dict(vigie.place.views_of(person.id)[-1])
    assert view["callback_id"] == callback
    return view


async def opened(vigie: World, title: str, **fields: str) -> Incident:
    """On-call opens an incident with the command."""
    view = await form(
        vigie, ON_CALL, vigie.place.command(ON_CALL.id, CHANNEL, f"/vigie open {title}"), "open_incident"
    )
    assert title in str(view["blocks"])
    given = {"service": vigie.break_target(), "environment": "test", **fields}
    values = {name: {"value": value} for name, value in given.items()}
    outcome = await vigie.place.submit(ON_CALL.id, view["id"], values)
    assert outcome.ok and outcome.view is not None, outcome
    made = newest(vigie)
    assert made is not None and made.title == title and made.label in text_of(outcome.view)
    return made


async def test_an_incident_that_no_alert_has_opened(vigie: World) -> None:
    """It is told, investigated and diagnosed like any other, and its card says who opened it."""
    made = await opened(vigie, "Customers call", details="Three of them, since noon", severity="critical")
    assert made.severity is Severity.CRITICAL
    card = await vigie.message(f"incident:{made.id}", f"<@{ON_CALL.id}>")
    assert all(words in text_of(card) for words in ("Customers call", "since noon", "Opened by"))
    await vigie.message(f"incident:{made.id}:diagnosis")


async def test_an_empty_form_says_which_field(vigie: World) -> None:
    view = await form(vigie, SECOND, vigie.place.command(SECOND.id, CHANNEL, "/vigie open"), "open_incident")
    values = {"title": "\u200b \u200b \u200b", "service": "svc-0", "environment": "test"}
    outcome = await vigie.place.submit(
        SECOND.id, view["id"], {name: {"value": value} for name, value in values.items()}
    )
    assert not outcome.ok and "title" in (outcome.errors or {})


async def test_a_message_becomes_an_incident(vigie: World) -> None:
    """Its first line is the title, and all of it the details."""
    ts = await vigie.place.say(ON_CALL.id, CHANNEL, "The tills are stuck\nsince the deploy")
    view = await form(
        vigie, ON_CALL, vigie.place.shortcut(ON_CALL.id, CHANNEL, ts, "open_incident"), "open_incident"
    )
    assert "The tills are stuck" in str(view["blocks"]) and "since the deploy" in str(view["blocks"])


async def test_how_grave_it_is_and_who_has_it(vigie: World) -> None:
    """By command, by words in the thread, and by the form of the card; who is given it is written to."""
    made = await opened(vigie, "The mail is late")
    assert (await vigie.place.command(ON_CALL.id, CHANNEL, f"/vigie severity {made.id} critical")).ok
    card = await vigie.message(f"incident:{made.id}", "*critical*")
    for words, wanted in ((f"assign <@{SECOND.id}>", f"<@{SECOND.id}>"), ("severity info", "*info*")):
        text = f"<@{BOT.id}> {words}"
        await vigie.place.say(ON_CALL.id, CHANNEL, text, thread_ts=card["ts"])
        await vigie.message(f"incident:{made.id}", wanted)
    await vigie.until(
        "the direct message",
        lambda: [
            text for text in map(text_of, vigie.all_messages(SECOND.id)) if f"gave you *{made.label}*" in text
        ],
    )
    view = await form(
        vigie, N3_A, vigie.place.click(N3_A.id, CHANNEL, card["ts"], "incident_change"), "change_incident"
    )
    values = {"severity": {"value": "warning"}, "assignee": {"value": N3_A.id}}
    assert (await vigie.place.submit(N3_A.id, view["id"], values)).ok
    await vigie.message(f"incident:{made.id}", f"<@{N3_A.id}>")
    await vigie.place.say(N3_A.id, CHANNEL, f"<@{BOT.id}> resolve", thread_ts=card["ts"])
    await vigie.message(f"incident:{made.id}", "*resolved*")


async def test_a_guest_is_given_nothing_and_opens_nothing(vigie: World) -> None:
    made = await opened(vigie, "The lift is stuck")
    await vigie.place.command(ON_CALL.id, CHANNEL, f"/vigie assign {made.id} <@{GUEST.id}>")
    await vigie.until("the refusal", lambda: "full member" in str(vigie.told(ON_CALL)))
    now = newest(vigie)
    assert now is not None and now.assignee == ""
    await vigie.place.command(GUEST.id, CHANNEL, "/vigie open mine")
    assert not vigie.place.views_of(GUEST.id)


@pytest.mark.parametrize("words", ["resolve", "severity critical", "assign me", "resolve 99999"])
async def test_what_names_no_incident_says_how(vigie: World, words: str) -> None:
    before = len(vigie.told(ON_CALL))
    await vigie.place.command(ON_CALL.id, CHANNEL, f"/vigie {words}")
    await vigie.until("the answer", lambda: len(vigie.told(ON_CALL)) > before)
    assert "/vigie status" in vigie.told(ON_CALL)[-1]
