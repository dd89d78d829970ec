"""From a citation to the exact passage and its whole document, for who may see it there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp

from bot.domain.curation import Votes
from bot.domain.person import Person
from bot.errors import Refused
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import upkeep as blocks
from bot.slack.blocks.parts import Block
from bot.slack.edge import Body, Edge, guarded
from bot.slack.pressing import opening
from knowledge.upkeep import Kept

_GONE = "That document is not in the knowledge base any more."
# One word for both, so that nobody learns from it what there is.
_LIMITED = "It is not for everybody: open it where it was cited."


def place(body: Body) -> str:
    """The id of the channel in which it was pressed or said; of a modal the one where it was opened."""
    found = (body.get("channel") or {}).get("id") or body.get("channel_id", "")
    found = found or (body.get("event") or {}).get("channel", "")
    return str(found or _opened_in(body))


def readers(body: Body, person: Person) -> frozenset[str]:
    """Who reads an answer here: the channel and the person."""
    return frozenset({place(body), person.user_id}) - {""}


async def readable(edge: Edge, person: Person, body: Body, document_id: str) -> Kept:
    """What is known of a document that this person may open here.

    Raises:
        Refused: there is none, or it is for others.
    """

    def read() -> Kept:
        kept = edge.knowledge.upkeep.of(document_id)
        if kept is None:
            raise Refused(_GONE)
        here = readers(body, person)
        if not (edge.copilot.upkeep.may_open(kept, here) or edge.knowledge.may_see(kept.access, here)):
            raise Refused(_LIMITED)
        return kept

    return await asyncio.to_thread(read)


async def source(edge: Edge, person: Person, body: Body, value: str) -> Block:
    """The exact passage that was cited, with what is known of its document."""
    passage = await asyncio.to_thread(edge.knowledge.passage, value)
    if passage is None:
        raise Refused("The source is not in the knowledge base any more.")
    kept = await readable(edge, person, body, passage.document_id)
    said = await asyncio.to_thread(edge.copilot.votes.said, person, value)
    now, _ = await asyncio.to_thread(edge.store.clock)
    return _opened(knowledge_blocks.source_view(passage, now.date(), kept, said), body)


async def document(edge: Edge, person: Person, body: Body, value: str) -> Block:
    """A whole document."""
    kept = await readable(edge, person, body, value)

    def read() -> Block:
        found = edge.knowledge.document(value)
        if found is None:
            raise Refused(_GONE)
        with edge.store.read() as tx:
            votes, finding = tx.library.votes().get(value, Votes()), tx.upkeep.finding(value)
            removal = tx.library.removal_of(value)
        leaves = removal if removal is not None and removal.done_at is None else None
        return blocks.document_view(found, kept, votes, finding, leaves)

    return _opened(await asyncio.to_thread(read), body)


VIEWS: dict[str | re.Pattern[str], Callable[[Edge, Person, Body, str], Awaitable[Block]]] = {
    re.compile(r"open_source:.+"): source,
    "document_open": document,
}


def register(app: AsyncApp, edge: Edge) -> None:
    for action_id, view in VIEWS.items():
        app.action(action_id)(guarded(edge, opening(edge, view)))


def _opened(view: Block, body: Body) -> Block:
    """What is pressed in it is pressed where it was opened: Slack gives it back as it stands here."""
    return view | {"private_metadata": json.dumps({"opened_in": place(body)})}


def _opened_in(body: Body) -> str:
    try:
        return str(json.loads(body["view"]["private_metadata"])["opened_in"])
    except (ValueError, KeyError, TypeError):
        return ""
