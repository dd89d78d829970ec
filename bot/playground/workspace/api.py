"""The Web API at /api/<method>: token, scopes, ordered faults, then the method; answers as Slack does."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.playground.workspace import (
    methods_chat,
    methods_files,
    methods_groups,
    methods_read,
    methods_stream,
    methods_views,
)
from bot.playground.workspace.arguments import Arguments, read_arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.team import TokenKind


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
    "auth.revoke": _Method(methods_read.auth_revoke),
    "apps.connections.open": _Method(methods_views.open_connection, (), "app"),
    "chat.postMessage": _Method(methods_chat.post_message, ("chat:write",)),
    "chat.update": _Method(methods_chat.update, ("chat:write",)),
    "chat.delete": _Method(methods_chat.delete, ("chat:write",)),
    "chat.postEphemeral": _Method(methods_chat.post_ephemeral, ("chat:write",)),
    "chat.getPermalink": _Method(methods_chat.permalink),
    "chat.startStream": _Method(methods_stream.start, ("chat:write",)),
    "chat.appendStream": _Method(methods_stream.append, ("chat:write",)),
    "chat.stopStream": _Method(methods_stream.stop, ("chat:write",)),
    "reactions.add": _Method(methods_chat.add_reaction, ("reactions:write",)),
    "reactions.remove": _Method(methods_chat.remove_reaction, ("reactions:write",)),
    "files.getUploadURLExternal": _Method(methods_files.get_upload_url, ("files:write",)),
    "files.completeUploadExternal": _Method(methods_files.complete_upload, ("files:write",)),
    "files.info": _Method(methods_files.info, ("files:read",)),
    "files.delete": _Method(methods_files.delete, ("files:write",)),
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
    "usergroups.list": _Method(methods_groups.group_list, ("usergroups:read",)),
    "usergroups.users.list": _Method(methods_groups.group_members, ("usergroups:read",)),
    "usergroups.users.update": _Method(methods_groups.update_members, ("usergroups:write",)),
    "views.open": _Method(methods_views.open_view),
    "views.push": _Method(methods_views.push_view),
    "views.update": _Method(methods_views.update_view),
    "views.publish": _Method(methods_views.publish_view),
    "team.info": _Method(methods_read.team_info, ("team:read",)),
    "bots.info": _Method(methods_read.bot_info, ("users:read",)),
}

METHODS = frozenset(_METHODS)


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
            kind = self._core.team.kind_of(token)
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
        if kind != method.token:
            raise Refused("not_allowed_token_type")
        if kind == "bot" and self._core.team.bot_token_error:
            raise Refused(self._core.team.bot_token_error)
        self._core.team.require(*method.scopes)
        self._core.rates.take(name, self._place(args))
        self._core.faults.refuse(name)
        return {"ok": True, **method.run(self._core, args)}

    def _place(self, args: Arguments) -> str:
        """The channel that a rate is counted for, whichever way it was named."""
        try:
            return self._core.board.room(args.text("channel")).id
        except Refused:
            return args.text("channel")

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
