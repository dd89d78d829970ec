"""The short overlapping-free windows of a passage that are embedded and matched; a model reads short text
best.
"""

from __future__ import annotations

import re
from itertools import pairwise

from knowledge.model import Passage
from knowledge.text.normalising import split_names

# Raised when the same passage would give other windows, so that an upgrade fills the vector index anew.
RECIPE = 1
# Characters. Long enough for two or three sentences.
WIDTH = 450
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d+[.)])\s)|(?<=[.!?])\s+(?=[A-ZÀ-Þ])|\n")


def windows(passage: Passage) -> list[str]:
    """Texts of at most about 450 characters that together hold the passage's words, each under its title
    and heading.
    """
    names = [passage.title, *(part for part in passage.heading if part.strip() != passage.title.strip())]
    head = split_names(" - ".join(names))[: WIDTH // 3]
    body = _packed(_sentences(passage.text))
    return [f"{head}\n{text}" for text in body] or [head]


def title_line(passage: Passage) -> str:
    """What stands for the whole document: its title, its name and its cause, as words."""
    parts = (passage.title, name_words(passage), passage.cause)
    return split_names(". ".join(dict.fromkeys(part for part in parts if part)))


def name_words(passage: Passage) -> str:
    """The last part of the document's id as words, unless the title says the same."""
    name = passage.document_id.rpartition("/")[2].replace("-", " ")
    return "" if _bare(name) in _bare(passage.title) else name


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def _sentences(text: str) -> list[str]:
    ends = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
    cut = [text[start:end].strip() for start, end in pairwise(ends)]
    # A heading is already said above each window.
    return [piece for piece in cut if piece and not re.fullmatch(r"#{1,6}\s.*", piece)]


def _packed(pieces: list[str]) -> list[str]:
    packed: list[str] = []
    for piece in pieces:
        for start in range(0, len(piece), WIDTH):
            part = piece[start : start + WIDTH]
            if packed and len(packed[-1]) + len(part) < WIDTH:
                packed[-1] += f"\n{part}"
            else:
                packed.append(part)
    return packed
