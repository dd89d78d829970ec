"""Sends what the rows want sent: in order within a channel, each message once, edited in place.

A row says "in doubt" before the call. If the answer never comes, the channel's history is read for the row's
key, which travels in the message's metadata, before anything is sent again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import fault_hook
from bot.domain.records import Post
from bot.domain.store import Store, Tx
from bot.slack.channels import UNREADABLE, Channels, code_of
from bot.slack.home import HomeTab
from bot.slack.snapshots import Snapshots

log = structlog.get_logger()

EVENT_TYPE = "vigie_post"
LOOK_EVERY_S = 0.5
_PAGES = 10
_WAITS_S = (0.5, 1, 2, 5, 15, 30)
# Slack will refuse these again however often they are sent.
_PERMANENT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "cant_update_message",
        "edit_window_closed",
        "invalid_arguments",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "message_not_found",  # somebody deleted it in Slack: there is nothing to edit any more
        "thread_not_found",  # likewise, and nothing to answer to
        "not_enabled",  # the app has no Home tab
    }
)
# Vigie cannot write where the question was asked, so the answer goes to the asker alone.
_CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
_NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError)


class Outbox:
    """The sender. One runs at a time, in the process that owns the data folder."""

    def __init__(
        self,
        store: Store,
        snapshots: Snapshots,
        client: AsyncWebClient,
        channels: Channels,
        home: HomeTab | None = None,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._client = client
        self._channels = channels
        self._home = home
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self, is_connected: Callable[[], Awaitable[bool]]) -> None:
        """Send for ever; each channel goes on by itself, so a slow one does not hold up the others."""
        try:
            while True:
                try:
                    if await is_connected():
                        await self._start_due()
                except Exception:  # the loop's boundary: rows stay, the next look sends them
                    log.exception("outbox failed")
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in list(self._running.values()):
                task.cancel()

    async def send_due(self) -> None:
        """Send everything whose time has come, and return when each of it was sent or has to wait."""
        await self._start_due()
        if self._running:
            await asyncio.wait(list(self._running.values()))

    async def _start_due(self) -> None:
        # Noted before the look: what a channel is sending now may have changed by the time it was read.
        busy = set(self._running)
        by_channel: dict[str, list[Post]] = defaultdict(list)
        for post in await asyncio.to_thread(self._unsent):
            by_channel[post.channel].append(post)
        for channel in by_channel.keys() - busy:
            sending = self._send_in_order(channel, by_channel[channel])
            self._running[channel] = asyncio.create_task(sending, name=f"outbox {channel}")

    def _unsent(self) -> list[Post]:
        with self._store.read() as tx:
            return tx.posts.unsent()

    async def _send_in_order(self, channel: str, posts: list[Post]) -> None:
        try:
            for post in posts:
                if not await self._try(post):
                    return
        except Exception:  # the channel's boundary: a failure could not be noted; the next look starts anew
            log.exception("channel failed", channel=channel)
        finally:
            del self._running[channel]

    async def _try(self, post: Post) -> bool:
        try:
            return await self._send(post)
        except Exception as error:  # the message's boundary: it waits, and others go on
            log.exception("message failed", key=post.key)
            return await self._wait(post, f"unexpected {type(error).__name__}", in_doubt=True)

    async def _send(self, post: Post) -> bool:
        """Send one; False when the channel has to wait, so that nothing overtakes it."""
        if post.not_before is not None and post.not_before > await asyncio.to_thread(self._now):
            return False
        if post.kind == "home" and self._home is not None:
            return await self._publish(post, self._home)
        drawn = await asyncio.to_thread(self._snapshots.render, post)
        channel_id = post.channel_id or await self._channels.resolve(post.channel)
        if drawn is None:
            await self._settle(lambda tx: tx.posts.give_up(post, "its subject is gone"))
            return True
        if not channel_id:
            return await self._wait(post, f"channel {post.channel} is not known or Vigie is not in it", False)
        thread_ts = await asyncio.to_thread(self._thread_ts, post)
        doubtful = not post.ts and post.in_doubt
        try:
            ts = await self._find(post, channel_id, thread_ts) if doubtful else post.ts
            doubtful = False
            # An edit that is sent twice shows the same; only a new message must not be.
            await self._settle(lambda tx: tx.posts.sending(post))
            call = "edit" if ts else "post"
            fault_hook.point(f"slack {call}")
            ts = await self._call(post, channel_id, ts, thread_ts, *drawn)
            fault_hook.point(f"slack {call} done")
        except SlackApiError as error:
            return await self._refused(post, error, doubtful)
        except _NO_ANSWER as error:
            return await self._wait(post, f"no answer from Slack: {type(error).__name__}", True)
        await self._settle(lambda tx: tx.posts.sent(post, channel_id, ts))
        return True

    async def _publish(self, post: Post, home: HomeTab) -> bool:
        """Somebody's Home is a view and no message: publishing it twice shows the same."""
        try:
            told = await home.publish(post)
        except SlackApiError as error:
            return await self._refused(post, error, False)
        except _NO_ANSWER as error:
            return await self._wait(post, f"no answer from Slack: {type(error).__name__}", False)
        if not told:
            return await self._wait(post, "Slack does not say whether this is a full member", False)
        await self._settle(lambda tx: tx.posts.sent(post, "", ""))
        return True

    async def _call(
        self, post: Post, channel_id: str, ts: str, thread_ts: str, text: str, blocks: list[dict[str, Any]]
    ) -> str:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": post.key}}
        common: dict[str, Any] = {"channel": channel_id, "text": text, "blocks": blocks, "metadata": metadata}
        if ts:
            await self._client.chat_update(ts=ts, **common)
            return ts
        answer = await self._client.chat_postMessage(
            **common,
            thread_ts=thread_ts or None,
            unfurl_links=False,
            unfurl_media=False,
            link_names=False,
            parse="none",
        )
        return str(answer["ts"])

    async def _find(self, post: Post, channel_id: str, thread_ts: str) -> str:
        """The ts of a message that Slack took although we got no answer; empty when it did not."""
        common: dict[str, Any] = {"channel": channel_id, "limit": 200, "include_all_metadata": True}
        cursor = ""
        for _ in range(_PAGES):
            if thread_ts:
                # Slack gives replies oldest first, so what we look for stands on the last page.
                answer = await self._client.conversations_replies(ts=thread_ts, cursor=cursor, **common)
            else:
                answer = await self._client.conversations_history(cursor=cursor, **common)
            for message in answer["messages"]:
                metadata = message.get("metadata") or {}
                if metadata.get("event_payload", {}).get("key") == post.key:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return ""

    async def _refused(self, post: Post, error: SlackApiError, in_doubt: bool) -> bool:
        """Slack said no; `in_doubt`: it may have taken the message before, and nobody could look yet."""
        code = code_of(error)
        if code == UNREADABLE:
            return await self._wait(post, "Slack's answer cannot be read", True)
        if error.response.status_code == 429:
            retry_after = float(error.response.headers.get("Retry-After", 1))
            await self._settle(
                lambda tx: tx.posts.later(post, timedelta(seconds=retry_after), code, in_doubt)
            )
            return False
        if code == "message_not_found" and post.ts and post.kind == "incident":
            # Somebody deleted the card, and people need one: it is posted anew, before its replies.
            await self._settle(lambda tx: tx.posts.forget(post))
            return False
        if code in _PERMANENT:
            log.error("Slack refuses a message for good", key=post.key, error=code)
            await self._settle(lambda tx: tx.posts.give_up(post, code))
            return True
        asker = (post.content or {}).get("user")
        if code in _CLOSED and asker and post.channel != asker:
            await self._settle(lambda tx: tx.posts.redirect(post, str(asker)))
            return True
        self._channels.forget(post.channel)
        doubtful = error.response.status_code >= 500
        return await self._wait(post, f"Slack says {code}", doubtful)

    async def _wait(self, post: Post, problem: str, in_doubt: bool) -> bool:
        seconds = _WAITS_S[min(post.attempts, len(_WAITS_S) - 1)]
        doubt = in_doubt or post.in_doubt
        await self._settle(lambda tx: tx.posts.later(post, timedelta(seconds=seconds), problem, doubt))
        log.warning("message waits", key=post.key, problem=problem)
        return False

    def _thread_ts(self, post: Post) -> str:
        if post.thread_of.startswith("ts:"):
            return post.thread_of.removeprefix("ts:")
        if not post.thread_of:
            return ""
        with self._store.read() as tx:
            parent = tx.posts.get(post.thread_of)
        return parent.ts if parent else ""

    def _now(self) -> datetime:
        with self._store.read() as tx:
            return tx.now

    async def _settle(self, change: Callable[[Tx], object]) -> None:
        def commit() -> None:
            with self._store.begin() as tx:
                change(tx)

        await asyncio.to_thread(commit)
