"""Vectors from an endpoint: any model by one setting, changed while people search, broken in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.base import KnowledgeBase
from knowledge.embeddings import openai
from knowledge.embeddings.choice import Choice
from knowledge.embeddings.floor import UNRELATED, floor_of
from knowledge.embeddings.openai import OpenAIEmbedder
from knowledge.errors import EmbedderUnavailable
from knowledge.model import Query
from tests.embeddings_endpoint import Endpoint, endpoint, vectors_of

Open = Callable[..., KnowledgeBase]
QUESTION = Query("a lock file whose owner has died")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint; after a failure it is asked again at once, and nobody waits long for it."""
    monkeypatch.setattr(openai, "REST_SECONDS", 0.0)
    monkeypatch.setattr(openai, "FEW_SECONDS", 0.3)
    monkeypatch.setattr(openai, "BATCH_SECONDS", 0.3)
    with endpoint() as there:
        yield there


def choice(there: Endpoint, model: str = "small") -> Choice:
    return Choice(model, there.url, "the-key")


def test_an_endpoint_gives_vectors(asked: Endpoint) -> None:
    """In the order of the texts, of length one; it gets the model's name and the key."""
    embedder = OpenAIEmbedder("small", "the-key", asked.url)
    embedder.warm()
    assert embedder.dimension == 48
    texts = ["a" * n for n in range(1, 100)]
    vectors = embedder.embed(texts)
    assert np.allclose(vectors, vectors_of(48)(texts), atol=1e-6)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert asked.asked[-1]["model"] == "small"
    assert set(asked.keys) == {"Bearer the-key"}


BROKEN: dict[str, Callable[[Endpoint], Any]] = {
    "status 401": lambda e: setattr(e, "status", 401),
    "status 503": lambda e: setattr(e, "status", 503),
    "another number": lambda e: setattr(e, "answer", lambda texts: [[1.0, 2.0]] * (len(texts) - 1)),
    "several lengths": lambda e: setattr(
        e, "answer", lambda texts: [[1.0] * n for n in range(1, len(texts) + 1)]
    ),
    "no direction": lambda e: setattr(e, "answer", lambda texts: [[0.0] * 48] * len(texts)),
    "instead of 48": lambda e: setattr(e, "answer", vectors_of(32)),
    "TimeoutError": lambda e: setattr(e, "drips", True),
    "answered with": lambda e: setattr(e, "answer", lambda texts: [[float("nan")] * 48] * len(texts)),
    "failed": lambda e: setattr(e, "body", b"<html>"),
    "endpoint": lambda e: setattr(e, "body", b'{"data": [{"index": 0}]}'),
}


@pytest.mark.parametrize("word", BROKEN)
def test_a_broken_endpoint_is_named(asked: Endpoint, word: str) -> None:
    """Refused, away, slow without end, too few, no numbers, another dimension: said, and never the key."""
    embedder = OpenAIEmbedder("small", "the-key", asked.url)
    embedder.warm()
    BROKEN[word](asked)
    with pytest.raises(EmbedderUnavailable, match=word) as caught:
        embedder.embed(["one", "two"])
    assert asked.url in str(caught.value)
    assert "the-key" not in str(caught.value)


def test_after_a_failure_nobody_waits(asked: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """For some seconds the next question is answered by words without asking once more."""
    monkeypatch.setattr(openai, "REST_SECONDS", 60.0)
    embedder = OpenAIEmbedder("small", "", asked.url)
    asked.status = 500
    for _ in range(3):
        with pytest.raises(EmbedderUnavailable, match="status 500"):
            embedder.embed(["one"])
    assert len(asked.asked) == 1


def test_an_endpoint_that_breaks_loses_nothing(asked: Endpoint, shop: Path, open_base: Open) -> None:
    """Words answer meanwhile and say so; what waits is embedded once it is back."""
    base = open_base(embedder=None, choice=choice(asked))
    base.warm()
    asked.answer = vectors_of(32)
    assert len(base.ingest([shop]).added) == 5
    found = base.search(QUESTION)
    assert found.passages[0].document_id == "runbooks/stale-lock"
    assert any("instead of 48" in said and "words alone" in said for said in found.missing)
    assert base.health()["waiting"] == 5
    asked.answer = vectors_of(48)
    assert base.index_pending() == 5
    assert base.search(QUESTION).missing == ()


def test_a_changed_model_fills_a_new_index_while_the_old_one_answers(
    asked: Endpoint, shop: Path, open_base: Open
) -> None:
    """Until the last passage has its new vectors the old ones answer, said so; then they are gone."""
    before = open_base(embedder=None, choice=choice(asked))
    before.warm()
    before.ingest([shop])
    before.close()

    asked.answer = lambda texts: vectors_of(48 if asked.asked[-1]["model"] == "small" else 32)(texts)
    base = open_base(embedder=None, choice=choice(asked, "large"))
    base.warm()
    state = base.health()
    assert [state[name] for name in ("vectors", "waiting")] == ["being filled", 5]
    assert str(state["made_by"]).startswith("openai:large@")
    assert str(state["answers"]).startswith("openai:small@")
    assert base.index_pending(limit=3) == 3
    found = base.search(QUESTION)
    assert asked.asked[-1]["model"] == "small"
    assert "2 passages are still to be embedded by openai:large" in found.missing[0]
    assert base.index_pending() == 2
    assert base.index_pending() == 0
    found = base.search(QUESTION)
    assert (asked.asked[-1]["model"], found.missing) == ("large", ())
    assert [held.by for held in base._filler.chroma.held()] == [base.health()["made_by"]]  # type: ignore[union-attr]  # warm
    base.close()

    asked.asked.clear()
    again = open_base(embedder=None, choice=choice(asked, "large"))
    again.warm()
    assert again.index_pending() == 0
    assert asked.texts == list(UNRELATED)


def test_another_endpoint_of_before_is_never_asked(asked: Endpoint, shop: Path, open_base: Open) -> None:
    """A key goes where it belongs: what an index says of the past sends it nowhere."""
    with endpoint() as old:
        before = open_base(embedder=None, choice=choice(old))
        before.warm()
        before.ingest([shop])
        before.close()
        old.asked.clear()
        base = open_base(embedder=None, choice=choice(asked, "large"))
        base.warm()
        base.index_pending(limit=3)
        assert "incomplete" in base.search(QUESTION).missing[0]
        assert old.asked == []


def test_rebuilding_costs_no_answer(shop: Path, open_base: Open) -> None:
    """The index of before answers until the new one is complete."""
    base = open_base()
    base.warm()
    base.ingest([shop])
    base.ingest([shop], rebuild=True, index=False)
    assert base.index_pending(limit=2) == 2
    found = base.search(QUESTION)
    assert found.passages[0].document_id == "runbooks/stale-lock"
    assert "3 passages are still to be embedded anew" in found.missing[0]
    assert base.index_pending() == 3
    assert base.index_pending() == 0
    assert base.search(QUESTION).missing == ()


@pytest.mark.parametrize("dimension", [24, 48, 512])
def test_the_floor_is_learned(dimension: int) -> None:
    """Texts that have nothing in common stay below it on average, whatever the model."""
    vectors = np.asarray(vectors_of(dimension)(list(UNRELATED)), np.float32)
    near = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    assert np.mean(near) < floor_of(vectors) < 0.95
