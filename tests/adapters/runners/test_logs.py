"""The logs runner: the end of a real file, and a server that speaks Loki's interface."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.runs import LogsRun
from bot.tools.secrets import Secrets
from bot.tools.template import fill

LOGS = RUNNERS["logs"]


async def run(entry: dict[str, Any], cap: int = 10_000, **values: object) -> RunResult:
    made = LogsRun.model_validate({"runner": "logs", **entry})
    assert list(made.mistakes()) == []
    call = fill(made.call(), values, {})
    assert isinstance(call, dict)
    return await LOGS.run(LOGS.resolve(call), 10, cap, Secrets({"TOKEN": "t0ken-value"}).get)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 5,000 lines, every hundredth an error, and the last without its line end."""
    path = tmp_path / "orders.log"
    lines = [f"{n} {'ERROR pool is full' if n % 100 == 0 else 'order taken'}" for n in range(1, 5001)]
    path.write_text("\n".join(lines))
    return path


async def test_the_last_lines_are_read(log: Path) -> None:
    """In their order; an empty line is a line, the line end of the last one begins no further one."""
    assert (await run({"file": str(log), "lines": 2})).output == "4999 order taken\n5000 ERROR pool is full\n"


@pytest.mark.parametrize(
    "content, last",
    [
        (b"first\n\nlast\n", "\nlast\n"),
        (b"\xff\x00 broken\r\n", "\ufffd\ufffd broken\n"),
        (b"\n", "\n"),
        (b"", ""),
    ],
)
async def test_any_content_has_last_lines(log: Path, content: bytes, last: str) -> None:
    """Empty lines, what is no text, nothing at all."""
    await asyncio.to_thread(log.write_bytes, content)
    assert await run({"file": str(log), "lines": 2}) == RunResult(0, last)


async def test_a_filter_is_a_plain_text(log: Path) -> None:
    """No pattern: what it spells must stand in the line."""
    found = await run({"file": str(log), "contains": "{words}", "lines": 2}, words="ERROR pool")
    assert found.output == "4900 ERROR pool is full\n5000 ERROR pool is full\n"
    for words in (".*", "^5000", "ERROR|order", "$(id)"):
        assert (await run({"file": str(log), "contains": "{words}"}, words=words)).output == ""


async def test_what_does_not_fit_is_left_out_at_the_beginning(log: Path) -> None:
    """The newest lines are worth most; that some are missing is said."""
    output = (await run({"file": str(log), "lines": 1000}, cap=300)).output
    assert output.startswith("[older lines are left out]\n")
    assert output.endswith("5000 ERROR pool is full\n")
    assert len(output) <= 300


async def test_a_huge_file_is_read_from_its_end(tmp_path: Path) -> None:
    """Lines that cross the blocks are whole."""
    path = tmp_path / "huge.log"
    line = b"x" * 999 + b"\n"
    path.write_bytes(line * 3000 + b"the end\n")
    output = (await run({"file": str(path), "lines": 2001}, cap=1_000_000 * 3)).output
    assert output == "x" * 999 + ("\n" + "x" * 999) * 1999 + "\nthe end\n"


@pytest.mark.parametrize("kind", ["folder", "pipe", "absent", "unreadable device"])
async def test_what_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    """And nobody waits for a pipe."""
    path = tmp_path / "x"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "unreadable device":
            path = Path("/dev/null")
    result = await run({"file": str(path)})
    assert (result.exit_code, result.output) == (1, "")
    assert f"{path} cannot be read" in result.problem


async def test_a_link_that_appears_after_it_was_shown_is_not_followed(tmp_path: Path) -> None:
    """Neither the file itself nor a folder on the way; what was opened is asked, so no race helps."""
    folder = tmp_path
    secret = folder / "secret"
    secret.mkdir()
    (secret / "a.log").write_text("hidden\n")
    logs = folder / "logs"
    logs.mkdir()
    (logs / "a.log").write_text("plain\n")
    resolved = LOGS.resolve({"file": str(logs / "a.log"), "contains": "", "lines": 5})
    (logs / "a.log").unlink()
    (logs / "a.log").symlink_to(secret / "a.log")
    first = await LOGS.run(resolved, 10, 1000, Secrets({}).get)
    (logs / "a.log").unlink()
    logs.rmdir()
    logs.symlink_to(secret)
    second = await LOGS.run(resolved, 10, 1000, Secrets({}).get)
    for result in (first, second):
        assert (result.exit_code, result.output) == (1, "")


class Loki:
    """Speaks `query_range` as Loki does, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.path == "/loki/api/v1/query_range"
        self.asked.append(dict(request.query) | {"token": request.headers.get("Authorization", "")})
        if "broken" in request.query["query"]:
            return web.Response(status=400, text="parse error at line 1")
        streams = [
            {
                "stream": {"app": "orders"},
                "values": [["1700000002000000000", "two"], ["1700000001000000000", "one"]],
            },
            {"stream": {"app": "orders", "pod": "b"}, "values": [["1700000003000000000", "three"]]},
        ]
        return web.json_response({"status": "success", "data": {"resultType": "streams", "result": streams}})


@asynccontextmanager
async def loki() -> AsyncIterator[Loki]:
    made = Loki()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


async def test_loki_gives_lines_by_their_time() -> None:
    """Of all streams together; the query, its window, the number of lines and the token arrive."""
    async with loki() as server:
        entry = {
            "url": server.url,
            "query": '{app="{app}"} |= "{words}"',
            "minutes": "{minutes}",
            "lines": "{lines}",
            "headers": {"Authorization": "Bearer {secret:TOKEN}"},
        }
        made = LogsRun.model_validate({"runner": "logs", **entry})
        values = {"app": 'or"ders', "words": 'a "quote" | json', "minutes": 5, "lines": 7}
        call = fill(made.call() | {"secrets": {"Authorization": 1}}, values, {})
        assert isinstance(call, dict)
        result = await LOGS.run(LOGS.resolve(call), 10, 1000, Secrets({"TOKEN": "t0ken-value"}).get)
    assert result.output.splitlines() == [
        "2023-11-14T22:13:21Z one",
        "2023-11-14T22:13:22Z two",
        "2023-11-14T22:13:23Z three",
    ]
    (asked,) = server.asked
    assert asked["query"] == '{app="or\\"ders"} |= "a \\"quote\\" | json"'
    assert (asked["limit"], asked["direction"], asked["token"]) == ("7", "backward", "Bearer t0ken-value")
    assert int(asked["end"]) - int(asked["start"]) == pytest.approx(5 * 60 * 1e9)


async def test_what_loki_refuses_is_told() -> None:
    """With what it said."""
    async with loki() as server:
        result = await run({"url": server.url, "query": '{app="broken"}'})
    assert result == RunResult(1, "parse error at line 1", "it answered with status 400, not as expected.")
    assert "no answer" in (await run({"url": server.url, "query": '{app="x"}'})).problem


@pytest.mark.parametrize(
    "values",
    [{"lines": 0}, {"lines": 5001}, {"lines": "5"}, {"lines": True}, {"minutes": 0}, {"minutes": "5"}],
)
def test_bounds_hold_for_values_too(values: dict[str, object]) -> None:
    """A hole in the place of a number takes numbers within bounds."""
    call = {"url": "http://127.0.0.1", "headers": {}, "query": "x", "lines": 1, "minutes": 1} | values
    with pytest.raises(ArgumentRefused):
        LOGS.resolve(call)
    assert json.dumps(LOGS.resolve({**call, "lines": 1, "minutes": 1}))
