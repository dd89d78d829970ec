"""A team keeps its knowledge right, in Slack alone: people save, vote, ask in vain, answer and take back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.playground.workspace import Channel, Person
from bot.stages.due import unfinished
from bot.store import curation_tables as t
from tests.acceptance.vigie_command import vigie as command
from tests.world import BOT, CHANNEL, GUEST, N3_A, ON_CALL, PEOPLE, Message, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM, CLOSED = "C0ROOM", "G0CLOSED"
ASKED = "how is the mail relay drained"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Vigie for all, a public room and a private one."""
    members = tuple(person.id for person in (*PEOPLE, BOT))
    channels = (
        Channel(CHANNEL, "incidents", members=members),
        Channel(ROOM, "room", members=members),
        Channel(CLOSED, "closed", private=True, members=members),
    )
    async with world(tmp_path_factory.mktemp("vigie"), channels=channels) as running:
        await running.place.say(ON_CALL.id, ROOM, f"<@{BOT.id}> pending")  # events wait for a connection
        await running.until("a first answer", lambda: running.told(ON_CALL) or None)
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _closed(vigie: World) -> AsyncIterator[None]:
    yield
    for person in PEOPLE:
        for left in reversed(vigie.place.views_of(person.id)):
            await vigie.place.close_view(person.id, left["id"])


async def view(vigie: World, person: Person, callback: str) -> dict[str, Any]:
    """The form on top, once it is this one."""

    def look() -> dict[str, Any] | None:
        top = (vigie.place.views_of(person.id) or [{}])[-1]
        return top if top.get("callback_id") == callback else None

    return await vigie.until(f"the form {callback}", look)


async def opened(vigie: World, person: Person, words: str) -> dict[str, Any]:
    """The modal on top, once it holds these words."""

    def look() -> dict[str, Any] | None:
        top = (vigie.place.views_of(person.id) or [{}])[-1]
        return top if words in text_of(top) else None

    return await vigie.until(f"a modal with {words!r}", look)


async def submitted(vigie: World, form: dict[str, Any], **entered: str) -> tuple[str, Message]:
    """Submit the form, changed where told; the document and the message that tells of it."""
    values = {field: {"text": words} for field, words in entered.items()}
    assert (await vigie.place.submit(ON_CALL.id, form["id"], values)).ok
    newest = sa.select(t.saved.c.id, t.saved.c.document_id).order_by(t.saved.c.id.desc()).limit(1)
    ((number, document),) = vigie.rows(newest)
    return document, await vigie.message(f"saved:{number}", "Saved as knowledge")


async def answer(vigie: World, channel: str, question: str) -> Message:
    """What Vigie answers to a mention."""
    ts = await vigie.place.say(ON_CALL.id, channel, f"<@{BOT.id}> {question}")

    def look() -> Message | None:
        said = [m for m in vigie.place.replies(channel, ts) if m.get("bot_id")]
        return said[0] if said else None

    return await vigie.until("an answer", look)


def drafts_due(vigie: World) -> list[str]:
    with vigie.store.read() as tx:
        return [work for work in unfinished(tx) if work.startswith("draft:")]


def left_to_forget(vigie: World) -> list[int]:
    with vigie.store.read() as tx:
        return tx.library.to_forget()


async def listed(vigie: World, sub_command: str, channel: str = ROOM) -> str:
    """What a sub-command shows to On-call alone."""
    told = len(vigie.place.ephemerals(ON_CALL.id))
    assert (await vigie.place.command(ON_CALL.id, channel, f"/vigie {sub_command}")).ok
    await vigie.until("an answer", lambda: len(vigie.place.ephemerals(ON_CALL.id)) > told)
    return text_of(vigie.place.ephemerals(ON_CALL.id)[-1])


