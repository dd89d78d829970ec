"""Buttons: each click is kept once, leads to the recorded row and never to a model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.reviews import FINE, SHOULD_NOT
from bot.domain.evidence import Evidence
from bot.domain.person import Person
from bot.errors import Refused
from bot.sign_off.difference import can_be_shown
from bot.slack import forms, standing
from bot.slack.blocks import change as change_blocks
from bot.slack.blocks import diagnosis as diagnosis_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import signing as signing_blocks
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


async def _stop_reading(edge: Edge, person: Person, value: str, event: str) -> str:
    return await asyncio.to_thread(edge.copilot.incidents.stop_reading, person, _number(value), event)


async def _propose(edge: Edge, person: Person, value: str, event: str) -> str:
    numbers = [_number(part) for part in value.split(":")]
    if len(numbers) != 3:
        raise Refused("That button is not one of ours.")
    incident, round_, index = numbers
    proposal = await asyncio.to_thread(
        edge.copilot.proposals.propose_remedy, person, incident, round_, index, event, _why_outdated(edge)
    )
    return f"{proposal.label} is proposed; somebody of N3 has to sign it, not you."


def _why_outdated(edge: Edge) -> Callable[[Evidence], str]:
    """What has become of a cited document since it was found."""

    def why(piece: Evidence) -> str:
        passage = edge.knowledge.passage(piece.source)
        return "it was removed" if passage is None else passage.outdated(datetime.now(UTC).date())

    return why


async def _undo(edge: Edge, person: Person, value: str, event: str) -> str:
    proposal = await asyncio.to_thread(edge.copilot.proposals.propose_undo, person, _number(value), event)
    return f"{proposal.label} is proposed; somebody of N3 has to sign it, not you."


async def _reject(edge: Edge, person: Person, value: str, event: str) -> str:
    return (await asyncio.to_thread(edge.copilot.signing.reject, person, _number(value), event)).reason


async def _review_fine(edge: Edge, person: Person, value: str, event: str) -> str:
    return await _review(edge, person, value, event, FINE)


async def _review_not(edge: Edge, person: Person, value: str, event: str) -> str:
    return await _review(edge, person, value, event, SHOULD_NOT)


async def _review(edge: Edge, person: Person, value: str, event: str, verdict: str) -> str:
    judged = await asyncio.to_thread(edge.copilot.reviews.judge, person, _number(value), verdict, event)
    return "" if judged.allowed else judged.reason


async def _again(edge: Edge, person: Person, value: str, event: str) -> str:
    again = edge.copilot.proposals.propose_again
    proposal = await asyncio.to_thread(again, person, _number(value), event)
    return f"{proposal.label} is proposed; somebody of N3 has to sign it, not you."


async def _stop(edge: Edge, person: Person, value: str, event: str) -> str:
    return (await asyncio.to_thread(edge.copilot.running.stop, person, _number(value), event)).reason


async def _look_again(edge: Edge, person: Person, value: str, event: str) -> str:
    look = edge.copilot.running.look_again
    return (await asyncio.to_thread(look, person, _number(value), event)).reason


async def _freeze(edge: Edge, person: Person, value: str, event: str) -> str:
    await asyncio.to_thread(edge.copilot.switch.freeze, person, "", event)
    return "Execution is frozen. Nothing new runs until an N3 lifts it."


async def _unfreeze(edge: Edge, person: Person, value: str, event: str) -> str:
    return (await asyncio.to_thread(edge.copilot.switch.unfreeze, person, event)).reason


async def _run_view(edge: Edge, person: Person, value: str) -> Block:
    tool, _, incident = value.partition(":")
    return await asyncio.to_thread(forms.form_view, edge, tool, _number(incident) if incident else None)


async def _edit_view(edge: Edge, person: Person, value: str) -> Block:
    return await asyncio.to_thread(forms.edit_view, edge, _number(value))


async def _took_effect_view(edge: Edge, person: Person, value: str) -> Block:
    return await forms.settle_view(edge, person, _number(value), True)


async def _no_effect_view(edge: Edge, person: Person, value: str) -> Block:
    return await forms.settle_view(edge, person, _number(value), False)


async def _sign_view(edge: Edge, person: Person, value: str) -> Block:
    return signing_blocks.sign_view(
        await asyncio.to_thread(edge.copilot.signing.open, person, _number(value))
    )


async def _change_view(edge: Edge, person: Person, value: str) -> Block:
    change = await asyncio.to_thread(edge.copilot.changes.open, person, _number(value))
    file = ""
    if not can_be_shown(change.difference):
        file = f"change-{change.offer.id}.diff"
        await edge.share(person, file, change.difference)
    return change_blocks.sign_view(change, file)


async def _change_reject_view(edge: Edge, person: Person, value: str) -> Block:
    change = await asyncio.to_thread(edge.copilot.changes.open, person, _number(value))
    return change_blocks.reject_view(change)


async def _summary_view(edge: Edge, person: Person, value: str) -> Block:
    def read() -> Block:
        with edge.store.read() as tx:
            incident, kept = tx.incidents.get(_number(value)), tx.summaries.get(_number(value))
        if incident is None or kept is None or kept.confirmed_at is not None:
            raise Refused("This summary was confirmed already.")
        return knowledge_blocks.summary_view(incident, kept)

    return await asyncio.to_thread(read)


async def _diagnosis_view(edge: Edge, person: Person, value: str) -> Block:
    def read() -> Block:
        with edge.store.read() as tx:
            incident, made = tx.incidents.get(_number(value)), tx.diagnoses.latest(_number(value))
            pieces = tx.diagnoses.evidence(_number(value))
        if incident is None or made is None:
            raise Refused("This incident has no diagnosis yet.")
        return diagnosis_blocks.details_view(made, pieces, incident)

    return await asyncio.to_thread(read)


DEEDS: dict[str, Deed] = {
    "take": _take,
    "resolve": _resolve,
    "propose": _propose,
    "stop_reading": _stop_reading,
    "undo": _undo,
    "reject": _reject,
    "review_fine": _review_fine,
    "review_not": _review_not,
    "again": _again,
    "stop": _stop,
    "look_again": _look_again,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
    **standing.DEEDS,
}
VIEWS: dict[str | re.Pattern[str], View] = {
    "sign_open": _sign_view,
    "change_open": _change_view,
    "change_reject": _change_reject_view,
    "edit_summary": _summary_view,
    "diagnosis_open": _diagnosis_view,
    "run_open": _run_view,
    "edit_open": _edit_view,
    "settle_open:yes": _took_effect_view,
    "settle_open:no": _no_effect_view,
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
    async def read(body: Body) -> Block:
        person = await edge.person(body)
        return await view(edge, person, str(body["actions"][0].get("value", "")))

    async def click(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        await ack()
        await edge.open_when_read(body, read(body))

    return click


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Refused("That button is not one of ours.")
    return int(value)
