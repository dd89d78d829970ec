"""What the page asks for over HTTP: its files, the state, the stream, and all that a person can do."""

import json
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.forms import Forms
from bot.playground.workspace.human import Human
from bot.playground.workspace.later_deeds import LaterDeeds
from bot.playground.workspace.views import for_person

_SILENCE = 15.0


class Demo(Protocol):
    """What the page's demo panel shows and does."""

    async def state(self) -> Json:
        """What the panel shows."""

    async def act(self, name: str, arguments: Json) -> Json:
        """Does one of the demo's deeds."""


class Page:
    """The routes of the human side; the guard has already checked who asks."""

    def __init__(
        self,
        core: Core,
        human: Human,
        later: LaterDeeds,
        forms: Forms,
        folder: Path | None,
        demo: Demo | None,
    ) -> None:
        self._core = core
        self._human = human
        self._later = later
        self._forms = forms
        self._folder = folder
        self._demo = demo

    def routes(self) -> list[web.RouteDef]:
        """Everything that the page may call."""
        deeds: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "say": self._say,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "command": self._command,
            "click": self._click,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
        }
        return [
            web.get("/", self._index),
            web.get("/page/{file}", self._file),
            web.get("/human/state", self._state),
            web.get("/human/messages", self._messages),
            web.get("/human/stream", self._stream),
            *(web.post(f"/human/{name}", _answering(deed)) for name, deed in deeds.items()),
            web.get("/demo/state", self._demo_state),
            web.post("/demo/act", _answering(self._demo_act)),
        ]

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return self._static("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return self._static(request.match_info["file"])

    def _static(self, name: str) -> web.StreamResponse:
        # only names that the folder lists: no path can lead out of it
        known = {path.name: path for path in self._folder.iterdir() if path.is_file()} if self._folder else {}
        if name not in known:
            return web.Response(status=404, text="The page has no such file.")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return web.Response(body=known[name].read_bytes(), content_type=kind, charset="utf-8")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        team, user = self._core.team, request.query.get("user")
        rooms = list(self._core.board.rooms.values())
        if user is not None:
            person = team.people.get(user)
            rooms = [room for room in rooms if person is not None and room.seen_by(person)]
        users = [
            {"id": p.id, "name": p.name, "title": p.title, "is_bot": p.is_bot, "is_guest": p.is_guest}
            for p in team.people.values()
        ]
        channels = [
            {
                "id": room.id,
                "name": team.bot.name if room.kind == "im" else room.name,
                "private": room.kind != "channel",
                "archived": room.archived,
                "members": sorted(room.members),
            }
            for room in rooms
        ]
        commands = [{"command": command, "description": about} for command, about in team.commands]
        about = {"team": {"id": team.id, "name": team.name}, "users": users, "channels": channels}
        shortcuts = [{"callback_id": name, "name": shown} for name, shown in team.shortcuts]
        offers = {"commands": commands, "shortcuts": shortcuts, "demo": self._demo is not None}
        return web.json_response({"ok": True, **about, **offers})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user", "")
        person = self._core.team.people.get(user)
        if person is None:
            return web.json_response({"ok": False, "error": "user_not_found"}, status=404)
        rooms = [room for room in self._core.board.rooms.values() if room.seen_by(person)]
        home = self._core.views.homes.get(user)
        return web.json_response(
            {
                "ok": True,
                "channels": {room.id: self._human.messages(room.id, user) for room in rooms},
                "ephemerals": self._human.ephemerals(user),
                "views": [for_person(view) for view in self._core.views.opened_by(user)],
                "home": for_person(home) if home else None,
            }
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user", "")
        if user not in self._core.team.people:
            return web.json_response({"ok": False, "error": "user_not_found"}, status=404)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            async for event in self._core.feed.listen(user, _SILENCE):
                line = ": still here" if event is None else f"data: {json.dumps(event)}"
                await response.write(f"{line}\n\n".encode())
        except ConnectionError:
            pass  # the page was closed
        return response

    async def _say(self, body: Json) -> Json:
        ts = await self._human.say(
            _text(body, "user"), _text(body, "channel"), _text(body, "text"), _thread(body)
        )
        return {"ok": True, "ts": ts}

    async def _edit(self, body: Json) -> Json:
        self._later.edit(*_message(body), _text(body, "text"))
        return {"ok": True}

    async def _delete(self, body: Json) -> Json:
        self._later.delete(*_message(body))
        return {"ok": True}

    async def _react(self, body: Json) -> Json:
        return {"ok": True, "there": self._later.react(*_message(body), _text(body, "name"))}

    async def _command(self, body: Json) -> Json:
        outcome = await self._human.command(_text(body, "user"), _text(body, "channel"), _text(body, "text"))
        return {"ok": outcome.ok, "error": outcome.error, "response": outcome.response}

    async def _click(self, body: Json) -> Json:
        user, action_id = _text(body, "user"), _text(body, "action_id")
        rest = (action_id, _optional(body, "block_id"), body.get("value"), _values(body))
        view_id = _optional(body, "view_id")
        if view_id is not None:
            outcome = await self._human.click_view(user, view_id, *rest)
        else:
            outcome = await self._human.click(user, _text(body, "channel"), _text(body, "message_ts"), *rest)
        return {"ok": outcome.ok, "error": outcome.error}

    async def _shortcut(self, body: Json) -> Json:
        outcome = await self._human.shortcut(*_message(body), _text(body, "callback_id"))
        return {"ok": outcome.ok, "error": outcome.error}

    async def _submit(self, body: Json) -> Json:
        outcome = await self._forms.submit(_text(body, "user"), _text(body, "view_id"), _values(body))
        view = for_person(outcome.view) if outcome.view is not None else None
        return {"ok": outcome.ok, "error": outcome.error, "errors": outcome.errors, "view": view}

    async def _close(self, body: Json) -> Json:
        await self._forms.close(_text(body, "user"), _text(body, "view_id"))
        return {"ok": True}

    async def _home(self, body: Json) -> Json:
        await self._human.open_home(_text(body, "user"), _optional(body, "tab") or "home")
        return {"ok": True}

    async def _demo_state(self, _request: web.Request) -> web.StreamResponse:
        if self._demo is None:
            return web.json_response({"ok": False, "error": "no_demo"}, status=404)
        return web.json_response(await self._demo.state())

    async def _demo_act(self, body: Json) -> Json:
        arguments = body.get("arguments") or {}
        if self._demo is None or not isinstance(arguments, dict):
            raise Refused("no_demo" if self._demo is None else "invalid_arguments")
        return await self._demo.act(_text(body, "name"), arguments)


def _answering(
    deed: Callable[[Json], Awaitable[Json]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wraps a deed: JSON object in, JSON object out, a refusal as `ok` false with its code."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return web.json_response({"ok": False, "error": "invalid_json"}, status=400)
        try:
            return web.json_response(await deed(body))
        except Refused as error:
            return web.json_response(error.body())

    return answer


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused("invalid_arguments", field=name)
    return value


def _message(body: Json) -> tuple[str, str, str]:
    """(who, where, which message)"""
    return _text(body, "user"), _text(body, "channel"), _text(body, "ts")


def _optional(body: Json, name: str) -> str | None:
    return _text(body, name) if body.get(name) is not None else None


def _values(body: Json) -> Json:
    values = body.get("values") or {}
    if not isinstance(values, dict) or not all(isinstance(entry, dict) for entry in values.values()):
        raise Refused("invalid_arguments", field="values")
    return values


def _thread(body: Json) -> str | None:
    return _optional(body, "thread_ts")