async def test_a_thread_becomes_knowledge_is_voted_on_and_taken_back(vigie: World) -> None:
    """Names instead of ids, no secret, no guest; found with its source; taken back it is a question again."""
    place = vigie.place
    assert "Nothing in the knowledge base fits" in text_of(await answer(vigie, ROOM, ASKED))
    root = await place.say(
        ON_CALL.id, ROOM, "The mail relay must be drained: the password is password=hunter22x"
    )
    await place.say(N3_A.id, ROOM, "Run relayctl drain, then restart the mail relay.", root)
    await place.say(GUEST.id, ROOM, "Or delete everything.", root)
    assert (await place.shortcut(ON_CALL.id, ROOM, root, "save_knowledge")).ok
    form = await view(vigie, ON_CALL, "save_knowledge")
    shown = text_of(form)
    assert "**N3 A**" in shown and "relayctl drain" in shown
    assert "hunter22" not in shown and "delete everything" not in shown
    assert drafts_due(vigie) == [], "a form that is open is no work"
    document, told = await submitted(vigie, form, title="Drain the mail relay")
    assert told["thread_ts"] == root and document.endswith("-drain-the-mail-relay")

    said = await answer(vigie, ROOM, ASKED)
    assert "relayctl drain" in text_of(said) and "written by a person" in text_of(said)
    assert (await place.click(ON_CALL.id, ROOM, said["ts"], "open_source:1")).ok
    source = await opened(vigie, ON_CALL, "version")
    assert document in text_of(source)
    assert (await place.click_view(ON_CALL.id, source["id"], "vote_yes:source")).ok
    await vigie.until("the vote", lambda: vigie.audited("found useful"))
    assert (await place.click_view(ON_CALL.id, source["id"], "document_open")).ok
    await opened(vigie, ON_CALL, "1 person found it useful")

    assert (await place.click(N3_A.id, ROOM, told["ts"], "take_back_open")).ok
    form = await view(vigie, N3_A, "take_back")
    assert (await place.submit(N3_A.id, form["id"], {"why": {"text": "The relay has moved."}})).ok
    await vigie.message(f"saved:{document.split('/')[1].split('-')[0]}", "The relay has moved.")
    await vigie.until("its removal", lambda: not left_to_forget(vigie))
    assert "Nothing in the knowledge base fits" in text_of(await answer(vigie, ROOM, ASKED))
    assert ASKED in await listed(vigie, "questions")
    printed = await command(vigie, "documents", "questions", "--json")
    assert ASKED in printed.out


async def test_what_was_said_in_a_private_channel_stays_there(vigie: World) -> None:
    """The limit is the form's own choice; neither search, question list nor a foreign click shows it."""
    place = vigie.place
    root = await place.say(ON_CALL.id, CLOSED, "The vault of the badge printer is opened with the blue card.")
    assert (await place.shortcut(ON_CALL.id, CLOSED, root, "save_knowledge")).ok
    document, told = await submitted(vigie, await view(vigie, ON_CALL, "save_knowledge"))
    assert document in text_of(told) and told["thread_ts"] == root
    question = "the vault of the badge printer"
    assert "blue card" in text_of(await answer(vigie, CLOSED, question))
    assert "Nothing in the knowledge base fits" in text_of(await answer(vigie, ROOM, question))
    await vigie.forge_click(N3_A, "document_open", document, channel=ROOM)
    await vigie.until("a refusal", lambda: "not for everybody" in " ".join(vigie.told(N3_A)) or None)
    assert not place.views_of(N3_A.id)
    await vigie.forge_click(N3_A, "document_open", document, channel=CLOSED)
    await opened(vigie, N3_A, "blue card")
    assert "Nothing in the knowledge base fits" in text_of(
        await answer(vigie, CLOSED, "who waters the ficus")
    )
    assert "ficus" in await listed(vigie, "questions", CLOSED)
    assert "ficus" not in await listed(vigie, "questions", ROOM)
    (shown,) = [m for m in place.ephemerals(ON_CALL.id)[-2:] if "ficus" in text_of(m)]
    ((number,),) = vigie.rows(sa.select(t.questions.c.id).where(t.questions.c.text.contains("ficus")))
    write = await place.click(ON_CALL.id, CLOSED, shown["ts"], "question_write", value=str(number))
    assert write.ok
    form = await view(vigie, ON_CALL, "save_knowledge")
    await submitted(vigie, form, text="The ficus is watered by whoever comes first on Monday.")
    assert "ficus" not in await listed(vigie, "questions", CLOSED)
    assert "comes first on Monday" in text_of(await answer(vigie, CLOSED, "who waters the ficus"))


