"""The knowledge base: the one class that others use. Documents are written first and indexed after."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.calibrating import LearnedBar, bar_of
from knowledge.causes.past import PastIncidents
from knowledge.chunking import Sizes, sizes
from knowledge.documents import DocumentStore, engine_for
from knowledge.embeddings.choice import Choice
from knowledge.errors import DocumentRefused, EmbedderUnavailable, IndexUnavailable
from knowledge.files import FileRecords, Quarantined
from knowledge.glossary import with_own
from knowledge.ingest import Ingest, Progress, clean, pieces, release
from knowledge.lexical import LexicalIndex
from knowledge.lock import OwnerLock
from knowledge.migrations import create_or_refuse
from knowledge.missing import NOT_OWNER, SWITCHED_OFF
from knowledge.model import Document, IngestReport, Passage, Query, SearchResult
from knowledge.readers import Belongs, with_teams
from knowledge.retrieve import Heard, Tuning, hear, search
from knowledge.server import Server
from knowledge.text.tokens import counter
from knowledge.upkeep import Upkeep
from knowledge.vector_search import Making, VectorSearch, incomplete

if TYPE_CHECKING:
    import sqlalchemy as sa

    from knowledge.causes.model import Judgement
    from knowledge.embeddings import Embedder


class KnowledgeBase:
    """Thread-safe; every call blocks (use asyncio.to_thread). Open one with `KnowledgeBase.open`."""

    def __init__(
        self,
        folder: Path,
        engine: sa.Engine,
        lock: OwnerLock | None,
        making: Making,
        *,
        vectors: bool = True,
    ) -> None:
        self._engine, self._lock = engine, lock
        self._store = DocumentStore(engine)
        idle = SWITCHED_OFF if not vectors else "" if lock else NOT_OWNER
        self._vectors = VectorSearch(folder, engine, self._store, making, idle=idle)
        self._files = FileRecords(engine)
        self.upkeep = Upkeep(engine)
        self._lexical = LexicalIndex()
        self._revision = -1
        self._past = PastIncidents(self._store)
        self._syncing = threading.Lock()
        self._closed = False
        self._limits: dict[str, tuple[str, ...]] = {}
        self._tuning = Tuning()
        self._bar = LearnedBar(self._store)
        # What others know: how useful each document was, -1 to 1; what else readers count as, and what is
        # unknown.
        self.usefulness: Callable[[], Mapping[str, float]] | None = None
        self.belongs: Belongs | None = None

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
        glossary: Path | None = None,
    ) -> KnowledgeBase:
        """Opens or creates. `url`: SQLAlchemy's, default folder/knowledge.sqlite. `choice`: which model
        makes vectors, default the local one; `embedder`: instead of it. `chroma`: a server for the vectors,
        default embedded in the folder.

        `vectors` False searches by words alone. `limits`: folder of ids -> the channels, people and groups
        that may see what lies there. `glossary`: file of this installation's own terms.
        Raises KnowledgeBusy when owner=True and the folder has an owner; KnowledgeOutdated or KnowledgeTooNew
        when another version has made the tables; GlossaryRefused when that file is wrong.
        """
        tuning = Tuning(with_own(glossary))
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

        base = cls(folder, engine, lock, Making(choice or Choice(), embedder, chroma), vectors=vectors)
        base._limits = dict(limits or {})
        base._tuning = tuning
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
            self._vectors.fill_all()
        return report

    def add(self, document: Document) -> str:
        """Writes one document, redacted: "added", "changed" or "unchanged". Raises DocumentRefused,
        DocumentQuarantined.
        """
        document = clean(document)
        result = self._store.write(document, pieces(document, _sizes()))
        self._vectors.fill_all()
        return result

    def remove(self, document_id: str) -> bool:
        """Removes a document, its passages of all versions and their vectors, also from quarantine; False
        when there is none.
        """
        aside = self._files.forget(document_id)
        gone = self._store.remove(document_id) or aside
        if gone:
            self._vectors.fill_all()
        return gone

    def release(self, document_id: str) -> str:
        """Lets a document out of quarantine, its private keys taken out: "added", "changed" or "unchanged".

        Raises DocumentRefused when none of this id is there, or its file changed since.
        """
        aside = self.quarantined().get(document_id)
        if aside is None:
            raise DocumentRefused("id", f"{document_id} is not in quarantine", "See `vigie documents list`.")
        result = release(self._store, self._files, aside, _sizes, self._limits)
        self._vectors.fill_all()
        return result

    # -- reading

    def quarantined(self) -> dict[str, Quarantined]:
        """What was not taken in and waits for a person, by its id."""
        return {id: aside for id, aside in self._files.quarantined().items() if not aside.released}

    def documents(self) -> list[Document]:
        """All documents by id."""
        return self._store.all()

    def readers(self) -> dict[str, str]:
        """Everybody that a document is limited to, as it names them, and the first document that does."""
        return self._store.readers()

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
        query, untold = with_teams(query, self.belongs, self._lexical.limits)
        found = self._answer(query, k)
        return replace(found, missing=(*found.missing, untold)) if untold else found

    def may_see(self, access: tuple[str, ...], readers: frozenset[str]) -> bool:
        """Whether a document with this `access` is found for these readers, with all that they count as."""
        return with_teams(Query("", seen_by=readers), self.belongs, [access])[0].may_see(access)

    def _answer(self, query: Query, k: int) -> SearchResult:
        missing: tuple[str, ...] = ()
        filler = self._vectors.filler
        tuning = self._tuned()
        if filler is None:
            found = search(query, k, self._lexical, None, self._store.passages, tuning=tuning)
            return replace(found, missing=(self._vectors.why,))
        waiting = self._vectors.waiting(filler, self._revision)
        if waiting:
            missing = (incomplete(filler, waiting),)
        try:
            complete = not waiting and filler.former is None
            found = search(query, k, self._lexical, filler.dense, self._store.passages, complete, tuning)
            return replace(found, missing=missing)
        except (EmbedderUnavailable, IndexUnavailable) as error:
            found = search(query, k, self._lexical, None, self._store.passages, tuning=tuning)
            return replace(found, missing=(self._vectors.failed(error),))

    def hear(self, query: Query, tuning: Tuning | None = None) -> Heard:
        """What each signal says of a query, for measurements."""
        self._sync_lexical()
        filler = self._vectors.filler
        return hear(query, self._lexical, filler.dense if filler else None, tuning or self._tuned())

    def _tuned(self) -> Tuning:
        """With what people find useful now, where somebody (`usefulness`, which must not raise) knows it, and
        with what was learned of these documents.
        """
        filler = self._vectors.filler
        bar = self._bar.of(filler.dense.index.name, len(self._lexical.about)) if filler else self._tuning.bar
        return replace(self._tuning, usefulness=self.usefulness() if self.usefulness else {}, bar=bar)

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
        self._vectors.warm()

    def index_pending(self, limit: int = 256) -> int:
        """Embeds and indexes passages that are written but not in the vector index, at most `limit`; how
        many it did.

        0 as well while not warm, and while another host fills the same server. Raises EmbedderUnavailable or
        IndexUnavailable when one fails on the way; run it again later.
        """
        return self._vectors.fill(limit)

    def calibrate(self) -> float | None:
        """Learns from the documents what must be reached before something fits; None where it need not, or
        cannot now.

        It costs as much as some dozens of searches, when the documents have changed by a quarter.
        """
        self._sync_lexical()
        filler = self._vectors.filler
        if filler is None or filler.former or self._vectors.waiting(filler, self._revision):
            return None
        index = filler.dense.index.name
        ids = sorted(self._lexical.about)
        if not self._bar.is_due(index, len(ids)):
            return None
        try:
            bar = bar_of(ids, self._ask_title)
        except (EmbedderUnavailable, IndexUnavailable):
            return None
        self._bar.keep(index, len(ids), bar)
        return bar

    def _ask_title(self, document_id: str) -> Heard:
        kept = self.upkeep.of(document_id)
        return self.hear(Query(kept.title if kept else ""))

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
            fresh_parts = (parts[id] for id in sorted(fresh) if id in parts)
            self._lexical.update(fresh_parts, gone, whole, self._store.reviewed(touched))
            self._bar.read()
            self._revision = revision

    def health(self) -> dict[str, object]:
        """Counts, and what is ready: documents, passages, waiting, vectors ("ready" or why not), made_by (of
        the new vectors, and of those that answer meanwhile), fills (False: another host does).
        """
        state: dict[str, object] = dict(self._store.counts())
        return state | {"owner": self._lock is not None} | self._vectors.health()

    def close(self) -> None:
        """Lets go of files and lock; a second call does nothing."""
        with self._syncing:
            if self._closed:
                return
            self._closed = True
            self._vectors.close()
            self._engine.dispose()
            if self._lock is not None:
                self._lock.release()


def _sizes() -> Sizes:
    return sizes(counter())


def _ordinal(passage: Passage) -> tuple[str, int]:
    document, _, rest = passage.id.rpartition("#")
    return document, int(rest.partition("@")[0])
