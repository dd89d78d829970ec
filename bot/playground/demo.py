"""`vigie demo`: the local workspace with a page, or the whole story played by scripted people."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import webbrowser
from typing import Literal

from bot.playground.panel import Panel
from bot.playground.player import ClickFailed
from bot.playground.stage import Stage, set_up, workspace
from bot.playground.story import StoryFailed, play

End = Literal["stopped", "again", "broken"]


def run(*, headless: bool, port: int, browser: bool) -> int:
    """Run until stopped, or until the story is over; exit 0 only if the story went as it must."""
    try:
        return asyncio.run(_headless() if headless else _page(port, browser))
    except (StoryFailed, ClickFailed, TimeoutError) as error:
        print(f"The story failed: {error}", file=sys.stderr)
        return 1
    except (OSError, RuntimeError) as error:
        print(f"vigie demo: {error}", file=sys.stderr)
        return 2


async def _headless() -> int:
    print("Setting the stage: workspace, shop, watcher and `vigie serve` ...", flush=True)
    async with set_up(workspace()) as stage:
        try:
            await play(stage)
        except (StoryFailed, ClickFailed, TimeoutError):
            print((stage.folder / "serve.log").read_text()[-3000:], file=sys.stderr)
            raise
    return 0


async def _page(port: int, browser: bool) -> int:
    """One run after another, each on a fresh stage at the same address, until somebody ends it."""
    stopped = asyncio.Event()
    page_token = secrets.token_urlsafe(24)
    first = True
    print("Setting the stage: workspace, shop, watcher and `vigie serve` ...", flush=True)
    while True:
        panel = Panel()
        place = workspace(panel, page_token)
        async with set_up(place, port) as stage:
            port = int(place.url.rsplit(":", 1)[1])
            if first:
                _announce(place.page_url, browser, stopped)
            panel.begin(stage)
            end = await _wait(stopped, panel, stage)
            await panel.end()
            if end == "broken":
                log = (stage.folder / "serve.log").read_text()[-3000:]
                print("vigie serve ended by itself:", log, file=sys.stderr)
        if end != "again":
            return 0 if end == "stopped" else 1
        print("Starting over on a fresh stage ...", flush=True)
        first = False


def _announce(url: str, browser: bool, stopped: asyncio.Event) -> None:
    print(f"\nThe workspace is at\n\n    {url}\n\nOpen it, then break the shop. Ctrl-C ends it.", flush=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    if browser:
        webbrowser.open(url)


async def _wait(stopped: asyncio.Event, panel: Panel, stage: Stage) -> End:
    waits = [asyncio.create_task(work) for work in (stopped.wait(), panel.again.wait(), stage.serve.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    if stopped.is_set():
        return "stopped"
    return "again" if panel.again.is_set() else "broken"
