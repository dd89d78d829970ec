"""Fills the vector index from the store: what is written and not marked as indexed is embedded, stored,
then marked.
"""

from __future__ import annotations

from pathlib import Path

from knowledge.documents import DocumentStore
from knowledge.embeddings import Embedder
from knowledge.index import VectorIndex
from knowledge.model import Passage
from knowledge.signals import Dense
from knowledge.windows import RECIPE, title_line, windows


class VectorFiller:
    """One `fill` at a time; the caller sees to that. Cut anywhere, the next `fill` goes on."""

    def __init__(self, store: DocumentStore, folder: Path, embedder: Embedder, place: str = "") -> None:
        self._store, self._folder, self._place = store, folder, place
        self.dense = self._open(embedder)

    def _open(self, embedder: Embedder) -> Dense:
        generation = self._store.value("generation")
        maker = f"{embedder.id}/{RECIPE}{self._place}"
        index = VectorIndex(self._folder, maker, embedder.dimension, generation)
        # Fewer vectors than were marked: the folder was lost or set aside, so all of it is done again.
        if index.count("windows") < self._store.held(index.name)[1]:
            self._store.forget()
        # Last, so that a folder that could not be opened is tried again.
        self._generation = generation
        return Dense(embedder, index)

    def waiting(self) -> int:
        """Current passages that are not in the index."""
        index = self.dense.index.name
        outdated = len(self._store.outdated(index, 1_000_000))
        return max(0, self._store.counts()["passages"] - self._store.held(index)[0] + outdated)

    def fill(self, limit: int) -> int:
        """Indexes at most `limit` passages and drops outdated ones; returns how many passages it embedded."""
        if self._store.value("generation") != self._generation:
            old = self.dense
            old.index.close()
            self.dense = self._open(old.embedder)
        self._sweep()
        batch = self._store.pending(self.dense.index.name, limit)
        if batch:
            self._add(batch)
        else:
            self.dense.index.drop_others()
            self._store.forget(but=self.dense.index.name)
        return len(batch)

    def _add(self, batch: list[Passage]) -> None:
        texts: dict[str, str] = {}
        titles: dict[str, str] = {}
        vectors: dict[str, int] = {}
        access: dict[str, tuple[str, ...]] = {}
        for passage in batch:
            parts = windows(passage)
            access |= {f"{passage.id}|{end}": passage.access for end in (*range(len(parts)), "t")}
            texts |= {f"{passage.id}|{number}": text for number, text in enumerate(parts)}
            vectors[passage.id] = len(parts)
            if "#1@" in passage.id:
                titles[f"{passage.id}|t"] = title_line(passage)
        embedded = self.dense.embedder.embed([*texts.values(), *titles.values()])
        for part, ids, those in (
            ("windows", list(texts), embedded[: len(texts)]),
            ("titles", list(titles), embedded[len(texts) :]),
        ):
            self.dense.index.upsert(part, ids, those, [access[id] for id in ids])
        # Marked last: what a crash leaves unmarked is embedded once more, over the same ids.
        self._store.mark(self.dense.index.name, vectors)

    def _sweep(self) -> None:
        index = self.dense.index
        while outdated := self._store.outdated(index.name, 500):
            index.delete(
                "windows", [f"{id}|{number}" for id, vectors in outdated for number in range(vectors)]
            )
            index.delete("titles", [f"{id}|t" for id, _ in outdated])
            self._store.unmark(index.name, [id for id, _ in outdated])
