"""What lies outside of Vigie in a proof: the clock, Slack's group, the target, and what really ran."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.person import Person
from bot.errors import MembershipUnknown
from bot.tools.runners.base import RunResult
from bot.tools.runners.command import CommandRunner

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ON_CALL, A, B = (Person("T1", f"U{name}") for name in ("ONCALL", "A", "B"))
LOOK, SEE, ACT = "/look", "/see", "/act"


@dataclass(frozen=True, slots=True)
class Outside:
    """One moment of it. `value` is what checks read; `acted` are the calls that took effect, in order."""

    now: datetime = START
    n3: frozenset[Person] = frozenset({A, B})
    identity: str = "one"
    reachable: bool = True
    value: int = 9
    acted: tuple[tuple[str, ...], ...] = ()


@dataclass
class Scene:
    """Where the real parts find it; whoever plays puts another moment into `outside`."""

    outside: Outside = Outside()

    def now(self) -> datetime:
        return self.outside.now

    def n3(self) -> frozenset[Person]:
        if not self.outside.reachable:
            raise MembershipUnknown("Slack does not answer.")
        return self.outside.n3


class Pauses:
    """Where one worker stands: it stops at each of its pauses until it is told to go on."""

    def __init__(self) -> None:
        self.at = ""
        self.parked = asyncio.Event()
        self._go = asyncio.Event()

    async def here(self, name: str) -> None:
        self.at = name
        self._go.clear()
        self.parked.set()
        await self._go.wait()

    def go(self) -> None:
        self.parked.clear()
        self._go.set()


PAUSES: ContextVar[Pauses | None] = ContextVar("pauses", default=None)


class InProcess:
    """The runner of commands without processes: checks read the scene, an action is written into it.

    What a call is, the real runner says. The value never heals, so that nothing but the claim prevents a
    second run.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._real = CommandRunner()

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        return self._real.resolve(call)

    async def run(self, resolved: Mapping[str, Any], *rest: object, **more: object) -> RunResult:
        argv, pauses = tuple(map(str, resolved["argv"])), PAUSES.get()
        if argv[0] in (LOOK, SEE):
            if argv[0] == SEE and pauses is not None:
                await pauses.here("looks")  # the pre-condition is read, the verification is not
            output = json.dumps(
                {"value": self._scene.outside.value, "identity": self._scene.outside.identity}
            )
            if argv[0] == SEE and pauses is not None:
                await pauses.here("looked")
            return RunResult(0, output)
        if pauses is not None:
            await pauses.here("claimed")
        before = self._scene.outside
        self._scene.outside = replace(before, acted=(*before.acted, argv))
        if pauses is not None:
            await pauses.here("acted")
        return RunResult(0, "done")


class Inline(ThreadPoolExecutor):
    """What asyncio.to_thread runs in: here the calling thread itself, so that order is the player's alone."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as its base
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # it belongs to whoever waits for the future
            future.set_exception(error)
        return future


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
