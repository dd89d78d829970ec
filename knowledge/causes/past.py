"""The past incidents of a store, fitted once for each of its revisions and each circle of readers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.causes.model import NOTHING, Judgement, Past
from knowledge.model import Query

if TYPE_CHECKING:
    from knowledge.causes.history import History
    from knowledge.causes.reading import Reading
    from knowledge.documents import DocumentStore

CIRCLES = 4
"""Histories kept at once: most installations have one circle of readers."""


class PastIncidents:
    """Thread-safe; blocks while a history is fitted. Texts are read again only when they changed."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._turn = threading.Lock()
        self._revision = -1
        self._known: list[Past] = []
        self._versions: dict[str, str] = {}
        self._readings: dict[str, Reading] = {}
        self._fitted: dict[tuple[str, ...], History] = {}

    def judge(self, texts: Sequence[str], seen_by: frozenset[str] | None, without: str) -> Judgement:
        """What they say, of those that `seen_by` may see."""
        with self._turn:
            self._sync()
            asked = Query("", seen_by=seen_by)
            seen = [one for one in self._known if asked.may_see(one.access)]
            if not seen:
                return NOTHING
            return self._history(seen).judge(texts, {without})

    def _history(self, seen: Sequence[Past]) -> History:
        # Imported here: numpy costs more than a start may.
        from knowledge.causes.history import History

        key = tuple(one.id for one in seen)
        if key not in self._fitted:
            while len(self._fitted) >= CIRCLES:
                del self._fitted[next(iter(self._fitted))]
            made = History(seen, self._readings)
            self._readings |= made.readings
            self._fitted[key] = made
        return self._fitted[key]

    def _sync(self) -> None:
        revision = self._store.value("revision")
        if revision == self._revision:
            return
        found = [one for one in self._store.all() if one.kind == "incident" and one.cause.strip()]
        versions = {one.id: one.version for one in found}
        self._readings = {
            id: reading for id, reading in self._readings.items() if versions.get(id) == self._versions[id]
        }
        self._known = [
            Past(one.id, f"{one.title}\n{one.text}", one.cause, access=one.access) for one in found
        ]
        self._versions, self._revision = versions, revision
        self._fitted.clear()
