"""The ways to the app: Socket Mode, its request URL, or both at once."""

import asyncio
from typing import Literal

from bot.playground.workspace.acks import Ack
from bot.playground.workspace.envelopes import Kind
from bot.playground.workspace.errors import Json
from bot.playground.workspace.link import Link
from bot.playground.workspace.request_url import RequestUrl
from bot.playground.workspace.team import Team

Way = Literal["socket", "http", "both"]


class Delivery:
    """Takes what the app is told and carries it there. Nothing reaches an app that is not installed."""

    def __init__(self, team: Team, socket: Link, request_url: RequestUrl) -> None:
        self._team = team
        self.socket = socket
        self.request_url = request_url
        self._way: Way = "socket"

    async def go_by(self, way: Way, url: str) -> None:
        """Changes the way. With Socket Mode off its connections are told `link_disabled` and none opens.

        Raises:
            Refused: `url_verification_failed`; the old way stays.
        """
        if way != "socket":
            await self.request_url.verify(url)
        self._way = way
        self.socket.is_enabled = way != "http"
        if way == "http":
            await self.socket.disconnect("link_disabled")

    def send_event(self, payload: Json) -> None:
        """Delivers an event in the background; by both ways it has one event_id."""
        if not self._team.is_installed:
            return
        if self._way != "http":
            self.socket.send_event(payload)
        if self._way != "socket":
            self.request_url.send_event(payload)

    async def ask(self, kind: Kind, payload: Json) -> Ack:
        """Delivers an interaction or a command and waits for its ack; by both ways, the socket's counts."""
        if not self._team.is_installed:
            return Ack("no_connection")
        if self._way == "http":
            return await self.request_url.ask(kind, payload)
        if self._way == "socket":
            return await self.socket.ask(kind, payload)
        ack, _ = await asyncio.gather(self.socket.ask(kind, payload), self.request_url.ask(kind, payload))
        return ack

    async def disconnect(self, reason: str | None) -> None:
        """Ends every socket; see `Link.disconnect`."""
        await self.socket.disconnect(reason)

    async def close(self) -> None:
        """Gives up all deliveries and closes the sockets."""
        await self.request_url.close()
        await self.socket.close()
