"""`/vigie` and its sub-commands. Each answers in its acknowledgement, after what it did is committed."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.overview import Waiting
from bot.domain.person import Person
from bot.slack.absorbing import noise
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import parts
from bot.slack.blocks.incident import clock, span
from bot.slack.blocks.parts import Block
from bot.slack.edge import Body, Edge, guarded
from bot.slack.muting import mute
from knowledge.model import Query

_INCIDENTS, _PENDING = 20, 15

Answer = Callable[[Edge, Person, Body, str], Awaitable[list[Block]]]


async def _help(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    lines = [f"`/vigie {usage}`  {what}" for usage, what, _ in COMMANDS.values()]
    return [parts.status("*Vigie* understands:\n" + "\n".join(lines))]


async def _ask(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    if not words:
        return [parts.status("Ask something, for example `/vigie ask why are orders stuck?`")]
    question = {"question": words, "user": person.user_id, "channel": body["channel_id"]}
    await asyncio.to_thread(edge.copilot.questions.ask, str(body["trigger_id"]), question)
    return [parts.status(":mag: Looking; the answer comes into this channel.")]


async def _search(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    if not words:
        return [parts.status("Search for something, for example `/vigie search stale lock`")]
    found = await asyncio.to_thread(edge.knowledge.search, Query(words), 5)
    return knowledge_blocks.found(found.passages, found.fits, found.missing, words)


async def _status(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    seen = await asyncio.to_thread(edge.copilot.questions.overview)
    blocks = [parts.status(":lock: *Execution is frozen.*") if seen.freeze else parts.status("*Open now*")]
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
    return blocks


async def _pending(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """The most urgent first: what is proposed, then what changed in a file, each with its age."""
    seen = await asyncio.to_thread(edge.copilot.questions.overview)
    lines = [pending_line(waiting, seen.now) for waiting in seen.waiting[:_PENDING]]
    if len(seen.waiting) > _PENDING:
        lines.append(f"and {len(seen.waiting) - _PENDING} more")
    needed = seen.policy.change_signatures
    lines += [
        f"*Change {c.id}* of the {c.what} · waits {span(seen.now - c.at)} · {len(c.by)} of {needed} signed"
        for c in seen.changes
    ]
    return [parts.status("\n".join(lines) or "Nothing waits for a signature.")]


def pending_line(waiting: Waiting, now: datetime) -> str:
    """One proposal as a line of our own words: a tool's name holds nothing that Slack would act on."""
    p = waiting.proposal
    if now >= p.sign_by:
        left = "the time is over"
    else:
        left = f"*{span(p.sign_by - now)} left*, until {clock(p.sign_by)}"
    given = f"{len(waiting.signed)} of {p.signatures_needed} signed"
    tool = parts.escape(parts.short(p.tool.replace("`", "'"), 60))
    return f"*{p.label}* · `{tool}` · #{p.incident_id} · waits {span(now - p.created_at)} · {left} · {given}"


async def _freeze(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    await asyncio.to_thread(edge.copilot.switch.freeze, person, words, edge.event(body))
    return [parts.status(":lock: Execution is frozen. Nothing new runs until an N3 says `/vigie unfreeze`.")]


async def _unfreeze(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    judgement = await asyncio.to_thread(edge.copilot.switch.unfreeze, person, edge.event(body))
    return [parts.status(judgement.reason)]


COMMANDS: dict[str, tuple[str, str, Answer]] = {
    "help": ("help", "this list", _help),
    "ask": ("ask why are orders stuck?", "an answer with sources, in this channel", _ask),
    "search": ("search stale lock", "passages, for you alone", _search),
    "status": ("status", "what is open", _status),
    "pending": ("pending", "what waits for a signature", _pending),
    "noise": ("noise 7d", "what was absorbed and why; without a time: of the last 24 hours", noise),
    "mute": (
        "mute service=orders 2h",
        "a maintenance window by a form; also `mute list`, `mute end M3`",
        mute,
    ),
    "freeze": ("freeze deploy in progress", "nothing new is executed from now on", _freeze),
    "unfreeze": ("unfreeze", "N3 only: lift the freeze", _unfreeze),
}


def register(app: AsyncApp, edge: Edge) -> None:
    async def vigie(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person = await edge.person(body)
        name, _, words = str(body.get("text", "")).strip().partition(" ")
        known = COMMANDS.get(name.lower() or "help")
        if known is None:
            near = difflib.get_close_matches(name.lower(), COMMANDS, n=1)
            hint = f"Did you mean `/vigie {near[0]}`?" if near else "See `/vigie help`."
            await ack(text=f"There is no `/vigie {parts.escape(name[:40])}`. {hint}")
            return
        blocks = await known[2](edge, person, body, words.strip())
        await ack(text=f"/vigie {name}", blocks=parts.within_limits(blocks))

    app.command("/vigie")(guarded(edge, vigie))
