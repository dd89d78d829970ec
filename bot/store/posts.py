"""The outbox's rows: one per Slack message, with the version that is wanted and the one that was sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.alert import Severity
from bot.domain.records import FILES, Post
from bot.store import tables as t
from bot.store.records import Records, in_parts

_WAITS = sa.and_(t.posts.c.sent < t.posts.c.wanted, t.posts.c.sent >= 0)
# Made once, as each alert asks for it: building a statement takes longer than running it.
_AGAIN = (
    sa.update(t.posts)
    .where(t.posts.c.key == sa.bindparam("post"))
    .values(
        wanted=t.posts.c.wanted + 1,
        # What was refused for good as it was may well be taken as it is now.
        sent=sa.case((t.posts.c.sent < 0, 0), else_=t.posts.c.sent),
        content=sa.bindparam("said"),
        wanted_at=sa.bindparam("at"),
    )
)
# The first word of a critical incident goes before all that can wait; a thread follows its head anyway.
_FIRST = sa.case((sa.and_(t.posts.c.ts == "", t.incidents.c.severity >= int(Severity.CRITICAL)), 0), else_=1)
_HEAD = sa.and_(t.posts.c.kind == "incident", t.posts.c.subject == t.incidents.c.id)


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
        said = dict(content) if content is not None else None
        changed = self._connection.execute(_AGAIN, {"post": key, "said": said, "at": self._now})
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

    def want_again(self, keys: Iterable[str]) -> set[str]:
        """Want one more version of messages that are drawn from rows; the keys that no message has."""
        wanted = list(keys)
        rows = [{"post": key, "said": None, "at": self._now} for key in wanted]
        if not rows or self._connection.execute(_AGAIN, rows).rowcount == len(rows):
            return set()
        return set(wanted) - self.by_keys(wanted).keys()

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

    def in_thread(self, channel: str, thread_of: str, kind: str, limit: int) -> list[Post]:
        """The newest messages of a kind in a thread, oldest first."""
        query = (
            sa.select(t.posts)
            .where(t.posts.c.channel == channel, t.posts.c.thread_of == thread_of, t.posts.c.kind == kind)
            .order_by(t.posts.c.id.desc())
            .limit(limit)
        )
        return [Post(**row._mapping) for row in self._connection.execute(query)][::-1]

    def by_ts(self, channel_id: str, ts: str) -> Post | None:
        """The message that Slack knows as (channel, ts)."""
        query = sa.select(t.posts).where(t.posts.c.channel_id == channel_id, t.posts.c.ts == ts)
        row = self._connection.execute(query).first()
        return None if row is None else Post(**row._mapping)

    def roles_of(self, channel_ids: Collection[str]) -> frozenset[str]:
        """What the channels of these ids were called when something was sent there, such as their roles."""
        query = sa.select(t.posts.c.channel).where(t.posts.c.channel_id.in_(list(channel_ids))).distinct()
        return frozenset(self._connection.execute(query).scalars())

    def by_keys(self, keys: Sequence[str]) -> dict[str, Post]:
        """The messages of these keys that there are."""
        found: dict[str, Post] = {}
        for some in in_parts(keys):
            query = sa.select(t.posts).where(t.posts.c.key.in_(some))
            found |= {row.key: Post(**row._mapping) for row in self._connection.execute(query)}
        return found

    def unsent(self, limit: int = 200) -> list[Post]:
        """What is wanted and not sent, whether its time has come or not: oldest first, but for the cards of
        critical incidents that nobody has seen yet, which go before.

        At most `limit` of each channel, so that one that waits does not keep the others from being seen;
        and so many files, which wait by themselves.
        """
        order = (_FIRST, t.posts.c.id)
        lane = (t.posts.c.channel, sa.case((t.posts.c.kind.in_(FILES), 1), else_=0))
        place = sa.func.row_number().over(partition_by=lane, order_by=order)
        waiting = (
            sa.select(t.posts.c.id, place.label("place"), _FIRST.label("first"))
            .select_from(t.posts.outerjoin(t.incidents, _HEAD))
            .where(_WAITS)
            .subquery()
        )
        query = (
            sa.select(t.posts)
            .join(waiting, waiting.c.id == t.posts.c.id)
            .where(waiting.c.place <= limit)
            .order_by(waiting.c.first, t.posts.c.id)
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

    def unthread(self, post: Post) -> None:
        """Its thread is gone for good: it waits to be posted beside it."""
        self._connection.execute(
            sa.update(t.posts).where(t.posts.c.id == post.id).values(thread_of="", in_doubt=False, attempts=0)
        )

    def rehouse(self, channel: str, old_id: str) -> None:
        """The channel of this role is another one now: what waits, and the heads of its threads, move there.

        What was said in the old place and has no more to say stays where it was.
        """
        place = sa.and_(t.posts.c.channel == channel, t.posts.c.channel_id.in_(("", old_id)))
        heads = list(
            self._connection.execute(
                sa.select(t.posts.c.thread_of).where(place, _WAITS, t.posts.c.thread_of != "").distinct()
            ).scalars()
        )
        moves = sa.and_(
            t.posts.c.channel_id == old_id,
            t.posts.c.channel == channel,
            sa.or_(_WAITS, t.posts.c.key.in_(heads)),
        )
        waits = sa.case((_WAITS, t.posts.c.wanted), else_=t.posts.c.wanted + 1)
        self._connection.execute(
            sa.update(t.posts)
            .where(moves)
            .values(ts="", channel_id="", in_doubt=False, attempts=0, not_before=None, wanted=waits)
        )

    def give_up(self, post: Post, problem: str) -> None:
        """Slack refuses this version for good: keep the row and the reason, and send it no more.

        A newer one that was wanted meanwhile waits as before: Slack was not asked about that.
        """
        refused = sa.and_(t.posts.c.id == post.id, t.posts.c.wanted == post.wanted)
        self._connection.execute(
            sa.update(t.posts).where(refused).values(sent=-1, in_doubt=False, problem=problem)
        )

    def doubt_unsent(self) -> int:
        """Nobody can say whether Slack has what was never sent as far as we know; how many there are."""
        never = sa.and_(_WAITS, t.posts.c.ts == "")
        changed = self._connection.execute(
            sa.update(t.posts).where(never).values(in_doubt=True, not_before=None, attempts=0)
        )
        return changed.rowcount

    def foresee(self, key: str, channel: str, kind: str, subject: int = 0, thread_of: str = "") -> None:
        """Slack may have this message although no row says so: once wanted, it is looked for first."""
        if self.get(key) is None:
            self._connection.execute(
                sa.insert(t.posts).values(
                    key=key,
                    channel=channel,
                    kind=kind,
                    subject=subject,
                    thread_of=thread_of,
                    wanted=0,
                    in_doubt=True,
                    wanted_at=self._now,
                )
            )

    def lag(self) -> tuple[int, datetime | None]:
        """How many messages wait, and since when the oldest does."""
        query = sa.select(sa.func.count(), sa.func.min(t.posts.c.wanted_at)).where(_WAITS)
        count, oldest = self._connection.execute(query).one()
        return int(count), oldest

    def waiting_by_kind(self) -> dict[str, int]:
        """How many messages of each kind wait."""
        query = sa.select(t.posts.c.kind, sa.func.count()).where(_WAITS).group_by(t.posts.c.kind)
        return {str(kind): int(count) for kind, count in self._connection.execute(query)}

    def problem(self, channel: str = "") -> str:
        """The newest reason for which a message waits (in that channel); empty when nothing waits for one."""
        there = t.posts.c.channel == channel if channel else sa.true()
        query = (
            sa.select(t.posts.c.problem)
            .where(_WAITS, t.posts.c.problem != "", there)
            .order_by(t.posts.c.not_before.desc())
            .limit(1)
        )
        return str(self._connection.execute(query).scalar() or "")
