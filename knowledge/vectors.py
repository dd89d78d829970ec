"""Fills the vector index from the store: what is written and not marked as indexed is embedded, stored,
then marked. Vectors of another embedder answer until those of the new one are complete.
"""

from __future__ import annotations

from collections.abc import Callable

from knowledge.documents import DocumentStore
from knowledge.embeddings import Embedder
from knowledge.errors import EmbedderUnavailable, IndexUnavailable, WeightsRefused
from knowledge.index import Chroma, VectorIndex
from knowledge.model import Passage
from knowledge.retrieve import Dense
from knowledge.windows import RECIPE, title_line, windows

Former = Callable[[str], Embedder | None]


class VectorFiller:
    """One `fill` at a time; the caller sees to that. Cut anywhere, the next `fill` goes on."""

    def __init__(
        self,
        store: DocumentStore,
        chroma: Chroma,
        embedder: Embedder,
        place: str = "",
        former: Former = lambda _id: None,
    ) -> None:
        """`place` tells this index from others of the same documents; `former` gives the embedder of an id
        that made vectors before, None where that cannot be had.
        """
        self.chroma = chroma
        self._store, self._place, self._make_former = store, place, former
        self.target = self._open(embedder)
        self.former: Dense | None = self._complete_before()

    @property
    def dense(self) -> Dense:
        """What answers now: vectors of before until the new ones are complete."""
        return self.former or self.target

    def _open(self, embedder: Embedder) -> Dense:
        generation = self._store.value("generation")
        maker = f"{embedder.id}/{RECIPE}{self._place}"
        index = VectorIndex(self.chroma, maker, embedder.dimension, generation, embedder.id)
        self._forget_what_is_lost(index)
        # Last, so that what could not be opened is tried again.
        self._generation = generation
        return Dense(embedder, index)

    def _forget_what_is_lost(self, index: VectorIndex) -> None:
        """Fewer vectors than were marked: the index was lost or set aside, so all of it is done again."""
        if index.count("windows") < self._store.held(index.name)[1]:
            self._store.unmark_all(index.name)

    def _complete_before(self) -> Dense | None:
        """The fullest other index, where this one has still to be filled and that one can be asked."""
        if not self.waiting():
            return None
        mine, others = self.target.index.name, []
        for held in self.chroma.held():
            marked = self._store.held(held.name)[0]
            if held.name != mine and marked > self._store.held(mine)[0]:
                others.append((marked, held))
        for _, held in sorted(others, key=lambda one: -one[0]):
            try:
                embedder = self._embedder_of(held.by)
                if embedder is not None and embedder.dimension == held.dimension:
                    index = VectorIndex(self.chroma, held.maker, held.dimension, held.generation, held.by)
                    return Dense(embedder, index)
            except (EmbedderUnavailable, WeightsRefused, IndexUnavailable):
                continue
        return None

    def _embedder_of(self, id: str) -> Embedder | None:
        if id == self.target.embedder.id:
            return self.target.embedder
        embedder = self._make_former(id)
        if embedder is not None:
            embedder.warm()
        return embedder

    def waiting(self) -> int:
        """Current passages that are not in the index."""
        index = self.target.index.name
        outdated = len(self._store.outdated(index, 1_000_000))
        return max(0, self._store.counts()["passages"] - self._store.held(index)[0] + outdated)

    def fill(self, limit: int) -> int:
        """Indexes at most `limit` passages and drops outdated ones; returns how many passages it embedded."""
        if self._store.value("generation") != self._generation:
            before = self.dense
            self.target = self._open(self.target.embedder)
            self.former = before if before.index.name != self.target.index.name else None
        self._sweep()
        batch = self._store.pending(self.target.index.name, limit)
        if batch:
            self._add(batch)
        else:
            self.former = None
            for name in self.chroma.drop_all_but(self.target.index.name):
                self._store.unmark_all(name)
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
        embedded = self.target.embedder.embed([*texts.values(), *titles.values()])
        for part, ids, those in (
            ("windows", list(texts), embedded[: len(texts)]),
            ("titles", list(titles), embedded[len(texts) :]),
        ):
            self.target.index.upsert(part, ids, those, [access[id] for id in ids])
        # Marked last: what a crash leaves unmarked is embedded once more, over the same ids.
        self._store.mark(self.target.index.name, vectors)

    def _sweep(self) -> None:
        for dense in (self.target, self.former):
            if dense is None:
                continue
            index = dense.index
            while outdated := self._store.outdated(index.name, 500):
                index.delete(
                    "windows", [f"{id}|{number}" for id, vectors in outdated for number in range(vectors)]
                )
                index.delete("titles", [f"{id}|t" for id, _ in outdated])
                self._store.unmark(index.name, [id for id, _ in outdated])
