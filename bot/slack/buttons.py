"""Buttons: each click is kept once, leads to the recorded row and never to a model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.domain.person import Person
from bot.errors import Refused
from bot.slack import standing
from bot.slack.blocks import change as change_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks.parts import Block
from bot.slack.edge import Body, Edge, guarded

Deed = Callable[[Edge, Person, str, str], Awaitable[str]]
View = Callable[[Edge, Person, str], Awaitable[Block]]


async def _take(edge: Edge, person: Person, value: str, event: str) -> str:
    await asyncio.to_thread(edge.copilot.incidents.take, person, _number(value), event)
    return ""


async def _resolve(edge: Edge, person: Person, value: str, event: str) -> str:
    moved = await asyncio.to_thread(edge.copilot.incidents.resolve, person, _number(value), event)
    return "" if moved else "It was resolved already."


async def _propose(edge: Edge, person: Person, value: str, event: str) -> str:
    numbers = [_number(part) for part in value.split(":")]
    if len(numbers) != 3:
        raise Refused("That button is not one of ours.")
    incident, round_, index = numbers
    proposal = await asyncio.to_thread(
        edge.copilot.proposals.propose_remedy, person, incident, round_, index, event
    )
    return f"{proposal.label} is proposed; somebody of N3 has to sign it, not you."


async def _undo(edge: Edge, person: Person, value: str, event: str) -> str:
    proposal = await asyncio.to_thread(edge.copilot.proposals.propose_undo, person, _number(value), event)
    return f"{proposal.label} is proposed; somebody of N3 has to sign it, not you."


async def _reject(edge: Edge, person: Person, value: str, event: str) -> str:
    return (await asyncio.to_thread(edge.copilot.signing.reject, person, _number(value), event)).reason


async def _sign_view(edge: Edge, person: Person, value: str) -> Block:
    judgement, proposal = await asyncio.to_thread(edge.copilot.signing.may_open, person, _number(value))
    if not judgement.allowed:
        raise Refused(judgement.reason)
    return proposal_blocks.sign_view(proposal)


async def _change_view(edge: Edge, person: Person, value: str) -> Block:
    return change_blocks.sign_view(await asyncio.to_thread(edge.copilot.changes.open, person, _number(value)))


async def _summary_view(edge: Edge, person: Person, value: str) -> Block:
    def read() -> Block:
        with edge.store.read() as tx:
            incident, kept = tx.incidents.get(_number(value)), tx.summaries.get(_number(value))
        if incident is None or kept is None or kept.confirmed_at is not None:
            raise Refused("This summary was confirmed already.")
        return knowledge_blocks.summary_view(incident, kept)

    return await asyncio.to_thread(read)


async def _source_view(edge: Edge, person: Person, value: str) -> Block:
    passage = await asyncio.to_thread(edge.knowledge.passage, value)
    if passage is None:
        raise Refused("The source is not in the knowledge base any more.")
    return knowledge_blocks.source_view(passage)


DEEDS: dict[str, Deed] = {
    "take": _take,
    "resolve": _resolve,
    "propose": _propose,
    "undo": _undo,
    "reject": _reject,
    **standing.DEEDS,
}
VIEWS: dict[str | re.Pattern[str], View] = {
    "sign_open": _sign_view,
    "change_open": _change_view,
    "edit_summary": _summary_view,
    re.compile(r"open_source:.+"): _source_view,
    **standing.VIEWS,
}


def register(app: AsyncApp, edge: Edge) -> None:
    for action_id, deed in DEEDS.items():
        app.action(action_id)(guarded(edge, _deed(edge, deed)))
    for pattern, view in VIEWS.items():
        app.action(pattern)(guarded(edge, _view(edge, view)))


def _deed(edge: Edge, deed: Deed) -> Callable[..., Awaitable[None]]:
    async def click(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person = await edge.person(body)
        said = await deed(edge, person, str(body["actions"][0].get("value", "")), edge.event(body))
        await ack()
        if said:
            await edge.tell(body, said)

    return click


def _view(edge: Edge, view: View) -> Callable[..., Awaitable[None]]:
    async def click(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        await ack()
        person = await edge.person(body)
        shown = await view(edge, person, str(body["actions"][0].get("value", "")))
        await edge.open_view(body, shown)

    return click


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Refused("That button is not one of ours.")
    return int(value)
