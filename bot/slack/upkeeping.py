"""Votes on passages, and documents that somebody should look at again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.domain.person import Person
from bot.slack.answers import NO_ANSWER
from bot.slack.blocks import curating as curating_blocks
from bot.slack.blocks import upkeep as blocks
from bot.slack.blocks.parts import Block
from bot.slack.citing import readers, source
from bot.slack.curating import carried
from bot.slack.edge import Body, Edge, guarded
from bot.slack.pressing import answer, in_modal
from bot.slack.values import entered, submission, text

Deed = Callable[..., str]


async def stale(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie stale`: what is to be looked at, as far as it may be seen here."""
    return blocks.listing(await asyncio.to_thread(edge.copilot.upkeep.seen, readers(body, person)))


def register(app: AsyncApp, edge: Edge) -> None:
    async def useful(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """One vote; in the open source it is shown there."""
        person, passage = await edge.person(body), str(body["actions"][0].get("value", ""))
        vote = edge.copilot.votes.vote
        said = await asyncio.to_thread(vote, person, passage, True, "", edge.event(body))
        await ack()
        if not await _shown_again(edge, body, person, passage):
            await edge.tell(body, said)

    async def not_useful(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """The vote counts at once; a form asks why, for who can mend it."""
        person, passage = await edge.person(body), str(body["actions"][0].get("value", ""))
        vote = edge.copilot.votes.vote
        await asyncio.to_thread(vote, person, passage, False, "", edge.event(body))
        await ack()
        await _shown_again(edge, body, person, passage)
        await edge.open_view(body, curating_blocks.why_view(passage))

    async def why(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person, passage = await edge.person(body), carried(body, "passage")
        vote, event = edge.copilot.votes.vote, f"event:{submission(body)}"
        if said := text(entered(body), "why"):
            await asyncio.to_thread(vote, person, passage, False, said, event)
        await ack()

    app.action(re.compile(r"vote_yes:.+"))(guarded(edge, useful))
    app.action(re.compile(r"vote_no:.+"))(guarded(edge, not_useful))
    app.view("vote_why")(guarded(edge, why))
    app.action("still_right")(guarded(edge, _deed(edge, lambda: edge.copilot.upkeep.still_right)))
    app.action("review_later")(guarded(edge, _deed(edge, lambda: edge.copilot.upkeep.later)))


def _deed(edge: Edge, deed: Callable[[], Deed]) -> Callable[..., Awaitable[None]]:
    async def press(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person, id = await edge.person(body), str(body["actions"][0].get("value", ""))
        group = await _group(edge, await asyncio.to_thread(edge.copilot.upkeep.owner_of, id))
        said = await asyncio.to_thread(deed(), person, id, group, edge.event(body))
        await ack()
        await answer(edge, body, said)

    return press


async def _group(edge: Edge, owner: str) -> frozenset[str]:
    """The people of the user group that owns a document; nobody where Slack does not say."""
    if not owner.startswith("S"):
        return frozenset()
    try:
        found = await edge.client.usergroups_users_list(usergroup=owner)
    except (SlackApiError, *NO_ANSWER):
        return frozenset()
    return frozenset(str(user) for user in found["users"])


async def _shown_again(edge: Edge, body: Body, person: Person, passage: str) -> bool:
    """Show the vote in the source that is open; False where none is."""
    if not in_modal(body):
        return False
    shown = await source(edge, person, body, passage)
    try:
        await edge.client.views_update(view_id=body["view"]["id"], view=shown)
    except (SlackApiError, *NO_ANSWER):
        return False
    return True
