"""Holds what a model wrote in words against its sources, sentence by sentence.

A sentence is backed when it names a source that the model was given, its quotes and figures stand in what it
names, and the two are about the same. That something was done or allowed only recorded events show.
Everything else is kept apart, so that nobody takes it for a fact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.conversation import Sentence, Source, Written, sentences_of
from bot.stages.deeds import tells_of_a_deed
from bot.stages.language import content_words, language_of
from bot.stages.quoting import hold, quoted, seen
from bot.stages.words import inert

MOST, LONGEST = 24, 500
NO_SOURCE, QUOTE, FIGURE, ELSEWHERE = "no source", "quote", "figure", "about something else"
DEED = "a deed that no record shows"
_TELLING = 3
"""So many words that say what a sentence is about, and none of them in its source: that is about something
else. Where the source is in another language, nothing can be said of that."""
# From two digits on: single ones count things ("3 alerts") more often than they state any.
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Judged:
    """One sentence; `doubt` says why it stands on nothing, and is empty where it does stand."""

    text: str
    citations: tuple[str, ...]
    doubt: str = ""


def judge(written: Written, sources: Sequence[Source], language: str) -> list[Judged]:
    """Every sentence with what became of it, in order; `language` is the one that was asked for."""
    known = {source.id: seen(shown_of(source)) for source in sources if source.id in written.sent}
    return [_judged(one, known, language) for one in sentences_of(written.text, known)[:MOST]]


def shown_of(source: Source) -> str:
    """A source as the model is shown it: its time first, as that may be cited too."""
    return f"{source.at:%Y-%m-%d %H:%M:%S} UTC {source.text}" if source.at else source.text


def _judged(one: Sentence, known: Mapping[str, str], language: str) -> Judged:
    text = inert(one.text, LONGEST)
    cited = [known[name] for name in one.citations]
    doubt = ""
    if not cited:
        doubt = NO_SOURCE
    elif not hold(quoted(text), cited):
        doubt = QUOTE
    elif not all(any(_holds(text, figure) for text in cited) for figure in _figures(text)):
        doubt = FIGURE
    elif tells_of_a_deed(text) and not any(name.startswith("T") for name in one.citations):
        doubt = DEED
    elif _is_elsewhere(text, cited, language):
        doubt = ELSEWHERE
    return Judged(text, one.citations, doubt)


def _is_elsewhere(text: str, cited: Sequence[str], language: str) -> bool:
    about = content_words(text)
    if len(about) < _TELLING or any(language_of(source) != language for source in cited):
        return False
    return not any(about & content_words(source) for source in cited)


def _figures(text: str) -> list[str]:
    return [found for found in _FIGURE.findall(text) if len(found) > 1]


def _holds(text: str, figure: str) -> bool:
    """Whether the figure stands there by itself, not as a part of a longer one."""
    same = figure.replace(",", ".")
    # 12:00 stands in 12:00:05, and 47 not in 475.
    return any(re.match(rf"{re.escape(same)}(?![0-9])", f.replace(",", ".")) for f in _FIGURE.findall(text))
