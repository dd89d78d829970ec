"""Buttons in messages and in modals: what they do is said where they were pressed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.domain.person import Person
from bot.slack.answers import NO_ANSWER
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import told_view
from bot.slack.edge import Body, Edge, Listener, guarded

Deed = Callable[[Edge, Person, str, str], Awaitable[str]]
View = Callable[[Edge, Person, str], Awaitable[Block]]


def listen(
    app: AsyncApp,
    edge: Edge,
    deeds: Mapping[str, Deed],
    views: Mapping[str, View] | Mapping[str | re.Pattern[str], View],
) -> None:
    """Have these buttons do what they say; a view that is asked for within a modal opens on top of it."""
    for action_id, deed in deeds.items():
        app.action(action_id)(guarded(edge, _deed(edge, deed)))
    for pattern, view in views.items():
        app.action(pattern)(guarded(edge, _view(edge, view)))


def in_modal(body: Body) -> bool:
    """Whether it was pressed in a modal, which has no channel to answer in."""
    return (body.get("view") or {}).get("type") == "modal"


async def answer(edge: Edge, body: Body, said: str) -> None:
    """Say it in the modal that is open, or to the person where they are."""
    if in_modal(body):
        try:
            told = told_view("Done", parts.escape(said))
            await edge.client.views_update(view_id=body["view"]["id"], view=told)
            return
        except (SlackApiError, *NO_ANSWER):
            pass  # the modal was closed meanwhile
    await edge.tell(body, said)


def opening(edge: Edge, form: Callable[[Edge, Person, Body, str], Awaitable[Block]]) -> Listener:
    """Have a button open what takes a while to read; within a modal on top of it."""

    async def read(body: Body) -> Block:
        return await form(edge, await edge.person(body), body, str(body["actions"][0].get("value", "")))

    async def press(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        await ack()
        if in_modal(body):
            await edge.open_view(body, await read(body))
        else:
            await edge.open_when_read(body, read(body))

    return press


def _deed(edge: Edge, deed: Deed) -> Listener:
    async def click(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person = await edge.person(body)
        said = await deed(edge, person, str(body["actions"][0].get("value", "")), edge.event(body))
        await ack()
        if said:
            await answer(edge, body, said)

    return click


def _view(edge: Edge, view: View) -> Listener:
    async def click(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        await ack()
        person = await edge.person(body)
        shown = await view(edge, person, str(body["actions"][0].get("value", "")))
        await edge.open_view(body, shown)

    return click
