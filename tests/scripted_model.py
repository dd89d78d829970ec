"""A local server that speaks the chat completions protocol and answers from a script."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

ANSWER_TOOL = "DiagnosisAnswer"
_CALLS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer; made by the functions below."""

    content: str | None = None
    tool: str = ""
    arguments: str = ""
    finish: str = "stop"
    status: int = 200
    headers: Mapping[str, str] | None = None
    body: str | None = None
    hang_s: float = 0.0
    drip_s: float = 0.0
    reset: bool = False
    usage: Mapping[str, int] | None = None
    calls: int = 1
    several: tuple[tuple[str, str], ...] = ()


def call(arguments: Mapping[str, object], *, tool: str = ANSWER_TOOL, times: int = 1) -> Reply:
    """The final tool, called with these arguments."""
    return Reply(tool=tool, arguments=json.dumps(arguments), finish="tool_calls", calls=times)


def reads(*wanted: tuple[str, Mapping[str, object] | str]) -> Reply:
    """Several tools in one turn; arguments that are a text are sent as they are."""
    made = tuple((name, given if isinstance(given, str) else json.dumps(given)) for name, given in wanted)
    return Reply(several=made, finish="tool_calls")


def prose(text: str) -> Reply:
    """Text instead of a tool call."""
    return Reply(content=text)


def invalid_json(arguments: str = '{"hypotheses": [') -> Reply:
    """A tool call whose arguments do not parse."""
    return Reply(tool=ANSWER_TOOL, arguments=arguments, finish="tool_calls")


def truncated(arguments: Mapping[str, object]) -> Reply:
    """A tool call that ended in the middle, as when the answer became too long."""
    text = json.dumps(arguments)
    return Reply(tool=ANSWER_TOOL, arguments=text[: len(text) // 2], finish="length")


def status(code: int, **headers: str) -> Reply:
    """An HTTP error; `retry_after="9"` becomes a header."""
    return Reply(status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def hang(seconds: float) -> Reply:
    """Nothing at all for some seconds, then an empty text."""
    return Reply(content="", hang_s=seconds)


def reset() -> Reply:
    """The connection is closed without an answer."""
    return Reply(reset=True)


def drip(every_s: float) -> Reply:
    """A body that never ends: one blank after the other, so that no pause is ever long."""
    return Reply(drip_s=every_s)


def huge(size: int) -> Reply:
    """A well-formed answer whose text has `size` bytes."""
    return Reply(content="x" * size)


def raw(body: str) -> Reply:
    """Any body at all, with status 200."""
    return Reply(body=body)


Script = Callable[[dict[str, Any]], Reply]


class ScriptedModel:
    """`async with ScriptedModel([...]) as model:`; then `model.base_url`, and `model.requests`.

    `strays` are requests to any other address.

    The script is a list of replies, used in turn, whose last one stays; or a function of the request.
    """

    def __init__(self, script: Iterable[Reply] | Script) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.strays: list[str] = []
        self.play(script)
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    def play(self, script: Iterable[Reply] | Script) -> None:
        """Answer from this script from now on, and forget what was asked."""
        self._script = script if callable(script) else _in_turn(list(script))
        for seen in (self.requests, self.headers, self.strays):
            seen.clear()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_route("*", "/{path:.*}", self._stray)
        # What still hangs when the test is over is cut off, not waited for.
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _stray(self, request: web.Request) -> web.Response:
        self.strays.append(f"{request.method} {request.path}")
        return web.json_response({}, status=404)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.requests.append(asked)
        self.headers.append(dict(request.headers))
        reply = self._script(asked)
        await asyncio.sleep(reply.hang_s)
        if reply.reset:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if reply.status != 200 and reply.body is None:
            return web.json_response(
                {"error": {"message": "scripted"}}, status=reply.status, headers=reply.headers
            )
        if reply.drip_s:
            return await _dripped(request, reply.drip_s)
        if reply.body is not None:
            return web.Response(status=reply.status, text=reply.body, content_type="application/json")
        if asked.get("stream"):
            return await _streamed(request, reply, asked)
        return web.json_response(_completion(reply, asked))


async def _dripped(request: web.Request, every_s: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(request)
    # It ends when the reader has gone, which is what the test waits for.
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(every_s)
    return response


def _in_turn(replies: list[Reply]) -> Script:
    assert replies, "a script needs a reply"
    endless = itertools.chain(replies, itertools.repeat(replies[-1]))
    return lambda _asked: next(endless)


def _message(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.content}
    if reply.tool:
        called = {"name": reply.tool, "arguments": reply.arguments}
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": called} for number in range(reply.calls)
        ]
    if reply.several:
        # Endpoints number their calls anew over all turns, so two turns never share an id.
        message["tool_calls"] = [
            {"id": f"call_{next(_CALLS)}", "type": "function", "function": {"name": name, "arguments": given}}
            for name, given in reply.several
        ]
    return message


def _completion(reply: Reply, asked: Mapping[str, Any]) -> dict[str, Any]:
    usage = reply.usage or {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model", ""),
        "choices": [{"index": 0, "message": _message(reply), "finish_reason": reply.finish}],
        "usage": dict(usage),
    }


async def _streamed(request: web.Request, reply: Reply, asked: Mapping[str, Any]) -> web.StreamResponse:
    """The same answer as events: everything in one piece, then the end."""
    delta = _message(reply)
    for number, called in enumerate(delta.get("tool_calls", [])):
        called["index"] = number
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": reply.finish}
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for part in (choice, end):
        chunk = _completion(reply, asked) | {"object": "chat.completion.chunk", "choices": [part]}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response
