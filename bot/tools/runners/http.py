"""Sends one HTTP request, or has a target do a job and follows it to its end."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping

from bot.tools.runners.addresses import Lookup, look_up
from bot.tools.runners.asking import Asked, NoAnswer, asking, check_url, refuse_foreign_secrets
from bot.tools.runners.base import Emit, Output, RunResult, Secret
from bot.tools.runners.jobs import check_poll, follow

_AGAIN_AFTER_S = 1.0
_READS = ("GET", "HEAD")
# A gateway that got no answer: whether the target did it is not known.
_FROM_BETWEEN = (502, 504)
_SHOWN = ("method", "url", "headers", "body")
_DECLARED = ("hosts", "private", "expect", "idempotency", "poll")


class HttpRunner:
    """The runner `http`. A status of 200 to 299 is success, or one of those that `expect` names."""

    def __init__(self, lookup: Lookup = look_up) -> None:
        self._lookup = lookup

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        resolved = {name: call[name] for name in _SHOWN}
        resolved |= {name: call[name] for name in _DECLARED if call.get(name)}
        url = str(call["url"])
        check_url(url, resolved)
        refuse_foreign_secrets(call, ("url", "body", "poll"))
        if poll := call.get("poll"):
            assert isinstance(poll, Mapping)
            check_poll(poll, url, resolved)
        return resolved

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        url, poll = str(resolved["url"]), resolved.get("poll")
        output = Output(output_cap, None if poll else emit)
        end = asyncio.get_running_loop().time() + timeout_s
        async with asking(url, resolved, secret, timeout_s, self._lookup) as target:
            try:
                async with asyncio.timeout_at(end):
                    status = await _send(target, resolved, output)
            except (NoAnswer, TimeoutError) as error:
                sent = getattr(error, "sent", True) and resolved["method"] not in _READS
                return RunResult(None if sent else 1, "", str(error) or "no answer: TimeoutError.")
            if not _is_expected(status, resolved):
                code = None if status in _FROM_BETWEEN and resolved["method"] not in _READS else 1
                return RunResult(code, output.text, f"it answered with status {status}.")
            if isinstance(poll, Mapping):
                return await follow(target, poll, output.text, end, Output(output_cap, emit))
            return RunResult(0, output.text)


async def _send(target: Asked, resolved: Mapping[str, object], output: Output) -> int:
    """Send it; with an idempotency key again where no whole answer came, as the target does it only once.

    What came of an answer that broke off is no part of the next one: only a whole one is handed on.
    """
    method, url, body = str(resolved["method"]), str(resolved["url"]), resolved["body"]
    key = str(resolved.get("idempotency", ""))
    if not key:
        return await target.ask(method, url, output, body)
    headers = {key: str(uuid.uuid4())}
    while True:
        answer = output.aside()
        try:
            status = await target.ask(method, url, answer, body, headers)
        except NoAnswer:
            await asyncio.sleep(_AGAIN_AFTER_S)
        else:
            output.take(answer)
            return status


def _is_expected(status: int, resolved: Mapping[str, object]) -> bool:
    expected = resolved.get("expect")
    if isinstance(expected, list):
        return status in expected
    return 200 <= status < 300
