"""French words of operations and what they are called in English, so that a French question finds English
runbooks;
an installation adds its own words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from knowledge.errors import GlossaryRefused

DEFAULT = Path(__file__).with_name("glossary_fr.yaml")
MAX_BYTES, MAX_TERM, MAX_WORDS = 1_000_000, 80, 8
_TOKEN = re.compile(r"[^\W_]+")
# French plurals and the ends of verbs and adjectives that say nothing here.
_ENDS = re.compile(r"(?<=\w\w\w)(?:ements?|ées?|és?|er|ent|es|e|s|x)$")
_LONGEST = 5

Term = tuple[str, ...]


@dataclass(frozen=True)
class Glossary:
    """`french` counts in French questions, `own` (of this installation) in all of them."""

    french: Mapping[Term, tuple[str, ...]] = field(default_factory=dict)
    own: Mapping[Term, tuple[str, ...]] = field(default_factory=dict)

    def gloss(self, text: str, language: str) -> str:
        """The English words for what the text says, in its order; empty where no word of it is known.

        The longest term wins: "mémoire vive" is not "mémoire" and "vive".
        """
        tables = (self.own, self.french) if language == "fr" else (self.own,)
        stems = [_stem(word) for word in _TOKEN.findall(_plain(text))]
        said: list[str] = []
        place = 0
        while place < len(stems):
            for length in range(min(_LONGEST, len(stems) - place), 0, -1):
                term = tuple(stems[place : place + length])
                found = next((table[term] for table in tables if term in table), None)
                if found is not None:
                    said.extend(found)
                    place += length
                    break
            else:
                place += 1
        return " ".join(dict.fromkeys(said))


@cache
def standard() -> Glossary:
    """The glossary that ships."""
    return Glossary(french=read_terms(DEFAULT))


def with_own(path: Path | None) -> Glossary:
    """The glossary that ships, and the terms of a file where one is named. Raises GlossaryRefused."""
    ours = standard()
    return ours if path is None else Glossary(ours.french, read_terms(path))


def read_terms(path: Path) -> dict[Term, tuple[str, ...]]:
    """Read a YAML file of `term: [english, words]`.

    Raises:
        GlossaryRefused: it cannot be read, or a term is not such a line; the message names it.
    """
    found: dict[Term, tuple[str, ...]] = {}
    for term, words in _mapping(path).items():
        key = tuple(_stem(word) for word in _TOKEN.findall(_plain(term))) if isinstance(term, str) else ()
        if not isinstance(term, str) or not 0 < len(key) <= _LONGEST or len(term) > MAX_TERM:
            raise GlossaryRefused(
                f"{path}: {_shown(term)}: a term is one to {_LONGEST} words; quote it if YAML reads "
                f"it otherwise."
            )
        if (
            not isinstance(words, list)
            or not 0 < len(words) <= MAX_WORDS
            or not all(isinstance(word, str) and 0 < len(word.strip()) <= MAX_TERM for word in words)
        ):
            raise GlossaryRefused(
                f"{path}: {_shown(term)}: needs a list of one to {MAX_WORDS} words; write "
                f"{_shown(term)}: [one, two]."
            )
        found[key] = tuple(word.strip() for word in words)
    return found


def _mapping(path: Path) -> dict[object, object]:
    import yaml

    try:
        content = path.read_bytes()
    except OSError as error:
        raise GlossaryRefused(f"{path}: cannot be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise GlossaryRefused(f"{path}: is larger than {MAX_BYTES} bytes; keep the terms that matter.")
    try:
        text = content.decode()
        # Aliases could unfold a few bytes into gigabytes.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise GlossaryRefused(f"{path}: uses a YAML alias; write the words out.")
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = str(error).splitlines()[0]
        raise GlossaryRefused(f"{path}: cannot be understood: {why}.") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise GlossaryRefused(f"{path}: is not a list of `term: [english, words]` lines.")
    return raw


def _shown(term: object) -> str:
    return str(term)[:60]


def _plain(text: str) -> str:
    """Lower case without accents."""
    split = unicodedata.normalize("NFD", text.lower().replace("œ", "oe").replace("’", "'"))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def _stem(word: str) -> str:
    return _ENDS.sub("", word)
