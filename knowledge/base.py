"""The knowledge base: the one class that others use. Documents are written first and indexed after."""

from __future__ import annotations

import fcntl
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.chunking import Sizes, sizes
from knowledge.documents import DocumentStore, engine_for
from knowledge.embeddings.choice import Choice
from knowledge.errors import DocumentRefused, EmbedderUnavailable, IndexUnavailable, WeightsRefused
from knowledge.files import FileRecords, Quarantined
from knowledge.index import Chroma
from knowledge.ingest import Ingest, Progress, clean, pieces, release
from knowledge.lexical import LexicalIndex
from knowledge.lock import FillTurn, OwnerLock
from knowledge.migrations import create_or_refuse
from knowledge.model import Document, IngestReport, Passage, Query, SearchResult
from knowledge.retrieve import search
from knowledge.server import Server
from knowledge.text.tokens import counter
from knowledge.vectors import VectorFiller

if TYPE_CHECKING:
    import sqlalchemy as sa

    from knowledge.embeddings import Embedder

NOT_WARM = "vector search is not ready: the model is still loading; the answer rests on words alone"
NOT_OWNER = "vector search is not ready: another process owns the index; the answer rests on words alone"
SWITCHED_OFF = "vector search is switched off in vigie.toml; the answer rests on words alone"
PASSAGES_A_ROUND = 64


