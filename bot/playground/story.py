"""The story that the demo plays without a browser: every fault, from the alert to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.playground.faults import FAULTS, break_shop, mend_by_hand
from bot.playground.player import Message, Player, button, elements, text_of
from bot.playground.stage import GUEST, INCIDENTS, N3_A, ON_CALL, Stage
from bot.playground.telling import (
    StoryFailed,
    all_told,
    cards,
    find,
    must,
    reply,
    resolved,
    show,
    tell,
    title,
    told,
)

__all__ = ["StoryFailed", "play"]


Opened = tuple[int, Message]
"""An incident's number and its card."""


@dataclass
class Cast:
    """The people of the story."""

    on_call: Player
    n3_a: Player
    guest: Player


async def play(stage: Stage) -> None:
    """Play two faults at length, two at once, the one that nobody knows, and then the first one again.

    Raises:
        StoryFailed: the shop was not repaired, a refusal did not happen, nothing was learned, or Vigie
            claimed to know what it cannot know.
    """
    async with aiohttp.ClientSession(trust_env=False) as session:
        place = stage.workspace
        cast = Cast(*(Player(session, place.url, place.page_token, p) for p in (ON_CALL, N3_A, GUEST)))
        tell("Vigie", "reads its runbooks and past incidents")
        await stage.until_warm()
        first = await _one_incident(stage, cast, "stale_lock", "clear_stale_lock")
        second = await _one_incident(stage, cast, "bad_config", "restore_last_good_config")
        await _two_at_once(stage, cast)
        await _nobody_knows(stage, cast)
        await _learned(cast, (first, second))
        await _again(stage, cast, first[0])
    tell("Done", "four faults were really repaired, and the second time cited the first")


async def _one_incident(stage: Stage, cast: Cast, fault: str, tool: str) -> Opened:
    title(FAULTS[fault].title)
    await _until_healthy(stage)
    number, card = await _break(stage, cast, fault)
    diagnosis = await cast.on_call.waits_for("the diagnosis", lambda s: reply(s, card, "Diagnosis"))
    show("Vigie, in the thread", diagnosis)
    must(button(diagnosis, "open_source") is not None, "a hypothesis cites a source that a button opens")
    await _ask(cast, card, number)
    await _open_source(cast, diagnosis)
    proposal = await _propose(cast, card, tool)
    await _refusals(cast, proposal)
    await _sign(cast, proposal)
    await _repaired(stage, cast, card, proposal)
    await _confirm(cast, card)
    return number, card


async def _two_at_once(stage: Stage, cast: Cast) -> None:
    """Two causes at the same time are two incidents, each with its own remedy."""
    title("Two at once: " + " · ".join(FAULTS[name].title for name in ("poison_mail", "leaked_connections")))
    await _until_healthy(stage)
    tools = {"poison_mail": "park_mail", "leaked_connections": "end_leaking_report"}
    signed: list[tuple[Message, Message]] = []
    found = [(fault, (await _break(stage, cast, fault))[1]) for fault in tools]
    for fault, card in found:
        diagnosis = await cast.on_call.waits_for("the diagnosis", _offers(card, tools[fault]))
        show("Vigie, in the thread", diagnosis, 12)
        proposal = await _propose(cast, card, tools[fault])
        await _sign(cast, proposal)
        signed.append((card, proposal))
    for card, proposal in signed:
        await _verified(cast, proposal)
        await _over(cast, card)
    await _well_again(stage)


async def _nobody_knows(stage: Stage, cast: Cast) -> None:
    """The alert of a known fault with a cause that is in no document: Vigie says so, a person finds out."""
    fault = FAULTS["lost_receipts"]
    title(fault.title)
    await _until_healthy(stage)
    _, card = await _break(stage, cast, "lost_receipts")
    diagnosis = await cast.on_call.waits_for("the diagnosis", lambda s: reply(s, card, "Diagnosis"))
    show("Vigie, in the thread", diagnosis)
    must(
        "*Not enough evidence* to name a cause." in text_of(diagnosis["blocks"]),
        "it says that it does not know",
    )
    must(button(diagnosis, "propose") is None, "it proposes no remedy")
    tell("On-call, in the shop's log", await asyncio.to_thread(_last_failure, stage))
    tell("On-call does by hand", fault.by_hand.lower())
    tell("The shop", await asyncio.to_thread(mend_by_hand, stage.shop_folder, "lost_receipts"))
    await _over(cast, card)
    await _well_again(stage)


