"""The vector index: the only file that imports chromadb. It holds vectors and ids, never text, and can be
rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from knowledge.errors import IndexUnavailable
from knowledge.probing import BROKEN, TOKEN, broken_on_server, note_sound, set_aside_if_broken
from knowledge.server import Server

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors

HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
# Chroma takes 5461 records a call at most.
BATCH = 1000
ANSWER_SECONDS, CONNECT_SECONDS = 10.0, 3.0
# So many vectors of a collection must find themselves when it is opened.
SAMPLE = 200
NEAR_ITSELF = 0.99

# Windows of passages and titles of documents are ranked apart; a filter inside one collection would be slow.
# What is for a few lies in collections of its own, which only who may see some of it asks, with a filter.
PARTS = ("windows", "titles")
LIMITED = "limited-"
_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections?limit=100000"


def index_name(embedder_id: str, dimension: int, generation: int) -> str:
    """One name for each embedder, dimension and rebuild: vectors of different kinds never meet."""
    digest = hashlib.sha256(f"{embedder_id}|{dimension}".encode()).hexdigest()[:12]
    return f"{digest}-{generation}"


@dataclass(frozen=True, slots=True)
class Held:
    """An index that is there: `by` is the id of the embedder that made its vectors."""

    name: str
    by: str
    maker: str
    dimension: int
    generation: int


class Chroma:
    """Where vectors are kept: a folder that exactly one process opens, or a server that several hosts ask.

    `family` begins the name of each collection, so that those of others on the same server stay untouched.
    """

    def __init__(self, where: Path | Server, family: str = "") -> None:
        """Opens or creates. A folder that is broken is moved aside, and `moved` names where; broken
        collections of a server are deleted, and `moved` names it. Raises IndexUnavailable.
        """
        self.family, self.moved = family, ""
        self.turn, self._closed, self._failed = threading.Lock(), False, False
        self._folder = where if isinstance(where, Path) else None
        if isinstance(where, Path):
            self.moved = str(set_aside_if_broken(where) or "")
            self.client = _in_folder(where)
            return
        has_ours = any(name.startswith(family) for name in _names_on(where))
        broken = broken_on_server(where.url, where.token, family) if has_ours else []
        self.client = _on_server(where)
        with self.use():
            for name in broken:
                self.client.delete_collection(name)
        self.moved = f"collections on {where.url}" if broken else ""

    def held(self) -> list[Held]:
        """Every index of this family."""
        found = []
        start = f"{self.family}{PARTS[0]}-"
        with self.use():
            for one in self.client.list_collections():
                about = one.metadata or {}
                dimension, maker = about.get("dimension"), about.get("embedder")
                if one.name.startswith(start) and isinstance(dimension, int) and isinstance(maker, str):
                    name = one.name.removeprefix(start)
                    generation = name.rpartition("-")[2]
                    by = about.get("by", maker.partition("/")[0])
                    number = int(generation) if generation.isdigit() else 0
                    found.append(Held(name, str(by), maker, dimension, number))
        return found

    def drop_all_but(self, index: str) -> list[str]:
        """Deletes every other collection of the family; the names of the indexes that are gone."""
        dropped = [one.name for one in self.held() if one.name != index]
        with self.use():
            for one in self.client.list_collections():
                if one.name.startswith(self.family) and not one.name.endswith(f"-{index}"):
                    self.client.delete_collection(one.name)
        return dropped

    def close(self) -> None:
        """Lets go of files and connections, after whoever is using them; later calls raise
        IndexUnavailable.
        """
        with self.turn:
            if not self._closed:
                self._closed = True
                _close(self.client)
                if self._folder is not None and not self._failed:
                    note_sound(self._folder)

    @contextmanager
    def use(self) -> Iterator[None]:
        """One caller at a time, never after `close`; Chroma's errors become ours."""
        import chromadb
        import httpx

        with self.turn:
            if self._closed:
                raise IndexUnavailable("the vector index is closed; search again")
            try:
                yield
            except (chromadb.errors.ChromaError, OSError, httpx.HTTPError, ValueError) as error:
                self._failed = True
                raise IndexUnavailable(
                    f"the vector index failed ({type(error).__name__}); ingest with --rebuild if it stays so"
                ) from error


