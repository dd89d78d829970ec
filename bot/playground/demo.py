"""`vigie demo`: the local workspace with a page, or the whole story played by scripted people."""

from __future__ import annotations

import asyncio
import signal
import sys
import webbrowser
from typing import Any

from bot.playground.faults import FAULTS, FaultNotMadeError, break_shop
from bot.playground.player import ClickFailed
from bot.playground.stage import Stage, set_up, workspace
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
        panel.stage = stage
        print(
            f"\nThe workspace is at\n\n    {place.page_url}\n\nOpen it, then break the shop. Ctrl-C ends it."
        )
        sys.stdout.flush()
        if browser:
            webbrowser.open(place.page_url)
        stopped = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(stage.serve.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if stopped.is_set():
            return 0
        print(
            "vigie serve ended by itself:", (stage.folder / "serve.log").read_text()[-3000:], file=sys.stderr
        )
        return 1


class Panel:
    """What the page's demo panel shows and does."""

    def __init__(self) -> None:
        self.stage: Stage | None = None

    async def state(self) -> dict[str, Any]:
        """The shop's health, the faults, and what to try next."""
        health = await self._health()
        return {
            "shop": _shop(health),
            "faults": [
                {"name": name, "title": fault.title, "what": fault.what, "active": False}
                for name, fault in FAULTS.items()
            ],
            "next": [
                "Break the shop, and watch #incidents",
                "Open the incident's thread: evidence, diagnosis, remedy",
                'Ask in the thread: "@Vigie have we seen this before?"',
                "Press Propose, then try to sign it yourself",
                "Become N3 A and sign",
                "Confirm the summary, then break the same thing again",
            ],
            "can_restart": False,
        }

    async def act(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Break the shop."""
        fault = str(arguments.get("fault", ""))
        if self.stage is None or name != "break" or fault not in FAULTS:
            return {"ok": False, "error": "unknown"}
        try:
            await asyncio.to_thread(break_shop, self.stage.shop_folder, fault)
        except FaultNotMadeError as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True}

    async def _health(self) -> dict[str, Any] | None:
        if self.stage is None:
            return None
        try:
            return await asyncio.to_thread(self.stage.shop_health)
        except OSError:
            return None


def _shop(health: dict[str, Any] | None) -> dict[str, Any]:
    if health is None:
        return {"status": "down", "summary": "The shop does not answer.", "numbers": []}
    queue, failed = health["pool"]["queue"], health["checkout"]["failed_share"]
    numbers = [
        {"name": "Orders waiting", "value": queue, "unit": "", "bad": queue > 8},
        {"name": "Checkouts failing", "value": round(failed * 100), "unit": "%", "bad": failed > 0.2},
    ]
    summary = "All is well." if health["status"] == "ok" else "Something is wrong."
    return {"status": health["status"], "summary": summary, "numbers": numbers}
