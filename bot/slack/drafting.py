"""Drafts in Slack: asked for by words, command or button, edited in a form, posted by a person."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.domain.drafts import DraftKind
from bot.domain.person import Person
from bot.slack.blocks import draft as draft_blocks
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.edge import Body, Edge, guarded
from bot.slack.pressing import Deed, View, listen
from bot.slack.values import entered, number, text
from knowledge.text.redaction import redact

_ASKED: dict[tuple[DraftKind, str], re.Pattern[str]] = {
    (DraftKind.CATCHUP, "en"): re.compile(r"catch ?(?:me |us )?up|what did i miss|where do we stand"),
    (DraftKind.CATCHUP, "fr"): re.compile(
        r"(?:fais[- ]moi|faites[- ]moi) (?:un|le) (?:r[ée]sum[ée]|point)|r[ée]sume(?:[- ]moi)?(?: tout)?"
        r"|o[uù] en est[- ]on|mets[- ]moi au courant"
    ),
    (DraftKind.UPDATE, "en"): re.compile(
        r"(?:(?:draft|write) )?(?:a |the )?(?:status|stakeholder) update(?: for (?:the )?stakeholders)?"
    ),
    (DraftKind.UPDATE, "fr"): re.compile(
        r"(?:(?:r[ée]dige|[ée]cris) )?(?:un |le )?point de situation|(?:un )?message de statut"
    ),
    (DraftKind.POSTMORTEM, "en"): re.compile(r"(?:(?:draft|write) )?(?:a |the )?post-?mortem"),
    (DraftKind.POSTMORTEM, "fr"): re.compile(r"(?:(?:r[ée]dige|[ée]cris) )?(?:un |le )post-?mortem"),
}
_TOLD = {
    "en": ":pencil: I am drafting it. It comes to you as a direct message, and to nobody else.",
    "fr": ":pencil: Je le rédige. Il vous arrive en message direct, et à personne d'autre.",
}


def wanted(said: str) -> tuple[DraftKind, str] | None:
    """Which draft these words ask for and in which language; None where they are a question like any."""
    words = said.strip(" ?.!")
    return next((asked for asked, form in _ASKED.items() if form.fullmatch(words)), None)


async def ask(
    edge: Edge, person: Person, incident: int, kind: DraftKind, language: str, event: str
) -> list[Block]:
    """Have it drafted; says where it will be."""
    await asyncio.to_thread(edge.copilot.drafts.ask, event, person, incident, kind, language)
    return [parts.status(_TOLD.get(language, _TOLD["en"]))]


async def _command(kind: DraftKind, edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    named = str(body.get("incident_id") or "") or words
    incident = await asyncio.to_thread(edge.copilot.drafts.incident_of, named)
    return await ask(edge, person, incident, kind, "", edge.event(body))


catchup = partial(_command, DraftKind.CATCHUP)
update = partial(_command, DraftKind.UPDATE)
postmortem = partial(_command, DraftKind.POSTMORTEM)


async def _press(kind: DraftKind, edge: Edge, person: Person, value: str, event: str) -> str:
    await asyncio.to_thread(edge.copilot.drafts.ask, event, person, number(value), kind)
    return "It is being drafted, and comes to you as a direct message."


async def open_draft(edge: Edge, person: Person, value: str) -> Block:
    """All of the text, to be changed; only by whom it is for."""
    draft = await asyncio.to_thread(edge.copilot.drafts.open, person, number(value))
    return draft_blocks.form(draft, edge.copilot.drafts.habits.has_channel)


DEEDS: dict[str, Deed] = {f"draft_{kind.value}": partial(_press, kind) for kind in DraftKind}
VIEWS: dict[str, View] = {"draft_open": open_draft}


def register(app: AsyncApp, edge: Edge) -> None:
    async def posted(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Post what the form holds now."""
        person = await edge.person(body)
        values = entered(body)
        said = "\n".join(filter(None, (text(values, block) for block in sorted(values))))
        if redact(said).private_key:
            problem = "It holds a private key: take it out, and revoke the key."
            await ack(response_action="errors", errors={"text:0": problem})
            return
        draft_id = number(body["view"]["private_metadata"])
        await asyncio.to_thread(edge.copilot.drafts.post, person, draft_id, said, _clean)
        await ack()

    listen(app, edge, DEEDS, VIEWS)
    app.view("draft")(guarded(edge, posted))


def _clean(said: str) -> str:
    return redact(said).text
