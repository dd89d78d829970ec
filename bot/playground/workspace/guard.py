"""Who may talk to this server: its own page with the page's token, and the app; no other page."""

import hmac
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Middleware

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_APP_PATHS = ("/api/", "/link", "/respond/", "/upload/", "/files-pri/")
_CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks Host and Origin of every request, and the page token of all that is not the app's."""

    def __init__(self, page_token: str, port: Callable[[], int]) -> None:
        self._page_token = page_token
        self._port = port

    @property
    def cookie(self) -> str:
        """The cookie's name; it has the port because cookies of one host are shared by all ports."""
        return f"workspace-{self._port()}"

    async def prepare(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Puts the protecting headers on every answer."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)

    def check(self) -> Middleware:
        """The check itself; a refusal is 403 with one sentence."""

        @web.middleware
        async def checked(request: web.Request, **then: Answer) -> web.StreamResponse:
            refusal = self._refusal(request)
            if refusal:
                return web.Response(status=403, text=refusal)
            (answer,) = then.values()
            response = await answer(request)
            if request.path == "/" and "token" in request.query and not response.prepared:
                response.set_cookie(self.cookie, self._page_token, httponly=True, samesite="Strict", path="/")
            return response

        # aiohttp passes what comes next by a keyword of its own
        return cast(Middleware, checked)

    def _refusal(self, request: web.Request) -> str:
        hosts = {f"127.0.0.1:{self._port()}", f"localhost:{self._port()}"}
        host = request.headers.get("Host", "")
        if host not in hosts:
            return "This server answers only under its own local address."
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            return "This server takes no requests from other pages."
        if request.path.startswith(_APP_PATHS):
            return ""
        if not self._has_token(request):
            return "The page's token is missing or wrong: open the address that was printed at the start."
        if request.method != "GET" and request.content_type != "application/json":
            return self._refusal_of_form(request)
        return ""

    def _refusal_of_form(self, request: web.Request) -> str:
        """A page elsewhere can send forms without asking first: only uploads are, and they say where from."""
        own = "Origin" in request.headers or "X-Workspace-Token" in request.headers
        if request.path == "/human/upload" and request.content_type == "multipart/form-data" and own:
            return ""
        return "Send JSON with Content-Type application/json."

    def _has_token(self, request: web.Request) -> bool:
        given = [request.cookies.get(self.cookie), request.headers.get("X-Workspace-Token")]
        if request.path == "/":
            given.append(request.query.get("token"))
        token = self._page_token.encode()
        return any(hmac.compare_digest(one.encode(), token) for one in given if one is not None)
