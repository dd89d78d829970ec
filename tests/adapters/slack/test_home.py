"""App Home in a running Vigie: live for on-call and N3, its buttons lead on, guests find nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.proposal import ProposalState
from bot.playground.workspace import Person
from tests.world import CHANNEL, GUEST, N3_A, N3_B, ON_CALL, SECOND, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = "<!channel> *P1 was signed by N3* <https://evil.example|runbook> `x`"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("homes")) as running:
        await running.until("the connection", lambda: running.place.connections or None)
        yield running


async def home(vigie: World, person: Person, *words: str, without: str = "") -> dict[str, Any]:
    """This person's Home once it shows all these words (and not those)."""

    def look() -> dict[str, Any] | None:
        view = vigie.place.home_of(person.id)
        text = text_of(view["blocks"]) if view else ""
        right = all(word in text for word in words) and not (without and without in text)
        return view if view and right else None

    return await vigie.until(f"{words} on the Home of {person.name}", look)


async def press(vigie: World, person: Person, action: str, value: int) -> None:
    """Press a button of this person's Home as it stands."""
    view = vigie.place.home_of(person.id)
    assert view is not None
    pressed = await vigie.place.click_view(person.id, view["id"], action, value=str(value))
    assert pressed.ok, pressed


def form_of(vigie: World, person: Person, incident_id: int) -> dict[str, Any] | None:
    """The open form for what was learned from this incident."""
    views = vigie.place.views_of(person.id)
    found = [v for v in views if (v["callback_id"], v["private_metadata"]) == ("summary", str(incident_id))]
    return found[0] if found else None


async def test_on_call_takes_an_incident_on_an_open_home(vigie: World) -> None:
    """It appears by itself, is taken by its button, and moves under what is mine; others see it go."""
    for person in (ON_CALL, SECOND):
        await vigie.place.open_home(person.id)
        await home(vigie, person, "You have none.")
    incident = await vigie.incident(vigie.break_target(), summary="Taken from a Home")
    for person in (ON_CALL, SECOND):
        await home(vigie, person, "Open, and nobody has it", "Taken from a Home", "I take it")
    await press(vigie, ON_CALL, "take", incident.id)
    await home(vigie, ON_CALL, "Taken from a Home", "Resolve", without="You have none.")
    await home(vigie, SECOND, "You have none.", without="Taken from a Home")
    await vigie.message(f"incident:{incident.id}", f"<@{ON_CALL.id}>")


async def test_n3_signs_from_an_open_home(vigie: World) -> None:
    """What waits appears with its age; Sign… opens the modal of the thread; its end clears both Homes."""
    await vigie.place.open_home(N3_B.id)
    await home(vigie, N3_B, "Nothing waits for a signature.")
    service, proposal = await vigie.proposed()
    await home(vigie, N3_B, f"*{proposal.label}*", "min left", "Sign…", "The value is too high")
    await home(vigie, ON_CALL, "Waits for me", f"*{proposal.label}*", "waits for a signature")
    await press(vigie, N3_B, "sign_open", proposal.id)
    view = (await vigie.until("the modal", lambda: vigie.place.views_of(N3_B.id) or None))[-1]
    assert proposal.digest in text_of(view)
    assert (await vigie.place.submit(N3_B.id, view["id"], {})).ok
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1
    await home(vigie, N3_B, "Nothing waits for a signature.")
    await home(vigie, ON_CALL, without=f"*{proposal.label}*")


async def test_the_proposer_finds_no_button_and_a_rejection_comes_back(vigie: World) -> None:
    """N3 who proposed it is told why they cannot sign; once rejected it waits for them again."""
    await vigie.place.open_home(N3_A.id)
    _, proposal = await vigie.proposed(by=N3_A)
    view = await home(vigie, N3_A, f"*{proposal.label}*", "You proposed this")
    assert "sign_open" not in text_of(view["blocks"])
    await vigie.forge_click(N3_A, "sign_open", str(proposal.id))
    await vigie.until("the refusal", lambda: "You proposed this" in "".join(vigie.told(N3_A)) or None)
    assert vigie.place.views_of(N3_A.id) == []
    card = await vigie.message(f"proposal:{proposal.id}")
    assert (await vigie.place.click(N3_B.id, CHANNEL, card["ts"], "reject")).ok
    await home(vigie, N3_A, f"*{proposal.label}*", "was *rejected*")
    assert vigie.proposal(proposal.id).state is ProposalState.REJECTED


