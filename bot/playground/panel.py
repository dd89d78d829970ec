"""What the page's demo panel shows and does: the shop, its faults, a storm, the tour, and starting over."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from bot.playground.faults import FAULTS, FaultNotMadeError, active_faults, break_shop, mend_by_hand
from bot.playground.stage import INCIDENTS, PEOPLE, Stage
from bot.playground.storm import COUNT
from bot.playground.tour import Seen, Tour
from bot.playground.vitals import Vitals

Json = dict[str, Any]

_LOOK_EVERY_S = 1.0


@dataclass
class Storm:
    """A storm under way or over: alerts taken so far, and the cards that stood in the channel before it."""

    fault: str
    cards_before: int
    sent: int = 0
    ended: bool = False
    error: str = ""


class Run:
    """What happened since the demo began, or since it was started over."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(4)
        self.vitals = Vitals()
        self.tour = Tour()
        self.seen = Seen()
        self.storm: Storm | None = None


class Panel:
    """The demo as the page sees it, from `begin` to `end`."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._run = Run()
        self._setting = True
        self._trouble = ""
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, stage: Stage) -> None:
        """The stage is set: look at it once a second from now on."""
        self._stage, self._setting = stage, False
        self._start(self._watch(stage))

    async def end(self) -> None:
        """Stop looking, and stop a storm that still runs."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def state(self) -> Json:
        """What the panel shows; while the stage is being set only that it is."""
        if self._setting:
            said = self._trouble or "Setting the stage: shop, watcher and vigie serve …"
            shop: Json = {"status": "down" if self._trouble else "starting", "summary": said, "numbers": []}
            return {"run": None, "shop": shop, "faults": [], "tour": [], "can_restart": False}
        run = self._run
        return {
            "run": run.id,
            "shop": run.vitals.shown(),
            "faults": [_fault_shown(name, name in run.vitals.broken) for name in FAULTS],
            "storm": _storm_shown(run),
            "tour": run.tour.shown(run.seen),
            "hints": _hints(),
            "can_restart": True,
        }

    async def act(self, name: str, arguments: Json) -> Json:
        """`break`, `mend` and `storm` with `fault`; `opened` with the `ts` of a thread; `start_over`."""
        stage, fault = self._stage, str(arguments.get("fault", ""))
        if stage is None or self._setting:
            return _refused("the stage is being set; try again in a moment")
        if name == "start_over":
            self._setting = True
            self._start(self._start_over(stage))
        elif name == "opened":
            self._run.seen.opened.add(str(arguments.get("ts", "")))
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
            self._run.seen.broken.append(fault)
        await self._look(stage)
        return {"ok": True}

    def _begin_storm(self, stage: Stage, fault: str) -> Json:
        run = self._run
        if run.storm is not None and not run.storm.ended:
            return _refused("a storm is under way")
        run.storm = Storm(fault, len(run.seen.cards()))
        if fault not in run.vitals.broken:
            run.seen.broken.append(fault)
        self._start(_blow(stage, run.storm))
        return {"ok": True}

    async def _start_over(self, stage: Stage) -> None:
        mine = asyncio.current_task()
        others = [task for task in self._tasks if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        try:
            await stage.start_over()
        except (OSError, RuntimeError) as error:
            self._trouble = f"The stage could not be set again: {error}. End the demo and start it anew."
            return
        self._run = Run()
        self.begin(stage)

    async def _watch(self, stage: Stage) -> None:
        while True:
            await self._look(stage)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _look(self, stage: Stage) -> None:
        run = self._run
        run.vitals.take(await _health(stage), await asyncio.to_thread(active_faults, stage.shop_folder))
        run.seen.messages = stage.workspace.messages(INCIDENTS.id)
        run.seen.told = [m["text"] for person in PEOPLE for m in stage.workspace.ephemerals(person.id)]
        run.tour.look(run.seen)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _blow(stage: Stage, storm: Storm) -> None:
    def progress(sent: int) -> None:
        storm.sent = sent

    try:
        await stage.storm(storm.fault, COUNT, progress)
    except (OSError, RuntimeError) as error:
        storm.error = str(error)
    finally:
        storm.ended = True
    # the storm's alerts are over once the shop is repaired, whenever that is
    with contextlib.suppress(OSError, RuntimeError):
        await stage.calm(storm.fault, COUNT)


def _storm_shown(run: Run) -> Json | None:
    storm = run.storm
    if storm is None:
        return None
    told = {"sent": storm.sent, "of": COUNT, "ended": storm.ended, "error": storm.error}
    return {"fault": storm.fault, "incidents": len(run.seen.cards()) - storm.cards_before} | told


def _refused(why: str) -> Json:
    return {"ok": False, "error": why}


def _fault_shown(name: str, active: bool) -> Json:
    fault = FAULTS[name]
    by_hand = fault.by_hand if active else ""
    return {"name": name, "title": fault.title, "what": fault.what, "active": active, "by_hand": by_hand}


async def _health(stage: Stage) -> dict[str, Any] | None:
    try:
        return await asyncio.to_thread(stage.shop_health)
    except OSError:
        return None


def _hints() -> list[dict[str, str]]:
    # lazily: it brings slack-bolt, which the page's server itself does not need
    from bot.slack.commands import COMMANDS

    return [{"command": "/vigie", "usage": usage, "about": about} for usage, about, *_ in COMMANDS.values()]
