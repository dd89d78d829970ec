"""What a question says, taken apart: its names, its prose, its words, its statements, and its gloss."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.glossary import Glossary
from knowledge.model import Query
from knowledge.text.normalising import normalise, split_names

MAX_CHARACTERS = 4000
# A question says several things, each of which a document may answer; more than these only cost time.
MAX_STATEMENTS, STATEMENT_WORDS = 8, 3

_STATEMENT = re.compile(r"(?<=[.!?:])\s+|\n+")
_LABEL = re.compile(r"(?<!\S)[\w.-]+=(?:\"[^\"]*\"|\S*)")
_NUMBER = re.compile(r"\b[\w.-]*\d[\w.:%-]*")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[A-Z_][A-Za-z0-9]*)+")
_ACCENT = re.compile(r"[àâçéèêëîïôùûœ]", re.IGNORECASE)
# Without those that English has, too ("on", "plus").
_FRENCH = frozenset(
    re.findall(
        r"\w+",
        "au aux avec ce ces cette comment dans de des du elle elles en est et il ils la le les leur "
        "mais ne nos notre "
        "nous ont ou où par pas pour pourquoi que quel quelle qui quoi sans se ses son sont "
        "sur un une vers vos votre vous",
    )
)


@dataclass(frozen=True, slots=True)
class Question:
    """`meaning`: the prose, without labels. `words`: the same without numbers and generated names.

    `alert`, `service`: the typed fields in lower case. `names`: what looks like an alert's name in the text.
    `statements`: its sentences where it has several. `gloss`: English words for its French ones, and for
    those
    that this installation has explained.
    """

    meaning: str
    words: str
    alert: str
    names: frozenset[str]
    service: str
    statements: tuple[str, ...]
    language: str
    gloss: str


def understand(query: Query, glossary: Glossary) -> Question:
    """The parts of an alert or question, which are not treated alike.

    Labels are read by nobody: namespaces and pods say where, not what. Numbers count for meaning only, as
    they are
    what differs between two alerts of one kind.
    """
    text = normalise(query.text[: MAX_CHARACTERS * 4])[0][:MAX_CHARACTERS]
    alert = normalise(query.alert_name[:300])[0].strip()
    meaning = f"{split_names(alert)}\n{_LABEL.sub(' ', text)}".strip()
    words = _NUMBER.sub(" ", meaning)
    names = frozenset(name.lower() for name in _NAME.findall(text))
    language = "fr" if is_french(meaning) else "en"
    return Question(
        meaning,
        words if words.strip() else meaning,
        alert.lower(),
        names,
        query.service.strip().lower(),
        statements(meaning),
        language,
        glossary.gloss(meaning, language),
    )


def statements(meaning: str) -> tuple[str, ...]:
    """The sentences and lines that say something; none where it is but one."""
    parts = [part for part in _STATEMENT.split(meaning) if len(part.split()) >= STATEMENT_WORDS]
    return tuple(parts[:MAX_STATEMENTS]) if len(parts) > 1 else ()


def is_french(text: str) -> bool:
    """Whether a text is French: by its small words, or one of them and an accent."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    small = sum(word in _FRENCH for word in words)
    return (small >= 2 and small * 6 >= len(words)) or (small >= 1 and bool(_ACCENT.search(text)))