def _last_failure(stage: Stage) -> str:
    lines = (stage.shop_folder / "logs" / "shop.log").read_text(encoding="utf-8").splitlines()
    return next((line for line in reversed(lines) if " ERROR " in line), "nothing")


def _offers(card: Message, tool: str) -> Callable[[dict[str, Any]], Message | None]:
    """The diagnosis in a card's thread, once it offers the tool: the first round may have come too early."""

    def look(seen: dict[str, Any]) -> Message | None:
        made = reply(seen, card, "Diagnosis")
        offered = made is not None and button(made, "propose") and tool in text_of(made["blocks"])
        return made if offered else None

    return look


async def _break(stage: Stage, cast: Cast, fault: str) -> Opened:
    before = {m["ts"] for m in cards(await cast.on_call.sees())}
    tell("The shop", await asyncio.to_thread(break_shop, stage.shop_folder, fault))
    card = await cast.on_call.waits_for(
        "the incident's card", lambda s: next((m for m in cards(s) if m["ts"] not in before), None)
    )
    show("Vigie, in #incidents", card)
    number = int(button(card, "take") or "0")
    must(number > 0, "the card has a button to take the incident")
    await cast.on_call.click(INCIDENTS.id, card, "take")
    return number, card


async def _ask(cast: Cast, card: Message, number: int) -> None:
    question = "<@U0VIGIE> have we seen this before?"
    tell("On-call, in the thread", "@vigie have we seen this before?")
    await cast.on_call.say(INCIDENTS.id, question, card["ts"])
    answer = await cast.on_call.waits_for("an answer in the thread", lambda s: reply(s, card, "asked:"))
    must(button(answer, "open_source") is not None, "the answer in the thread has sources")
    show("Vigie, in the thread", answer, 12)
    if number == 1:
        tell("On-call", "/vigie ask why are orders stuck behind a lock?")
        await cast.on_call.command(INCIDENTS.id, "/vigie ask why are orders stuck behind a lock?")
        found = await cast.on_call.waits_for(
            "the answer to /vigie ask", lambda s: find(s, "stuck behind a lock")
        )
        must(button(found, "open_source") is not None, "/vigie ask answers with sources")
        await _look(cast, card)


async def _look(cast: Cast, card: Message) -> None:
    """A question about how things are now is answered by a look, which changes nothing."""
    tell("On-call, in the thread", "@vigie is the queue still growing?")
    await cast.on_call.say(INCIDENTS.id, "<@U0VIGIE> is the queue still growing?", card["ts"])
    answer = await cast.on_call.waits_for("what was just read", lambda s: reply(s, card, "Fresh readings"))
    must(" orders" in text_of(answer["blocks"]), "the answer says how many orders wait now")
    show("Vigie, in the thread", answer, 9)


async def _open_source(cast: Cast, diagnosis: Message) -> None:
    await cast.on_call.click(INCIDENTS.id, diagnosis, "open_source")
    view = await cast.on_call.waits_for("the cited source", lambda s: s["views"][-1] if s["views"] else None)
    tell("On-call opens a citation", text_of(view["blocks"]).splitlines()[0])
    await cast.on_call.close(view["id"])


async def _propose(cast: Cast, card: Message, tool: str) -> Message:
    """Press Propose until the proposal can be signed: a second round may overtake the diagnosis just read."""
    newer = "There is a newer diagnosis"
    for _ in range(3):
        diagnosis = await cast.on_call.waits_for(f"a diagnosis that offers {tool}", _offers(card, tool))
        refused = len(all_told(await cast.on_call.sees(), newer))
        tell("On-call", "presses Propose")
        await cast.on_call.click(INCIDENTS.id, diagnosis, "propose")

        def answered(seen: dict[str, Any], refused: int = refused) -> Message | str | None:
            told_again = all_told(seen, newer)[refused:]
            return reply(seen, card, tool, "sign_open") or (told_again[-1] if told_again else None)

        answer: Message | str = await cast.on_call.waits_for(f"{tool} ready to be signed", answered)
        if not isinstance(answer, str):
            show("Vigie, in the thread", answer)
            return answer
        tell("Vigie, to On-call alone", answer)
    raise StoryFailed(f"{tool} could not be proposed")


