"""Sends one HTTP request: no redirects, no proxies from the environment, a time limit and a size limit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import ArgumentRefused
from bot.tools.runners.base import Emit, Output, RunResult, Secret
from bot.tools.runs.http import MARK, SECRET

if TYPE_CHECKING:
    from aiohttp import StreamReader


class HttpRunner:
    """The runner `http`. A status of 200 to 299 is success."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        url = str(call["url"])
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ArgumentRefused("url: it cannot be read as an address.") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ArgumentRefused("url: must be http or https with a host and without credentials.")
        if not url.isprintable() or " " in url:
            raise ArgumentRefused("url: spaces and control characters are not allowed.")
        _refuse_rewritten(url)
        _refuse_foreign_secrets(call)
        return {"method": call["method"], "url": url, "headers": call["headers"], "body": call["body"]}

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        import aiohttp

        headers = resolved["headers"]
        assert isinstance(headers, Mapping)
        filled = {name: SECRET.sub(lambda m: secret(m.group(1)), value) for name, value in headers.items()}
        body = resolved["body"]
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            filled.setdefault("Content-Type", "application/json")
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        method = str(resolved["method"])
        sent = False
        output = Output(output_cap, emit)
        try:
            async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
                sent = method not in ("GET", "HEAD")
                request = session.request(
                    method, str(resolved["url"]), headers=filled, data=data, allow_redirects=False
                )
                async with request as response:
                    await _read(response.content, output)
                    status = response.status
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            problem = f"no answer: {type(error).__name__}."
            return RunResult(None if sent else 1, "", problem)
        if 200 <= status < 300:
            return RunResult(0, output.text)
        return RunResult(1, output.text, f"it answered with status {status}.")


def _refuse_rewritten(url: str) -> None:
    """What is shown and signed is what is asked: the HTTP library must have nothing to correct in it."""
    from yarl import URL

    try:
        asked = str(URL(url))
    except ValueError:
        raise ArgumentRefused("url: it cannot be read as an address.") from None
    if asked != url:
        raise ArgumentRefused(f"url: it would be sent as {asked!r}; write it in that form.")
    if "#" in url:
        raise ArgumentRefused("url: a part behind '#' would not be sent; take it out or write it as %23.")


def _refuse_foreign_secrets(call: Mapping[str, object]) -> None:
    """`secrets` says how many references each header of the catalogue's own call has; no value adds one."""
    own, headers = call.get("secrets", {}), call["headers"]
    assert isinstance(own, Mapping) and isinstance(headers, Mapping)
    for name, value in headers.items():
        if MARK in name or str(value).count(MARK) != own.get(name, 0):
            raise ArgumentRefused(f"headers.{name}: a value must not hold a reference to a secret.")
    for field in ("url", "body"):
        # Read as it is, not as JSON: no escape can hide it.
        if MARK in str(call[field]):
            raise ArgumentRefused(f"{field}: a value must not hold a reference to a secret.")


async def _read(content: StreamReader, output: Output) -> None:
    """The answer to its end, or as much as is kept of it."""
    while not output.is_full and (chunk := await content.read(65_536)):
        output.add(chunk)
