"""Durable work: a sweep finds what the rows say is due, and DBOS carries each piece out under a fixed id.

Workflows are short and never wait for people. A crash loses nothing: what was under way is recovered by DBOS,
and whatever it misses, the next sweep finds again, because only the rows say what is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import datetime, timedelta

import structlog
from dbos import DBOS, SetWorkflowID

from bot import workflows
from bot.copilot import Copilot
from bot.domain.store import Store, Tx
from bot.errors import StoreUnavailable, VigieError
from bot.rest import Rest
from bot.stages.due import due, is_unfinished
from bot.stages.steps import Steps

log = structlog.get_logger()

Verb = Callable[[str], Awaitable[None]]
SWEEP_EVERY_S = 1.0
AT_LEAST_EVERY_S = 3.0  # while nothing is written: what time alone brings about comes that late at worst
PAUSE = 2.0  # after a sweep, in times of what it took
AT_ONCE = 8
# An investigation mostly waits for the model: many may, and nobody's answer or execution waits behind them.
INVESTIGATIONS = 32
# These share out by themselves what is scarce: nobody's passages wait for somebody else's model.
CONVERSATIONS = 256
# To execute mostly means to wait for a tool, up to an hour. What runs is bounded by the budgets of tools and
# services, what is judged at a time by the executor.
EXECUTIONS = 256
_UNDER_WAY = ("PENDING", "ENQUEUED", "DELAYED")
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 60))


class Lifecycle:
    """Owns DBOS and the sweep. `wake` may be called from any thread; a lost call only costs a second."""

    def __init__(
        self,
        store: Store,
        copilot: Copilot,
        steps: Steps,
        database_url: str,
        is_owner: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._is_owner = is_owner
        self._alerts = copilot.alerts
        self._proposals = copilot.proposals
        self._calling = copilot.calling
        self._homes = copilot.homes
        self._reviews = copilot.reviews
        self._standing = copilot.standing_watch
        self._heartbeats = copilot.heartbeats
        self._mutes = copilot.mutes
        self._gaps, self._upkeep = copilot.gaps, copilot.upkeep
        self._verbs: dict[str, Verb] = {
            "investigate": steps.investigate,
            "stand": steps.stand,
            "prepare": steps.prepare,
            "execute": steps.execute,
            "verify": steps.verify,
            "look": steps.look,
            "stop": steps.stop,
            "resolve": steps.resolve,
            "learn": steps.learn,
            "keep": steps.keep,
            "forget": steps.forget,
            "answer": steps.conversing.answer,
            "draft": steps.conversing.draft,
            "call": self._call,
            "tell": self._tell,
        }
        self._database_url = database_url
        self._kick = asyncio.Event()
        self._rest = Rest(store, AT_LEAST_EVERY_S)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._beside: list[asyncio.Task[None]] = []
        conversations = asyncio.Semaphore(CONVERSATIONS)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._own_slots: dict[str, AbstractAsyncContextManager[object]] = {
            "investigate": asyncio.Semaphore(INVESTIGATIONS),
            "execute": asyncio.Semaphore(EXECUTIONS),
            "answer": conversations,
            "draft": conversations,
            "stop": nullcontext(),  # to stop something waits for nothing
        }
        self._whole_at = self._alive_at = time.monotonic()
        self._due_at: datetime | None = None

    def idle_s(self) -> float:
        """How long ago the sweep last got anywhere; a sweep that fails or hangs gets nowhere."""
        return time.monotonic() - self._alive_at

    def wake(self, verb: str, subject: str) -> None:
        """Sweep now: a row was committed that waits for work."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._kick.set)

    async def start(self) -> None:
        """Launch DBOS inside the running loop, recover what was under way, and begin to sweep."""
        self._loop = asyncio.get_running_loop()
        engine = DBOS(config=workflows.configured(self._database_url))

        @DBOS.workflow(name="work")
        async def work(work_id: str) -> None:
            verb = work_id.partition(":")[0]
            await DBOS.run_step_async({"name": verb}, self._carry_out, work_id)

        self._workflow = work
        workflows.launch(self._database_url)
        self._beside = [
            asyncio.create_task(self._sweep_for_ever(), name="sweep"),
            asyncio.create_task(workflows.slow_down(engine), name="slow down"),
        ]

    async def stop(self) -> None:
        """Stop sweeping; what is under way goes on at the next start."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        # DBOS has put its own threads behind asyncio.to_thread, and takes them with it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        await asyncio.to_thread(DBOS.destroy)

    async def sweep(self) -> None:
        """Start what is due and not waiting after a setback; starting the same work twice is once."""
        for work, attempt in await asyncio.to_thread(self._look):
            with SetWorkflowID(f"{work}#{attempt}" if attempt else work):
                handle = await DBOS.start_workflow_async(self._workflow, work)
            if (await handle.get_status()).status not in _UNDER_WAY:
                # It had ended by an error of ours or DBOS's own; a setback gives it a new id.
                await asyncio.to_thread(self._settle, work, "an attempt broke off")
            self._alive_at = time.monotonic()  # a sweep may be long; how far it came counts once it is whole
        await asyncio.to_thread(self._homes.refresh)
        self._rest.begin(self._due_at)

    def _look(self) -> list[tuple[str, str]]:
        """What time brings about, and the works that may start now, each with the name of the attempt."""
        self._alerts.sweep()
        self._proposals.expire_due()
        self._standing.look_after()
        self._calling.note_trouble()
        self._reviews.post_due()
        self._heartbeats.look()
        self._mutes.sweep()
        self._gaps.look()
        self._upkeep.look()
        with self._store.read() as tx:
            setbacks, now = tx.setbacks.all(), tx.now
            works = [*due(tx), *self._calling.due(tx)]
            over = [w for w in setbacks.keys() - set(works) if not self._is_unfinished(tx, w)]
            times = (tx.proposals.next_at(), tx.setbacks.next_try_at(), self._alerts.next_hold())
            self._due_at = min((at for at in times if at is not None), default=None)
        if over:
            self._clear(over)
        found = [(work, setbacks.get(work)) for work in works]
        return [(w, s.attempt if s else "") for w, s in found if s is None or s.not_before <= now]

    def _is_unfinished(self, tx: Tx, work: str) -> bool:
        return is_unfinished(tx, work) or work in self._calling.due(tx)

    def _clear(self, works: Sequence[str]) -> None:
        """What held up work that was done, or that nobody waits for any more, is forgotten."""
        with self._store.begin() as tx:
            tx.setbacks.clear([work for work in works if not self._is_unfinished(tx, work)])

    async def _sweep_for_ever(self) -> None:
        while True:
            self._kick.clear()
            began = time.monotonic()
            try:
                if self._is_owner():
                    if await asyncio.to_thread(self._rest.is_over):
                        await self.sweep()
                    self._whole_at = self._alive_at = time.monotonic()
            except StoreUnavailable as error:
                log.warning("nothing is swept", problem=str(error))
            except Exception:  # the loop's boundary: a failed sweep is tried again a second later
                log.exception("sweep failed")
                self._alive_at = self._whole_at
            # In a storm each batch of alerts kicks: the sweep leaves most of the time to what it serves.
            await asyncio.sleep(min(SWEEP_EVERY_S, PAUSE * (time.monotonic() - began)))
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_EVERY_S):
                    await self._kick.wait()

    async def _carry_out(self, work: str) -> None:
        """One attempt; what is still due after it is a setback, counted and tried again later."""
        verb, _, subject = work.partition(":")
        problem = "it is not done yet"
        async with self._own_slots.get(verb, self._slots):
            try:
                if not self._is_owner():
                    raise StoreUnavailable
                await self._verbs[verb](subject)
            except VigieError as error:
                problem = str(error)
            except Exception as error:  # the loop's boundary: the row stays, so the work is tried again
                log.exception("work failed", work=work)
                problem = f"{type(error).__name__}: {error}"
        await asyncio.to_thread(self._settle, work, problem)
        self._kick.set()

    async def _call(self, subject: str) -> None:
        await asyncio.to_thread(self._calling.call, int(subject.partition(":")[0]))

    async def _tell(self, subject: str) -> None:
        await asyncio.to_thread(self._calling.tell_of_change, int(subject.partition(":")[0]))

    def _settle(self, work: str, problem: str) -> None:
        with self._store.begin() as tx:
            if self._is_unfinished(tx, work):
                tx.setbacks.add(work, problem, WAITS)
                log.warning("work will be tried again", work=work, problem=problem)
