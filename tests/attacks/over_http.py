"""Slack calling over HTTP, played by a test: payloads as Slack sends them, signed or forged."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from bot.playground.workspace import Person, envelopes
from bot.playground.workspace.elements import action_item, find
from tests.world import CHANNEL, Message, World

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # known to nobody but these tests
PATH = "/slack/events"
Payload = dict[str, Any]


def click(
    vigie: World, person: Person, message: Message, action_id: str, value: str | None = None
) -> Payload:
    """A click on a button of a message; `value` is what a forger would put in its place."""
    block, element = find(message["blocks"], action_id, None, None)
    item = action_item(block, element, None, message["ts"])
    item |= {} if value is None else {"value": value}
    place = envelopes.Place(
        channel={"id": CHANNEL, "name": "incidents"},
        message=message,
        message_ts=message["ts"],
        thread_ts=message.get("thread_ts"),
        state={},
    )
    core = vigie.place._core  # the team as Slack would name it
    return envelopes.block_actions(core.team, person, place, item, core.views.trigger(person.id))


def submission(vigie: World, person: Person, view: Payload) -> Payload:
    """The submission of a modal."""
    core = vigie.place._core
    return envelopes.view_submission(core.team, person, dict(view), core.views.trigger(person.id))


def command(vigie: World, person: Person, text: str) -> Payload:
    """`/vigie` with this text."""
    core = vigie.place._core
    place = {"id": CHANNEL, "name": "incidents"}
    urls = (f"{vigie.place.url}/respond/{core.team.id}/none", core.views.trigger(person.id))
    return envelopes.slash_command(core.team, person, place, "/vigie", text, urls)


def body_of(payload: Payload) -> bytes:
    """The form in which it travels: a command as its fields, everything else as one field of JSON."""
    fields = payload if "command" in payload else {"payload": json.dumps(payload)}
    return urlencode(fields).encode()


def headers_for(body: bytes, *, age_s: int = 0, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Slack signs a body, sent `age_s` seconds ago."""
    at = str(int(time.time()) - age_s)
    mac = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={mac.hexdigest()}",
    }


async def send(vigie: World, payload: Payload, *, age_s: int = 0) -> tuple[int, Any]:
    """Send it with a right signature; the HTTP status and the answer."""
    body = body_of(payload)
    return await vigie.post(body, headers=headers_for(body, age_s=age_s), path=PATH)
