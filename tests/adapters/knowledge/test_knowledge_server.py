"""A real Chroma server: shared by several installations and hosts, wiped, foreign, hanging, away."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import chromadb
import pytest

from knowledge import index as index_module
from knowledge import probing
from knowledge.base import KnowledgeBase
from knowledge.embeddings.ngram import NgramEmbedder
from knowledge.errors import IndexUnavailable
from knowledge.index import Chroma, VectorIndex
from knowledge.model import Query
from knowledge.server import Server
from tests.chroma import chroma_server, free_port
from tests.postgresql import database

Open = Callable[..., KnowledgeBase]
QUESTION = Query("a lock file whose owner has died")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of them, as installations share one."""
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield Server(url)


@cache
def client_of(server: Server) -> Any:  # noqa: ANN401  # Chroma's own client
    return chromadb.HttpClient("127.0.0.1", int(server.url.rpartition(":")[2]))


def names(server: Server) -> set[str]:
    return {one.name for one in client_of(server).list_collections()}


def test_vectors_on_a_server_answer(there: Server, shop: Path, open_base: Open, tmp_path: Path) -> None:
    """Nothing of them lies in the folder, and no text on the server."""
    base = open_base(chroma=there)
    base.warm()
    base.ingest([shop])
    found = base.search(QUESTION)
    assert (found.passages[0].document_id, found.missing) == ("runbooks/stale-lock", ())
    assert not (tmp_path / "data" / "index").exists()
    assert (base.health()["index"], base.health()["fills"]) == (there.url, True)
    for one in client_of(there).list_collections():
        assert not any(client_of(there).get_collection(one.name).get()["documents"] or [])


def test_installations_leave_each_other_alone(
    there: Server, shop: Path, open_base: Open, tmp_path: Path
) -> None:
    """A rebuild of one deletes its own collections only, also beside those of other programs."""
    client_of(there).get_or_create_collection("somebody-else")
    one = open_base(chroma=there, folder=tmp_path / "one")
    other = open_base(chroma=there, folder=tmp_path / "other")
    for base in (one, other):
        base.warm()
        base.ingest([shop])
    before = names(there)
    one.ingest([shop], rebuild=True)
    assert one.index_pending() == 0
    assert "somebody-else" in names(there)
    assert len(names(there)) == len(before)
    assert other.search(QUESTION).missing == ()


def test_a_wiped_server_is_filled_again(there: Server, shop: Path, open_base: Open) -> None:
    """While it serves: the next question says so, and the next round fills it."""
    base = open_base(chroma=there)
    base.warm()
    base.ingest([shop])
    assert base._vectors.filler is not None
    family = base._vectors.filler.chroma.family
    for name in names(there):
        if name.startswith(family):
            client_of(there).delete_collection(name)
    assert "failed" in base.search(QUESTION).missing[0]
    assert base.index_pending() == 5
    assert base.search(QUESTION).missing == ()


@pytest.mark.parametrize("damage", ["missing", "foreign"])
def test_broken_collections_are_filled_again_at_the_start(
    there: Server, shop: Path, open_base: Open, damage: str
) -> None:
    """Some vectors are gone; others have been put in the place of ours."""
    base = open_base(chroma=there)
    base.warm()
    base.ingest([shop])
    assert base._vectors.filler is not None
    name = f"{base._vectors.filler.chroma.family}windows-{base._vectors.filler.target.index.name}"
    base.close()
    collection = client_of(there).get_collection(name)
    ids = collection.get()["ids"]
    if damage == "missing":
        collection.delete(ids=ids[:1])
    else:
        client_of(there).delete_collection(name)
        about = collection.metadata | {"dimension": 3}
        client_of(there).create_collection(name, metadata=about).add(ids=ids, embeddings=[[1.0, 0, 0]] * 5)
    again = open_base(chroma=there)
    again.warm()
    assert again.index_pending() == 5
    assert again.search(QUESTION).missing == ()


def test_a_server_that_is_away_costs_no_answer_and_no_document(
    shop: Path, open_base: Open, tmp_path: Path
) -> None:
    """Away at the start, there, and away again: words alone meanwhile, said so, and nothing is lost."""
    port = free_port()
    base = open_base(chroma=Server(f"http://127.0.0.1:{port}"))
    base.warm()
    assert len(base.ingest([shop]).added) == 5
    found = base.search(QUESTION)
    assert found.passages[0].document_id == "runbooks/stale-lock"
    assert f"http://127.0.0.1:{port} does not answer" in found.missing[0]
    with chroma_server(tmp_path / "server", port):
        base.warm()
        assert base.index_pending() == 5
        assert base.search(QUESTION).missing == ()
    found = base.search(QUESTION)
    assert found.passages[0].document_id == "runbooks/stale-lock"
    assert "words alone" in found.missing[0]
    assert base.index_pending() == 0
    assert "does not answer" in base.search(QUESTION).missing[0]


def test_a_server_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes the connection and never answers holds nobody up."""
    monkeypatch.setattr(index_module, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(IndexUnavailable, match="does not answer"):
            Chroma(Server(f"http://127.0.0.1:{silent.getsockname()[1]}"), "vigie-x-")
        monkeypatch.setattr(probing, "SECONDS", 2.0)
        with pytest.raises(IndexUnavailable, match="did not answer within"):
            probing.broken_on_server(f"http://127.0.0.1:{silent.getsockname()[1]}", "", "vigie-x-")


def test_a_call_that_hangs_is_given_up(there: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was there and then says nothing more."""
    monkeypatch.setattr(index_module, "ANSWER_SECONDS", 2.0)
    chroma = Chroma(there, "vigie-slow-")
    index = VectorIndex(chroma, "e", 3, 0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = chroma.client._server
        server._api_url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v2"
        with pytest.raises(IndexUnavailable, match="ReadTimeout"):
            index.count("windows")


def test_one_host_fills_what_several_share(
    there: Server, shop: Path, open_base: Open, tmp_path: Path
) -> None:
    """Two hosts with one database and one server: one fills, both answer, and the other takes over."""
    url = database("postgresql")["VIGIE_STORE_URL"].replace("postgresql://", "postgresql+psycopg://")
    embedders = [NgramEmbedder(), NgramEmbedder()]
    one, other = (
        open_base(chroma=there, url=url, folder=tmp_path / f"host{number}", embedder=embedder)
        for number, embedder in enumerate(embedders)
    )
    one.warm()
    other.warm()
    assert one.index_pending() == 0  # takes the turn
    other.ingest([shop])
    assert (other.health()["fills"], other.health()["waiting"]) == (False, 5)
    assert one.index_pending() == 5
    embedders[1].embedded = 0
    assert other.search(QUESTION).missing == ()
    assert embedders[1].embedded == 1
    one.close()
    (shop / "runbooks" / "new.md").write_text("# New\n\nA new one.")
    other.ingest([shop])
    assert (other.health()["fills"], other.health()["waiting"]) == (True, 0)
