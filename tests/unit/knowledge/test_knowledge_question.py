"""A question is taken apart before it is asked: names, prose, statements, language, and its gloss."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import GlossaryRefused
from knowledge.glossary import Glossary, read_terms, standard, with_own
from knowledge.model import Query
from knowledge.question import MAX_STATEMENTS, Question, is_french, understand


def understood(text: str, alert: str = "", glossary: Glossary | None = None) -> Question:
    return understand(Query(text, alert), glossary or standard())


def test_labels_say_where_and_are_not_searched() -> None:
    """Namespaces, pods and numbers are no words of a question; its name is taken apart."""
    asked = understood('pod=web-7f9c namespace="shop" Queue holds 412 orders', "OrderQueueGrows")
    assert asked.alert == "orderqueuegrows"
    assert "Order Queue Grows" in asked.meaning
    assert "namespace" not in asked.meaning and "web-7f9c" not in asked.meaning
    assert "412" in asked.meaning and "412" not in asked.words


def test_a_name_within_the_text_is_known_as_one() -> None:
    """Whoever pastes an alert's name means that alert."""
    assert "kubepodcrashlooping" in understood("what is KubePodCrashLooping about?").names
    assert understood("what is it about?").names == frozenset()


def test_statements_are_several_or_none_and_bounded() -> None:
    """One sentence is the whole question; a flood of them costs no more than a few."""
    assert understood("Orders wait for a lock file").statements == ()
    flood = "\n".join(f"the thing number {n} broke again" for n in "abcdefghijklmnop")
    assert len(understood(flood).statements) == MAX_STATEMENTS


@pytest.mark.parametrize(
    "text",
    [
        "Les commandes sont bloquées par un verrou",
        "pourquoi la file grossit",
        "file bloquée depuis un déploiement",
    ],
)
def test_french_is_told(text: str) -> None:
    """By its small words and accents."""
    assert is_french(text)


@pytest.mark.parametrize(
    "text", ["Orders are stuck behind a lock", "on call for the café", "KubePodCrashLooping", "", "12 % des"]
)
def test_other_text_is_not_french(text: str) -> None:
    """A borrowed word makes no French question."""
    assert not is_french(text)


def test_the_gloss_speaks_english_for_french_words_and_the_longest_term_wins() -> None:
    """Plurals, accents and capitals do not matter."""
    glossary = Glossary({("fil",): ("queue",), ("fil", "d", "attent"): ("waiting line",)})
    assert glossary.gloss("La FILE d'attente", "fr") == "waiting line"
    assert glossary.gloss("Les files", "fr") == "queue"
    assert glossary.gloss("the file is gone", "en") == ""
    gloss = understood("Les verrous abandonnés bloquent la base de données").gloss
    assert {"lock", "database"} <= set(gloss.split())


def test_own_words_count_in_every_language_and_before_ours(tmp_path: Path) -> None:
    """An installation's file says what its names mean."""
    path = tmp_path / "words.yaml"
    path.write_text("Grand livre: [ledger]\nverrou: [padlock]\n")
    own = with_own(path)
    assert own.gloss("grands livres", "en") == "ledger"
    assert own.gloss("le verrou", "fr") == "padlock"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("verrou: lock", "verrou: needs a list"),
        ("verrou: []", "verrou: needs a list"),
        ("verrou: [1]", "verrou: needs a list"),
        ("no: [lock]", "False: a term is"),
        ("one two three four five six: [x]", "a term is one to"),
        ("- verrou", "is not a list of"),
        ("a: &x [b]\nc: *x", "alias"),
        ("a: [b", "cannot be understood"),
        ("a: !!python/name:os.system [b]", "cannot be understood"),
    ],
)
def test_a_wrong_glossary_is_named(tmp_path: Path, content: str, says: str) -> None:
    """File, term and remedy."""
    path = tmp_path / "words.yaml"
    path.write_text(content)
    with pytest.raises(GlossaryRefused) as refused:
        read_terms(path)
    assert str(path) in str(refused.value) and says in str(refused.value)


def test_a_glossary_that_is_away_or_huge_is_named(tmp_path: Path) -> None:
    """No file, and a file of a megabyte and more."""
    path = tmp_path / "words.yaml"
    with pytest.raises(GlossaryRefused, match="cannot be read"):
        with_own(path)
    path.write_bytes(b"a" * 1_000_001)
    with pytest.raises(GlossaryRefused, match="larger than"):
        with_own(path)
