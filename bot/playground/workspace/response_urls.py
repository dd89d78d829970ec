"""The response_url of a command or click: five uses within half an hour, minted and answered here."""

import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.drafts import Draft
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.limits import check_message
from bot.playground.workspace.rooms import Room

USES = 5
SECONDS = 1800.0


@dataclass
class _Url:
    room: Room
    user: str
    message_ts: str | None
    ephemeral: bool
    good_until: float
    left: int = USES


class ResponseUrls:
    """Who holds such an address may answer in that channel, to that person."""

    def __init__(self, core: Core, *, seconds: float = SECONDS) -> None:
        self._core = core
        self._seconds = seconds
        self._urls: dict[str, _Url] = {}

    def mint(self, room: Room, user: str, message_ts: str | None = None, *, ephemeral: bool = False) -> str:
        """A new address for what this person did, on that message if there is one."""
        now = time.monotonic()
        self._urls = {key: url for key, url in self._urls.items() if url.good_until > now - 60}
        key = secrets.token_urlsafe(24)
        self._urls[key] = _Url(room, user, message_ts, ephemeral, now + self._seconds)
        return f"{self._core.address()}/respond/{self._core.team.id}/{key}"

    def clear(self) -> None:
        """Forgets all addresses."""
        self._urls.clear()

    async def answer(self, request: web.Request) -> web.Response:
        """Answers one POST to such an address: 200 "ok", or 4xx with Slack's error."""
        if self._core.faults.is_down:
            return web.Response(status=503)
        try:
            body = json.loads(await request.read())
            if not isinstance(body, dict):
                raise Refused("invalid_payload", status=400)
            self._use(request.match_info["key"], body)
        except (ValueError, RecursionError):
            return web.Response(status=400, text="invalid_payload")
        except Refused as error:
            return web.json_response(error.body(), status=error.status if error.status != 200 else 400)
        return web.Response(text="ok")

    def speak(self, room: Room, user: str, body: Json) -> None:
        """Writes what the app answered: to that person only, or (`in_channel`) to all.

        Raises:
            Refused: for blocks beyond the limits or an answer without text.
        """
        draft = _draft(body)
        if body.get("response_type") == "in_channel":
            self._core.board.post(room, self._core.team.bot, draft)
        else:
            self._core.whispers.show(room, user, draft)

    def _use(self, key: str, body: Json) -> None:
        url = self._urls.get(key)
        if url is None or time.monotonic() > url.good_until:
            raise Refused("expired_url", status=404)
        if url.left <= 0:
            raise Refused("used_url", status=404)
        if self._core.board.rooms.get(url.room.id) is not url.room:
            raise Refused("channel_not_found", status=404)
        url.room.refuse_if_archived("is_archived")
        url.left -= 1
        if url.message_ts is not None and Arguments(body).flag("delete_original"):
            self._delete(url, url.message_ts)
        elif url.message_ts is not None and Arguments(body).flag("replace_original"):
            self._replace(url, url.message_ts, _draft(body))
        else:
            self.speak(url.room, url.user, body)

    def _delete(self, url: _Url, ts: str) -> None:
        if url.ephemeral:
            self._core.whispers.replace(url.user, ts, None)
        else:
            self._core.board.delete(url.room, ts)

    def _replace(self, url: _Url, ts: str, draft: Draft) -> None:
        if url.ephemeral:
            self._core.whispers.replace(url.user, ts, draft)
        else:
            self._core.board.edit(url.room, ts, draft)


def _draft(body: Json) -> Draft:
    args = Arguments(body)
    text, blocks, attachments = args.text("text"), args.blocks(), args.blocks("attachments")
    if not text and not blocks and not attachments:
        raise Refused("no_text", status=400)
    check_message(text, blocks or [])
    return Draft(text, blocks, attachments, args.mapping("metadata"), args.text("thread_ts") or None)
