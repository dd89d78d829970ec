"""Who has their Home open, and when it has to be drawn anew: as often as it changes, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

from bot.copilot.home import home_of
from bot.copilot.overview import overview_of
from bot.copilot.part import Part
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.records import Post
from bot.domain.store import Store, Tx
from bot.in_force import InForce

KEPT = timedelta(days=1)
# One Home changes every 2 s at most, and all of them together once a second: Slack takes about 100 a minute.
SOONEST, WINDOW, IN_WINDOW = timedelta(seconds=2), timedelta(seconds=10), 10


class Homes(Part):
    """A Home is a row once somebody opened it, and is kept up to date for a day after the last time."""

    def __init__(self, store: Store, in_force: InForce, membership: Membership, wake: Wake) -> None:
        super().__init__(store, in_force, membership, wake)
        # Only so that not all rows are read each second: whatever stands here is looked up in the rows.
        self._keys: set[str] = set()
        self._all_known = False

    def open(self, person: Person) -> None:
        """Somebody looks at their Home: it is drawn at once."""
        key = f"home:{person.user_id}"
        with self._store.read() as tx:
            mark = home_of(overview_of(tx, self._in_force), person).mark
        with self._store.begin() as tx:
            _want(tx, key, mark, {"person": person.key, "opened_at": tx.now.isoformat()})
        self._keys.add(key)

    def refresh(self) -> None:
        """Want those Homes anew that would show something else than they do."""
        with self._store.read() as tx:
            stale = self._stale(tx)
        if stale:
            with self._store.begin() as tx:
                for post, mark in stale:
                    _want(tx, post.key, mark, {"refreshed_at": tx.now.isoformat()})

    def _stale(self, tx: Tx) -> list[tuple[Post, str]]:
        posts = self._open_now(tx)
        waiting, left = _may_change(posts, tx.now), _left(posts, tx.now)
        if not waiting or not left:
            return []
        seen = overview_of(tx, self._in_force)
        marks = ((post, home_of(seen, person_of(post)).mark) for post in waiting)
        return list(islice(((p, mark) for p, mark in marks if mark != (p.content or {})["shown"]), left))

    def _open_now(self, tx: Tx) -> list[Post]:
        if not self._all_known:
            self._keys |= {post.key for post in tx.posts.of_kind("home")}
            self._all_known = True
        posts = [post for key in sorted(self._keys) if (post := tx.posts.get(key)) is not None]
        return [post for post in posts if tx.now - _at(post, "opened_at") < KEPT]


def person_of(post: Post) -> Person:
    """Whose Home it is."""
    return Person.from_key(str((post.content or {})["person"]))


def _want(tx: Tx, key: str, mark: str, news: Mapping[str, object]) -> None:
    """Want a Home anew. Its channel is its own, so that it never stands before a message to the person."""
    known = tx.posts.get(key)
    said = dict(known.content or {}) if known else {}
    tx.posts.want(key, key, "home", content=said | {"shown": mark} | dict(news))


def _may_change(posts: list[Post], now: datetime) -> list[Post]:
    """Those that may change again, the one that waits longest first."""
    pause = min(max(SOONEST, timedelta(seconds=len(posts))), WINDOW)
    waiting = [post for post in posts if now - _at(post, "refreshed_at") >= pause]
    return sorted(waiting, key=lambda post: (_at(post, "refreshed_at"), post.key))


def _left(posts: list[Post], now: datetime) -> int:
    """How many Homes may change now, after those that just did."""
    return max(0, IN_WINDOW - sum(now - _at(post, "refreshed_at") < WINDOW for post in posts))


def _at(post: Post, name: str) -> datetime:
    """When that was; long ago if it never was."""
    at = (post.content or {}).get(name)
    return datetime.fromisoformat(str(at)) if at else datetime.min.replace(tzinfo=UTC)
