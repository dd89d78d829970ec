"""Sends what the rows want sent: in order within a channel, each message once, edited in place.

A row says "in doubt" before the call. If the answer never comes, the channel's history is read for the row's
key, which travels in the message's metadata, before anything is sent again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import fault_hook
from bot.announcements import announce_unreached
from bot.domain.records import Post
from bot.domain.store import Store, Tx
from bot.errors import StoreUnavailable
from bot.rest import Rest
from bot.slack.absences import tell_channel_gone, tell_person_gone
from bot.slack.answers import NO_ANSWER, UNREADABLE, code_of, may_be_done, retry_after
from bot.slack.channels import Channels
from bot.slack.filing import Filing, give_up, is_file, wait_for
from bot.slack.finding import Message, find
from bot.slack.home import HomeTab
from bot.slack.refusals import Course, course, known, plain_text
from bot.slack.snapshots import Snapshots
from bot.slack.streaming import Streaming

log = structlog.get_logger()

EVENT_TYPE = "vigie_post"
LOOK_EVERY_S = 0.5
AT_LEAST_EVERY_S = 3.0  # while nothing is written, which is what makes a message wait
IN_A_ROW = 20  # messages of a channel between two looks, so that what has become urgent is not kept waiting


class Outbox:
    """The sender. One runs at a time, in the process that owns the data folder."""

    def __init__(
        self,
        store: Store,
        snapshots: Snapshots,
        client: AsyncWebClient,
        channels: Channels,
        home: HomeTab | None = None,
        token_refused: Callable[[str], None] = lambda code: None,
    ) -> None:
        self._store = store
        self._token_refused = token_refused
        self._snapshots = snapshots
        self._client = client
        self._channels = channels
        self._home = home
        self._streaming = Streaming(store, client)
        self._filing = Filing(store, client, snapshots)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._rest = Rest(store, AT_LEAST_EVERY_S)

    async def run(self, is_connected: Callable[[], Awaitable[bool]]) -> None:
        """Send for ever; each channel goes on by itself, so a slow one does not hold up the others."""
        try:
            while True:
                try:
                    if await is_connected() and await asyncio.to_thread(self._rest.is_over):
                        await self._start_due()
                except StoreUnavailable as error:
                    log.warning("nothing is sent", problem=str(error))
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
        lanes: dict[str, list[Post]] = defaultdict(list)
        unsent = await asyncio.to_thread(self._unsent)
        if not unsent:
            self._rest.begin()
        for post in unsent:
            lane = f"files of {post.channel}" if is_file(post) else post.channel
            if len(lanes[lane]) < IN_A_ROW:
                lanes[lane].append(post)
        for lane in lanes.keys() - busy:
            sending = self._send_in_order(lane, lanes[lane])
            self._running[lane] = asyncio.create_task(sending, name=f"outbox {lane}")

    def _unsent(self) -> list[Post]:
        with self._store.read() as tx:
            return tx.posts.unsent()

    async def _send_in_order(self, lane: str, posts: list[Post]) -> None:
        try:
            for post in posts:
                if not await self._try(post) and not is_file(post):
                    return
        except StoreUnavailable as error:
            log.warning("channel waits", channel=lane, problem=str(error))
        except Exception:  # the channel's boundary: a failure could not be noted; the next look starts anew
            log.exception("channel failed", channel=lane)
        finally:
            del self._running[lane]

    async def _try(self, post: Post) -> bool:
        try:
            return await self._send(post)
        except StoreUnavailable:
            return await self._wait(post, "the store did not answer", in_doubt=True)
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
        if drawn is None:
            await self._settle(lambda tx: tx.posts.give_up(post, "its subject is gone"))
            return True
        head = await asyncio.to_thread(self._head, post)
        if is_file(post) and head is None:
            return await self._headless(post)
        # A reply belongs where its thread is, even if the channel's role has moved elsewhere since.
        channel_id = post.channel_id or (head.channel_id if head else "")
        channel_id = channel_id or await self._channels.resolve(post.channel)
        if not channel_id:
            return await self._unplaced(post)
        thread_ts = head.ts if head else post.thread_of.partition("ts:")[2]
        if is_file(post):
            await self._filing.send(post, channel_id, thread_ts, drawn[0])
            return True
        if post.kind == "output":
            advanced = await self._advance(post, channel_id, thread_ts)
            if advanced is None:
                return True
            post = advanced
        doubtful, ts = not post.ts and post.in_doubt, post.ts
        try:
            if doubtful:
                ts = await self._find(post, channel_id, thread_ts)
            doubtful = False
            # An edit that is sent twice shows the same; only a new message must not be.
            await self._settle(lambda tx: tx.posts.sending(post))
            call = "edit" if ts else "post"
            fault_hook.point(f"slack {call}")
            ts = await self._call(post, channel_id, ts, thread_ts, *drawn)
            fault_hook.point(f"slack {call} done")
        except SlackApiError as error:
            if not doubtful and course(post, code_of(error)) is Course.PLAIN:
                return await self._send_plain(post, channel_id, ts, thread_ts, code_of(error))
            return await self._refused(post, error, doubtful, channel_id)
        except NO_ANSWER as error:
            return await self._wait(post, f"no answer from Slack: {type(error).__name__}", True)
        await self._settle(lambda tx: tx.posts.sent(post, channel_id, ts))
        return True

    async def _headless(self, post: Post) -> bool:
        """A file goes by itself, but not before the head of its thread, and not without one."""
        head = await asyncio.to_thread(self._wanted, post.thread_of)
        if head is None or head.sent < 0:
            await self._settle(lambda tx: tx.posts.give_up(post, "the head of its thread is gone"))
        return False

    async def _advance(self, post: Post, channel_id: str, thread_ts: str) -> Post | None:
        """Bring an output further; None: it is as far as it can be now, and holds nobody up."""
        try:
            return await self._streaming.advance(post, channel_id, thread_ts)
        except SlackApiError as error:
            await self._no_word(post, error, post.in_doubt)
        except NO_ANSWER as error:
            await self._wait(post, f"no answer from Slack: {type(error).__name__}", True)
        return None

    async def _publish(self, post: Post, home: HomeTab) -> bool:
        """Somebody's Home is a view and no message: publishing it twice shows the same."""
        try:
            told = await home.publish(post)
        except SlackApiError as error:
            return await self._refused(post, error, False, "")
        except NO_ANSWER as error:
            return await self._wait(post, f"no answer from Slack: {type(error).__name__}", False)
        if not told:
            return await self._wait(post, "Slack does not say whether this is a full member", False)
        await self._settle(lambda tx: tx.posts.sent(post, "", ""))
        return True

    async def _send_plain(self, post: Post, channel_id: str, ts: str, thread_ts: str, code: str) -> bool:
        """Slack will never take it as it is: a plain short one that says where to look takes its place."""
        log.error("Slack refuses a message as it is", key=post.key, error=code)
        try:
            ts = await self._call(post, channel_id, ts, thread_ts, plain_text(post, code), [])
        except SlackApiError as error:
            return await self._refused(post, error, False, channel_id)
        except NO_ANSWER as error:
            return await self._wait(post, f"no answer from Slack: {type(error).__name__}", True)

        def settle(tx: Tx) -> None:
            tx.posts.sent(post, channel_id, ts)
            tx.alerts.count(f"slack_refused:{known(code)}")

        await self._settle(settle)
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
            reply_broadcast=True if thread_ts and post.kind == "news" else None,
            unfurl_links=False,
            unfurl_media=False,
            link_names=False,
            parse="none",
        )
        return str(answer["ts"])

    async def _find(self, post: Post, channel_id: str, thread_ts: str) -> str:
        """The ts of a message that Slack took although we got no answer; empty when it did not."""

        def is_it(message: Message) -> bool:
            return ((message.get("metadata") or {}).get("event_payload") or {}).get("key") == post.key

        found = await find(self._client, channel_id, thread_ts, is_it)
        return str(found["ts"]) if found else ""

    async def _unplaced(self, post: Post) -> bool:
        """Nobody knows where it belongs: Slack said so, or could not be asked."""
        code = self._channels.refused(post.channel)
        taken = course(post, code)
        if taken in (Course.UNAUTHORISED, Course.PLACE_GONE, Course.PERSON_GONE, Course.ASKER):
            return await self._take(taken, post, code, "")
        return await self._wait(post, f"channel {post.channel} is not known or Vigie is not in it", False)

    async def _refused(self, post: Post, error: SlackApiError, in_doubt: bool, channel_id: str) -> bool:
        """Slack said no; `in_doubt`: it may have taken the message before, and nobody could look yet."""
        code = code_of(error)
        if code == UNREADABLE or error.response.status_code == 429:
            return await self._no_word(post, error, in_doubt)
        taken = course(post, code)
        if taken is Course.WAIT or (taken is Course.PLAIN and in_doubt):
            self._channels.forget(post.channel)
            return await self._wait(post, f"Slack says {code}", may_be_done(error))
        return await self._take(taken, post, code, channel_id)

    async def _no_word(self, post: Post, error: SlackApiError, in_doubt: bool) -> bool:
        """Nothing was said of the message itself: it waits, as long as Slack asks where that can be read."""
        code, doubt = code_of(error), in_doubt or may_be_done(error)
        if code == UNREADABLE:
            return await self._wait(post, "Slack's answer cannot be read", doubt)
        await self._settle(lambda tx: tx.posts.later(post, retry_after(error), code, doubt))
        return False

    async def _take(self, taken: Course, post: Post, code: str, channel_id: str) -> bool:
        """Do what becomes of a refused message; True when the next one of its channel may go on."""
        log.warning("Slack refuses a message", key=post.key, error=code, course=taken.value)
        if taken is Course.UNAUTHORISED:
            self._token_refused(code)
            return await self._wait(post, f"Slack says {code}", False)
        if taken is Course.PLACE_GONE:
            return await self._without_place(post, code, channel_id)
        if taken is Course.HEAD_ANEW:
            await self._settle(lambda tx: _head_anew(tx, post))
            return False
        changes: dict[Course, Callable[[Tx], None]] = {
            Course.ANEW: lambda tx: tx.posts.forget(post),
            Course.UNTHREADED: lambda tx: tx.posts.unthread(post),
            Course.ASKER: lambda tx: tx.posts.redirect(post, str((post.content or {})["user"])),
            Course.PERSON_GONE: lambda tx: _give_up_person(tx, post, code),
            Course.PLAIN: lambda tx: give_up(tx, post, code),  # the plain one was refused, too
            Course.GIVE_UP: lambda tx: give_up(tx, post, code),
        }
        await self._settle(changes[taken])
        # Nothing may overtake what is posted anew; what left this channel holds nobody up.
        return taken not in (Course.ANEW, Course.UNTHREADED)

    async def _without_place(self, post: Post, code: str, old_id: str) -> bool:
        """The channel takes nothing more: move to the one that has its role now, or wait and tell people."""
        self._channels.forget(post.channel)
        if not self._channels.is_role(post.channel):
            return await self._wait(post, f"Slack says {code}", False)
        fresh = await self._channels.resolve(post.channel)
        if old_id and fresh and fresh != old_id:
            await self._settle(lambda tx: tx.posts.rehouse(post.channel, old_id))
            return False
        name = self._channels.name(post.channel)
        await self._settle(lambda tx: tell_channel_gone(tx, name, code))
        return await self._wait(post, f"Slack says {code} of {name}", False)

    async def _wait(self, post: Post, problem: str, in_doubt: bool) -> bool:
        doubt = in_doubt or post.in_doubt
        await self._settle(lambda tx: tx.posts.later(post, wait_for(post), problem, doubt))
        log.warning("message waits", key=post.key, problem=problem)
        return False

    def _head(self, post: Post) -> Post | None:
        """The message of ours in whose thread it belongs, once that is in Slack."""
        if not post.thread_of or post.thread_of.startswith("ts:"):
            return None
        head = self._wanted(post.thread_of)
        return head if head and head.ts else None

    def _wanted(self, key: str) -> Post | None:
        with self._store.read() as tx:
            return tx.posts.get(key)

    def _now(self) -> datetime:
        with self._store.read() as tx:
            return tx.now

    async def _settle(self, change: Callable[[Tx], object]) -> None:
        def commit() -> None:
            with self._store.begin() as tx:
                change(tx)

        await asyncio.to_thread(commit)


def _head_anew(tx: Tx, post: Post) -> None:
    """Somebody deleted the head of the thread: it is posted anew, and what belongs to it follows."""
    head = tx.posts.get(post.thread_of)
    if head is None or head.sent < 0:
        tx.posts.unthread(post)
        return
    tx.posts.forget(head)
    tx.posts.want(head.key, head.channel, head.kind, head.subject, head.thread_of, head.content)


def _give_up_person(tx: Tx, post: Post, code: str) -> None:
    give_up(tx, post, code)
    tell_person_gone(tx, post, code)
    if post.kind == "call":
        announce_unreached(tx, post)
