"""Socket Mode: single-use tickets, up to ten connections, envelopes with acks, redelivery and disconnect."""

import asyncio
import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Coroutine

from aiohttp import WSMsgType, web

from bot.playground.workspace.acks import Ack
from bot.playground.workspace.envelopes import Kind, envelope
from bot.playground.workspace.errors import Json
from bot.playground.workspace.faults import Faults
from bot.playground.workspace.waits import Waits

MOST_CONNECTIONS = 10
_TICKET_SECONDS = 60.0
_GRACE_SECONDS = 0.5


class Link:
    """All sockets of the app. Envelopes go to any one of them; a retry may land on another."""

    def __init__(self, app_id: str, faults: Faults, waits: Waits) -> None:
        self._app_id = app_id
        self._faults = faults
        self._ack_seconds = waits.ack_seconds
        self._retry_pauses = waits.retry_pauses
        self._warning_seconds = waits.warning_seconds
        self._tickets: dict[str, float] = {}
        self._sockets: list[web.WebSocketResponse] = []
        self._turn = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_enabled = True
        faults.close_sockets = self.disconnect

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    def ticket(self) -> str:
        """A new ticket; it opens one socket, within a minute."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = time.monotonic() + _TICKET_SECONDS
        return ticket

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Answers GET /link?ticket=...: a socket, or 403 for a ticket that is unknown, used or too old."""
        if self._faults.is_down:
            return web.Response(status=503)
        good_until = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        if time.monotonic() > good_until:
            return web.Response(
                status=403, text="This ticket was used or never given. Call apps.connections.open."
            )
        socket = web.WebSocketResponse(timeout=0.5)
        await socket.prepare(request)
        refusal = "" if self.is_enabled else "link_disabled"
        if len(self._sockets) >= MOST_CONNECTIONS:
            refusal = "too_many_websockets"
        if refusal:
            await self._farewell(socket, refusal)
            return socket
        try:
            await socket.send_json(self._hello(len(self._sockets) + 1))
            self._sockets.append(socket)
            await self._read(socket)
        except ConnectionError:
            pass  # the app went away while we wrote; its envelopes are delivered again elsewhere
        finally:
            self._forget(socket)
        return socket

    def send_event(self, payload: Json) -> None:
        """Delivers an event in the background: when no ack comes, again, as often as there are pauses."""
        self._spawn(self._deliver(payload))

    async def ask(self, kind: Kind, payload: Json) -> Ack:
        """Delivers an interaction or a command once and waits for its ack."""
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        sent = [envelope(kind, payload) for _ in range(self._faults.copies)]
        try:
            delivered = [await self._send(one, answer) for one in sent]
            if not any(delivered):
                return Ack("no_connection")
            return Ack("acked", await asyncio.wait_for(answer, self._ack_seconds))
        except TimeoutError:
            return Ack("timeout")
        finally:
            for one in sent:
                self._waiting.pop(one["envelope_id"], None)

    async def disconnect(self, reason: str | None) -> None:
        """Ends every socket: with a `disconnect` message, or (None) by breaking the connection.

        After a `warning` a socket stays in use for a while; then it is asked to leave like the others.
        """
        for socket in list(self._sockets):
            if reason == "warning":
                self._spawn(self._warn(socket))
                continue
            self._forget(socket)
            if reason is None:
                _break(socket)
            else:
                self._spawn(self._farewell(socket, reason))

    async def close(self) -> None:
        """Gives up all deliveries and closes the sockets."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.disconnect(None)

    def _hello(self, connections: int) -> Json:
        return {
            "type": "hello",
            "num_connections": connections,
            "debug_info": {"host": "applink-local", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._app_id},
        }

    async def _warn(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            await socket.send_json(self._goodbye("warning"))
        await asyncio.sleep(self._warning_seconds)
        if socket in self._sockets:
            self._forget(socket)
            await self._farewell(socket, "refresh_requested")

    def _goodbye(self, reason: str) -> Json:
        return {
            "type": "disconnect",
            "reason": reason,
            "num_connections": len(self._sockets),
            "debug_info": {"host": "applink-local"},
            "connection_info": {"app_id": self._app_id},
        }

    async def _farewell(self, socket: web.WebSocketResponse, reason: str) -> None:
        try:
            await socket.send_json(self._goodbye(reason))
            # closed at once, the app would connect twice: once for the message, once for the close
            await asyncio.sleep(_GRACE_SECONDS)
            await socket.close()
        except ConnectionError:
            pass  # already gone, which is what was wanted

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                ack = json.loads(message.data)
            except ValueError:
                continue  # Slack ignores what is no JSON
            if isinstance(ack, dict):
                self._acked(ack)

    def _acked(self, ack: Json) -> None:
        answer = self._waiting.get(str(ack.get("envelope_id")))
        if answer is None or answer.done() or self._faults.loses_ack():
            return
        payload = ack.get("payload")
        answer.set_result(payload if isinstance(payload, dict) else None)

    async def _deliver(self, payload: Json) -> None:
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        copies = self._faults.copies
        pauses = (0.0, *self._retry_pauses)
        sent: list[str] = []
        reason = ""
        try:
            for attempt in range(max(copies, len(pauses))):
                if not answer.done() and attempt < len(pauses):
                    await self._unless_acked(answer, pauses[attempt])
                if answer.done() and attempt >= copies:
                    return
                one = envelope("events_api", payload, attempt=attempt, reason=reason)
                sent.append(one["envelope_id"])
                delivered = await self._send(one, answer)
                reason = "timeout" if delivered else "connection_failed"
                if delivered:
                    await self._unless_acked(answer, self._ack_seconds)
        finally:
            for envelope_id in sent:
                self._waiting.pop(envelope_id, None)

    @staticmethod
    async def _unless_acked(answer: asyncio.Future[Json | None], seconds: float) -> None:
        if seconds > 0:
            await asyncio.wait({answer}, timeout=seconds)

    async def _send(self, one: Json, answer: asyncio.Future[Json | None]) -> bool:
        self._waiting[one["envelope_id"]] = answer
        while self._sockets:
            socket = self._sockets[next(self._turn) % len(self._sockets)]
            try:
                await socket.send_json(one)
            except ConnectionError:
                self._forget(socket)
                continue
            return True
        return False

    def _forget(self, socket: web.WebSocketResponse) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _break(socket: web.WebSocketResponse) -> None:
    """Cuts the line below the socket: the app gets no close message, only silence and then an error."""
    transport = socket._req.transport if socket._req is not None else None
    if transport is not None:
        transport.abort()
