"""The vector index: the only file that imports chromadb. It holds vectors and ids, never text, and can be
rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import IndexUnavailable

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors

HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
# Chroma takes 5461 records a call at most.
BATCH = 1000
PROBE_SECONDS = 30.0


# Windows of passages and titles of documents are ranked apart; a filter inside one collection would be slow.
# What is for a few lies in collections of its own, which only who may see some of it asks, with a filter.
PARTS = ("windows", "titles")
LIMITED = "limited-"


def index_name(embedder_id: str, dimension: int, generation: int) -> str:
    """One name for each embedder, dimension and rebuild: vectors of different kinds never meet."""
    digest = hashlib.sha256(f"{embedder_id}|{dimension}".encode()).hexdigest()[:12]
    return f"{digest}-{generation}"


class VectorIndex:
    """An embedded Chroma folder with one collection for each of PARTS. Exactly one process may open it."""

    def __init__(self, folder: Path, embedder_id: str, dimension: int, generation: int) -> None:
        """Opens or creates. A folder that cannot be read is moved aside, and `moved` names where."""
        self.moved = _set_aside_if_broken(folder)
        self.name = index_name(embedder_id, dimension, generation)
        self._turn, self._closed = threading.Lock(), False
        self._client = _client(folder)
        about = {"embedder": embedder_id, "dimension": dimension}
        names = [*PARTS, *(f"{LIMITED}{part}" for part in PARTS)]
        self._parts = {part: self._collection(f"{part}-{self.name}", about) for part in names}

    def _collection(self, name: str, about: dict[str, Any]) -> Any:  # noqa: ANN401  # chromadb is loaded late
        settings = {"embedding_function": None, "metadata": about, "configuration": {"hnsw": HNSW}}
        collection = self._client.get_or_create_collection(name, **settings)
        held = collection.metadata or {}
        if {key: held.get(key) for key in about} == about:
            return collection
        self._client.delete_collection(name)
        return self._client.create_collection(name, **settings)

    def upsert(
        self, part: str, ids: Sequence[str], vectors: Vectors, access: Sequence[tuple[str, ...]] = ()
    ) -> None:
        """Adds or replaces vectors; `access` names who may see each, all of them everybody when left out."""
        limits = access or [()] * len(ids)
        for name, limited in ((part, False), (f"{LIMITED}{part}", True)):
            places = [place for place, one in enumerate(limits) if bool(one) == limited]
            for start in range(0, len(places), BATCH):
                some = places[start : start + BATCH]
                about = [{"access": access_key(limits[place])} for place in some] if limited else None
                with self._use():
                    self._parts[name].upsert(
                        ids=[ids[place] for place in some], embeddings=vectors[some], metadatas=about
                    )

    def delete(self, part: str, ids: Sequence[str]) -> None:
        """Removes vectors; unknown ids are ignored."""
        for name in (part, f"{LIMITED}{part}"):
            for start in range(0, len(ids), BATCH):
                with self._use():
                    self._parts[name].delete(ids=list(ids[start : start + BATCH]))

    def query(
        self, part: str, vector: Vectors, limit: int, access: Collection[tuple[str, ...]] = ()
    ) -> list[tuple[str, float]]:
        """The nearest (id, cosine), best first, of what everybody sees and what has one of these limits."""
        found = self._nearest(part, vector, limit)
        if access:
            within = {"access": {"$in": sorted({access_key(one) for one in access})}}
            found += self._nearest(f"{LIMITED}{part}", vector, limit, within)
            found.sort(key=lambda one: -one[1])
        return found[:limit]

    def _nearest(
        self, name: str, vector: Vectors, limit: int, within: dict[str, Any] | None = None
    ) -> list[tuple[str, float]]:
        one = vector.reshape(1, -1)
        with self._use():
            found = self._parts[name].query(
                query_embeddings=one, n_results=limit, include=["distances"], where=within
            )
        distances = found["distances"] or [[]]
        return [(id, 1.0 - distance) for id, distance in zip(found["ids"][0], distances[0], strict=True)]

    def count(self, part: str) -> int:
        """Vectors in the collections of a part."""
        with self._use():
            return sum(int(self._parts[name].count()) for name in (part, f"{LIMITED}{part}"))

    def drop_others(self) -> list[str]:
        """Deletes every other collection; returns their names."""
        mine = {f"{part}-{self.name}" for part in self._parts}
        with self._use():
            others = [one.name for one in self._client.list_collections() if one.name not in mine]
            for name in others:
                self._client.delete_collection(name)
        return others

    def close(self) -> None:
        """Lets go of the files, after whoever is using them; later calls raise IndexUnavailable."""
        with self._turn:
            self._closed = True
            self._client.close()

    @contextmanager
    def _use(self) -> Iterator[None]:
        """One caller at a time, never after `close`; Chroma's errors become ours."""
        import chromadb

        with self._turn:
            if self._closed:
                raise IndexUnavailable("the vector index is closed; search again")
            try:
                yield
            except (chromadb.errors.ChromaError, OSError) as error:
                raise IndexUnavailable(
                    f"the vector index failed ({type(error).__name__}); ingest with --rebuild if it stays so"
                ) from error


def access_key(access: tuple[str, ...]) -> str:
    """One text for one set of those who may see something."""
    return json.dumps(sorted(set(access)))


def probe(folder: Path) -> None:
    """Reads every collection once, in a process of its own, so that a broken folder shows itself here."""
    client = _client(folder)
    for listed in client.list_collections():
        collection = client.get_collection(listed.name, embedding_function=None)
        dimension = (collection.metadata or {}).get("dimension")
        if isinstance(dimension, int) and collection.count():
            collection.query(query_embeddings=[[1.0] + [0.0] * (dimension - 1)], n_results=1)
    client.close()


def _client(folder: Path) -> Any:  # noqa: ANN401  # chromadb is loaded late
    import chromadb
    from chromadb.config import Settings

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    except (OSError, ValueError, chromadb.errors.ChromaError) as error:
        raise IndexUnavailable(
            f"the vector index in {folder} cannot be opened ({type(error).__name__}); "
            "check that the folder is writable and has free space"
        ) from error


def _set_aside_if_broken(folder: Path) -> Path | None:
    """A broken folder can hang or kill its reader, so another process reads it first, with a time limit."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    root = Path(__file__).parents[1]
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); "
        "from knowledge.index import probe; probe(Path(sys.argv[2]))"
    )
    command = [sys.executable, "-P", "-c", code, str(root), str(folder)]
    try:
        subprocess.run(command, check=True, timeout=PROBE_SECONDS, capture_output=True)  # noqa: S603  # a fixed command, no shell
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        aside = folder.with_name(f"{folder.name}.broken-{time.time_ns()}")
        folder.rename(aside)
        return aside
    return None
