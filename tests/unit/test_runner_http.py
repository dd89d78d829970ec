"""The http runner: what is sent is what was shown, and what comes back is bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.secrets import Secrets

HTTP = RUNNERS["http"]
SECRETS = Secrets({"API_TOKEN": "s3cr3t-value-77"})


@dataclass
class Server:
    """A web server on loopback that notes what it is asked."""

    base: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path_qs))
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.read())
        match request.path:
            case "/moved":
                raise web.HTTPFound(f"{self.base}/target")
            case "/big":
                return web.Response(body=b"x" * 100_000)
            case "/drip":
                drip = web.StreamResponse()
                await drip.prepare(request)
                for piece in (b'{"waiting"', b": ", b"3}"):
                    await drip.write(piece)
                    await asyncio.sleep(0.05)
                return drip
            case "/breaks" if len(self.seen) == 1:
                half = web.StreamResponse(headers={"Content-Length": "14"})
                await half.prepare(request)
                await half.write(b'{"waiting":')
                assert request.transport is not None
                request.transport.close()
                return half
            case "/slow":
                await self.let_go.wait()
            case "/status":
                return web.Response(status=int(request.query["code"]), text="said")
        return web.json_response({"waiting": 3})


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.let_go.set()
        await runner.cleanup()


async def request(
    url: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: dict[str, object] | None = None,
    timeout_s: float = 10,
    cap: int = 10_000,
) -> RunResult:
    """Resolve and send one request."""
    call = {"method": method, "url": url, "headers": headers or {}, "body": body}
    return await HTTP.run(HTTP.resolve(call), timeout_s, cap, SECRETS.get)


async def test_a_request_is_sent_as_it_was_shown() -> None:
    """Method, path, query, headers and body, and the answer's text comes back."""
    async with serving() as server:
        result = await request(f"{server.base}/a?b=c%20d", "POST", {"X-One": "1"}, {"n": [1, "é"]})
        assert result == RunResult(0, '{"waiting": 3}')
        assert server.seen == [("POST", "/a?b=c%20d")]
        assert server.headers[0]["X-One"] == "1"
        assert server.headers[0]["Content-Type"] == "application/json"
        assert json.loads(server.bodies[0]) == {"n": [1, "é"]}


async def test_a_redirect_is_not_followed() -> None:
    """The answer is a failure that names the status, and the other address is never asked."""
    async with serving() as server:
        result = await request(f"{server.base}/moved")
        assert (result.exit_code, result.problem) == (1, "it answered with status 302.")
        assert server.seen == [("GET", "/moved")]


@pytest.mark.parametrize(
    "code, ok", [(200, True), (204, True), (299, True), (300, False), (404, False), (500, False)]
)
async def test_a_status_of_the_two_hundreds_is_success(code: int, ok: bool) -> None:
    """Anything else is a failure with its status and what was said."""
    async with serving() as server:
        result = await request(f"{server.base}/status?code={code}")
        assert result.ok == ok
        assert ok or result.problem == f"it answered with status {code}."


@pytest.mark.parametrize(
    "method, code", [("GET", 1), ("HEAD", 1), ("POST", None), ("PUT", None), ("DELETE", None)]
)
async def test_what_did_not_answer_in_time_is_unknown_only_if_it_could_change_something(
    method: str, code: int | None
) -> None:
    """A read that failed has no effect; a write may have had one."""
    async with serving() as server:
        result = await request(f"{server.base}/slow", method, timeout_s=0.3)
        assert (result.exit_code, result.ok) == (code, False)
        assert result.problem.startswith("no answer")


async def test_nobody_there_is_told() -> None:
    """A closed port is a failure, not an error."""
    async with serving() as server:
        closed = server.base
    assert (await request(closed)).problem.startswith("no answer")


async def test_a_long_answer_is_cut_at_the_cap() -> None:
    """And the cut is said."""
    async with serving() as server:
        result = await request(f"{server.base}/big", cap=1000)
    assert result.output == "x" * 1000 + "\n[cut after 1000 bytes]"


async def test_an_answer_in_pieces_is_read_to_its_end() -> None:
    """What a slow sender says in several packets is one answer."""
    async with serving() as server:
        assert await request(f"{server.base}/drip") == RunResult(0, '{"waiting": 3}')


