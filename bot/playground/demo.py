"""`vigie demo`: the local workspace with a page, or the whole story played by scripted people."""

from __future__ import annotations

import asyncio
import signal
import sys
import webbrowser

from bot.playground.panel import Panel
from bot.playground.player import ClickFailed
from bot.playground.stage import set_up, workspace
from bot.playground.story import StoryFailed, play


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
    panel = Panel()
    place = workspace(panel)
    print("Setting the stage: workspace, shop, watcher and `vigie serve` ...", flush=True)
    async with set_up(place, port) as stage:
        panel.begin(stage)
        url = place.page_url
        print(
            f"\nThe workspace is at\n\n    {url}\n\nOpen it, then break the shop. Ctrl-C ends it.", flush=True
        )
        if browser:
            webbrowser.open(url)
        stopped = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(stage.until_serve_ends())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        await panel.end()
        if stopped.is_set():
            return 0
        log = (stage.folder / "serve.log").read_text()[-3000:]
        print("vigie serve ended by itself:", log, file=sys.stderr)
        return 1
