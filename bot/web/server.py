"""The HTTP side: routes, the one place where errors become answers, and starting and stopping."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.errors import (
    BadInput,
    Misconfigured,
    OverCapacity,
    ProofUnavailable,
    StoreUnavailable,
    TooLarge,
    Unauthenticated,
)
from bot.web.intake import ENQUEUE, Intake, Throttled
from bot.web.metrics import Metrics

Health = Callable[[], Awaitable[dict[str, object]]]
# Programs talk to this side. No page of a browser may act here, frame it, or read from it.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STATUS = {Unauthenticated: 401, TooLarge: 413, BadInput: 400}
RETRY_AFTER_S = 5


def own_url(host: str, port: int) -> str:
    """Where something that listens on `host` can be asked from this machine, without a slash at the end."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # listened on by choice
    asked = anywhere.get(host, host)
    return f"http://[{asked}]:{port}" if ":" in asked else f"http://{asked}:{port}"


class WebServer:
    """Serves on one address; port 0 takes a free one, told by `port` after the start."""

    def __init__(
        self, host: str, port: int, max_body: int, intake: Intake, metrics: Metrics, health: Health
    ) -> None:
        self._host, self._wanted_port = host, port
        self._health, self._metrics = health, metrics
        # One byte more than allowed is read, so that the answer is ours and not a cut connection.
        self._app = web.Application(client_max_size=max_body + 1, middlewares=[_no_pages, _errors_to_answers])
        self._app.on_response_prepare.append(_protect)
        self._app.router.add_post("/alerts/{source}", intake.receive)
        self._app.router.add_post(ENQUEUE, intake.enqueue)
        self._app.router.add_get("/health", self._answer_health)
        self._app.router.add_get("/metrics", self._answer_metrics)
        self._runner: web.AppRunner | None = None

    def add_post(self, path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        """One more route, before the start."""
        self._app.router.add_post(path, answer)

    @property
    def port(self) -> int:
        assert self._runner is not None
        return int(self._runner.addresses[0][1])

    @property
    def own_url(self) -> str:
        """Where this very process can be asked, without a slash at the end."""
        return own_url(self._host, self.port)

    async def start(self) -> None:
        self._runner = web.AppRunner(self._app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._wanted_port).start()
        except OSError as error:
            raise Misconfigured(
                f"[web] {self._host} port {self._wanted_port} cannot be listened on ({error.strerror});"
                " choose another host or port."
            ) from None

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _answer_health(self, request: web.Request) -> web.Response:
        state = await self._health()
        return web.json_response(state, status=200 if state["status"] == "ok" else 503)

    async def _answer_metrics(self, request: web.Request) -> web.Response:
        text = await self._metrics.render()
        return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def _no_pages(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Only browsers send an Origin, for a page that wants to act: refused whatever else it brings."""
    if "Origin" in request.headers:
        return web.json_response({"error": "This address takes no requests from web pages."}, status=403)
    return await handler(request)


@web.middleware
async def _errors_to_answers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except StoreUnavailable:
        # Nothing was kept, or nobody can say so: the sender has to come again.
        return _again("The store does not answer now; send it again.")
    except ProofUnavailable as error:
        return _again(str(error))
    except OverCapacity as error:
        # The connection ends with it: what is left of the body would only take more of what is short.
        response = _again(str(error), 429 if isinstance(error, Throttled) else 503)
        response.force_close()
        return response
    except (Unauthenticated, TooLarge, BadInput) as error:
        body = json.dumps({"error": str(error)})
        status = _STATUS[type(error)]
        # What is left of a refused body is not worth reading.
        response = web.Response(text=body, status=status, content_type="application/json")
        if status == 413:
            response.force_close()
        return response


def _again(text: str, status: int = 503) -> web.Response:
    """Nothing is wrong with what was sent: the sender is to come again."""
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    body = json.dumps({"error": text})
    return web.Response(text=body, status=status, content_type="application/json", headers=headers)
