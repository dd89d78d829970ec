"""The vector index: filled from the documents, whatever happened to it or to the process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge import probing
from knowledge.base import KnowledgeBase
from knowledge.documents import DocumentStore
from knowledge.embeddings.choice import Choice
from knowledge.embeddings.local import DIGESTS, LocalEmbedder, installed_weights
from knowledge.embeddings.ngram import NgramEmbedder
from knowledge.errors import EmbedderUnavailable, WeightsRefused
from knowledge.index import Chroma, VectorIndex
from knowledge.model import Document, Query
from knowledge.probing import set_aside_if_broken

Open = Callable[..., KnowledgeBase]
ROOT = Path(__file__).parents[3]


def test_only_changed_documents_are_embedded(shop: Path, open_base: Open) -> None:
    """An unchanged run embeds nothing, a changed document its own passages, and old vectors go."""
    embedder = NgramEmbedder()
    base = open_base(embedder=embedder)
    base.warm()
    base.ingest([shop])
    assert base.health()["waiting"] == 0
    embedder.embedded = 0
    base.ingest([shop])
    assert embedder.embedded == 0
    path = shop / "runbooks" / "disk-full.md"
    path.write_text(path.read_text().replace("usual reason", "most likely reason"))
    base.ingest([shop])
    assert 0 < embedder.embedded <= 3
    held = _vectors(base)
    base.remove("runbooks/disk-full")
    assert _vectors(base) == held - 2
    result = base.search(Query("a lock file whose owner has died"))
    assert result.missing == ()
    assert result.passages[0].document_id == "runbooks/stale-lock"


def _vectors(base: KnowledgeBase) -> int:
    assert base._filler is not None
    return sum(base._filler.dense.index.count(part) for part in ("windows", "titles"))


CHILD = """
import os, sys
from pathlib import Path
from knowledge.base import KnowledgeBase
from knowledge.embeddings.ngram import NgramEmbedder

class Deadly(NgramEmbedder):
    def embed(self, texts):
        os._exit(9)

base = KnowledgeBase.open(Path(sys.argv[1]), owner=True, embedder=Deadly())
base.warm()
base.ingest([Path(sys.argv[2])])
"""


def test_killed_between_document_and_index_it_is_completed(
    shop: Path, open_base: Open, tmp_path: Path
) -> None:
    """The documents are there, the lock is free, words answer meanwhile, and index_pending does the rest
    once.
    """
    command = [sys.executable, "-c", CHILD, str(tmp_path / "data"), str(shop)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, check=False, timeout=60)  # our own child
    assert ended.returncode == 9
    base = open_base()
    assert len(base.documents()) == 5
    base.warm()
    meanwhile = base.search(Query("expired certificate"))
    assert meanwhile.passages[0].document_id == "incidents/certificate"
    assert "5 passages are not in the index" in meanwhile.missing[0]
    assert base.index_pending(limit=3) == 3
    assert base.index_pending() == 2
    assert base.index_pending() == 0
    assert base.search(Query("expired certificate")).missing == ()
    assert _vectors(base) == 10


def test_stopped_between_vectors_and_mark_nothing_is_doubled(
    shop: Path, open_base: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors that were stored and not marked are stored once more over the same ids."""

    class Cut(Exception):
        """Stands for the process being stopped."""

    def cut(*_: object) -> None:
        raise Cut

    base = open_base()
    base.warm()
    with monkeypatch.context() as patched:
        patched.setattr(DocumentStore, "mark", cut)
        with pytest.raises(Cut):
            base.ingest([shop])
    assert (_vectors(base), base.health()["waiting"]) == (10, 5)
    assert base.index_pending() == 5
    assert (_vectors(base), base.health()["waiting"]) == (10, 0)


