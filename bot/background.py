"""What goes on beside the edges while Vigie serves, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from bot.collector import loading
from bot.errors import MembershipUnknown, ModelUnavailable, StoreUnavailable
from knowledge.base import KnowledgeBase

if TYPE_CHECKING:
    from bot.lifecycle import Lifecycle
    from bot.llm.diagnostician import ModelDiagnostician

log = structlog.get_logger()
INDEX_EVERY_S = 2.0
WATCH_EVERY_S = 60.0
FILES_EVERY_S = 3.0
RETRY_S = 2.0
REACH_EVERY_S = 1.0


def stop_asked() -> asyncio.Event:
    """Set once SIGTERM or SIGINT comes; from now on neither ends the process half-way through its start."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    return stopped


async def until_stopped(stopped: asyncio.Event, *fatal: Callable[[], Awaitable[None]]) -> None:
    """Wait until somebody asks to stop, or raise what makes it useless to go on."""
    waits = {asyncio.create_task(stopped.wait()), *(asyncio.ensure_future(wait()) for wait in fatal)}
    done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()


async def repeat(what: str, step: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Do it again and again, whatever happens; what it could not do now it does the next time."""
    while True:
        try:
            await step()
        except Exception:  # the loop's boundary: the next round tries again
            log.exception(f"{what} failed")
        await asyncio.sleep(every_s)


async def watch_incidents(look: Callable[[], Awaitable[None]], after: asyncio.Event, grace_s: float) -> None:
    """Tell of incidents by the second way, once Slack was asked and the outbox had time to catch up."""
    with contextlib.suppress(TimeoutError):  # a Slack that hangs holds this up least of all
        async with asyncio.timeout(grace_s):
            await after.wait()
    await asyncio.sleep(grace_s)
    await repeat("the second way", look, REACH_EVERY_S)


async def watch_path(look: Callable[[], Awaitable[None]], after: asyncio.Event, every_s: float) -> None:
    """Send canaries for as long as Vigie serves, the first once Slack was asked and the outbox is at work."""
    with contextlib.suppress(TimeoutError):  # a Slack that hangs is what a canary is to find
        async with asyncio.timeout(every_s):
            await after.wait()
    await repeat("the canary", look, every_s)


async def keep_indexed(knowledge: KnowledgeBase, after: asyncio.Event) -> None:
    """Load the embedder, then index what others have written; search works by words alone until then.

    It waits for `after` at first, so that it takes no time from being ready.
    """

    told, kept = "", False

    async def index() -> None:
        nonlocal told, kept
        with contextlib.nullcontext() if kept else loading():
            await asyncio.to_thread(knowledge.warm)
        kept = True
        told = await asyncio.to_thread(_tell_index, knowledge, told)
        done = 0
        while count := await asyncio.to_thread(knowledge.index_pending):
            done += count
        if done:
            log.info("passages were embedded", passages=done)
        if (bar := await asyncio.to_thread(knowledge.calibrate)) is not None:
            log.info("what must be reached to fit was learned from the documents", bar=round(bar, 3))

    await after.wait()
    await repeat("indexing", index, INDEX_EVERY_S)


def _tell_index(knowledge: KnowledgeBase, told: str) -> str:
    """Log what the index is about to do, once; what was said."""
    state = knowledge.health()
    if state["set_aside"] and str(state["set_aside"]) not in told:
        log.warning("the vector index was broken and is built again", set_aside=state["set_aside"])
    elif state["waiting"] is None and state["owner"] and str(state["vectors"]) not in told:
        log.warning("vectors are away", problem=state["vectors"])
    elif state["waiting"]:
        before = {"answers_meanwhile": state["answers"]} if state["answers"] != state["made_by"] else {}
        log.info("passages are embedded", waiting=state["waiting"], by=state["made_by"], **before)
    return f"{state['set_aside']} {state['vectors'] if state['waiting'] is None else ''}"


async def watch_n3(look: Callable[[], None], after: asyncio.Event) -> None:
    """Look who is N3 at the start and from then on, so that who joins is told at once."""

    async def look_once() -> None:
        try:
            await asyncio.to_thread(look)
        except (MembershipUnknown, StoreUnavailable) as error:
            log.warning("who is N3 cannot be read", problem=str(error))
        else:
            await asyncio.sleep(WATCH_EVERY_S - RETRY_S)

    await after.wait()
    await repeat("watching N3", look_once, RETRY_S)


async def watch_files(look: Callable[[], None], after: asyncio.Event) -> None:
    """Offer a changed catalogue or policy to N3 soon after its file was written."""

    async def look_once() -> None:
        try:
            await asyncio.to_thread(look)
        except StoreUnavailable as error:
            log.warning("files are not looked at", problem=str(error))

    await after.wait()
    await repeat("watching files", look_once, FILES_EVERY_S)


async def forget(look: Callable[[], None], after: asyncio.Event) -> None:
    """Forget old deliveries beside everything else, the first time once the start is over."""

    async def look_once() -> None:
        try:
            await asyncio.to_thread(look)
        except StoreUnavailable as error:
            log.warning("old deliveries are not forgotten", problem=str(error))

    await after.wait()
    await repeat("forgetting", look_once, WATCH_EVERY_S)


async def warm(model: ModelDiagnostician) -> None:
    """Load what takes seconds, so that the first incident does not spend its deadline on it."""
    try:
        with loading():
            await model.warm()
        log.info("the model is ready")
    except ModelUnavailable as error:
        log.warning("the model cannot be used", problem=str(error))


class Waker:
    """Breaks the circle between copilot and lifecycle: the copilot wakes whatever was put here."""

    def __init__(self) -> None:
        self._lifecycle: Lifecycle | None = None

    def wakes(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle

    def __call__(self, verb: str, subject: str) -> None:
        if self._lifecycle is not None:
            self._lifecycle.wake(verb, subject)
