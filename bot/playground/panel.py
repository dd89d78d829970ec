"""What the page's demo panel shows and does: the shop, its faults, a storm, the tour, and starting over."""

from __future__ import annotations

import asyncio
import importlib
import secrets
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.playground.faults import FAULTS, FaultNotMadeError, break_shop
from bot.playground.stage import INCIDENTS, PEOPLE, Stage
from bot.playground.tour import Seen, Tour
from bot.playground.vitals import Vitals

Json = dict[str, Any]

STORM = 300
_LOOK_EVERY_S = 1.0
# A fault needs a moment until the shop shows it; so long its button rests.
_SHOWS_WITHIN = 5


@dataclass
class Storm:
    """A storm under way or over: alerts sent of how many, and the incidents that were there before."""

    fault: str
    cards_before: int
    sent: int = 0
    ended: bool = False
    error: str = ""


class Panel:
    """One run of the demo as the panel sees it. `again` is set when a person wants to start over."""

    def __init__(self) -> None:
        self.again = asyncio.Event()
        self._stage: Stage | None = None
        self._run = secrets.token_hex(4)
        self._vitals = Vitals()
        self._tour = Tour()
        self._seen = Seen()
        self._fresh: dict[str, int] = {}
        self._storm: Storm | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, stage: Stage) -> None:
        """The stage is set: look at it once a second from now on."""
        self._stage = stage
        self._start(self._watch(stage))

    async def end(self) -> None:
        """Stop looking, and stop a storm that still runs."""
        self._stage = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def state(self) -> Json:
        """What the panel shows; before the stage is set only that it is being set."""
        if self._stage is None or self.again.is_set():
            shop = {
                "status": "starting",
                "summary": "Setting the stage: shop, watcher and vigie serve …",
                "numbers": [],
            }
            return {"run": None, "shop": shop, "faults": [], "tour": [], "can_restart": False}
        active = self._vitals.broken() | self._fresh.keys()
        return {
            "run": self._run,
            "shop": self._vitals.shop(),
            "faults": [
                {"name": name, "title": fault.title, "what": fault.what, "active": name in active}
                for name, fault in FAULTS.items()
            ],
            "storm": self._storm_shown(),
            "tour": self._tour.shown(self._seen),
            "hints": _hints(),
            "can_restart": True,
        }

    async def act(self, name: str, arguments: Json) -> Json:
        """One of `break`, `storm` (both with `fault`), `opened` (a thread, with `ts`) and `start_over`."""
        stage, fault = self._stage, str(arguments.get("fault", ""))
        if stage is None or self.again.is_set():
            return {"ok": False, "error": "the stage is being set; try again in a moment"}
        if name == "start_over":
            self.again.set()
        elif name == "opened":
            self._seen.opened.add(str(arguments.get("ts", "")))
        elif name == "break" and fault in FAULTS:
            return await self._break(stage, fault)
        elif name == "storm" and fault in FAULTS:
            return self._begin_storm(stage, fault)
        else:
            return {"ok": False, "error": "unknown"}
        return {"ok": True}

    async def _break(self, stage: Stage, fault: str) -> Json:
        try:
            await asyncio.to_thread(break_shop, stage.shop_folder, fault)
        except FaultNotMadeError as error:
            return {"ok": False, "error": str(error)}
        self._seen.broken.append(fault)
        self._fresh[fault] = _SHOWS_WITHIN
        return {"ok": True}

    def _begin_storm(self, stage: Stage, fault: str) -> Json:
        if self._storm is not None and not self._storm.ended:
            return {"ok": False, "error": "a storm is under way"}
        self._storm = Storm(fault, len(_cards(self._seen)))
        self._start(self._blow(stage, self._storm))
        return {"ok": True}

    async def _blow(self, stage: Stage, storm: Storm) -> None:
        def progress(sent: int) -> None:
            storm.sent = sent

        try:
            blow = importlib.import_module("bot.playground.storm").storm
            await blow(stage.intake_url, stage.intake_token, storm.fault, STORM, progress)
        except (ImportError, OSError, RuntimeError, aiohttp.ClientError) as error:
            storm.error = str(error) or type(error).__name__
        finally:
            storm.ended = True

    def _storm_shown(self) -> Json | None:
        storm = self._storm
        if storm is None:
            return None
        opened = len(_cards(self._seen)) - storm.cards_before
        told = {"sent": storm.sent, "of": STORM, "ended": storm.ended, "error": storm.error}
        return {"fault": storm.fault, "incidents": opened} | told

    async def _watch(self, stage: Stage) -> None:
        while True:
            self._vitals.take(await _health(stage))
            broken = self._vitals.broken()
            self._fresh = {
                name: left - 1 for name, left in self._fresh.items() if left > 1 and name not in broken
            }
            self._seen.messages = stage.workspace.messages(INCIDENTS.id)
            self._seen.told = [m["text"] for p in PEOPLE for m in stage.workspace.ephemerals(p.id)]
            self._tour.look(self._seen)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _start(self, work: Any) -> None:  # noqa: ANN401  # a coroutine of any kind
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _cards(seen: Seen) -> list[Json]:
    return [
        m
        for m in seen.messages
        if m.get("bot_id") and m.get("thread_ts") in (None, m["ts"]) and m.get("reply_count")
    ]


async def _health(stage: Stage) -> dict[str, Any] | None:
    try:
        return await asyncio.to_thread(stage.shop_health)
    except OSError:
        return None


def _hints() -> list[dict[str, str]]:
    # lazily: it brings slack-bolt, which the page's server itself does not need
    from bot.slack.commands import COMMANDS

    return [{"command": "/vigie", "usage": usage, "about": about} for usage, about, _ in COMMANDS.values()]
