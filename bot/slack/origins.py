"""The Slack ids of what somebody did: team, user, channel and message, for the audit log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.slack.blocks.parts import Block

_ID, _TS = re.compile(r"[A-Z0-9]{1,30}"), re.compile(r"[0-9]{1,12}\.[0-9]{1,8}")
_FROM = "from"


def ids_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Whatever of them Slack names; a submitted form has them from the message that it was opened from."""
    event, container = _object(body, "event"), _object(body, "container")
    view, user = _object(body, "view"), _object(body, "user")
    opened = _opened_from(view)
    channel = _object(body, "channel").get("id") or body.get("channel_id") or event.get("channel")
    message = _object(body, "message").get("ts") or container.get("message_ts") or event.get("ts")
    named = {
        "team": user.get("team_id") or body.get("team_id") or _object(body, "team").get("id"),
        "user": user.get("id") or body.get("user_id") or event.get("user"),
        "channel": channel or container.get("channel_id") or opened.get("channel"),
        "message": message or opened.get("message"),
        "view": view.get("id"),
    }
    kept = {name: str(value) for name, value in named.items() if value}
    return {k: v for k, v in kept.items() if (_TS if k == "message" else _ID).fullmatch(v)}


def with_origin(view: Block, body: Mapping[str, Any]) -> Block:
    """A form that remembers the message from which it is opened; only for the record."""
    ids = {k: v for k, v in ids_of(body).items() if k in ("channel", "message")}
    try:
        carried = json.loads(view.get("private_metadata") or "")
    except ValueError:
        return view
    if not ids or not isinstance(carried, dict):
        return view
    return {**view, "private_metadata": json.dumps(carried | {_FROM: ids})}


def _opened_from(view: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return _object(json.loads(str(view.get("private_metadata") or "")), _FROM)
    except ValueError:
        return {}


def _object(value: object, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}
