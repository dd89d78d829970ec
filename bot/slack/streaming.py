"""Shows an output while it grows: by Slack's streaming where it takes that, by edits in place otherwise.

How far Slack has it is a row, and each piece carries its number as the id of its block: after a crash or a
lost answer the message itself says what it has, and nothing is shown twice or left out.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import fault_hook
from bot.domain.proposal import Execution, Proposal, ProposalState
from bot.domain.records import Post, Stream
from bot.domain.store import Store, Tx
from bot.slack.answers import code_of, is_no_word
from bot.slack.blocks import running as running_blocks
from bot.slack.finding import Message, find

APPEND_EVERY_S, EDIT_EVERY_S = 1.0, 3.0
_APPENDED, _CHARACTERS = 40, 9_000  # what one streamed message bears; from then on it is edited
STREAM, EDIT = "stream", "edit"
_NUMBER = re.compile(r"output:\d+:(\d+)")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the rows say at this moment: how far Slack has it, and what is there beyond that."""

    stream: Stream | None
    proposal: Proposal
    execution: Execution
    fresh: list[str]
    shown: int

    @property
    def is_over(self) -> bool:
        return self.proposal.state is not ProposalState.EXECUTING


class Streaming:
    """Brings a message of kind `output` as far as its rows are."""

    def __init__(
        self, store: Store, client: AsyncWebClient, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._client = client
        self._monotonic = monotonic
        self._not_before: dict[str, float] = {}
        self._appended: dict[str, int] = {}

    async def advance(self, post: Post, channel_id: str, thread_ts: str) -> Post | None:
        """Show what came; None: that was done, or it is too early. Else the post, to be sent as a whole.

        Raises:
            SlackApiError: Slack wants it slower, is in trouble or cannot be read (`answers.is_no_word`).
        """
        facts = await asyncio.to_thread(self._facts, post)
        now = self._monotonic()
        if facts is None or (not facts.is_over and now < self._not_before.get(post.key, 0.0)):
            return post if facts is None else None
        stream = facts.stream
        if stream is None and not facts.is_over and not post.ts:
            stream = await self._start(post, facts, channel_id, thread_ts)
        if stream is None or stream.mode == EDIT:
            if stream and stream.ts and not stream.is_over and post.attempts:
                await self._end(stream, channel_id)  # Slack took no edit: it still holds it for a stream
            self._not_before[post.key] = now + EDIT_EVERY_S
            return _as_sent(post, stream)
        self._not_before[post.key] = now + APPEND_EVERY_S
        if await self._append(post, replace(facts, stream=stream), channel_id, thread_ts):
            return None
        self._not_before.pop(post.key)
        self._appended.pop(post.key, None)
        return _as_sent(post, stream)

    async def _start(self, post: Post, facts: _Facts, channel_id: str, thread_ts: str) -> Stream:
        """A streamed message in the thread; where Slack does not take one, it will be edited in place."""
        try:
            ts = await self._find(post, channel_id, thread_ts) if post.in_doubt else ""
            if not ts:
                await self._settle(lambda tx: tx.posts.sending(post))
                proposer = facts.proposal.proposer
                head = running_blocks.stream_head(facts.proposal, facts.execution)
                fault_hook.point("slack stream")
                answer = await self._client.chat_startStream(
                    channel=channel_id,
                    thread_ts=thread_ts,
                    recipient_user_id=proposer.user_id,
                    recipient_team_id=proposer.team_id,
                    chunks=[{"type": "blocks", "blocks": head}],
                )
                ts = str(answer["ts"])
            made = Stream(post.key, STREAM, ts)
        except SlackApiError as error:
            _raise_no_word(error)
            log.info("an output is not streamed but edited", error=code_of(error))
            made = Stream(post.key, EDIT)
        await self._settle(lambda tx: tx.streams.put(made))
        return made

    async def _append(self, post: Post, facts: _Facts, channel_id: str, thread_ts: str) -> bool:
        """Add what is fresh; False when the stream was ended, and the message is to be edited from now on."""
        stream = facts.stream
        assert stream is not None
        if post.in_doubt and stream.ts:
            stream, facts = await self._reconcile(post, facts, channel_id, thread_ts)
        text = "".join(facts.fresh)
        count = self._appended.get(post.key, 0)
        if facts.is_over or count >= _APPENDED or facts.shown + len(text) > _CHARACTERS:
            await self._end(stream, channel_id)
            return False
        moved = replace(stream, pieces=stream.pieces + len(facts.fresh))
        if text:
            await self._settle(lambda tx: tx.posts.sending(post))
            blocks = running_blocks.stream_piece(facts.proposal, moved.pieces, text)
            try:
                fault_hook.point("slack append")
                chunks = [{"type": "blocks", "blocks": blocks}]
                await self._client.chat_appendStream(channel=channel_id, ts=stream.ts, chunks=chunks)
            except SlackApiError as error:
                _raise_no_word(error)
                log.info("a stream has ended early", error=code_of(error))
                await self._end(stream, channel_id)
                return False
            self._appended[post.key] = count + 1

        def settle(tx: Tx) -> None:
            tx.streams.put(moved)
            tx.posts.sent(post, channel_id, stream.ts)

        await self._settle(settle)
        return True

    async def _end(self, stream: Stream, channel_id: str) -> None:
        """From now on it is an ordinary message; what refuses to end most likely has by itself."""
        ended = True
        try:
            await self._client.chat_stopStream(channel=channel_id, ts=stream.ts)
        except SlackApiError as error:
            _raise_no_word(error)
            ended = False
        await self._settle(lambda tx: tx.streams.put(replace(stream, mode=EDIT, is_over=ended)))

    async def _reconcile(
        self, post: Post, facts: _Facts, channel_id: str, thread_ts: str
    ) -> tuple[Stream, _Facts]:
        """The answer to a piece was lost: the message says which one it has last."""
        stream = facts.stream
        assert stream is not None
        message = await find(self._client, channel_id, thread_ts, lambda one: one.get("ts") == stream.ts)
        numbers = [
            int(found.group(1)) for id in _block_ids(message or {}) if (found := _NUMBER.fullmatch(id))
        ]
        has = max([stream.pieces, *numbers])
        fresh = facts.fresh[has - stream.pieces :]
        shown = facts.shown + sum(map(len, facts.fresh[: has - stream.pieces]))
        moved = replace(stream, pieces=has)
        return moved, replace(facts, stream=moved, fresh=fresh, shown=shown)

    async def _find(self, post: Post, channel_id: str, thread_ts: str) -> str:
        """The ts of a stream that Slack took although its answer was lost; empty where it did not."""
        wanted = running_blocks.piece_id(post.subject, 0)
        found = await find(self._client, channel_id, thread_ts, lambda one: wanted in _block_ids(one))
        return str(found["ts"]) if found else ""

    def _facts(self, post: Post) -> _Facts | None:
        with self._store.read() as tx:
            stream = tx.streams.get(post.key)
            proposal, execution = tx.proposals.get(post.subject), tx.proposals.execution(post.subject)
            pieces = tx.executions.pieces(post.subject)
        if proposal is None or execution is None:
            return None
        count = stream.pieces if stream else 0
        return _Facts(stream, proposal, execution, pieces[count:], sum(map(len, pieces[:count])))

    async def _settle(self, change: Callable[[Tx], object]) -> None:
        def commit() -> None:
            with self._store.begin() as tx:
                change(tx)

        await asyncio.to_thread(commit)


def _block_ids(message: Message) -> list[str]:
    return [str(block.get("block_id", "")) for block in message.get("blocks", [])]


def _as_sent(post: Post, stream: Stream | None) -> Post:
    """The post with the message that was streamed for it, unless it has to be posted anew elsewhere."""
    return post if post.ts or post.sent or stream is None else replace(post, ts=stream.ts)


def _raise_no_word(error: SlackApiError) -> None:
    """What Slack says of anything but the call itself says nothing about streaming."""
    if is_no_word(error):
        raise error
