"""Health: 200 as long as alerts are taken in; the parts that are away or warming up are named."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bot.domain.store import Store


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


class Health:
    """Reads the state of every part; `model` is its name, empty where none is configured."""

    def __init__(self, store: Store, slack: Link, executor: Worker, knowledge: Library, model: str) -> None:
        self._store = store
        self._slack = slack
        self.way: Way = dict
        self._executor = executor
        self._knowledge = knowledge
        self._model = model

    async def read(self) -> dict[str, object]:
        """One object for /health."""
        return await asyncio.to_thread(self._read, await self._slack.trouble())

    def _read(self, trouble: str) -> dict[str, object]:
        with self._store.read() as tx:
            waiting, since = tx.posts.lag()
            problem = tx.posts.problem()
            frozen = tx.n3.freeze() is not None
        return {
            "status": "ok",
            "slack": trouble or "connected",
            **self.way(),
            "executor": "ready" if self._executor.is_ready else self._executor.problem or "starting",
            "model": self._model or "none: diagnosis by similar incidents",
            "knowledge": self._knowledge.health(),
            "messages_waiting": waiting,
            "oldest_message": since.isoformat() if since and waiting else None,
            "message_problem": problem or None,
            "frozen": frozen,
        }
