"""What fits, and why: names leave no doubt, question words do not speak against it, the bar is learned in
bounds.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from knowledge.calibrating import FROM_DOCUMENTS, LearnedBar
from knowledge.fitting import BAR, ENOUGH, HIGHEST_BAR, LOWEST_BAR, learned, shipped
from knowledge.lexical import LexicalIndex
from knowledge.model import Passage, Query, SearchResult
from knowledge.question_words import telling
from knowledge.retrieve import search

RELAY = (
    "mail-relay",
    "Restart the mail relay",
    "The relay keeps mail in a queue. Restart the relay when it grows.",
    (),
)
DISK = (
    "disk",
    "Disk full",
    "The volume of the database has no free space. Delete archived segments.",
    ("VolumeFull",),
)
FRENCH = (
    "relais",
    "Redémarrer le relais",
    "Le relais garde les courriels. Redémarrez le relais de courriel.",
    (),
)


def passage(id: str, title: str, text: str, alerts: tuple[str, ...], language: str = "en") -> Passage:
    return Passage(f"{id}#1@v1", id, title, "runbook", (title,), text, "all", "v1", language, alerts=alerts)


def asked(
    query: Query, *documents: tuple[str, str, str, tuple[str, ...]], language: str = "en"
) -> SearchResult:
    """What these documents answer by words alone."""
    held = {one.id: one for one in (passage(*document, language) for document in documents)}
    lexical = LexicalIndex()
    lexical.update(held.values(), (), {one.document_id: [one] for one in held.values()})
    return search(query, 5, lexical, None, lambda ids: {id: held[id] for id in ids if id in held})


@pytest.mark.parametrize(
    "question",
    [
        "restart mail relay",
        "How do I restart the mail relay?",
        "What should we do when you have to restart the mail relay, please?",
        "WHO CAN restart the mail relay",
    ],
)
def test_english_question_words_do_not_speak_against_a_fit(question: str) -> None:
    """Asked as a sentence or in three words, it is the same question."""
    assert asked(Query(question), RELAY, DISK).fits


@pytest.mark.parametrize(
    "question",
    [
        "redémarrer relais courriel",
        "Comment est-ce que je dois redémarrer le relais de courriel ?",
        "Que faut-il faire pour redémarrer le relais de courriel, s'il vous plaît ?",
        "Pourquoi redémarrer relais",
    ],
)
def test_french_question_words_do_not_speak_against_a_fit(question: str) -> None:
    """Nor in French."""
    assert asked(Query(question), FRENCH, language="fr").fits


@pytest.mark.parametrize(
    "question", ["How do I bake bread?", "Comment est-ce que je fais du pain ?", "who are you"]
)
def test_question_words_alone_are_no_reason(question: str) -> None:
    """What is left of the question decides, and all of it where nothing else would be left."""
    assert not asked(Query(question), RELAY, DISK, FRENCH).fits


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [
        ("How do I read this comment?", "en", "read this comment"),
        ("Comment lire le journal ?", "fr", "lire le journal"),
        ("Quand purger Redis", "en", "purger Redis"),
        ("IT team, AI gateway, US region", "en", "IT team, AI gateway, US region"),
        ("how_to DoNothing", "en", "_to DoNothing"),
        ("What is it", "en", "is it"),
        ("who are you", "en", "who are you"),
        ("", "en", ""),
    ],
)
def test_what_is_left_of_a_question(text: str, language: str, left: str) -> None:
    """Each language loses its own; names of two letters stay; a question of nothing else stays whole."""
    assert " ".join(telling(text, language).replace("?", "").split()) == left


def test_a_declared_alert_always_fits() -> None:
    """By title or by `alerts:`, typed or in the text, however little the rest has to do with it."""
    for query in (
        Query("something quite odd", alert_name="VolumeFull"),
        Query("something quite odd", alert_name="Disk full"),
        Query("VolumeFull: the relay keeps mail in a queue, restart the relay when it grows"),
    ):
        found = asked(query, RELAY, DISK)
        assert (found.fits, "the alert's name is that of disk" in found.why) == (True, True), query
        assert "disk" in [one.document_id for one in found.passages]


def test_a_name_counts_wherever_it_is_shown() -> None:
    """A document that declares many alerts does not win by a name; it is still what was declared for it."""
    many = ("many", "All of the cluster", "Look at the board.", tuple(f"Alert{n}" for n in range(30)))
    found = asked(
        Query("restart mail relay zebra giraffe okapi lion tiger", alert_name="Alert7"), many, RELAY
    )
    assert (found.fits, found.why) == (True, "the alert's name is that of many")


def test_why_it_fits_or_not_is_said() -> None:
    """With the document, what it has, and what is needed."""
    assert (
        "mail-relay has 100% of its telling words, where 40% are needed"
        in asked(Query("mail relay"), RELAY).why
    )
    poor = asked(Query("mail zebra giraffe okapi lion tiger"), RELAY)
    assert (poor.fits, "mail-relay has" in poor.why) == (False, True)
    assert asked(Query("zebra"), RELAY).why == "no document shares a word or a meaning with it"


@pytest.mark.parametrize(
    ("reached", "bar"),
    [
        ([], BAR),
        ([5.0] * (ENOUGH - 1), BAR),
        ([0.0] * ENOUGH, BAR),
        ([5.0] * ENOUGH, HIGHEST_BAR),
        ([1.0] * ENOUGH, pytest.approx(0.7)),
        ([1.0] * 40 + [0.0] * 10, pytest.approx(0.7)),
    ],
)
def test_the_bar_is_learned_in_bounds(reached: list[float], bar: float) -> None:
    """Never below the shipped one, never so high that a paraphrase fails, and not from a few."""
    assert learned(reached) == bar


class Kept:
    """Numbers in memory."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def value(self, name: str) -> int:
        return self.numbers.get(name, 0)

    def keep(self, values: Mapping[str, int]) -> None:
        self.numbers |= values


def test_what_was_learned_holds_for_its_index_until_a_quarter_has_changed() -> None:
    """Another model measures otherwise; another process reads what this one has learned."""
    numbers = Kept()
    bar = LearnedBar(numbers)
    assert (bar.of("index-1", 200), bar.is_due("index-1", FROM_DOCUMENTS - 1)) == (BAR, False)
    assert bar.is_due("index-1", 200)
    bar.keep("index-1", 200, 0.75)
    assert [bar.is_due("index-1", count) for count in (200, 150, 250, 149, 251)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert bar.is_due("index-2", 200)
    other = LearnedBar(numbers)
    other.read()
    assert (other.of("index-1", 200), other.of("index-2", 200), other.of("index-1", 10)) == (
        0.75,
        BAR,
        LOWEST_BAR,
    )


@pytest.mark.parametrize(
    ("documents", "bar"), [(0, 0.45), (10, 0.45), (32, 0.526), (100, 0.6), (10_000, 0.6)]
)
def test_the_bar_as_shipped_grows_with_the_documents(documents: int, bar: float) -> None:
    """Among few, less is near by chance."""
    assert shipped(documents) == pytest.approx(bar, abs=1e-3)
