"""The knowledge base: the one class that others use. Documents are written first and indexed after."""

from __future__ import annotations

import fcntl
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.causes.past import PastIncidents
from knowledge.chunking import Sizes, sizes
from knowledge.documents import DocumentStore, engine_for
from knowledge.errors import DocumentRefused, EmbedderUnavailable, IndexUnavailable, WeightsRefused
from knowledge.files import FileRecords, Quarantined
from knowledge.ingest import Ingest, Progress, clean, pieces, release
from knowledge.lexical import LexicalIndex
from knowledge.lock import OwnerLock
from knowledge.migrations import create_or_refuse
from knowledge.model import Document, IngestReport, Passage, Query, SearchResult
from knowledge.retrieve import search
from knowledge.text.tokens import counter
from knowledge.vectors import VectorFiller

if TYPE_CHECKING:
    import sqlalchemy as sa

    from knowledge.causes.model import Judgement
    from knowledge.embeddings import Embedder

NOT_WARM = "vector search is not ready: the model is still loading; the answer rests on words alone"
NOT_OWNER = "vector search is not ready: another process owns the index; the answer rests on words alone"
SWITCHED_OFF = "vector search is switched off in vigie.toml; the answer rests on words alone"
PASSAGES_A_ROUND = 64


class KnowledgeBase:
    """Thread-safe; every call blocks (use asyncio.to_thread). Open one with `KnowledgeBase.open`."""

    def __init__(
        self, folder: Path, engine: sa.Engine, lock: OwnerLock | None, make_embedder: Callable[[], Embedder]
    ) -> None:
        self._folder, self._engine, self._lock, self._make_embedder = folder, engine, lock, make_embedder
        self._store = DocumentStore(engine)
        self._files = FileRecords(engine)
        self._lexical = LexicalIndex()
        self._revision = -1
        self._past = PastIncidents(self._store)
        self._syncing = threading.Lock()
        self._indexing = threading.RLock()
        self._filler: VectorFiller | None = None
        self._why = NOT_WARM if lock else NOT_OWNER
        self._closed = False
        self._switched_off = False
        self._limits: dict[str, tuple[str, ...]] = {}

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        owner: bool,
        url: str = "",
        weights: Path | None = None,
        embedder: Embedder | None = None,
        vectors: bool = True,
        limits: Mapping[str, tuple[str, ...]] | None = None,
    ) -> KnowledgeBase:
        """Opens or creates. `url`: SQLAlchemy's, default folder/knowledge.sqlite. `embedder`: instead of
        the local model.

        `weights`: folder of the local model's files, default the installed package. `vectors` False searches
        by words alone. `limits`: folder of ids -> the channels and people that may see what lies there.
        Raises KnowledgeBusy when owner=True and the folder has an owner; KnowledgeOutdated or KnowledgeTooNew
        when another version has made the tables.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lock = OwnerLock(folder) if owner else None
        try:
            engine = engine_for(url or f"sqlite:///{folder / 'knowledge.sqlite'}")
            with (folder / "migrate.lock").open("w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                create_or_refuse(engine)
        except BaseException:
            if lock:
                lock.release()
            raise

        def make_embedder() -> Embedder:
            from knowledge.embeddings.local import LocalEmbedder

            return embedder or LocalEmbedder(weights, folder / "model")

        base = cls(folder, engine, lock, make_embedder)
        base._limits = dict(limits or {})
        if not vectors:
            base._switched_off = True
            base._why = SWITCHED_OFF
        return base

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing

    def ingest(
        self,
        paths: Sequence[Path],
        *,
        dry_run: bool = False,
        rebuild: bool = False,
        delete_missing: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Adds or updates the documents of files and folders; ids are paths below each folder, without
        ending.

        `rebuild`: cut every document anew and start a new vector index. `delete_missing`: remove imported
        documents
        whose file below these folders is gone. `progress(done, all, path)`. What fails is in the report.
        """
        ingest = Ingest(
            self._store, self._files, _sizes, dry_run=dry_run, rebuild=rebuild, limits=self._limits
        )
        report = ingest.run(paths, delete_missing=delete_missing, progress=progress)
        if dry_run:
            return report
        if rebuild:
            self._store.next_generation()
        self._index_all()
        return report

    def add(self, document: Document) -> str:
        """Writes one document, redacted: "added", "changed" or "unchanged". Raises DocumentRefused,
        DocumentQuarantined.
        """
        document = clean(document)
        result = self._store.write(document, pieces(document, _sizes()))
        self._index_all()
        return result

    def remove(self, document_id: str) -> bool:
        """Removes a document, its passages of all versions and their vectors, also from quarantine; False
        when there is none.
        """
        aside = self._files.forget(document_id)
        gone = self._store.remove(document_id) or aside
        if gone:
            self._index_all()
        return gone

    def release(self, document_id: str) -> str:
        """Lets a document out of quarantine, its private keys taken out: "added", "changed" or "unchanged".

        Raises DocumentRefused when none of this id is there, or its file changed since.
        """
        aside = self.quarantined().get(document_id)
        if aside is None:
            raise DocumentRefused("id", f"{document_id} is not in quarantine", "See `vigie documents list`.")
        result = release(self._store, self._files, aside, _sizes, self._limits)
        self._index_all()
        return result

    # -- reading

    def quarantined(self) -> dict[str, Quarantined]:
        """What was not taken in and waits for a person, by its id."""
        return {id: aside for id, aside in self._files.quarantined().items() if not aside.released}

    def documents(self) -> list[Document]:
        """All documents by id."""
        return self._store.all()

    def document(self, id: str) -> Document | None:
        """One document."""
        return self._store.get(id)

    def passage(self, passage_id: str) -> Passage | None:
        """A passage that was cited once; `superseded` when its document has changed, None when it was
        removed.
        """
        return self._store.passages([passage_id], current_only=False).get(passage_id)

    def search(self, query: Query, k: int = 5) -> SearchResult:
        """At most k passages, best first. Never raises for a model or index that is away: `missing` says
        so.
        """
        self._sync_lexical()
        missing: tuple[str, ...] = ()
        filler = self._filler
        if filler is None:
            found = search(query, k, self._lexical, None, self._store.passages)
            return replace(found, missing=(self._why,))
        waiting = filler.waiting()
        if waiting:
            missing = (f"vector search is incomplete: {waiting} passages are not in the index yet",)
        try:
            found = search(query, k, self._lexical, filler.dense, self._store.passages, not waiting)
            return replace(found, missing=missing)
        except (EmbedderUnavailable, IndexUnavailable) as error:
            found = search(query, k, self._lexical, None, self._store.passages)
            return replace(
                found, missing=(f"vector search is not ready: {error}; the answer rests on words alone",)
            )

    def causes(self, texts: Sequence[str], seen_by: frozenset[str] | None, without: str = "") -> Judgement:
        """What past incidents with a known cause say of one whose sources of evidence say `texts`.

        `seen_by`: as in `Query`; incidents that these readers may not see do not count. `without`: the
        document that must not count, as it is of this very incident.
        """
        return self._past.judge(texts, seen_by, without)

    def first_passages(self, document_ids: Sequence[str]) -> dict[str, Passage]:
        """The first passage of each document, by the document's id, for citing it."""
        return self._store.first_passages(document_ids)

    # -- the indexes

    def warm(self) -> None:
        """Loads the embedder and opens the vector index; without them, remembers why. Does nothing unless
        owner.
        """
        self._sync_lexical()
        with self._indexing:
            if self._lock is None or self._filler is not None or self._closed or self._switched_off:
                return
            try:
                embedder = self._make_embedder()
                embedder.warm()
                self._filler = VectorFiller(self._store, self._folder / "index", embedder, self._place())
            except (EmbedderUnavailable, WeightsRefused, IndexUnavailable) as error:
                self._why = f"vector search is not ready: {error}; the answer rests on words alone"

    def _place(self) -> str:
        """What tells this folder's index from those that other folders have of the same documents."""
        if self._engine.dialect.name == "sqlite":
            return ""
        path = self._folder / "place"
        if not path.exists():
            path.write_text(secrets.token_hex(8), encoding="ascii")
        return f"/{path.read_text(encoding='ascii')}"

    def index_pending(self, limit: int = 256) -> int:
        """Embeds and indexes passages that are written but not in the vector index, at most `limit`; how
        many it did.

        0 as well while not warm. Raises EmbedderUnavailable or IndexUnavailable when one fails on the way;
        run it again later.
        """
        with self._indexing:
            return self._filler.fill(limit) if self._filler else 0

    def _index_all(self) -> None:
        """Indexes what is waiting; a failure leaves it waiting for the next call."""
        try:
            while self.index_pending(PASSAGES_A_ROUND):
                pass
        except (EmbedderUnavailable, IndexUnavailable):
            return

    def _sync_lexical(self) -> None:
        """Brings the lexical index to what the tables hold, whoever wrote it."""
        with self._syncing:
            revision = self._store.value("revision")
            if revision == self._revision:
                return
            known, current = self._lexical.known(), self._store.current_ids()
            fresh, gone = current - known.keys(), known.keys() - current
            touched = {known[id] for id in gone} | {id.rpartition("#")[0] for id in fresh}
            parts = self._store.passages(id for id in current if id.rpartition("#")[0] in touched)
            whole: dict[str, list[Passage]] = {document: [] for document in touched}
            for passage in sorted(parts.values(), key=_ordinal):
                whole[passage.document_id].append(passage)
            self._lexical.update((parts[id] for id in sorted(fresh) if id in parts), gone, whole)
            self._revision = revision

    def health(self) -> dict[str, object]:
        """Counts, and what is ready: documents, passages, waiting, vectors ("ready" or why not), tokens."""
        filler = self._filler
        state: dict[str, object] = dict(self._store.counts())
        state["owner"] = self._lock is not None
        state["vectors"] = "ready" if filler else self._why
        state["waiting"] = filler.waiting() if filler else None
        state["set_aside"] = str(filler.dense.index.moved or "") if filler else ""
        return state

    def close(self) -> None:
        """Lets go of files and lock; a second call does nothing."""
        with self._indexing, self._syncing:
            if self._closed:
                return
            self._closed = True
            if self._filler is not None:
                self._filler.dense.index.close()
                self._filler, self._why = None, "vector search is not ready: the knowledge base is closed"
            self._engine.dispose()
            if self._lock is not None:
                self._lock.release()


def _sizes() -> Sizes:
    return sizes(counter())


def _ordinal(passage: Passage) -> tuple[str, int]:
    document, _, rest = passage.id.rpartition("#")
    return document, int(rest.partition("@")[0])
