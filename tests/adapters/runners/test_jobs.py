"""How Rundeck and AWX are driven: a job is launched, followed to its end, read, and stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.runs import HttpRun
from bot.tools.secrets import Secrets
from bot.tools.template import fill

HTTP = RUNNERS["http"]
TOKEN = "rundeck-t0ken-42"


@dataclass
class Target:
    """Speaks the part of Rundeck's and AWX's interfaces that a job needs."""

    url: str = ""
    ends_as: str = "succeeded"
    polls_until: int = 2
    execution: object = 77
    launched: list[dict[str, Any]] = field(default_factory=list)
    polled: int = 0
    stopped: list[str] = field(default_factory=list)
    elsewhere: int = 0
    loses_answers: int = 0
    keys: set[str] = field(default_factory=set)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/41/job/{job}/run", self.launch)
        app.router.add_get("/api/41/execution/77", self.status)
        app.router.add_get("/api/41/execution/77/output", self.output)
        app.router.add_post("/api/41/execution/77/abort", self.stop)
        app.router.add_post("/api/v2/job_templates/{job}/launch/", self.launch)
        app.router.add_get("/api/v2/jobs/77/", self.status)
        app.router.add_get("/api/v2/jobs/77/stdout/", self.output)
        app.router.add_post("/api/v2/jobs/77/cancel/", self.stop)
        return app

    async def launch(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key or key not in self.keys:
            self.launched.append({"job": request.match_info["job"], **await request.json()})
            self.keys.add(key)
        if self.loses_answers:
            self.loses_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        if request.headers.get("X-Rundeck-Auth-Token", TOKEN) != TOKEN:
            return web.json_response({"error": True}, status=403)
        return web.json_response(
            {"id": self.execution, "job": self.execution, "status": "running"}, status=201
        )

    async def status(self, request: web.Request) -> web.Response:
        self.polled += 1
        if self.polled == 1:
            return web.Response(status=503)  # a busy target is asked again
        return web.json_response({"status": self.ends_as if self.polled > self.polls_until else "running"})

    async def output(self, request: web.Request) -> web.Response:
        return web.Response(text="PLAY [orders]\nok=3 changed=1\n")

    async def stop(self, request: web.Request) -> web.Response:
        self.stopped.append(request.path)
        return web.json_response({})


@asynccontextmanager
async def serving(**changes: Any) -> AsyncIterator[Target]:  # noqa: ANN401
    target = Target(**changes)
    runner = web.AppRunner(target.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    target.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield target
    finally:
        await runner.cleanup()


def rundeck(target: Target, **changes: object) -> dict[str, Any]:
    """The entry of the README, with a short pause."""
    execution = f"{target.url}/api/41/execution/{{answer:/id}}"
    return {
        "runner": "http",
        "method": "POST",
        "url": f"{target.url}/api/41/job/{{job}}/run",
        "headers": {"X-Rundeck-Auth-Token": "{secret:RUNDECK_TOKEN}"},
        "body": {"options": {"host": "{host}", "dry": "{dry}"}},
        "poll": {
            "url": execution,
            "status": "/status",
            "ok": ["succeeded"],
            "failed": ["failed", "aborted", "timedout"],
            "every_s": 0.05,
            "output": f"{execution}/output?format=text",
            "stop": f"{execution}/abort",
        },
    } | changes


def awx(target: Target) -> dict[str, Any]:
    job = f"{target.url}/api/v2/jobs/{{answer:/job}}/"
    return {
        "runner": "http",
        "method": "POST",
        "url": f"{target.url}/api/v2/job_templates/{{job}}/launch/",
        "headers": {"Authorization": "Bearer {secret:RUNDECK_TOKEN}"},
        "body": {"limit": "{host}", "extra_vars": {"dry": "{dry}"}},
        "expect": [201],
        "poll": {
            "url": job,
            "status": "/status",
            "ok": ["successful"],
            "failed": ["failed", "error", "canceled"],
            "every_s": 0.05,
            "output": f"{job}stdout/?format=txt",
            "stop": f"{job}cancel/",
        },
    }


async def run(entry: dict[str, Any], timeout_s: float = 10, said: list[str] | None = None) -> RunResult:
    made = HttpRun.model_validate(entry)
    assert list(made.mistakes()) == []
    call = fill(made.call(), {"job": "restart orders", "host": "web-1", "dry": False}, {})
    assert isinstance(call, dict)
    call["secrets"] = dict.fromkeys(made.headers, 1)
    emit = said.append if said is not None else None
    return await HTTP.run(HTTP.resolve(call), timeout_s, 1000, Secrets({"RUNDECK_TOKEN": TOKEN}).get, emit)


async def test_rundeck_runs_a_job_to_its_end() -> None:
    """Launched once with typed options, followed through a busy answer, and its output is read."""
    said: list[str] = []
    async with serving() as target:
        result = await run(rundeck(target), said=said)
    assert (result.exit_code, result.problem) == (0, "")
    assert result.output == "[running]\n[succeeded]\nPLAY [orders]\nok=3 changed=1\n"
    assert result.output == "".join(said)
    assert target.launched == [{"job": "restart orders", "options": {"host": "web-1", "dry": False}}]
    assert TOKEN not in result.output


async def test_awx_runs_a_job_to_its_end() -> None:
    """The same with its words."""
    async with serving(ends_as="successful") as target:
        result = await run(awx(target))
    assert result.ok
    assert "ok=3 changed=1" in result.output
    assert target.launched == [{"job": "restart orders", "limit": "web-1", "extra_vars": {"dry": False}}]


async def test_a_job_that_fails_has_failed() -> None:
    """With its output, and the word of its end."""
    async with serving(ends_as="aborted") as target:
        result = await run(rundeck(target))
    assert (result.exit_code, result.problem) == (1, "it ended as 'aborted'.")
    assert "ok=3 changed=1" in result.output


async def test_a_job_that_takes_too_long_is_told_to_stop() -> None:
    """Whether it took effect is not known."""
    async with serving(polls_until=10_000) as target:
        result = await run(rundeck(target), timeout_s=0.5)
    assert result.exit_code is None
    assert result.problem == "it did not end in time; its last status was 'running'. It was told to stop."
    assert target.stopped == ["/api/41/execution/77/abort"]


async def test_a_cancelled_job_is_told_to_stop() -> None:
    """Stop means stop at the target, too."""
    async with serving(polls_until=10_000) as target:
        task = asyncio.create_task(run(rundeck(target), timeout_s=60))
        async with asyncio.timeout(20):
            while target.polled < 2:
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert target.stopped == ["/api/41/execution/77/abort"]


@pytest.mark.parametrize(
    "execution", ["../../admin", "77?x=y", "", None, "//evil.example/", "a/b", {"a": 1}, True]
)
async def test_an_answer_names_a_job_and_no_address(execution: object) -> None:
    """What the target says becomes one plain id or nothing: nothing else is asked."""
    async with serving(execution=execution) as target:
        result = await run(rundeck(target))
    assert result.exit_code is None
    assert "holds no id at /id" in result.problem
    assert (target.polled, target.stopped) == (0, [])


async def test_a_launch_that_is_refused_starts_nothing() -> None:
    """The status is told, and nothing is followed."""
    async with serving() as target:
        entry = rundeck(target, headers={"X-Rundeck-Auth-Token": "wrong {secret:RUNDECK_TOKEN}"})
        result = await run(entry)
    assert (result.exit_code, result.problem) == (1, "it answered with status 403.")
    assert target.polled == 0


async def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key() -> None:
    """A target that knows idempotency keys does it once; without a key it is not asked twice."""
    async with serving(loses_answers=1) as target:
        assert (await run(rundeck(target, idempotency="Idempotency-Key"))).ok
        assert len(target.launched) == 1
    async with serving(loses_answers=1) as target:
        result = await run(rundeck(target))
        assert result.exit_code is None
        assert len(target.launched) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/{answer:/id}",
        "https://127.0.0.1/{answer:/id}",
        "http://127.0.0.2/{answer:/id}",
        "http://127.0.0.1/{answer:/id}/../x",
        "http://user@127.0.0.1/{answer:/id}",
    ],
)
def test_a_job_is_followed_where_it_was_launched(url: str) -> None:
    """Another scheme, host or port, or an address that could mean another: refused before it is shown."""
    entry = rundeck(Target("http://127.0.0.1"))
    entry["poll"]["url"] = url
    call = HttpRun.model_validate(entry).call() | {"secrets": {"X-Rundeck-Auth-Token": 1}}
    filled = fill(call, {"job": "a", "host": "b", "dry": False}, {})
    assert isinstance(filled, dict)
    with pytest.raises(ArgumentRefused, match=r"poll\.url"):
        HTTP.resolve(filled)


def test_what_is_shown_holds_all_of_the_job() -> None:
    """The digest covers where it is followed, which words end it, and how it is stopped; no secret."""
    entry = rundeck(Target("http://127.0.0.1"), idempotency="Idempotency-Key", expect=[200, 201])
    call = HttpRun.model_validate(entry).call() | {"secrets": {"X-Rundeck-Auth-Token": 1}}
    filled = fill(call, {"job": "a/b", "host": "b", "dry": False}, {})
    assert isinstance(filled, dict)
    resolved = HTTP.resolve(filled)
    assert resolved["url"] == "http://127.0.0.1/api/41/job/a%2Fb/run"
    assert {"poll", "expect", "idempotency"} <= resolved.keys()
    assert TOKEN not in json.dumps(resolved)