def test_a_lost_broken_or_foreign_index_is_built_again(shop: Path, open_base: Open) -> None:
    """A new embedder, a deleted folder, a folder full of rubbish, a rebuild: each ends with a complete
    index.
    """
    base = open_base()
    base.warm()
    base.ingest([shop])
    base.close()
    folder = shop.parent / "data" / "index"

    other = open_base(embedder=NgramEmbedder(32))
    other.warm()
    assert other.index_pending() == 5
    assert other.index_pending() == 0
    assert _vectors(other) == 10
    other.close()

    shutil.rmtree(folder)
    lost = open_base(embedder=NgramEmbedder(32))
    lost.warm()
    assert lost.index_pending() == 5
    report = lost.ingest([shop], rebuild=True)
    assert len(report.unchanged) == 5
    assert (_vectors(lost), lost.health()["waiting"]) == (10, 0)
    lost.close()

    (folder / "chroma.sqlite3").write_bytes(b"rubbish" * 1000)
    broken = open_base(embedder=NgramEmbedder(32))
    broken.warm()
    assert Path(str(broken.health()["set_aside"])).is_dir()
    assert broken.index_pending() == 5
    assert broken.search(Query("expired certificate")).missing == ()


def test_an_index_that_fails_or_closes_costs_no_answer(shop: Path, open_base: Open) -> None:
    """When a collection is gone, or closed by a rebuild, search answers by words and says so."""
    base = open_base()
    base.warm()
    base.ingest([shop])
    assert base._filler is not None
    index = base._filler.dense.index
    base._filler.chroma.client.delete_collection(f"titles-{index.name}")
    found = base.search(Query("expired certificate"))
    assert found.passages[0].document_id == "incidents/certificate"
    assert "--rebuild" in found.missing[0]
    base.ingest([shop], rebuild=True)
    assert base.search(Query("expired certificate")).missing == ()
    base._filler.chroma.close()
    assert "closed" in base.search(Query("expired certificate")).missing[0]


class _Away(NgramEmbedder):
    """An embedder whose endpoint goes away."""

    away = False

    def embed(self, texts: object) -> object:  # type: ignore[override]  # only passes through
        if self.away:
            raise EmbedderUnavailable("the embeddings endpoint failed")
        return super().embed(texts)  # type: ignore[arg-type]  # as above


def test_an_embedder_that_goes_away_costs_no_document(shop: Path, open_base: Open) -> None:
    """Adding and searching go on by words, say so, and catch up afterwards."""
    embedder = _Away()
    base = open_base(embedder=embedder)
    base.warm()
    base.ingest([shop])
    embedder.away = True
    assert base.add(Document("incidents/9", "Cache cold", "incident", "The cache was cold.")) == "added"
    found = base.search(Query("cold cache"))
    assert found.passages[0].document_id == "incidents/9"
    assert "words alone" in found.missing[0]
    embedder.away = False
    assert base.index_pending() == 1
    assert base.search(Query("cold cache")).missing == ()


def test_a_secret_never_reaches_the_index(open_base: Open, tmp_path: Path) -> None:
    """No file of the folder holds it, and the embedder never saw it."""
    seen: list[str] = []

    class Listening(NgramEmbedder):
        def embed(self, texts: list[str]) -> object:  # type: ignore[override]  # only listens
            seen.extend(texts)
            return super().embed(texts)

    word = "CANARYVALUE7QK2M9ZP4"
    base = open_base(embedder=Listening())
    base.warm()
    base.add(Document("d", f"password={word}", "runbook", f"Use xoxb-{word} and postgres://a:{word}@db/x"))
    base.close()
    assert seen
    assert word not in "".join(seen)
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or word.encode() not in path.read_bytes()


# -- the local model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalEmbedder:
    """The installed model, its graph built once."""
    assert installed_weights(), "install the locked model requirements"
    embedder = LocalEmbedder(None, tmp_path_factory.mktemp("model"))
    embedder.warm()
    return embedder