async def _refusals(cast: Cast, proposal: Message) -> None:
    for player, reason in ((cast.on_call, "You proposed this"), (cast.guest, "Guests")):
        tell(player.person.name, "presses Sign")
        await player.click(INCIDENTS.id, proposal, "sign_open")
        refusal = await player.waits_for(
            "the reason of the refusal",
            lambda s, r=reason: told(s, r),  # type: ignore[misc]
        )
        tell(f"Vigie, to {player.person.name} alone", refusal)
        must(not (await player.sees())["views"], f"{player.person.name} gets no modal to sign")


async def _sign(cast: Cast, proposal: Message) -> None:
    tell("N3 A", "presses Sign")
    await cast.n3_a.click(INCIDENTS.id, proposal, "sign_open")
    view = await cast.n3_a.waits_for("the modal", lambda s: s["views"][-1] if s["views"] else None)
    shown = text_of(view["blocks"])
    print("\n".join(f"    | {line}" for line in shown.splitlines()[:14]))
    must("What runs" in shown and "Digest" in shown, "the modal shows what will run, and its digest")
    tell("N3 A", "signs")
    done = await cast.n3_a.submit(view["id"], {})
    must(bool(done.get("ok")), f"the signature is taken ({done})")


async def _repaired(stage: Stage, cast: Cast, card: Message, proposal: Message) -> None:
    await _verified(cast, proposal)
    await _well_again(stage)
    await _over(cast, card)


async def _verified(cast: Cast, proposal: Message) -> None:
    def fixed(seen: dict[str, Any]) -> Message | None:
        found = next((m for m in seen["channels"][INCIDENTS.id] if m["ts"] == proposal["ts"]), None)
        return found if found and "Verification:" in text_of(found["blocks"]) else None

    ended = await cast.on_call.waits_for("the verification", fixed)
    show("Vigie, in the thread", ended)
    must("*fixed*" in text_of(ended["blocks"]), "the check that showed the fault says: fixed")


async def _well_again(stage: Stage) -> None:
    await _until_healthy(stage)
    health = await asyncio.to_thread(stage.shop_health)
    tell("The shop's own health page", f"status {health['status']}, process {health['process']}")


async def _over(cast: Cast, card: Message) -> None:
    await cast.on_call.waits_for("the resolved notice", lambda s: resolved(s, card))
    tell("Vigie", "the source says that it is over: resolved")


async def _confirm(cast: Cast, card: Message) -> None:
    """Edit and confirm the summary; it is stored while the story goes on."""
    draft = await cast.on_call.waits_for(
        "the draft of the summary", lambda s: reply(s, card, "drafted from recorded events")
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
    tell("On-call", "confirms the summary of what happened, with a line of their own")


async def _learned(cast: Cast, incidents: Sequence[Opened]) -> None:
    title("What was learned")
    for number, card in incidents:
        words = f"learned/incident-{number}"

        def stored(seen: dict[str, Any], card: Message = card, words: str = words) -> Message | None:
            return reply(seen, card, words)

        learned = await cast.on_call.waits_for("the summary in the knowledge base", stored)
        show("Vigie, in the thread", learned, 3)


async def _again(stage: Stage, cast: Cast, first: int) -> None:
    title("The first fault once more")
    await _until_healthy(stage)
    _, card = await _break(stage, cast, "stale_lock")

    def cites(seen: dict[str, Any]) -> Message | None:
        found = reply(seen, card, "Diagnosis")
        sources = [e["value"] for _, e in elements(found)] if found else []
        return found if any(value.startswith(f"learned/incident-{first}#") for value in sources) else None

    diagnosis = await cast.on_call.waits_for("a diagnosis that cites the first incident", cites)
    show("Vigie, in the thread", diagnosis)


async def _until_healthy(stage: Stage) -> None:
    for _ in range(150):
        if await stage.is_healthy():
            return
        await asyncio.sleep(0.2)
    raise StoryFailed("the shop is not healthy")
