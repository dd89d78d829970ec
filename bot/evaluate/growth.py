"""How search, ingestion and what a model is sent grow with the knowledge base: invented documents, vectors
for free.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentState
from bot.llm.fitting import fit
from bot.stages.investigate import number
from bot.stages.steps import PASSAGES
from knowledge.base import KnowledgeBase
from knowledge.model import Query
from knowledge.text.tokens import counter

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors

SIZES = (1_000, 10_000, 100_000)
DOCUMENTS = (10, 1_000, 10_000)
A_DOCUMENT, A_SECTION = 10, 110
QUESTIONS = 200
BUDGET = 1500
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_INCIDENT = Incident(
    1, "", "", "", Severity.CRITICAL, IncidentState.INVESTIGATING, opened_at=_NOW, changed_at=_NOW
)
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "xo", "zu")


class WordEmbedder:
    """A vector a word, summed: as many numbers as the local model's, and next to no time."""

    id, dimension, floor = "bench-words", 384, 0.3

    def __init__(self) -> None:
        self._words: dict[str, Vectors] = {}

    def warm(self) -> None:
        """Nothing to load."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (texts, 384)."""
        import numpy as np

        sums = np.stack([sum(map(self._vector, text.lower().split()), self._vector("")) for text in texts])
        scaled: Vectors = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
        return scaled

    def _vector(self, word: str) -> Vectors:
        import numpy as np

        if word not in self._words:
            self._words[word] = np.random.default_rng(list(word.encode())).standard_normal(
                self.dimension, np.float32
            )
        return self._words[word]


def measure(folder: Path, sizes: Sequence[int], say: Callable[[str], None]) -> dict[str, object]:
    """The figures of each size, and those of the largest by their plain names."""
    growth: dict[str, dict[str, float]] = {}
    for size in sizes:
        say(f"growth: {size} passages")
        growth[str(size)] = _grown(folder / str(size // A_DOCUMENT), size)
        say(f"growth: {growth[str(size)]}")
    return {**growth[str(sizes[-1])], "growth": growth}


def tokens(folder: Path, sizes: Sequence[int], say: Callable[[str], None]) -> dict[str, object]:
    """tokens_N: the most that a model is sent of what N documents hold, over some questions."""
    figures: dict[str, object] = {}
    for size in sizes:
        say(f"tokens: {size} documents")
        _write(folder / str(size) / "docs", size)
        with KnowledgeBase.open(folder / str(size) / "data", owner=False) as base:
            base.ingest([folder / str(size) / "docs"])
            figures[f"tokens_{size}"] = max(_sent(base, text) for text in _questions(size, 20))
    return figures


def _grown(folder: Path, size: int) -> dict[str, float]:
    documents = size // A_DOCUMENT
    _write(folder / "docs", documents)
    with KnowledgeBase.open(folder / "data", owner=True, embedder=WordEmbedder()) as base:
        base.warm()
        begun = time.process_time()
        base.ingest([folder / "docs"])
        while base.index_pending():
            pass
        ingested = time.process_time() - begun
        begun = time.perf_counter()
        base.ingest([folder / "docs"])
        again = time.perf_counter() - begun
        base.search(Query("warm"))
        taken: list[tuple[float, float]] = []
        for text in _questions(documents, QUESTIONS):
            begun, busy = time.perf_counter(), time.process_time()
            base.search(Query(text))
            taken.append((time.perf_counter() - begun, time.process_time() - busy))
        found = base.health()["passages"]
    return {
        "passages": float(str(found)),
        "query_p50_ms": 1000 * _share([wall for wall, _ in taken], 0.5),
        "query_p99_ms": 1000 * _share([wall for wall, _ in taken], 0.99),
        "query_cpu_p99_ms": 1000 * _share([busy for _, busy in taken], 0.99),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "passages_per_cpu_s": size / ingested if ingested else 0.0,
        "unchanged_s": again,
    }


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _sent(base: KnowledgeBase, text: str) -> int:
    """Tokens of the evidence that the product would send, with its fences."""
    found = replace(base.search(Query(text), PASSAGES), fits=True)
    evidence = number(_INCIDENT, (), (), found, _NOW)
    count = counter().count
    pieces, _ = fit(evidence, BUDGET, count)
    return sum(count(piece.fenced) for piece in pieces)


def _write(folder: Path, documents: int) -> None:
    """Runbooks of ten sections; written once, so that a kept folder is the same."""
    if (folder / "written").exists():
        return
    for place in range(documents):
        path = folder / f"team-{place % 50}" / f"runbook-{place}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(_lines(place)), encoding="utf-8")
    (folder / "written").touch()


def _lines(place: int) -> Iterator[str]:
    """Each document has words of its own, as documents that say nearly the same would be set aside."""
    draw = random.Random(place)  # noqa: S311  # invented text, which must be repeatable
    topic = _words(draw, 150)
    yield f"# {' '.join(draw.sample(topic, 4)).capitalize()} {place}"
    for section in range(A_DOCUMENT):
        yield f"\n## Step {section} {' '.join(draw.sample(topic, 2))}\n"
        yield f"{' '.join(draw.choices(topic, k=A_SECTION)).capitalize()}."


def _questions(documents: int, count: int) -> Iterator[str]:
    """The words of some sections, out of order and mixed with others."""
    draw = random.Random(-1)  # noqa: S311  # invented text, which must be repeatable
    for _ in range(count):
        lines = list(_lines(draw.randrange(documents)))
        words = draw.choice(lines[2::2]).rstrip(".").split()
        yield " ".join([*draw.sample(words, 12), *_words(draw, 12)])


def _words(draw: random.Random, count: int) -> list[str]:
    """Words of three syllables, any of 3,375."""
    return ["".join(draw.choices(_SYLLABLES, k=3)) for _ in range(count)]