def test_meaning_is_near_meaning(model: LocalEmbedder) -> None:
    """Vectors have length one, do not depend on the batch, and paraphrases are nearer than other topics."""
    texts = ["the disk is full", "no space left on the volume", "how to train a puppy", "long text " * 400]
    vectors = model.embed(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.4 > vectors[0] @ vectors[2]
    assert np.allclose(np.vstack([model.embed([text]) for text in texts]), vectors, atol=1e-5)


def test_a_question_does_not_wait_for_a_long_batch(model: LocalEmbedder) -> None:
    """One text is embedded while another thread embeds hundreds, and its vector is the same as alone."""
    alone = model.embed(["orders wait for a lock"])
    long = [f"passage {number} about orders, mails and locks " * 20 for number in range(60)]
    batch = threading.Thread(target=model.embed, args=(long,))
    batch.start()
    beside = model.embed(["orders wait for a lock"])
    assert batch.is_alive()
    batch.join()
    assert (alone == beside).all()


def test_the_model_finds_other_words_and_says_when_nothing_fits(
    shop: Path, open_base: Open, model: LocalEmbedder
) -> None:
    """A paraphrase finds its runbook; another topic fits nothing, with the vectors at work."""
    base = open_base(embedder=model)
    base.warm()
    base.ingest([shop])
    base.add(
        Document("n", "Night shift", "incident", "The shift ended calmly. Many thanks to all for the food.")
    )
    for question, id in {
        "no storage space left on the db server": "runbooks/disk-full",
        "jobs hang because a dead process still holds its mutex file": "runbooks/stale-lock",
        "customers cannot pay, SSL handshake fails": "incidents/certificate",
    }.items():
        found = base.search(Query(question))
        assert (found.passages[0].document_id, found.fits, found.missing) == (id, True, ())
    for question in (
        "how do I bake bread",
        "which team won the football match",
        "thanks!",
        "holiday policy for parents",
    ):
        assert not base.search(Query(question)).fits


@pytest.mark.parametrize("name", list(DIGESTS))
def test_files_that_are_not_the_published_ones_are_refused(
    shop: Path, open_base: Open, tmp_path: Path, name: str
) -> None:
    """One changed byte is named with the remedy; search goes on by words."""
    source = installed_weights()
    assert source
    weights = tmp_path / "weights"
    weights.mkdir()
    for file in DIGESTS:
        (weights / file).symlink_to(source / file)
    content = bytearray((source / name).read_bytes())
    content[-1] ^= 1
    (weights / name).unlink()
    (weights / name).write_bytes(content)
    with pytest.raises(WeightsRefused, match=rf"{name} .*install the locked model requirements"):
        LocalEmbedder(weights, tmp_path / "cache").warm()
    base = open_base(embedder=None, choice=Choice(weights=weights))
    base.ingest([shop])
    base.warm()
    found = base.search(Query("expired certificate"))
    assert "not the published file" in found.missing[0]
    assert found.passages[0].document_id == "incidents/certificate"


def test_a_damaged_graph_is_built_again(model: LocalEmbedder) -> None:
    """A cached graph that differs by one byte is not run."""
    numbers = model._cache / "minilm-1" / "model.bin"
    with numbers.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    again = LocalEmbedder(None, model._cache)
    again.warm()
    assert numbers.read_bytes()[-1:] == last


DAMAGED = {
    "data_level0.bin": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "header.bin": lambda path: path.unlink(),
}


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with so many vectors that Chroma has written all of its files."""
    folder = tmp_path_factory.mktemp("large")
    rows = np.random.default_rng(0).normal(size=(1100, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chroma = Chroma(folder)
    VectorIndex(chroma, "e", 32, 0).upsert("windows", [f"a#{n}@x|0" for n in range(len(rows))], rows)
    chroma.close()
    return folder


@pytest.mark.parametrize("name", DAMAGED)
def test_torn_files_are_noticed(large: Path, tmp_path: Path, name: str) -> None:
    """Chroma itself opens most of them and finds less: what does not find itself is set aside."""
    folder = tmp_path / "index"
    shutil.copytree(large, folder)
    DAMAGED[name](next(folder.rglob(name)))
    moved = set_aside_if_broken(folder)
    assert moved is not None
    assert moved.is_dir()
    assert not folder.exists()


def test_a_good_index_stays(large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built again that need not be; what was closed well and lies as it lay is not even read."""
    folder = tmp_path / "index"
    shutil.copytree(large, folder)
    probes: list[str] = []
    real = probing._probe

    def probe(*asked: str) -> subprocess.CompletedProcess[str]:
        probes.append(asked[0])
        return real(*asked)

    monkeypatch.setattr(probing, "_probe", probe)
    assert set_aside_if_broken(folder) is None
    assert len(probes) == 1
    probing.note_sound(folder)
    assert set_aside_if_broken(folder) is None
    assert len(probes) == 1
    # Whoever opened it and was killed has left no note.
    assert set_aside_if_broken(folder) is None
    assert len(probes) == 2
