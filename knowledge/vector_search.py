"""Vector search as it is now: loading, being filled, ready, or why not. It opens the index, and again after a
failure.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.embeddings.choice import Choice
from knowledge.errors import EmbedderUnavailable, IndexUnavailable, WeightsRefused
from knowledge.index import Chroma
from knowledge.lock import FillTurn
from knowledge.missing import CHANGING, CLOSED, FAILED, INCOMPLETE, NOT_WARM
from knowledge.server import Server
from knowledge.vectors import VectorFiller

if TYPE_CHECKING:
    import sqlalchemy as sa

    from knowledge.documents import DocumentStore
    from knowledge.embeddings import Embedder

PASSAGES_A_ROUND = 64


@dataclass(frozen=True, slots=True)
class Making:
    """Who makes vectors and where they are kept: `given`, else by `choice`; `server`, else in the folder."""

    choice: Choice = field(default_factory=Choice)
    given: Embedder | None = None
    server: Server | None = None


class VectorSearch:
    """Thread-safe; every call blocks. `idle` says why nothing is ever opened, where that is so."""

    def __init__(
        self, folder: Path, engine: sa.Engine, store: DocumentStore, making: Making, *, idle: str = ""
    ) -> None:
        self._folder, self._store, self._making = folder, store, making
        self._is_embedded_store = engine.dialect.name == "sqlite"
        self._turn = FillTurn(engine)
        self._guard = threading.RLock()
        self.filler: VectorFiller | None = None
        self.why = idle or NOT_WARM
        self._is_idle = bool(idle)
        self._is_suspect = False
        self._set_aside = ""
        self._settled: tuple[object, ...] = ()

    def warm(self) -> None:
        """Loads the embedder and opens the index; without them, remembers why."""
        with self._guard:
            if self._is_idle or self.filler is not None:
                return
            chroma = None
            try:
                model = self._folder / "model"
                embedder = self._making.given or self._making.choice.embedder(model)
                embedder.warm()
                place = self._place()
                chroma = self._chroma(place)
                former = self._making.choice.former
                self.filler = VectorFiller(self._store, chroma, embedder, place, lambda id: former(id, model))
            except (EmbedderUnavailable, WeightsRefused, IndexUnavailable) as error:
                self.why = f"vector search is not ready: {error}; the answer rests on words alone"
                if chroma is not None:
                    chroma.close()

    def fill(self, limit: int) -> int:
        """Embeds and indexes at most `limit` waiting passages; how many it did, 0 also while it may not.

        Raises EmbedderUnavailable or IndexUnavailable when one fails on the way; run it again later.
        """
        with self._guard:
            if self._is_suspect:
                self._open_again()
            if self.filler is None or (self._making.server is not None and not self._turn.take()):
                return 0
            try:
                return self.filler.fill(limit)
            except IndexUnavailable:
                self._is_suspect = True
                raise

    def fill_all(self) -> None:
        """Indexes what is waiting; a failure leaves it waiting for the next call."""
        try:
            while self.fill(PASSAGES_A_ROUND):
                pass
        except (EmbedderUnavailable, IndexUnavailable):
            return

    def waiting(self, filler: VectorFiller, revision: int) -> int:
        """Passages without vectors, counted only after something was written: among 100,000 passages counting
        takes longer than search.
        """
        state = (revision, self._store.value("generation"), filler.target.index.name)
        waiting = 0 if state == self._settled else filler.waiting()
        if not waiting:
            self._settled = state
        return waiting

    def failed(self, error: Exception) -> str:
        """What to say of a search that failed; a failed index is opened again before it is filled."""
        self._is_suspect = self._is_suspect or isinstance(error, IndexUnavailable)
        return FAILED.format(error)

    def health(self) -> dict[str, object]:
        """waiting, vectors ("ready" or why not), set_aside; once open made_by, answers, index and fills."""
        filler = self.filler
        waiting = filler.waiting() if filler else None
        state: dict[str, object] = {"waiting": waiting}
        state["vectors"] = self.why if filler is None else "ready" if not waiting else "being filled"
        state["set_aside"] = self._set_aside
        if filler is not None:
            server = self._making.server
            state["made_by"] = filler.target.embedder.id
            state["answers"] = filler.dense.embedder.id
            state["index"] = server.url if server else "embedded"
            state["fills"] = server is None or self._turn.is_ours
        return state

    def close(self) -> None:
        """Lets go of the index; nothing is opened any more."""
        with self._guard:
            self._is_idle = True
            if self.filler is not None:
                self.filler.chroma.close()
                self.filler, self.why = None, CLOSED
            self._turn.release()

    def _open_again(self) -> None:
        """After the index has failed: it may be lost, or its server may have begun anew."""
        self._is_suspect = False
        if self.filler is not None:
            self.filler.chroma.close()
            self.filler = None
            self.warm()

    def _chroma(self, place: str) -> Chroma:
        server = self._making.server
        if server is None:
            chroma = Chroma(self._folder / "index")
        else:
            chroma = Chroma(server, f"vigie-{place.removeprefix('/server-')}-")
        self._set_aside = chroma.moved or self._set_aside
        return chroma

    def _place(self) -> str:
        """What tells this index from others of the same documents.

        A server's belongs to the documents: all hosts share it. Each folder has one of its own.
        """
        if self._making.server is not None:
            return f"/server-{self._store.fixed_number('place'):x}"
        if self._is_embedded_store:
            return ""
        path = self._folder / "place"
        if not path.exists():
            path.write_text(secrets.token_hex(8), encoding="ascii")
        return f"/{path.read_text(encoding='ascii')}"


def incomplete(filler: VectorFiller, waiting: int) -> str:
    """What is missing while the index is being filled."""
    if filler.former is None:
        return INCOMPLETE.format(waiting)
    by, before = filler.target.embedder.id, filler.former.embedder.id
    how = "anew" if by == before else f"by {by}, those of {before} answer meanwhile"
    return CHANGING.format(waiting, how)
