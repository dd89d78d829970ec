"""`/vigie` and its sub-commands. Each answers in its acknowledgement, after what it did is committed."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.domain.person import Person
from bot.slack import by_hand, standing
from bot.slack.absorbing import noise
from bot.slack.blocks import forms as form_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import pending as pending_blocks
from bot.slack.blocks import running as running_blocks
from bot.slack.blocks.by_hand import OPEN
from bot.slack.blocks.parts import Block
from bot.slack.blocks.standing import line as standing_line
from bot.slack.blocks.times import clock, span
from bot.slack.curating import questions
from bot.slack.drafting import catchup, postmortem, update
from bot.slack.edge import Body, Edge, guarded
from bot.slack.muting import mute
from bot.slack.upkeeping import stale
from knowledge.model import Query

_INCIDENTS, _STANDING = 20, 10

Answer = Callable[[Edge, Person, Body, str], Awaitable[list[Block]]]


async def _help(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    lines = [f"`/vigie {usage}`  {what}" for usage, what, _ in COMMANDS.values()]
    return [parts.status("*Vigie* understands:\n" + "\n".join(lines))]


async def _ask(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    if not words:
        return [parts.status("Ask something, for example `/vigie ask why are orders stuck?`")]
    room = await edge.rooms.of(body["channel_id"])
    question = {"question": words, "user": person.user_id, "channel": body["channel_id"]}
    question |= {"team": person.team_id, "access": list(room.access(person.user_id))}
    await asyncio.to_thread(edge.copilot.questions.ask, str(body["trigger_id"]), question)
    return [parts.status(":mag: Looking; the answer comes into this channel.")]


async def _search(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    if not words:
        return [parts.status("Search for something, for example `/vigie search stale lock`")]
    found = await asyncio.to_thread(
        edge.knowledge.search, Query(words, seen_by=frozenset({body["channel_id"], person.user_id})), 5
    )
    if not found.fits:
        room = await edge.rooms.of(body["channel_id"])
        await asyncio.to_thread(edge.copilot.gaps.missed, words, room.access(person.user_id), person)
    return knowledge_blocks.found(found.passages, found.fits, found.missing, words, found.why)


async def _status(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    seen = await asyncio.to_thread(edge.copilot.questions.overview)
    blocks = [parts.status_with("*Open now*", running_blocks.freeze_button())]
    if seen.freeze:
        blocks = [parts.status(":lock: *Execution is frozen.*")]
    blocks.append(parts.buttons(OPEN))
    for incident in seen.open_incidents[:_INCIDENTS]:
        line = f"*{incident.label}* · {incident.severity.word} · {incident.state.value}"
        own = f"{line} · {clock(incident.opened_at)}"
        blocks += [parts.status(own), parts.foreign_note(incident.title)]
    if not seen.open_incidents:
        blocks.append(parts.status("No incident is open."))
    left_out = len(seen.open_incidents) - _INCIDENTS
    if left_out > 0:
        blocks.append(parts.note(f"and {left_out} more"))
    if seen.waiting or seen.changes:
        oldest = min([w.proposal.created_at for w in seen.waiting] + [c.at for c in seen.changes])
        counts = f"{len(seen.waiting)} proposal(s) and {len(seen.changes)} change(s) wait for N3"
        age = f"the oldest for {span(seen.now - oldest)}"
        blocks.append(parts.status(f":memo: {counts}, {age}; see `/vigie pending`."))
    if person in seen.n3.since:
        live = [one for one in seen.standing if one.standing.is_in_force(seen.now)]
        lines = [f":robot_face: *{one.standing.label}* · {standing_line(one, seen.now)}" for one in live]
        blocks.append(parts.note("\n".join(lines[:_STANDING]) or "No standing sign-off is in force."))
    return blocks


async def _pending(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    return pending_blocks.pending(await asyncio.to_thread(edge.copilot.questions.overview))


async def _actions(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    incident = body.get("incident_id")  # of the thread in which it was said
    if incident is not None and not words:
        found, tools = await asyncio.to_thread(edge.copilot.forms.actions_for, incident)
        return form_blocks.catalogue(tools, found.service if found else "", incident)
    tools = await asyncio.to_thread(edge.copilot.forms.catalogue, words)
    return form_blocks.catalogue(tools, words)


async def _run(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """Opens the form; a mention cannot, so it gives the button that does."""
    if not words:
        return [
            parts.status("Say which action, for example `/vigie run restart_worker`; see `/vigie actions`.")
        ]
    incident = body.get("incident_id")
    form = await asyncio.to_thread(edge.copilot.forms.form, words, incident)
    if body.get("trigger_id"):
        await edge.open_view(body, form_blocks.form(form))
        return [parts.status(":memo: Fill in the form; nothing runs before N3 has signed it.")]
    return form_blocks.open_form(form.tool, incident)


async def _freeze(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    await asyncio.to_thread(edge.copilot.switch.freeze, person, words, edge.event(body))
    seen = await asyncio.to_thread(edge.copilot.questions.overview)
    frozen = ":lock: Execution is frozen. Nothing new runs until an N3 says `/vigie unfreeze`."
    return [parts.status(frozen), *running_blocks.still_running(seen.running)]


async def _unfreeze(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """Words in a thread lift nothing: they give the button that does."""
    if not body.get("trigger_id"):
        return [parts.buttons(parts.button("Lift the freeze", "unfreeze", "all"))]
    judgement = await asyncio.to_thread(edge.copilot.switch.unfreeze, person, edge.event(body))
    return [parts.status(judgement.reason)]


COMMANDS: dict[str, tuple[str, str, Answer]] = {
    "help": ("help", "this list", _help),
    "ask": ("ask why are orders stuck?", "an answer with sources, in this channel", _ask),
    "search": ("search stale lock", "passages, for you alone", _search),
    "questions": ("questions", "what was asked and found no answer; write it, or dismiss it", questions),
    "stale": ("stale", "runbooks to look at again: old ones, and those that incidents speak against", stale),
    "status": ("status", "what is open", _status),
    "open": ("open checkout is slow", "an incident that no alert has opened, by a form", by_hand.open_),
    "resolve": ("resolve 12", "it is over", by_hand.resolve),
    "severity": ("severity 12 critical", "how grave it is; without a word a form asks", by_hand.severity),
    "assign": (
        "assign 12 me",
        "who has it; `nobody` gives it back, without a word a form asks",
        by_hand.assign,
    ),
    "actions": ("actions shop-orders", "what may be done, all of it or for one service", _actions),
    "run": ("run restart_worker", "propose an action by a form", _run),
    "pending": ("pending", "what waits for N3, and what runs, with buttons", _pending),
    "standing": (
        "standing",
        "what runs by itself; also `standing new`, `standing revoke S3 why`",
        standing.command,
    ),
    "noise": ("noise 7d", "what was absorbed and why; without a time: of the last 24 hours", noise),
    "mute": (
        "mute service=orders 2h",
        "a maintenance window by a form; also `mute list`, `mute end M3`",
        mute,
    ),
    "catchup": ("catchup 12", "what you need to know of an incident, for you alone", catchup),
    "update": ("update 12", "a status update for stakeholders, drafted for you to edit and post", update),
    "postmortem": ("postmortem 12", "a postmortem with its recorded timeline, likewise", postmortem),
    "freeze": ("freeze deploy in progress", "nothing new is executed from now on", _freeze),
    "unfreeze": ("unfreeze", "N3 only: lift the freeze", _unfreeze),
}


FRENCH = {
    "aide": "help",
    "statut": "status",
    "état": "status",
    "etat": "status",
    "bruit": "noise",
    "demande": "ask",
    "demander": "ask",
    "cherche": "search",
    "chercher": "search",
    "recherche": "search",
    "ouvre": "open",
    "ouvrir": "open",
    "résoudre": "resolve",
    "resoudre": "resolve",
    "clore": "resolve",
    "gravité": "severity",
    "gravite": "severity",
    "assigne": "assign",
    "assigner": "assign",
    "sourdine": "mute",
    "silence": "mute",
    "attente": "pending",
    "lance": "run",
    "lancer": "run",
    "geler": "freeze",
    "gèle": "freeze",
    "dégeler": "unfreeze",
    "degeler": "unfreeze",
    "bilan": "postmortem",
    "résumé": "catchup",
    "resume": "catchup",
}
"""What people type in French, and the sub-command that they are pointed to."""


def command_of(words: str) -> tuple[str, Answer | None, str]:
    """The name of a sub-command as it was typed, what answers it if there is one, and the words after it."""
    name, _, rest = words.strip().partition(" ")
    known = COMMANDS.get(name.lower() or "help")
    return name, known[2] if known else None, rest.strip()


def register(app: AsyncApp, edge: Edge) -> None:
    async def vigie(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person = await edge.person(body)
        name, answer, words = command_of(str(body.get("text", "")))
        if answer is None:
            french = FRENCH.get(name.lower())
            near = [french] if french else difflib.get_close_matches(name.lower(), COMMANDS, n=1)
            hint = f"Did you mean `/vigie {near[0]}`?" if near else "See `/vigie help`."
            await ack(text=f"There is no `/vigie {parts.escape(name[:40])}`. {hint}")
            return
        blocks = await answer(edge, person, body, words)
        await ack(text=f"/vigie {name}", blocks=parts.within_limits(blocks))

    app.command("/vigie")(guarded(edge, vigie))
