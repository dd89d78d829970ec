"""From which cosine on two texts have something to do with each other: every model has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors

# Of each other they say nothing. Ten, so that a question's time is enough to embed them.
UNRELATED = (
    "The certificate of the payment gateway has expired.",
    "Knead the dough for ten minutes and let it rise overnight.",
    "Consumers lag behind because one partition has no leader.",
    "The museum opens at nine and is closed on Mondays.",
    "Free space on the volume with the write-ahead log is below five percent.",
    "Our team scored twice in the second half of the match.",
    "Pods are evicted as soon as their memory limit is reached.",
    "La réunion des parents d'élèves est reportée à jeudi.",
    "Queries wait for a lock that an idle transaction holds.",
    "She painted the garden fence in a pale shade of green.",
)
# So that the local model gets about the floor that was measured for it (0.3).
SPREADS = 3.0


def floor_of(vectors: Vectors) -> float:
    """The mean cosine of texts that have nothing in common, and three times its spread; 0.05 to 0.95."""
    import numpy as np

    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return float(np.clip(cosines.mean() + SPREADS * cosines.std(), 0.05, 0.95))
