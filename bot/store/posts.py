"""The outbox's rows: one per Slack message, with the version that is wanted and the one that was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.records import Post
from bot.store import tables as t
from bot.store.records import Records

_WAITS = sa.and_(t.posts.c.sent < t.posts.c.wanted, t.posts.c.sent >= 0)


class Posts(Records):
    def want(
        self,
        key: str,
        channel: str,
        kind: str,
        subject: int = 0,
        thread_of: str = "",
        content: Mapping[str, object] | None = None,
    ) -> None:
        """Want a message: a new row, or for a known key one more version of it (an edit in place)."""
        changed = self._connection.execute(
            sa.update(t.posts)
            .where(t.posts.c.key == key)
            .values(
                wanted=t.posts.c.wanted + 1,
                # What was refused for good as it was may well be taken as it is now.
                sent=sa.case((t.posts.c.sent < 0, 0), else_=t.posts.c.sent),
                content=dict(content) if content is not None else None,
                wanted_at=self._now,
            )
        )
        if not changed.rowcount:
            self._connection.execute(
                sa.insert(t.posts).values(
                    key=key,
                    channel=channel,
                    kind=kind,
                    subject=subject,
                    thread_of=thread_of,
                    content=dict(content) if content is not None else None,
                    wanted_at=self._now,
                )
            )

    def get(self, key: str) -> Post | None:
        row = self._connection.execute(sa.select(t.posts).where(t.posts.c.key == key)).first()
        return None if row is None else Post(**row._mapping)

    def about(self, kind: str, subject: int, after: str) -> list[Post]:
        """Messages of a kind about a subject that were first wanted after the message of key `after`."""
        # By the order of the rows, so that only what is younger than that message is looked at.
        first = sa.select(t.posts.c.id).where(t.posts.c.key == after).scalar_subquery()
        query = (
            sa.select(t.posts)
            .where(t.posts.c.id > first, t.posts.c.kind == kind, t.posts.c.subject == subject)
            .order_by(t.posts.c.id)
        )
        return [Post(**row._mapping) for row in self._connection.execute(query)]

    def of_kind(self, kind: str) -> list[Post]:
        """All messages of a kind; reads the whole table."""
        query = sa.select(t.posts).where(t.posts.c.kind == kind).order_by(t.posts.c.id)
        return [Post(**row._mapping) for row in self._connection.execute(query)]

    def by_ts(self, channel_id: str, ts: str) -> Post | None:
        """The message that Slack knows as (channel, ts)."""
        query = sa.select(t.posts).where(t.posts.c.channel_id == channel_id, t.posts.c.ts == ts)
        row = self._connection.execute(query).first()
        return None if row is None else Post(**row._mapping)

    def unsent(self, limit: int = 200) -> list[Post]:
        """What is wanted and not sent, oldest first, whether its time has come or not.

        At most `limit` of each channel, so that one that waits does not keep the others from being seen.
        """
        place = sa.func.row_number().over(partition_by=t.posts.c.channel, order_by=t.posts.c.id)
        waiting = sa.select(t.posts.c.id, place.label("place")).where(_WAITS).subquery()
        query = (
            sa.select(t.posts)
            .join(waiting, waiting.c.id == t.posts.c.id)
            .where(waiting.c.place <= limit)
            .order_by(t.posts.c.id)
        )
        return [Post(**row._mapping) for row in self._connection.execute(query)]

    def sending(self, post: Post) -> Post:
        """Note that a call is about to be made, so that a crash leaves the trace that it is in doubt."""
        self._connection.execute(
            sa.update(t.posts)
            .where(t.posts.c.id == post.id)
            .values(in_doubt=True, attempts=t.posts.c.attempts + 1)
        )
        return replace(post, attempts=post.attempts + 1)

    def sent(self, post: Post, channel_id: str, ts: str) -> None:
        """The version of `post` is what Slack shows now."""
        self._connection.execute(
            sa.update(t.posts)
            .where(t.posts.c.id == post.id)
            .values(
                sent=post.wanted,
                channel_id=channel_id,
                ts=ts,
                in_doubt=False,
                attempts=0,
                problem="",
                not_before=None,
            )
        )

    def later(self, post: Post, wait: timedelta, problem: str, in_doubt: bool) -> None:
        """Try again after `wait`; `in_doubt` says that Slack may have taken it."""
        self._connection.execute(
            sa.update(t.posts)
            .where(t.posts.c.id == post.id)
            .values(
                not_before=self._now + wait,
                problem=problem,
                in_doubt=in_doubt,
                # One try counts once, whether or not it came as far as `sending`.
                attempts=post.attempts + 1,
            )
        )

    def redirect(self, post: Post, channel: str) -> None:
        """Send it to another channel or person instead, in no thread."""
        self._connection.execute(
            sa.update(t.posts)
            .where(t.posts.c.id == post.id)
            .values(channel=channel, channel_id="", thread_of="", in_doubt=False, attempts=0)
        )

    def forget(self, post: Post) -> None:
        """Slack shows it no more: it waits to be posted anew."""
        self._connection.execute(
            sa.update(t.posts).where(t.posts.c.id == post.id).values(ts="", in_doubt=False, attempts=0)
        )

    def give_up(self, post: Post, problem: str) -> None:
        """Slack refuses it for good: keep the row and the reason, and send it no more."""
        self._connection.execute(
            sa.update(t.posts).where(t.posts.c.id == post.id).values(sent=-1, in_doubt=False, problem=problem)
        )

    def lag(self) -> tuple[int, datetime | None]:
        """How many messages wait, and since when the oldest does."""
        query = sa.select(sa.func.count(), sa.func.min(t.posts.c.wanted_at)).where(_WAITS)
        count, oldest = self._connection.execute(query).one()
        return int(count), oldest

    def problem(self) -> str:
        """The newest reason for which a message waits; empty when nothing waits for one."""
        query = (
            sa.select(t.posts.c.problem)
            .where(_WAITS, t.posts.c.problem != "")
            .order_by(t.posts.c.not_before.desc())
            .limit(1)
        )
        return str(self._connection.execute(query).scalar() or "")
