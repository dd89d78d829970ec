"""What the page's demo panel shows and does: the shop, its faults, a storm, the tour, and starting over."""

from __future__ import annotations

import asyncio
import importlib
import secrets
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.playground.faults import FAULTS, FaultNotMadeError, active_faults, break_shop, mend_by_hand
from bot.playground.stage import INCIDENTS, PEOPLE, Stage
from bot.playground.tour import Seen, Tour
from bot.playground.vitals import Vitals

Json = dict[str, Any]

STORM = 300
_LOOK_EVERY_S = 1.0


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
        return {
            "run": self._run,
            "shop": self._vitals.shown(),
            "faults": [_fault_shown(name, name in self._vitals.broken) for name in FAULTS],
            "storm": self._storm_shown(),
            "tour": self._tour.shown(self._seen),
            "hints": _hints(),
            "can_restart": True,
        }

    async def act(self, name: str, arguments: Json) -> Json:
        """`break`, `mend` and `storm` with `fault`; `opened` with the `ts` of a thread; `start_over`."""
        stage, fault = self._stage, str(arguments.get("fault", ""))
        if stage is None or self.again.is_set():
            return _refused("the stage is being set; try again in a moment")
        if name == "start_over":
            self.again.set()
        elif name == "opened":
            self._seen.opened.add(str(arguments.get("ts", "")))
        elif fault not in FAULTS:
            return _refused("unknown")
        elif name in ("break", "mend"):
            return await self._change(stage, name, fault)
        elif name == "storm":
            return self._begin_storm(stage, fault)
        return {"ok": True}

    async def _change(self, stage: Stage, name: str, fault: str) -> Json:
        try:
            await asyncio.to_thread(break_shop if name == "break" else mend_by_hand, stage.shop_folder, fault)
        except (FaultNotMadeError, KeyError) as error:
            return _refused(str(error))
        if name == "break":
            self._seen.broken.append(fault)
        await self._look(stage)
        return {"ok": True}

    def _begin_storm(self, stage: Stage, fault: str) -> Json:
        if self._storm is not None and not self._storm.ended:
            return _refused("a storm is under way")
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
            await self._look(stage)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _look(self, stage: Stage) -> None:
        self._vitals.take(await _health(stage), await asyncio.to_thread(active_faults, stage.shop_folder))
        self._seen.messages = stage.workspace.messages(INCIDENTS.id)
        self._seen.told = [m["text"] for p in PEOPLE for m in stage.workspace.ephemerals(p.id)]
        self._tour.look(self._seen)

    def _start(self, work: Any) -> None:  # noqa: ANN401  # a coroutine of any kind
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refused(why: str) -> Json:
    return {"ok": False, "error": why}


def _fault_shown(name: str, active: bool) -> Json:
    fault = FAULTS[name]
    by_hand = fault.by_hand if active else ""
    return {"name": name, "title": fault.title, "what": fault.what, "active": active, "by_hand": by_hand}


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
