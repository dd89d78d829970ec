"""Health: 200 as long as alerts are taken in, else 503; the parts that are away or warming up are named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.quiet import Canary
from bot.domain.records import Beat, WayState
from bot.domain.senders import Refused, SeenBeat
from bot.domain.store import Store
from bot.errors import StoreUnavailable


class Way(Protocol):
    """How Slack is reached, or calls."""

    def __call__(self) -> dict[str, object]: ...


class Link(Protocol):
    async def trouble(self) -> str: ...


class Worker(Protocol):
    problem: str

    @property
    def is_ready(self) -> bool: ...


class Library(Protocol):
    def health(self) -> dict[str, object]: ...


NO_WAY = "none: set webhook_url or smtp_host under [fallback]"


class Health:
    """Reads the state of every part.

    `model` is its name, empty where there is none. `ways` are those of [fallback], `beats` says whether
    [heartbeat_out] has an address.
    """

    def __init__(
        self,
        store: Store,
        slack: Link,
        executor: Worker,
        knowledge: Library,
        model: str,
        ways: Sequence[str] = (),
        beats: bool = False,
    ) -> None:
        self._ways = ways
        self._beats = beats
        self._store = store
        self._slack = slack
        self.way: Way = dict
        self.canaries = False  # whether [canary] has any sent
        self._executor = executor
        self._knowledge = knowledge
        self._model = model

    async def read(self) -> dict[str, object]:
        """One object for /health."""
        return await asyncio.to_thread(self._read, await self._slack.trouble())

    def _read(self, trouble: str) -> dict[str, object]:
        parts = {
            "slack": trouble or "connected",
            **self.way(),
            "executor": "ready" if self._executor.is_ready else self._executor.problem or "starting",
            "model": self._model or "none: diagnosis by similar incidents",
        }
        try:
            return parts | self._rows()
        except StoreUnavailable:
            # Who may look at this need not know where the store is; the log says it.
            return {"status": "the store does not answer: no alert is taken in", **parts}

    def _rows(self) -> dict[str, object]:
        with self._store.read() as tx:
            waiting, since = tx.posts.lag()
            kinds, problem = tx.posts.waiting_by_kind(), tx.posts.problem()
            ways, beat = tx.notices.states(), tx.heartbeat.last()
            canary, last = tx.canaries.newest(), tx.canaries.last_told()
            muted = [mute.label for mute in tx.mutes.in_force()]
            frozen = tx.n3.freeze() is not None
            seen, back = tx.beats.all(), tx.flow_back.waiting()
            refused = tx.refusals.all()
        return {
            "status": "ok",
            "knowledge": self._knowledge.health(),
            "messages_waiting": waiting,
            "waiting_by_kind": kinds,
            "oldest_message": since.isoformat() if since and waiting else None,
            "message_problem": problem or None,
            "second_way": {name: _way(ways.get(name, WayState())) for name in self._ways} or NO_WAY,
            "heartbeat_out": _beat(beat) if self._beats else "none: set url under [heartbeat_out]",
            "heartbeats": [_seen(one) for one in seen] or "none was seen yet",
            "refused": [_refused(one) for one in refused] or "nothing of a known sender",
            "flow_back_waiting": back,
            "canary": _canary(canary, last) if self.canaries else "none: set every under [canary]",
            "mutes": muted,
            "frozen": frozen,
        }


def _way(state: WayState) -> dict[str, object]:
    return {
        "waiting": state.waiting,
        "oldest": _iso(state.oldest),
        "sent": state.sent,
        "last_sent": _iso(state.last_sent),
        "problem": state.problem or None,
    }


def _beat(beat: Beat | None) -> dict[str, object]:
    if beat is None:
        return {"last_sent": None, "problem": "none was due yet"}
    return {"last_sent": _iso(beat.sent_at), "problem": beat.problem or None}


def _seen(beat: SeenBeat) -> dict[str, object]:
    return {
        "name": beat.name,
        "source": beat.source,
        "last_seen": beat.last_at.isoformat(),
        "gone": beat.incident_id is not None,
    }


def _refused(one: Refused) -> dict[str, object]:
    return {
        "source": one.source,
        "last_refused": one.last_at.isoformat(),
        "why": one.problem,
        "deliveries": one.deliveries,
    }


def _canary(newest: Canary | None, last: Canary | None) -> dict[str, object]:
    """When one last came through and how long it took; what happened to the newest, if it did not."""
    took = last.latency if last is not None else None
    return {
        "last_success": _iso(last.told_at) if last is not None else None,
        "latency_s": None if took is None else round(took.total_seconds(), 3),
        "problem": (newest.problem or None) if newest is not None else "none was sent yet",
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
