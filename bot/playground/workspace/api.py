"""The Web API at /api/<method>: token, scopes, ordered faults, then the method; answers as Slack does."""

import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from bot.playground.workspace import methods_chat, methods_read, methods_views
from bot.playground.workspace.arguments import Arguments, read_arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused

TokenKind = Literal["bot", "app", "none", "unknown"]


@dataclass(frozen=True)
class _Method:
    run: Callable[[Core, Arguments], Json]
    scopes: tuple[str, ...] = ()
    token: TokenKind = "bot"  # noqa: S105 - a kind, no secret


@dataclass(frozen=True)
class Call:
    """One recorded API call. `token` is the kind of token; `error` is empty when it went well."""

    method: str
    token: TokenKind
    args: Json
    error: str
    at: float


_METHODS = {
    "auth.test": _Method(methods_read.auth_test),
    "apps.connections.open": _Method(methods_views.open_connection, (), "app"),
    "chat.postMessage": _Method(methods_chat.post_message, ("chat:write",)),
    "chat.update": _Method(methods_chat.update, ("chat:write",)),
    "chat.delete": _Method(methods_chat.delete, ("chat:write",)),
    "chat.postEphemeral": _Method(methods_chat.post_ephemeral, ("chat:write",)),
    "reactions.add": _Method(methods_chat.add_reaction, ("reactions:write",)),
    "conversations.history": _Method(methods_read.history),
    "conversations.replies": _Method(methods_read.replies),
    "conversations.info": _Method(methods_read.conversation_info),
    "conversations.list": _Method(methods_read.conversation_list),
    "conversations.members": _Method(methods_read.members),
    "conversations.open": _Method(methods_read.open_conversation, ("im:write",)),
    "conversations.join": _Method(methods_read.join, ("channels:join",)),
    "users.info": _Method(methods_read.user_info, ("users:read",)),
    "users.list": _Method(methods_read.user_list, ("users:read",)),
    "users.conversations": _Method(methods_read.own_conversations),
    "usergroups.list": _Method(methods_read.group_list, ("usergroups:read",)),
    "usergroups.users.list": _Method(methods_read.group_members, ("usergroups:read",)),
    "views.open": _Method(methods_views.open_view),
    "views.push": _Method(methods_views.push_view),
    "views.update": _Method(methods_views.update_view),
    "views.publish": _Method(methods_views.publish_view),
    "team.info": _Method(methods_read.team_info, ("team:read",)),
    "bots.info": _Method(methods_read.bot_info, ("users:read",)),
}


class Api:
    """Answers API calls and remembers them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.calls: list[Call] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers one call. A lost answer is carried out, then the connection breaks."""
        name = request.match_info["method"]
        faults = self._core.faults
        if faults.is_down:
            return web.Response(
                status=503, text="<html><body>Server Error</body></html>", content_type="text/html"
            )
        kind: TokenKind = "none"
        args = Arguments({})
        try:
            token, args = await read_arguments(request)
            kind = self._kind(token)
            body = self._run(name, kind, args)
            refusal = None
        except Refused as error:
            body, refusal = error.body(), error
        self.calls.append(Call(name, kind, args.values, refusal.error if refusal else "", time.time()))
        if faults.loses_answer(name) and request.transport is not None:
            request.transport.abort()
        return self._response(body, kind, refusal)

    def _run(self, name: str, kind: TokenKind, args: Arguments) -> Json:
        method = _METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if kind in ("none", "unknown"):
            raise Refused("not_authed" if kind == "none" else "invalid_auth")
        if kind == "bot" and self._core.team.bot_token_error:
            raise Refused(self._core.team.bot_token_error)
        if kind != method.token:
            raise Refused("not_allowed_token_type")
        self._core.team.require(*method.scopes)
        self._core.faults.refuse(name)
        return {"ok": True, **method.run(self._core, args)}

    def _kind(self, token: str) -> TokenKind:
        if not token:
            return "none"
        if _same(token, self._core.team.bot_token):
            return "bot"
        return "app" if _same(token, self._core.team.app_token) else "unknown"

    def _response(self, body: Json, kind: TokenKind, refusal: Refused | None) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        if kind == "bot":
            headers["x-oauth-scopes"] = ",".join(self._core.team.scopes)
        elif kind == "app":
            headers["x-oauth-scopes"] = "connections:write"
        if refusal is not None and refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
        status = refusal.status if refusal is not None else 200
        return web.Response(
            text=json.dumps(body),
            status=status,
            headers=headers,
            content_type="application/json",
            charset="utf-8",
        )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
