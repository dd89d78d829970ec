"""`/vigie noise`, an incident's absorbed alerts, split, merge, and what people say against a decision."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.noise import Noise
from bot.copilot.regrouping import of_proposals
from bot.domain.lasting import parse_span
from bot.domain.person import Person
from bot.errors import Refused, StoreUnavailable
from bot.slack.blocks import noise as noise_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import regrouping as regrouping_blocks
from bot.slack.blocks.parts import Block
from bot.slack.edge import Body, Edge, guarded
from bot.slack.pressing import Deed, View, listen
from bot.slack.values import chosen, entered, number, submission, ticked

SOON_S = 1.5  # of the three seconds that Slack waits for an answer
_FOLLOWING: set[asyncio.Task[None]] = set()
DAY = timedelta(hours=24)
LONGEST = timedelta(days=90)


async def noise(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie noise`: the last 24 hours, or as long as is asked for; what takes long follows by itself."""
    reading = asyncio.ensure_future(asyncio.to_thread(edge.copilot.noise.since, back_of(words)))
    done, _ = await asyncio.wait({reading}, timeout=SOON_S)
    if done:
        return noise_blocks.report(reading.result())
    later = asyncio.create_task(_follow(edge, body, reading))
    _FOLLOWING.add(later)
    later.add_done_callback(_FOLLOWING.discard)
    return [parts.status(":hourglass_flowing_sand: There are many; the figures follow in a moment.")]


async def _follow(edge: Edge, body: Body, reading: Awaitable[Noise]) -> None:
    try:
        await edge.show(body, "/vigie noise", noise_blocks.report(await reading))
    except StoreUnavailable as error:
        await edge.tell(body, f"{error} Please try again.", keep=False)


def back_of(words: str) -> timedelta:
    """How far back, such as `7d`.

    Raises:
        Refused: the words are no length of time, or one that is too long.
    """
    try:
        back = parse_span(words) if words else DAY
    except ValueError as error:
        raise Refused(str(error)) from None
    if back > LONGEST:
        raise Refused(f"At most {LONGEST.days} days can be looked at.")
    return back


async def _absorbed(edge: Edge, person: Person, value: str) -> Block:
    found = await asyncio.to_thread(edge.copilot.noise.of_incident, number(value))
    return noise_blocks.absorbed_view(found)


async def _look(edge: Edge, person: Person, value: str) -> Block:
    found = await asyncio.to_thread(edge.copilot.noise.of_reason, number(value), timedelta(days=7))
    return noise_blocks.reason_view(found)


async def _split_form(edge: Edge, person: Person, value: str) -> Block:
    incident, series = await asyncio.to_thread(edge.copilot.regroupings.series, number(value))
    if len(series) < 2:
        raise Refused(f"{incident.label} holds one alert: there is nothing to split.")
    return regrouping_blocks.split_view(incident, series)


async def _merge_form(edge: Edge, person: Person, value: str) -> Block:
    incident, others = await asyncio.to_thread(edge.copilot.regroupings.targets, number(value))
    if not others:
        raise Refused(f"No other incident is open that {incident.label} could be part of.")

    def read() -> str:
        with edge.store.read() as tx:
            return of_proposals(tx, incident.id)

    return regrouping_blocks.merge_view(incident, others, await asyncio.to_thread(read))


async def _dismiss(edge: Edge, person: Person, value: str, event: str) -> str:
    return await asyncio.to_thread(edge.copilot.suggestions.dismiss, person, number(value), event)


async def _page(edge: Edge, person: Person, value: str, event: str) -> str:
    return await asyncio.to_thread(edge.copilot.corrections.page, person, number(value), event)


async def _undo_correction(edge: Edge, person: Person, value: str, event: str) -> str:
    return await asyncio.to_thread(edge.copilot.corrections.undo, person, number(value), event)


async def _undo_regrouping(edge: Edge, person: Person, value: str, event: str) -> str:
    return await asyncio.to_thread(edge.copilot.regroupings.undo, person, number(value), event)


DEEDS: dict[str, Deed] = {
    "dismiss": _dismiss,
    "should_have_paged": _page,
    "correction_undo": _undo_correction,
    "regroup_undo": _undo_regrouping,
}
VIEWS: dict[str | re.Pattern[str], View] = {
    "absorbed_open": _absorbed,
    re.compile(r"noise_look:\d+"): _look,
    "split_open": _split_form,
    "merge_open": _merge_form,
}


def register(app: AsyncApp, edge: Edge) -> None:
    async def more(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """The next page of absorbed alerts, in the same modal."""
        await ack()
        await edge.person(body)
        incident, _, after = str(body["actions"][0].get("value", "")).partition(":")
        found = await asyncio.to_thread(edge.copilot.noise.of_incident, number(incident), number(after))
        await client.views_update(view_id=body["view"]["id"], view=noise_blocks.absorbed_view(found))

    async def split(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Chosen alerts become an incident of their own."""
        person, event = await edge.person(body), f"event:{submission(body)}"
        incident, series = number(body["view"]["private_metadata"]), ticked(entered(body), "series")
        try:
            await asyncio.to_thread(edge.copilot.regroupings.split, person, incident, series, event)
        except Refused as refusal:
            await ack(response_action="errors", errors={"series": str(refusal)})
            return
        await ack(response_action="clear")

    async def merge(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """An incident becomes part of another."""
        person, event = await edge.person(body), f"event:{submission(body)}"
        source, target = number(body["view"]["private_metadata"]), number(chosen(entered(body), "target"))
        try:
            await asyncio.to_thread(edge.copilot.regroupings.merge, person, source, target, event)
        except Refused as refusal:
            await ack(response_action="errors", errors={"target": str(refusal)})
            return
        await ack(response_action="clear")

    listen(app, edge, DEEDS, VIEWS)
    app.action("absorbed_more")(guarded(edge, more))
    app.view("split")(guarded(edge, split))
    app.view("merge")(guarded(edge, merge))