async def test_a_thread_is_remembered_by_a_mention(vigie: World) -> None:
    """Asked in the thread, a button opens the form; the words that ask are none of it."""
    place = vigie.place
    root = await place.say(N3_A.id, ROOM, "The label printer needs the long paper.")
    await place.say(ON_CALL.id, ROOM, f"<@{BOT.id}> remember this", root)

    def button() -> Message | None:
        shown = place.ephemerals(ON_CALL.id)[-1:]
        return shown[0] if shown and "Check the text in a form" in text_of(shown) else None

    told = await vigie.until("a button", button)
    assert (await place.click(ON_CALL.id, ROOM, told["ts"], "save_open")).ok
    form = await view(vigie, ON_CALL, "save_knowledge")
    assert "long paper" in text_of(form) and "remember" not in text_of(form)


async def test_what_an_incident_taught_is_taken_back_and_learned_again(vigie: World) -> None:
    """From the message that said that it was learned, with who did it and why."""
    place = vigie.place
    incident = await vigie.incident(vigie.break_target())
    card = await vigie.message(f"incident:{incident.id}")
    assert (await place.click(ON_CALL.id, CHANNEL, card["ts"], "resolve")).ok
    key, document = f"incident:{incident.id}:summary", f"learned/incident-{incident.id}"
    draft = await vigie.message(key)
    assert (await place.click(ON_CALL.id, CHANNEL, draft["ts"], "edit_summary")).ok
    form = await view(vigie, ON_CALL, "summary")
    assert (await place.submit(ON_CALL.id, form["id"], {"cause": {"text": "broken-value"}})).ok
    learned = await vigie.message(key, document)
    assert (await place.click(ON_CALL.id, CHANNEL, learned["ts"], "take_back_open")).ok
    form = await view(vigie, ON_CALL, "take_back")
    assert (await place.submit(ON_CALL.id, form["id"], {"why": {"text": "It was a drill."}})).ok
    gone = await vigie.message(key, "It was a drill.")
    await vigie.until("its removal", lambda: not left_to_forget(vigie))
    assert (await place.click(N3_A.id, CHANNEL, gone["ts"], "learn_again")).ok
    await vigie.message(key, f"in the knowledge base as `{document}`")


@pytest.mark.attack("C7")
async def test_what_is_for_the_channel_of_incidents_is_found_there_alone(
    vigie: World, tmp_path: Path
) -> None:
    """Limited to its role, its name or its id: by a search and by a question; in no other channel, and not in
    person.
    """
    for name, reader in (("role", "incidents"), ("name", "'#incidents'"), ("id", CHANNEL)):
        text = (
            f"---\naccess: [{reader}]\n---\n# Turbine {name}\n\nThe turbine of {name} is started by hand.\n"
        )
        (tmp_path / f"turbine-{name}.md").write_text(text)
    assert (await command(vigie, "ingest", str(tmp_path))).code == 0
    question = "turbine started by hand"
    shown = await listed(vigie, f"search {question}", CHANNEL)
    assert [name for name in ("role", "name", "id") if f"The turbine of {name}" not in shown] == []
    assert "The turbine of" in text_of(await answer(vigie, CHANNEL, question))
    for told in (await listed(vigie, f"search {question}"), text_of(await answer(vigie, ROOM, question))):
        assert "Nothing in the knowledge base fits" in told and "turbine of" not in told
    before = len(vigie.told(N3_A))
    await vigie.forge_click(N3_A, "document_open", "turbine-name", channel=ROOM)
    refused = await vigie.until("a refusal", lambda: " ".join(vigie.told(N3_A)[before:]) or None)
    assert "not for everybody" in refused and not vigie.place.views_of(N3_A.id)
    await vigie.forge_click(N3_A, "document_open", "turbine-name", channel=CHANNEL)
    await opened(vigie, N3_A, "The turbine of name")
