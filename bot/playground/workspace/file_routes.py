"""Files over HTTP: where the app sends and reads them, and where the page does."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Refused
from bot.playground.workspace.file_kinds import picture
from bot.playground.workspace.files import MOST_BYTES, File
from bot.playground.workspace.later_deeds import LaterDeeds

_FIELD_BYTES = 200_000
_CHUNK = 64 * 1024
# Nothing in a file may run, load or send anything, even where a browser is made to open it.
_POLICY = "default-src 'none'; sandbox"


class FileRoutes:
    """The routes; the guard has already checked Host, Origin and, on the human side, the page's token."""

    def __init__(self, core: Core, deeds: LaterDeeds) -> None:
        self._core = core
        self._deeds = deeds

    def routes(self) -> list[web.RouteDef]:
        """What the app and the page may call."""
        return [
            web.post("/upload/v1/{key}", self._take),
            web.get("/files-pri/{file}/{name}", self._private),
            web.get("/files-pri/{file}/download/{name}", self._private),
            web.post("/human/upload", self._upload),
            web.get("/human/file/{file}", self._shown),
        ]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        """The content of a file that files.getUploadURLExternal was asked for: raw, or as a form's part."""
        try:
            if request.content_type == "multipart/form-data":
                _, content, _ = await _form(request)
            else:
                content = await _capped(request.content.read, MOST_BYTES)
            file = self._core.files.receive(request.match_info["key"], content)
        except Refused as error:
            return web.Response(status=error.status if error.status != 200 else 400, text=error.error)
        return web.Response(text=f"OK - {file.length}")

    async def _private(self, request: web.Request) -> web.StreamResponse:
        """The app reads a file with its token; whoever has none is sent to the sign-in page, as on Slack."""
        team, _, file_id = request.match_info["file"].partition("-")
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if kind.lower() != "bearer" or team != self._core.team.id:
                raise Refused("not_authed")
            self._core.team.check_bot(token.strip())
            self._core.team.require("files:read")
            file = self._core.files.get(file_id)
            self._seen_by_bot(file)
        except Refused as error:
            if error.error in ("file_not_found", "file_deleted"):
                return web.Response(status=404, text=error.error)
            return web.Response(status=302, headers={"Location": f"{self._core.address()}/?redir=files-pri"})
        return _answer(file)

    async def _shown(self, request: web.Request) -> web.StreamResponse:
        """The page shows or saves a file; `user` limits it to what that person may see."""
        user = request.query.get("user")
        try:
            file = self._core.files.get(request.match_info["file"])
            if user is not None and not self._seen_by(user, file):
                raise Refused("file_not_found")
        except Refused as error:
            return web.Response(status=404, text=error.error)
        return _answer(file)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        try:
            fields, content, name = await _form(request)
            user, channel = _field(fields, "user"), _field(fields, "channel")
            rest = (fields.get("text", ""), fields.get("thread_ts") or None)
            message = self._deeds.upload(user, channel, name, content, *rest)
        except Refused as error:
            return web.json_response(error.body(), status=413 if error.error == "file_too_large" else 200)
        return web.json_response({"ok": True, "ts": message["ts"], "file": message["files"][0]})

    def _seen_by(self, user: str, file: File) -> bool:
        person = self._core.team.people.get(user)
        if person is None:
            return False
        rooms = [self._core.board.rooms.get(channel) for channel, _ in file.shares]
        return user == file.user or any(room is not None and room.seen_by(person) for room in rooms)

    def _seen_by_bot(self, file: File) -> None:
        bot = self._core.team.bot.id
        rooms = [self._core.board.rooms.get(channel) for channel, _ in file.shares]
        if file.user != bot and not any(room is not None and bot in room.members for room in rooms):
            raise Refused("file_not_found")


def _answer(file: File) -> web.Response:
    """The content: pictures are shown, everything else is saved under its name."""
    content = file.content or b""
    kind = picture(content)
    way = "inline" if kind else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in file.name)
    headers = {
        "Content-Disposition": f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=content, content_type=kind or "application/octet-stream", headers=headers)


async def _form(request: web.Request) -> tuple[dict[str, str], bytes, str]:
    """(text fields, content and name of the one file) of a multipart form."""
    if request.content_type != "multipart/form-data":
        raise Refused("invalid_form_data")
    fields: dict[str, str] = {}
    content, name = b"", ""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise Refused("invalid_form_data")
            if part.filename is not None:
                content, name = await _capped(part.read_chunk, MOST_BYTES), part.filename
            else:
                fields[part.name or ""] = (await _capped(part.read_chunk, _FIELD_BYTES)).decode(
                    errors="replace"
                )
    except (ValueError, AssertionError):
        raise Refused("invalid_form_data") from None
    return fields, content, name


async def _capped(read: Callable[[int], Awaitable[bytes]], most: int) -> bytes:
    """Everything there is to read, if it is not too much.

    Raises:
        Refused: `file_too_large`.
    """
    content = bytearray()
    while chunk := await read(_CHUNK):
        content += chunk
        if len(content) > most:
            raise Refused("file_too_large", status=413)
    return bytes(content)


def _field(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise Refused("invalid_arguments", field=name)
    return fields[name]