class KnowledgeBase:
    """Thread-safe; every call blocks (use asyncio.to_thread). Open one with `KnowledgeBase.open`."""

    def __init__(self, folder: Path, engine: sa.Engine, lock: OwnerLock | None) -> None:
        self._folder, self._engine, self._lock = folder, engine, lock
        self._given: Embedder | None = None
        self._choice = Choice()
        self._server: Server | None = None
        self._turn = FillTurn(engine)
        self._is_suspect = False
        self._set_aside = ""
        self._store = DocumentStore(engine)
        self._files = FileRecords(engine)
        self._lexical = LexicalIndex()
        self._revision = -1
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
        choice: Choice | None = None,
        chroma: Server | None = None,
        embedder: Embedder | None = None,
        vectors: bool = True,
        limits: Mapping[str, tuple[str, ...]] | None = None,
    ) -> KnowledgeBase:
        """Opens or creates. `url`: SQLAlchemy's, default folder/knowledge.sqlite. `choice`: which model
        makes vectors, default the local one; `embedder`: instead of it. `chroma`: a server for the vectors,
        default embedded in the folder.

        `vectors` False searches by words alone. `limits`: folder of ids -> the channels and people that may
        see what lies there.
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

        base = cls(folder, engine, lock)
        base._given, base._choice, base._server = embedder, choice or Choice(), chroma
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
        index: bool = True,
    ) -> IngestReport:
        """Adds or updates the documents of files and folders; ids are paths below each folder, without
        ending.

        `rebuild`: cut every document anew and start a new vector index. `delete_missing`: remove imported
        documents whose file below these folders is gone. `progress(done, all, path)`. `index` False leaves
        the vectors to `index_pending`. What fails is in the report.
        """
        ingest = Ingest(
            self._store, self._files, _sizes, dry_run=dry_run, rebuild=rebuild, limits=self._limits
        )
        report = ingest.run(paths, delete_missing=delete_missing, progress=progress)
        if dry_run:
            return report
        if rebuild:
            self._store.next_generation()
        if index:
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
            missing = (_incomplete(filler, waiting),)
        try:
            complete = not waiting and filler.former is None
            found = search(query, k, self._lexical, filler.dense, self._store.passages, complete)
            return replace(found, missing=missing)
        except (EmbedderUnavailable, IndexUnavailable) as error:
            # Looked at again before the next passage is indexed.
            self._is_suspect = self._is_suspect or isinstance(error, IndexUnavailable)
            found = search(query, k, self._lexical, None, self._store.passages)
            return replace(
                found, missing=(f"vector search is not ready: {error}; the answer rests on words alone",)
            )

    # -- the indexes

    def warm(self) -> None:
        """Loads the embedder and opens the vector index; without them, remembers why. Does nothing unless
        owner.
        """
        self._sync_lexical()
        with self._indexing:
            if self._lock is None or self._filler is not None or self._closed or self._switched_off:
                return
            chroma = None
            try:
                model = self._folder / "model"
                embedder = self._given or self._choice.embedder(model)
                embedder.warm()
                place = self._place()
                chroma = self._chroma(place)
                self._filler = VectorFiller(
                    self._store, chroma, embedder, place, lambda id: self._choice.former(id, model)
                )
            except (EmbedderUnavailable, WeightsRefused, IndexUnavailable) as error:
                self._why = f"vector search is not ready: {error}; the answer rests on words alone"
                if chroma is not None:
                    chroma.close()

    def _chroma(self, place: str) -> Chroma:
        if self._server is None:
            chroma = Chroma(self._folder / "index")
        else:
            chroma = Chroma(self._server, f"vigie-{place.removeprefix('/server-')}-")
        self._set_aside = chroma.moved or self._set_aside
        return chroma

    def _place(self) -> str:
        """What tells this index from others of the same documents.

        A server's belongs to the documents: all hosts share it. Each folder has one of its own.
        """
        if self._server is not None:
            return f"/server-{self._store.fixed_number('place'):x}"
        if self._engine.dialect.name == "sqlite":
            return ""
        path = self._folder / "place"
        if not path.exists():
            path.write_text(secrets.token_hex(8), encoding="ascii")
        return f"/{path.read_text(encoding='ascii')}"

    def index_pending(self, limit: int = 256) -> int:
        """Embeds and indexes passages that are written but not in the vector index, at most `limit`; how
        many it did.

        0 as well while not warm, and while another host fills the same server. Raises EmbedderUnavailable or
        IndexUnavailable when one fails on the way; run it again later.
        """
        with self._indexing:
            if self._is_suspect:
                self._open_again()
            if self._filler is None or (self._server is not None and not self._turn.take()):
                return 0
            try:
                return self._filler.fill(limit)
            except IndexUnavailable:
                self._is_suspect = True
                raise

    def _open_again(self) -> None:
        """After the index has failed: it may be lost, or its server may have begun anew."""
        self._is_suspect = False
        if self._filler is not None:
            self._filler.chroma.close()
            self._filler = None
            self.warm()

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
        """Counts, and what is ready: documents, passages, waiting, vectors ("ready" or why not), made_by (of
        the new vectors, and of those that answer meanwhile), fills (False: another host does).
        """
        filler = self._filler
        state: dict[str, object] = dict(self._store.counts())
        state["owner"] = self._lock is not None
        state["waiting"] = waiting = filler.waiting() if filler else None
        state["vectors"] = self._why if filler is None else "ready" if not waiting else "being filled"
        state["set_aside"] = self._set_aside
        if filler is not None:
            state["made_by"] = filler.target.embedder.id
            state["answers"] = filler.dense.embedder.id
            state["index"] = self._server.url if self._server else "embedded"
            state["fills"] = self._server is None or self._turn.is_ours
        return state

    def close(self) -> None:
        """Lets go of files and lock; a second call does nothing."""
        with self._indexing, self._syncing:
            if self._closed:
                return
            self._closed = True
            if self._filler is not None:
                self._filler.chroma.close()
                self._filler, self._why = None, "vector search is not ready: the knowledge base is closed"
            self._turn.release()
            self._engine.dispose()
            if self._lock is not None:
                self._lock.release()


def _incomplete(filler: VectorFiller, waiting: int) -> str:
    if filler.former is None:
        return f"vector search is incomplete: {waiting} passages are not in the index yet"
    by, before = filler.target.embedder.id, filler.former.embedder.id
    how = "anew" if by == before else f"by {by}, those of {before} answer meanwhile"
    return f"vector search is being changed: {waiting} passages are still to be embedded {how}"


def _sizes() -> Sizes:
    return sizes(counter())


def _ordinal(passage: Passage) -> tuple[str, int]:
    document, _, rest = passage.id.rpartition("#")
    return document, int(rest.partition("@")[0])
