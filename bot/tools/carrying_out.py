"""What was claimed is run, and comes to an end whatever goes wrong: nobody else knows how it ended."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

import structlog

from bot.domain.proposal import Execution
from bot.domain.store import Store
from bot.errors import BadInput, StoreUnavailable
from bot.tools.case import Case
from bot.tools.ending import end_of_run
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import Emit, RunResult
from bot.tools.running import Running, is_unwanted
from bot.tools.secrets import Secrets

_PAUSES_S = (0.1, 0.5, 2.0, 5.0, 10.0)  # between tries to write how an execution ended
log = structlog.get_logger()


class CarryingOut:
    """All runs that are under way here."""

    def __init__(self, store: Store, secrets: Secrets) -> None:
        self._store = store
        self._secrets = secrets
        self._running: dict[int, Running] = {}

    async def run(self, case: Case, plan: Mapping[str, object], fence: str) -> RunResult:
        """Run the call of the plan to its end; what went wrong is in the result, nothing is raised."""
        tool, call = case.tool, plan["call"]
        assert isinstance(call, Mapping)

        async def run(emit: Emit) -> RunResult:
            runner = RUNNERS[tool.runner]
            secret = await self._secrets.of(tool.secrets)
            return await runner.run(call, tool.timeout_s, tool.output_cap, secret, emit)

        running = Running(self._store, case.proposal, fence, self._secrets.stream())
        self._running[case.proposal.id] = running
        try:
            result = await running.carry_out(run)
            clean = self._secrets.clean
            return RunResult(result.exit_code, clean(result.output), clean(result.problem))
        except BadInput as error:
            return RunResult(126, "", str(error))
        except Exception as error:  # it is claimed: whatever goes wrong now, it must come to an end
            log.exception("the runner failed", tool=tool.name)
            problem = f"the runner failed with {type(error).__name__}: whether it took effect is not known."
            return RunResult(None, "", problem)
        finally:
            del self._running[case.proposal.id]

    async def stop(self, proposal_id: int) -> None:
        """End a run that somebody wants stopped; the row says so, and who."""
        wanted = await asyncio.to_thread(is_unwanted, self._store, proposal_id)
        if wanted and (running := self._running.get(proposal_id)) is not None:
            running.stop()

    async def finish(self, case: Case, fence: str, result: RunResult) -> None:
        """Write how it ended, again and again while the store is busy or away."""
        for pause in itertools.chain(_PAUSES_S, itertools.repeat(_PAUSES_S[-1])):
            try:
                await asyncio.to_thread(self._write_end, case, fence, result)
            except StoreUnavailable as error:
                log.warning("the end of an execution waits", problem=str(error))
                await asyncio.sleep(pause)
            else:
                return

    def _write_end(self, case: Case, fence: str, result: RunResult) -> None:
        with self._store.begin() as tx:
            execution = Execution(
                case.proposal.id, fence, tx.now, tx.now, result.exit_code, result.output, result.problem
            )
            if tx.proposals.finish(execution):
                end_of_run(tx, case.proposal, case.tool, result)