@pytest.mark.parametrize("cap", [10_000, 12])
async def test_an_answer_that_broke_off_is_no_part_of_the_next_one(cap: int) -> None:
    """With an idempotency key it is asked for again: what is kept and shown is one answer, or its cut."""
    async with serving() as server:
        call: dict[str, object] = {
            "method": "POST",
            "url": f"{server.base}/breaks",
            "headers": {},
            "body": None,
        }
        shown: list[str] = []
        resolved = HTTP.resolve(call | {"idempotency": "Idempotency-Key"})
        result = await HTTP.run(resolved, 10, cap, SECRETS.get, shown.append)
        assert server.seen == [("POST", "/breaks")] * 2
        whole = '{"waiting": 3}'
        assert result == RunResult(
            0, whole if cap > len(whole) else f"{whole[:cap]}\n[cut after {cap} bytes]"
        )
        assert "".join(shown) == whole[:cap]


def authorized(url: str) -> dict[str, object]:
    """A call as the catalogue hands it over: one secret, in a header of its own."""
    headers = {"Authorization": "Bearer {secret:API_TOKEN}", "X-Note": "plain"}
    return {
        "method": "POST",
        "url": url,
        "headers": headers,
        "body": {"n": 1},
        "secrets": {"Authorization": 1},
    }


async def test_a_secret_is_in_the_sent_header_and_nowhere_else() -> None:
    """What is shown and digested holds its name."""
    async with serving() as server:
        resolved = HTTP.resolve(authorized(server.base))
        assert "s3cr3t" not in str(resolved) and "secrets" not in resolved
        assert (await HTTP.run(resolved, 10, 1000, SECRETS.get)).ok
        assert server.headers[0]["Authorization"] == "Bearer s3cr3t-value-77"
        assert "s3cr3t" not in f"{server.seen}{server.bodies}"


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": {"Authorization": "Bearer {secret:API_TOKEN}", "X-Note": "{secret:API_TOKEN}"}},
        {"headers": {"Authorization": "Bearer {secret:API_TOKEN}{secret:OTHER}"}},
        {"headers": {"{secret:API_TOKEN}": "x"}},
        {"body": {"deep": [{"er": "a {secret:API_TOKEN}"}]}},
        {"url": "http://127.0.0.1/{secret:API_TOKEN}"},
    ],
)
def test_no_value_brings_in_a_secret(changed: dict[str, object]) -> None:
    """A reference that does not stand in the catalogue's own headers is refused before anything is sent."""
    with pytest.raises(ArgumentRefused):
        HTTP.resolve(authorized("http://127.0.0.1/") | changed)


@pytest.mark.parametrize(
    "url, said",
    [
        ("http://127.0.0.1/a/../b", "sent as 'http://127.0.0.1/b'"),
        ("http://127.0.0.1:80/a", "sent as 'http://127.0.0.1/a'"),
        ("http://127.0.0.1/%61", "sent as 'http://127.0.0.1/a'"),
        ("HTTP://127.0.0.1/", "sent as"),
        ("http://b\u00fccher.test/", "sent as"),
        ("http://127.0.0.1/a#b", "'#'"),
    ],
)
def test_an_address_that_would_be_sent_in_another_form_is_refused(url: str, said: str) -> None:
    """What N3 reads is what is asked, to the letter."""
    with pytest.raises(ArgumentRefused, match=said):
        HTTP.resolve({"method": "GET", "url": url, "headers": {}, "body": None})


async def test_a_secret_that_is_not_there_sends_nothing() -> None:
    """The request is refused by the secret's name before a connection is made."""
    async with serving() as server:
        headers = {"Authorization": "Bearer {secret:OTHER}"}
        resolved = HTTP.resolve(authorized(server.base) | {"headers": headers})
        with pytest.raises(ArgumentRefused, match="secret OTHER"):
            await HTTP.run(resolved, 10, 1000, SECRETS.get)
        assert server.seen == []


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would see the secret: the request goes straight to its host."""
    async with serving() as proxy, serving() as server:
        monkeypatch.setenv("http_proxy", proxy.base)
        assert (await request(f"{server.base}/a")).ok
        assert proxy.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http:///nohost",
        "127.0.0.1/x",
        "http://user:pw@127.0.0.1/",
        "http://@127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a\nb",
        "http://127.0.0.1/\u202e",
        "http://[::1",
        "",
    ],
)
def test_an_address_that_could_mean_another_is_refused(url: str) -> None:
    """Other schemes, no host, credentials, spaces, control and hidden characters."""
    with pytest.raises(ArgumentRefused, match="url: "):
        HTTP.resolve({"method": "GET", "url": url, "headers": {}, "body": None})