async def test_a_freeze_is_on_every_open_home(vigie: World) -> None:
    """Switched by somebody else, seen by all, with how it is lifted; and gone again."""
    await vigie.place.command(SECOND.id, CHANNEL, f"/vigie freeze {HOSTILE}")
    await home(vigie, ON_CALL, "Execution is frozen", f"<@{SECOND.id}>", HOSTILE)
    await home(vigie, N3_B, "Execution is frozen", "/vigie unfreeze")
    await vigie.place.command(N3_B.id, CHANNEL, "/vigie unfreeze")
    await home(vigie, ON_CALL, "Execution is not frozen")


async def test_a_guest_finds_nothing_of_what_goes_on(vigie: World) -> None:
    """One sentence, whatever is open; no row remembers them, and no button of theirs does anything."""
    await vigie.place.open_home(GUEST.id)
    view = await home(vigie, GUEST, "Guests")
    assert len(view["blocks"]) == 1
    with vigie.store.read() as tx:
        assert tx.posts.get(f"home:{GUEST.id}") is None


async def test_a_hostile_title_stays_text_and_a_resolved_incident_waits_for_its_summary(vigie: World) -> None:
    """Shown as it is in plain text; resolved by its button, it asks whoever has it for the summary."""
    incident = await vigie.incident(vigie.break_target(), summary=HOSTILE)
    view = await home(vigie, ON_CALL, HOSTILE)
    notes = [e for b in view["blocks"] if b["type"] == "context" for e in b["elements"]]
    plain = [element for element in notes if HOSTILE in element["text"]]
    assert {element["type"] for element in plain} == {"plain_text"}
    await press(vigie, ON_CALL, "take", incident.id)
    await home(vigie, ON_CALL, f"*#{incident.id}*", "Resolve")
    await press(vigie, ON_CALL, "resolve", incident.id)
    await home(vigie, ON_CALL, "Summaries to confirm", f"*#{incident.id}*")
    await press(vigie, ON_CALL, "edit_summary", incident.id)
    view = (await vigie.until("the modal", lambda: vigie.place.views_of(ON_CALL.id) or None))[-1]
    assert view["callback_id"] == "summary"


async def test_who_confirms_a_summary_second_is_told_and_keeps_the_text(vigie: World) -> None:
    """Somebody was faster with another text: the modal says so and stays open, and theirs is kept."""
    incident = await vigie.incident(vigie.break_target())
    card = await vigie.message(f"incident:{incident.id}")
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, card["ts"], "resolve")).ok
    draft = await vigie.message(f"incident:{incident.id}:summary")
    opened = {}
    for person in (ON_CALL, SECOND):
        assert (await vigie.place.click(person.id, CHANNEL, draft["ts"], "edit_summary")).ok
        opened[person] = await vigie.until("the form", partial(form_of, vigie, person, incident.id))
    texts = {ON_CALL: "The first text, with what it was.", SECOND: "The second text, with more of it."}
    done = {}
    for person, view in opened.items():
        done[person] = await vigie.place.submit(person.id, view["id"], {"summary": {"text": texts[person]}})
    assert done[ON_CALL].ok and not done[ON_CALL].errors
    assert list(done[SECOND].errors) == ["summary"]
    assert (done[SECOND].view or {}).get("id") == opened[SECOND]["id"]
    assert "before you" in done[SECOND].errors["summary"]
    with vigie.store.read() as tx:
        kept = tx.summaries.get(incident.id)
    assert kept is not None
    assert (kept.text, kept.confirmed_by) == (texts[ON_CALL], f"T0VIGIE/{ON_CALL.id}")


async def test_pending_and_status_say_what_waits_and_for_how_long(vigie: World) -> None:
    """The proposal with its age and time; the overview counts it."""
    _, proposal = await vigie.proposed()
    for words in ("pending", "status"):
        assert (await vigie.place.command(ON_CALL.id, CHANNEL, f"/vigie {words}")).ok
    pending, status = (text_of(message["blocks"]) for message in vigie.place.ephemerals(ON_CALL.id)[-2:])
    line = next(line for line in pending.splitlines() if f"*{proposal.label}*" in line)
    assert "waits" in line
    assert "min left" in line
    assert "0 of 1 signed" in line
    assert re.search(r"[1-9] proposal\(s\) and 0 change\(s\) wait for N3, the oldest for \d", status)
