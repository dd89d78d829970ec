"""HTTP as every runner speaks it: one address, no redirects, no proxies, a time limit, a size limit."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from bot.errors import ArgumentRefused
from bot.tools.runners.addresses import Lookup, check_host, pin
from bot.tools.runners.base import Output, Secret
from bot.tools.runs.http import MARK, SECRET

if TYPE_CHECKING:
    from aiohttp import ClientSession, StreamReader
    from aiohttp.abc import AbstractResolver, ResolveResult


class NoAnswer(Exception):
    """The request got no whole answer. `sent` says whether it may have reached the target."""

    def __init__(self, why: str, sent: bool) -> None:
        self.sent = sent
        super().__init__(f"no answer: {why}.")


@dataclass(frozen=True, slots=True)
class Asked:
    """One target of one run: its session, bound to one address, and the headers with their secrets."""

    session: ClientSession
    headers: Mapping[str, str]

    async def ask(
        self,
        method: str,
        url: str,
        output: Output,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Send one request, read its answer into `output`, and return the status.

        Raises:
            NoAnswer: the connection failed, or ended in the middle.
        """
        import aiohttp

        data = None if body is None else json.dumps(body).encode()
        filled = {**self.headers, **(headers or {})}
        if data is not None:
            filled.setdefault("Content-Type", "application/json")
        sent = False
        try:
            request = self.session.request(method, url, headers=filled, data=data, allow_redirects=False)
            sent = True
            async with request as response:
                await _read(response.content, output)
                return response.status
        except aiohttp.ClientConnectorError as error:
            raise NoAnswer(type(error).__name__, sent=False) from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise NoAnswer(type(error).__name__, sent) from None


@asynccontextmanager
async def asking(
    url: str, resolved: Mapping[str, object], secret: Secret, timeout_s: float, lookup: Lookup
) -> AsyncIterator[Asked]:
    """Look the host of `url` up, once, and speak to nobody else until the end of the block.

    Raises:
        ArgumentRefused: the host must not be asked, or a secret is not there.
    """
    import aiohttp

    headers = resolved.get("headers") or {}
    assert isinstance(headers, Mapping)
    filled = {name: SECRET.sub(lambda m: secret(m.group(1)), value) for name, value in headers.items()}
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = await pin(host, port, texts(resolved, "private"), lookup)
    pinned = cast("AbstractResolver", _Pinned(host, address))
    connector = aiohttp.TCPConnector(resolver=pinned, force_close=True, use_dns_cache=False)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
        yield Asked(session, filled)


def check_url(url: str, resolved: Mapping[str, object], field: str = "url") -> None:
    """Whether this address can be asked as it is shown.

    Raises:
        ArgumentRefused: it could mean another one, would be sent in another form, or must not be asked.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ArgumentRefused(f"{field}: it cannot be read as an address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ArgumentRefused(f"{field}: must be http or https with a host and without credentials.")
    if not url.isprintable() or " " in url:
        raise ArgumentRefused(f"{field}: spaces and control characters are not allowed.")
    check_host(parts.hostname, texts(resolved, "hosts"), texts(resolved, "private"))
    _refuse_rewritten(url, field)


def refuse_foreign_secrets(call: Mapping[str, object], fields: tuple[str, ...]) -> None:
    """`secrets` says how many references each header of the catalogue's own call has; no value adds one."""
    own, headers = call.get("secrets", {}), call["headers"]
    assert isinstance(own, Mapping) and isinstance(headers, Mapping)
    for name, value in headers.items():
        if MARK in name or str(value).count(MARK) != own.get(name, 0):
            raise ArgumentRefused(f"headers.{name}: a value must not hold a reference to a secret.")
        if not str(value).isprintable():
            raise ArgumentRefused(f"headers.{name}: control characters are not allowed.")
    for field in fields:
        # Read as it is, not as JSON: no escape can hide it.
        if MARK in str(call.get(field)):
            raise ArgumentRefused(f"{field}: a value must not hold a reference to a secret.")


def texts(resolved: Mapping[str, object], name: str) -> list[str]:
    """A list of the call; empty where it says nothing of it."""
    found = resolved.get(name, [])
    assert isinstance(found, list)
    return [str(one) for one in found]


def _refuse_rewritten(url: str, field: str) -> None:
    """What is shown and signed is what is asked: the HTTP library must have nothing to correct in it."""
    from yarl import URL

    try:
        asked = str(URL(url))
    except ValueError:
        raise ArgumentRefused(f"{field}: it cannot be read as an address.") from None
    if asked != url:
        raise ArgumentRefused(f"{field}: it would be sent as {asked!r}; write it in that form.")
    if "#" in url:
        raise ArgumentRefused(f"{field}: a part behind '#' is never sent; take it out, or write %23.")


class _Pinned:
    """Knows one host and its address, and no other: the library looks nothing up by itself."""

    def __init__(self, host: str, address: str) -> None:
        self._host, self._address = host, address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host != self._host:
            raise OSError(f"{host} is not the host of this call")
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            {
                "hostname": host,
                "host": self._address,
                "port": port,
                "family": family,
                "proto": 0,
                "flags": flags,
            }
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _read(content: StreamReader, output: Output) -> None:
    """The answer to its end, or as much as is kept of it."""
    while not output.is_full and (chunk := await content.read(65_536)):
        output.add(chunk)
