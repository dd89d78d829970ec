"""The story that the demo plays without a browser: both faults, from the alert to what was learned."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.playground.faults import FAULTS, break_shop
from bot.playground.player import Message, Player, button, elements, text_of
from bot.playground.stage import GUEST, INCIDENTS, N3_A, ON_CALL, Stage


class StoryFailed(Exception):
    """The story did not go as it must; the transcript above says where."""


@dataclass
class Cast:
    """The people of the story."""

    on_call: Player
    n3_a: Player
    guest: Player


async def play(stage: Stage) -> None:
    """Play both faults and then the first one again.

    Raises:
        StoryFailed: the shop was not repaired, a refusal did not happen, or nothing was learned.
    """
    async with aiohttp.ClientSession(trust_env=False) as session:
        place = stage.workspace
        cast = Cast(*(Player(session, place.url, place.page_token, p) for p in (ON_CALL, N3_A, GUEST)))
        first = await _one_incident(stage, cast, "stale_lock", "clear_stale_lock")
        await _one_incident(stage, cast, "bad_config", "restore_last_good_config")
        await _again(stage, cast, first)
    _tell("Done", "both faults were really repaired, and the second time cited the first")


async def _one_incident(stage: Stage, cast: Cast, fault: str, tool: str) -> int:
    _title(f"{FAULTS[fault].title}")
    number, card = await _break(stage, cast, fault)
    diagnosis = await cast.on_call.waits_for("the diagnosis", lambda s: _reply(s, card, "Diagnosis"))
    _show("Vigie, in the thread", diagnosis)
    _must(button(diagnosis, "open_source:") is not None, "a hypothesis cites a source that a button opens")
    await _ask(cast, card, number)
    await _open_source(cast, diagnosis)
    proposal = await _propose(cast, card, diagnosis, tool)
    await _refusals(cast, proposal)
    await _sign(cast, proposal)
    await _repaired(stage, cast, card, proposal)
    await _learn(cast, card, number)
    return number


async def _break(stage: Stage, cast: Cast, fault: str) -> tuple[int, Message]:
    before = {m["ts"] for m in _cards(await cast.on_call.sees())}
    await _until_healthy(stage)
    _tell("The shop", await asyncio.to_thread(break_shop, stage.shop_folder, fault))
    card = await cast.on_call.waits_for(
        "the incident's card", lambda s: next((m for m in _cards(s) if m["ts"] not in before), None)
    )
    _show("Vigie, in #incidents", card)
    number = int(button(card, "take") or "0")
    _must(number > 0, "the card has a button to take the incident")
    await cast.on_call.click(INCIDENTS.id, card, "take")
    return number, card


async def _ask(cast: Cast, card: Message, number: int) -> None:
    question = "<@U0VIGIE> have we seen this before?"
    _tell("On-call, in the thread", "@vigie have we seen this before?")
    await cast.on_call.say(INCIDENTS.id, question, card["ts"])
    answer = await cast.on_call.waits_for("an answer in the thread", lambda s: _reply(s, card, "asked:"))
    _must(button(answer, "open_source:") is not None, "the answer in the thread has sources")
    _show("Vigie, in the thread", answer, 12)
    if number == 1:
        _tell("On-call", "/vigie ask why are orders stuck behind a lock?")
        await cast.on_call.command(INCIDENTS.id, "/vigie ask why are orders stuck behind a lock?")
        found = await cast.on_call.waits_for(
            "the answer to /vigie ask", lambda s: _find(s, "stuck behind a lock")
        )
        _must(button(found, "open_source:") is not None, "/vigie ask answers with sources")


async def _open_source(cast: Cast, diagnosis: Message) -> None:
    await cast.on_call.click(INCIDENTS.id, diagnosis, "open_source:")
    view = await cast.on_call.waits_for("the cited source", lambda s: s["views"][-1] if s["views"] else None)
    _tell("On-call opens a citation", text_of(view["blocks"]).splitlines()[0])
    await cast.on_call.close(view["id"])


async def _propose(cast: Cast, card: Message, diagnosis: Message, tool: str) -> Message:
    _must(button(diagnosis, "propose") is not None, "the diagnosis offers a remedy")
    _tell("On-call", "presses Propose")
    await cast.on_call.click(INCIDENTS.id, diagnosis, "propose")

    def signable(seen: dict[str, Any]) -> Message | None:
        found = _reply(seen, card, tool)
        return found if found and button(found, "sign_open") else None

    proposal = await cast.on_call.waits_for(f"{tool} ready to be signed", signable)
    _show("Vigie, in the thread", proposal)
    return proposal


async def _refusals(cast: Cast, proposal: Message) -> None:
    for player, reason in ((cast.on_call, "You proposed this"), (cast.guest, "Guests")):
        _tell(player.person.name, "presses Sign")
        await player.click(INCIDENTS.id, proposal, "sign_open")
        told = await player.waits_for(
            "the reason of the refusal",
            lambda s, r=reason: _told(s, r),  # type: ignore[misc]
        )
        _tell(f"Vigie, to {player.person.name} alone", told)
        _must(not (await player.sees())["views"], f"{player.person.name} gets no modal to sign")


async def _sign(cast: Cast, proposal: Message) -> None:
    _tell("N3 A", "presses Sign")
    await cast.n3_a.click(INCIDENTS.id, proposal, "sign_open")
    view = await cast.n3_a.waits_for("the modal", lambda s: s["views"][-1] if s["views"] else None)
    shown = text_of(view["blocks"])
    print("\n".join(f"    | {line}" for line in shown.splitlines()[:14]))
    _must("What runs" in shown and "Digest" in shown, "the modal shows what will run, and its digest")
    _tell("N3 A", "signs")
    done = await cast.n3_a.submit(view["id"], {})
    _must(bool(done.get("ok")), f"the signature is taken ({done})")


async def _repaired(stage: Stage, cast: Cast, card: Message, proposal: Message) -> None:
    def fixed(seen: dict[str, Any]) -> Message | None:
        found = next((m for m in seen["channels"][INCIDENTS.id] if m["ts"] == proposal["ts"]), None)
        return found if found and "Verification:" in text_of(found["blocks"]) else None

    ended = await cast.on_call.waits_for("the verification", fixed)
    _show("Vigie, in the thread", ended)
    _must("*fixed*" in text_of(ended["blocks"]), "the check that showed the fault says: fixed")
    await _until_healthy(stage)
    health = await asyncio.to_thread(stage.shop_health)
    _tell("The shop's own health page", f"status {health['status']}, process {health['process']}")
    await cast.on_call.waits_for("the resolved notice", lambda s: _resolved(s, card))
    _tell("Vigie", "the source says that it is over: resolved")


async def _learn(cast: Cast, card: Message, number: int) -> None:
    draft = await cast.on_call.waits_for(
        "the draft of the summary", lambda s: _reply(s, card, "drafted from recorded events")
    )
    await cast.on_call.click(INCIDENTS.id, draft, "edit_summary")
    view = await cast.on_call.waits_for(
        "the summary's modal", lambda s: s["views"][-1] if s["views"] else None
    )
    text = (
        view["blocks"][0]["element"]["initial_value"]
        + "\nOn-call adds: look at the lock and the release first.\n"
    )
    cause = view["blocks"][1]["element"].get("initial_value", "")
    values = {
        "summary": {"text": {"type": "plain_text_input", "value": text}},
        "cause": {"text": {"type": "plain_text_input", "value": cause}},
    }
    await cast.on_call.submit(view["id"], values)
    learned = await cast.on_call.waits_for(
        "the summary in the knowledge base", lambda s: _reply(s, card, f"learned/incident-{number}")
    )
    _show("Vigie, in the thread", learned, 3)


async def _again(stage: Stage, cast: Cast, first: int) -> None:
    _title("The first fault once more")
    _, card = await _break(stage, cast, "stale_lock")

    def cites(seen: dict[str, Any]) -> Message | None:
        found = _reply(seen, card, "Diagnosis")
        sources = [e["value"] for _, e in elements(found)] if found else []
        return found if any(value.startswith(f"learned/incident-{first}#") for value in sources) else None

    diagnosis = await cast.on_call.waits_for("a diagnosis that cites the first incident", cites)
    _show("Vigie, in the thread", diagnosis)


async def _until_healthy(stage: Stage) -> None:
    for _ in range(150):
        if (await asyncio.to_thread(stage.shop_health))["status"] == "ok":
            return
        await asyncio.sleep(0.2)
    raise StoryFailed("the shop is not healthy")


def _cards(seen: dict[str, Any]) -> list[Message]:
    return [m for m in seen["channels"][INCIDENTS.id] if button(m, "take") is not None]


def _find(seen: dict[str, Any], words: str) -> Message | None:
    messages = [m for m in seen["channels"][INCIDENTS.id] if m.get("bot_id")]
    return next((m for m in messages if words in text_of(m.get("blocks", []))), None)


def _reply(seen: dict[str, Any], card: Message, words: str) -> Message | None:
    """The newest reply in the card's thread that holds the words."""
    thread = [m for m in seen["channels"][INCIDENTS.id] if m.get("thread_ts") == card["ts"] != m["ts"]]
    return next((m for m in reversed(thread) if words in text_of(m.get("blocks", []))), None)


def _resolved(seen: dict[str, Any], card: Message) -> bool | None:
    found = next((m for m in seen["channels"][INCIDENTS.id] if m["ts"] == card["ts"]), None)
    over = found is not None and any(
        f"*{state}*" in text_of(found["blocks"]) for state in ("resolved", "closed")
    )
    return True if over else None


def _told(seen: dict[str, Any], words: str) -> str | None:
    return next((m["text"] for m in seen["ephemerals"] if words in m["text"]), None)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise StoryFailed(f"expected that {what}")
    print(f"  ok: {what}")


def _title(text: str) -> None:
    print(f"\n== {text} ==", flush=True)


def _tell(who: str, what: str) -> None:
    print(f"{who}: {what}", flush=True)


def _show(who: str, message: Message, lines: int = 30) -> None:
    print(f"{who}:")
    for line in text_of(message.get("blocks", [])).splitlines()[:lines]:
        print(f"    {line}")
