"""Votes on passages, whole documents, and documents that somebody should look at again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.domain.curation import Votes
from bot.domain.person import Person
from bot.errors import Refused
from bot.slack.answers import NO_ANSWER
from bot.slack.blocks import curating as curating_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import upkeep as blocks
from bot.slack.blocks.parts import Block
from bot.slack.curating import carried, readers
from bot.slack.edge import Body, Edge, guarded
from bot.slack.pressing import View, answer, in_modal, listen
from bot.slack.values import entered, submission, text

Deed = Callable[..., str]


async def stale(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie stale`: what is to be looked at, as far as it may be seen here."""
    return blocks.listing(await asyncio.to_thread(edge.copilot.upkeep.seen, readers(body, person)))


async def source(edge: Edge, person: Person, value: str) -> Block:
    """The exact passage that was cited, with what is known of its document."""

    def read() -> Block:
        passage = edge.knowledge.passage(value)
        if passage is None:
            raise Refused("The source is not in the knowledge base any more.")
        kept = edge.knowledge.upkeep.of(passage.document_id)
        return knowledge_blocks.source_view(passage, kept, edge.copilot.votes.said(person, value))

    return await asyncio.to_thread(read)


async def document(edge: Edge, person: Person, value: str) -> Block:
    """A whole document."""

    def read() -> Block:
        found, kept = edge.knowledge.document(value), edge.knowledge.upkeep.of(value)
        if found is None or kept is None:
            raise Refused("That document is not in the knowledge base any more.")
        with edge.store.read() as tx:
            votes, finding = tx.library.votes().get(value, Votes()), tx.upkeep.finding(value)
            removal = tx.library.removal_of(value)
        return blocks.document_view(found, kept, votes, finding, removal)

    return await asyncio.to_thread(read)


VIEWS: dict[str | re.Pattern[str], View] = {
    re.compile(r"open_source:.+"): source,
    "document_open": document,
}


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

    listen(app, edge, {}, VIEWS)
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
    try:
        await edge.client.views_update(view_id=body["view"]["id"], view=await source(edge, person, passage))
    except (SlackApiError, *NO_ANSWER):
        return False
    return True
