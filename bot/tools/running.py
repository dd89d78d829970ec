"""One run of an action: its output goes into rows as it comes, and it ends early where that is wanted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot import fault_hook
from bot.announcements import announce_output
from bot.domain.proposal import Proposal
from bot.domain.store import Store
from bot.errors import StoreUnavailable
from bot.tools.cleaning import Stream
from bot.tools.runners.base import Emit, RunResult

LOOK_EVERY_S = 0.5
SHORT_OUTPUT = 1500
_PATIENCE_S = 10.0  # for a runner to end what it began, once it was told to
STOPPED = "it was stopped while it ran: whether it took effect is not known."
_STUBBORN = "it was stopped, but its runner did not end it in time: whether it took effect is not known."
log = structlog.get_logger()


def is_unwanted(store: Store, proposal_id: int) -> bool:
    """Whether somebody wants its execution stopped. Blocks."""
    with store.read() as tx:
        execution = tx.proposals.execution(proposal_id)
    return execution is not None and bool(execution.stop_by)


class Running:
    """Holds the fence of one execution from its claim to its end."""

    def __init__(self, store: Store, proposal: Proposal, fence: str, stream: Stream) -> None:
        self._store = store
        self._proposal = proposal
        self._fence = fence
        self._stream = stream
        self._fresh = ""  # cleaned, and in no row yet
        self._shown: list[str] = []
        self._stop, self._over = asyncio.Event(), asyncio.Event()

    def stop(self) -> None:
        """End it now; what it has done by then, nobody knows."""
        self._stop.set()

    async def carry_out(self, run: Callable[[Emit], Awaitable[RunResult]]) -> RunResult:
        """Run it to its end or until it is stopped; its output is in rows as far as it came."""
        work = asyncio.ensure_future(run(self._emit))
        stopped = asyncio.create_task(self._stop.wait())
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return await work if work.done() else await self._end(work)
        finally:
            work.cancel()
            stopped.cancel()
            self._over.set()
            await asyncio.wait({watch})  # whatever became of showing it, how the run ended counts
            if not watch.cancelled() and (broken := watch.exception()):
                log.error("the output could not be kept as it came", problem=repr(broken))

    async def _end(self, work: asyncio.Future[RunResult]) -> RunResult:
        """A runner ends all that it started before it lets go; one that knows how it ended says so."""
        work.cancel()
        await asyncio.wait({work}, timeout=_PATIENCE_S)
        self._fresh += self._stream.end()
        so_far = "".join(self._shown) + self._fresh
        if not work.done():
            log.error("a runner does not let go", proposal=self._proposal.label)
            return RunResult(None, so_far, _STUBBORN)
        return RunResult(None, so_far, STOPPED) if work.cancelled() else work.result()

    def _emit(self, piece: str) -> None:
        self._fresh += self._stream.add(piece)

    async def _watch(self) -> None:
        """Write what came, and look whether it is to be stopped: the row counts, not the call about it."""
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._over.wait()
            if self._over.is_set():
                self._fresh += self._stream.end()
            try:
                if await asyncio.to_thread(is_unwanted, self._store, self._proposal.id):
                    self._stop.set()
                await self._write(last=self._over.is_set())
            except StoreUnavailable as error:
                log.warning("output waits", problem=str(error))  # the end of the run brings the whole of it

    async def _write(self, last: bool) -> None:
        """One more piece, if there is one; what ended at once with few words is shown by its card alone."""
        fresh = self._fresh
        if fresh and not (last and not self._shown and len(fresh) <= SHORT_OUTPUT):
            await asyncio.to_thread(self._commit, fresh)
            self._shown.append(fresh)
            self._fresh = self._fresh[len(fresh) :]

    def _commit(self, fresh: str) -> None:
        with self._store.begin() as tx:
            if tx.executions.emit(self._proposal.id, self._fence, fresh):
                announce_output(tx, self._proposal)
        fault_hook.point("output")
