"""Sends messages that are files: each once, by itself, holding nobody up. What is refused is done without."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot import fault_hook
from bot.domain.records import FILES, Post
from bot.domain.store import Store, Tx
from bot.slack.answers import NO_ANSWER, UNREADABLE, code_of, is_no_word, may_be_done, retry_after
from bot.slack.refusals import known
from bot.slack.snapshots import Snapshots
from bot.slack.uploads import is_there, upload

WAITS_S = (0.5, 1, 2, 5, 15, 30)
OLD = timedelta(hours=1)
"""From then on a chart that fails again is given up: the evidence says the same in words."""
log = structlog.get_logger()


def is_file(post: Post) -> bool:
    return post.kind in FILES


def wait_for(post: Post) -> timedelta:
    """How long a message rests after one more try in vain."""
    return timedelta(seconds=WAITS_S[min(post.attempts, len(WAITS_S) - 1)])


class Filing:
    """Uploads what `Snapshots.file` gives."""

    def __init__(self, store: Store, client: AsyncWebClient, snapshots: Snapshots) -> None:
        self._store = store
        self._client = client
        self._snapshots = snapshots

    async def send(self, post: Post, channel_id: str, thread_ts: str, comment: str) -> None:
        """Share it in the thread, or note why that has to wait or will never be."""
        try:
            sent = await self._share(post, channel_id, thread_ts, comment)
        except SlackApiError as error:
            await self._refused(post, error)
        except SlackRequestError as error:  # the content was not taken, so nothing was shared
            log.warning("a file waits", key=post.key, problem=str(error)[:200])
            await self._later(post, wait_for(post), "Slack did not take the content of the file")
        except NO_ANSWER as error:
            await self._later(post, wait_for(post), f"no answer from Slack: {type(error).__name__}", True)
        else:
            problem = "its subject is gone"
            await self._settle(
                lambda tx: tx.posts.sent(post, channel_id, "") if sent else tx.posts.give_up(post, problem)
            )

    async def _share(self, post: Post, channel_id: str, thread_ts: str, comment: str) -> bool:
        """Whether Slack has it now; False where there is nothing to share any more."""
        if post.in_doubt and await is_there(self._client, post, channel_id, thread_ts):
            return True
        file = await asyncio.to_thread(self._snapshots.file, post, comment)
        if file is None:
            return False
        await self._settle(lambda tx: tx.posts.sending(post))
        fault_hook.point("slack upload")
        await upload(self._client, post, channel_id, thread_ts, file)
        fault_hook.point("slack upload done")
        return True

    async def _refused(self, post: Post, error: SlackApiError) -> None:
        code = code_of(error)
        if code == UNREADABLE:
            await self._later(post, wait_for(post), "Slack's answer cannot be read", True)
            return
        if is_no_word(error):
            await self._later(post, retry_after(error), code, may_be_done(error))
            return
        log.error("Slack refuses a file", key=post.key, error=code)
        await self._settle(lambda tx: give_up(tx, post, code))

    async def _later(self, post: Post, wait: timedelta, problem: str, in_doubt: bool = False) -> None:
        def settle(tx: Tx) -> None:
            if post.kind == "chart" and tx.now - post.wanted_at > OLD:
                give_up(tx, post, problem)
            else:
                tx.posts.later(post, wait, problem, in_doubt or post.in_doubt)

        await self._settle(settle)

    async def _settle(self, change: Callable[[Tx], object]) -> None:
        def commit() -> None:
            with self._store.begin() as tx:
                change(tx)

        await asyncio.to_thread(commit)


def give_up(tx: Tx, post: Post, code: str) -> None:
    """Send it no more, and count that."""
    tx.posts.give_up(post, code)
    tx.alerts.count(f"slack_refused:{known(code)}")