class VectorIndex:
    """The vectors of one embedder, in one collection for each of PARTS."""

    def __init__(
        self, chroma: Chroma, embedder_id: str, dimension: int, generation: int, by: str = ""
    ) -> None:
        """Opens or creates. `by`: what makes such vectors again, default the beginning of `embedder_id`."""
        self._chroma = chroma
        self.name = index_name(embedder_id, dimension, generation)
        about = {"embedder": embedder_id, "dimension": dimension}
        more = {"by": by or embedder_id.partition("/")[0]}
        names = [*PARTS, *(f"{LIMITED}{part}" for part in PARTS)]
        with chroma.use():
            self._parts = {
                part: self._collection(f"{chroma.family}{part}-{self.name}", about, more) for part in names
            }

    def _collection(self, name: str, about: dict[str, Any], more: dict[str, Any]) -> Any:  # noqa: ANN401  # chromadb is loaded late
        settings: dict[str, Any] = {"embedding_function": None, "configuration": {"hnsw": HNSW}}
        client = self._chroma.client
        collection = client.get_or_create_collection(name, metadata=about | more, **settings)
        held = collection.metadata or {}
        if {key: held.get(key) for key in about} == about:
            return collection
        client.delete_collection(name)
        return client.create_collection(name, metadata=about | more, **settings)

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
                with self._chroma.use():
                    self._parts[name].upsert(
                        ids=[ids[place] for place in some], embeddings=vectors[some], metadatas=about
                    )

    def delete(self, part: str, ids: Sequence[str]) -> None:
        """Removes vectors; unknown ids are ignored."""
        for name in (part, f"{LIMITED}{part}"):
            for start in range(0, len(ids), BATCH):
                with self._chroma.use():
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
        with self._chroma.use():
            found = self._parts[name].query(
                query_embeddings=one, n_results=limit, include=["distances"], where=within
            )
        distances = found["distances"] or [[]]
        return [(id, 1.0 - distance) for id, distance in zip(found["ids"][0], distances[0], strict=True)]

    def count(self, part: str) -> int:
        """Vectors in the collections of a part."""
        with self._chroma.use():
            return sum(int(self._parts[name].count()) for name in (part, f"{LIMITED}{part}"))


def access_key(access: tuple[str, ...]) -> str:
    """One text for one set of those who may see something."""
    return json.dumps(sorted(set(access)))


def probe(where: str, family: str) -> int:
    """Whether every collection finds what it holds: 0, or BROKEN with their names printed."""
    remote = where.startswith(("http://", "https://"))
    client = _on_server(Server(where, os.environ.get(TOKEN, ""))) if remote else _in_folder(Path(where))
    broken = [
        one.name
        for one in client.list_collections()
        if one.name.startswith(family) and not _finds_itself(client, one.name)
    ]
    _close(client)
    print("\n".join(broken))
    return BROKEN if broken else 0


def _finds_itself(client: Any, name: str) -> bool:  # noqa: ANN401
    """Whether a sample of the vectors can be read, has the right length, and is found by itself."""
    import chromadb

    try:
        collection = client.get_collection(name, embedding_function=None)
        ids = collection.get(include=[], limit=1_000_000)["ids"]
        some = ids[:: max(1, len(ids) // SAMPLE)]
        if not some:
            return True
        vectors = collection.get(ids=some, include=["embeddings"])["embeddings"]
        if len(vectors) != len(some) or len(vectors[0]) != (collection.metadata or {}).get("dimension"):
            return False
        found = collection.query(query_embeddings=vectors, n_results=1, include=["distances"])
    except (chromadb.errors.ChromaError, ValueError):
        return False
    return all(near and 1.0 - near[0] >= NEAR_ITSELF for near in found["distances"])


def _in_folder(folder: Path) -> Any:  # noqa: ANN401  # chromadb is loaded late
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


def _on_server(server: Server) -> Any:  # noqa: ANN401
    import chromadb
    import httpx
    from chromadb.config import Settings

    parts = urlsplit(server.url)
    secure = parts.scheme == "https"
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else None
    try:
        client = chromadb.HttpClient(
            parts.hostname or "",
            parts.port or (443 if secure else 80),
            secure,
            headers,
            Settings(anonymized_telemetry=False),
        )
        # Chroma's own client waits without end.
        client._server._session.timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)  # type: ignore[attr-defined]  # no setting for it
    except (OSError, ValueError, httpx.HTTPError, chromadb.errors.ChromaError) as error:
        raise IndexUnavailable(server.away) from error
    return client


def _names_on(server: Server) -> list[str]:
    """The collections of a server, asked for by hand as Chroma's client waits without end while it connects.

    Raises IndexUnavailable.
    """
    import httpx

    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    try:
        with httpx.Client(timeout=CONNECT_SECONDS, headers=headers) as client:
            return [
                str(one["name"])
                for one in client.get(f"{server.url}{_COLLECTIONS}").raise_for_status().json()
            ]
    except (OSError, httpx.HTTPError, ValueError, TypeError, KeyError) as error:
        raise IndexUnavailable(server.away) from error


def _close(client: Any) -> None:  # noqa: ANN401
    """Chroma's client leaves its connections to a server open."""
    session = getattr(client._server, "_session", None)
    client.close()
    if session is not None:
        session.close()
