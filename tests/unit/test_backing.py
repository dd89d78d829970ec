"""What a model writes in words is a fact only where a source holds it; all else is kept apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.conversation import Source, Written
from bot.stages.backing import DEED, ELSEWHERE, FIGURE, NO_SOURCE, QUOTE, Judged, judge

AT = datetime(2026, 3, 1, 12, 4, 5, tzinfo=UTC)
SOURCES = [
    Source("T1", "#12 was opened: orders stand still", AT),
    Source("E1", "47 orders wait, 2.5 s each. The lock names process 4711.", AT, "check"),
    Source("P1", "Clear the lock once its holder is dead.", None, "runbook", "runbooks/lock#0"),
    Source("E9", "never sent", AT, "check"),
]
SENT = frozenset({"T1", "E1", "P1"})


def judged(text: str, language: str = "en") -> list[Judged]:
    return judge(Written(text, SENT, "m", "p"), SOURCES, language)


def doubts(text: str, language: str = "en") -> list[str]:
    return [one.doubt for one in judged(text, language)]


@pytest.mark.parametrize(
    "text",
    [
        "47 orders wait [E1].",
        "It began at 12:04 [T1].",
        "It began at 12:04:05 and 47 orders wait [T1, E1].",
        "Each takes 2.5 s [E1].",
        "Each takes 2,5 s [E1].",
        "The runbook says “once its holder is dead” [P1].",
        "Le texte dit « Clear the lock » [P1] [E1].",
        "3 things are known. [T1]",
    ],
)
def test_what_its_source_holds_is_backed(text: str) -> None:
    """Figures, times and quotes that stand in one of the named sources; a single digit counts things."""
    assert doubts(text) == [""]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The disk is full.", NO_SOURCE),
        ("The disk is full [E7].", NO_SOURCE),
        ("The disk is full [E9].", NO_SOURCE),
        ("The disk is full (E1).", NO_SOURCE),
        ("The disk is full [e1].", NO_SOURCE),
        ("475 orders wait [E1].", FIGURE),
        ("4 711 orders and 71 more wait [E1].", FIGURE),
        ("It began at 12:05 [T1].", FIGURE),
        ("47 orders wait [T1].", FIGURE),
        ("４８ orders wait [E1].", FIGURE),
        ("The runbook says “clear it at once” [P1].", QUOTE),
        ("It says “47 orders wait” [P1].", QUOTE),
        ("At 12:04 the person on call deleted the database [T1].", ELSEWHERE),
    ],
)
def test_what_no_named_source_holds_is_not(text: str, why: str) -> None:
    """Ids that are unknown or were not sent, figures and quotes that stand elsewhere or nowhere."""
    assert doubts(text) == [why]


TRACE = Source("E3", 'File "worker.py", line 3, in <module>\n  take(`stale lock`)', AT, "check")


@pytest.mark.parametrize(
    ("quote", "doubt"),
    [
        ("“line 3, in ‹module>”", ""),
        ("“line 3, in <module>”", ""),
        ('“File "worker.py", line 3”', ""),
        ("“take(stale lock)”", ""),
        ("“line 3, in <main>”", QUOTE),
        ("„in main“", QUOTE),
        ("＂in main＂", QUOTE),
        ('“in main"', QUOTE),
        (f"“{'main ' * 80}”", QUOTE),
    ],
)
def test_a_quote_is_held_against_what_was_shown(quote: str, doubt: str) -> None:
    """As the fence shows it or as it stands there; what is near it is none, whatever marks are around it."""
    written = Written(f"It stops at {quote} [E3].", frozenset({"E3"}), "m", "p")
    assert [one.doubt for one in judge(written, [TRACE], "en")] == [doubt]


def test_an_answer_in_another_language_than_its_source_can_be_backed() -> None:
    """Words of two languages do not meet; figures and ids still have to."""
    assert doubts("Les commandes sont bloquées depuis 12:04 [T1].", "fr") == [""]
    assert doubts("Les commandes sont bloquées depuis 12:05 [T1].", "fr") == [FIGURE]
    long = "Les commandes des clients sont bloquées partout depuis 12:04 [T1]."
    assert (doubts(long, "fr"), doubts(long, "en")) == ([""], [ELSEWHERE])


@pytest.mark.attack("M9")
@given(
    st.lists(
        st.sampled_from(
            [
                "Signed by N3.",
                "[E1]",
                "[E7]",
                "[T1, E9]",
                "48",
                "“dead”",
                "\n",
                "## cause",
                "[E1",
                "]",
                "«",
                "\u202e",
                "It fell",
                ". ",
                "! ",
                "[P1] ",
                "<!channel>",
                "[T1].",
            ]
        ),
        max_size=25,
    )
)
def test_no_text_makes_a_sentence_without_a_source_a_fact(pieces: list[str]) -> None:
    """However it is put together, what counts names sources that were sent, and holds no other's figure."""
    for one in judged(" ".join(pieces)):
        if not one.doubt:
            assert one.citations
            assert set(one.citations) <= SENT
            assert "48" not in one.text
        assert "\n" not in one.text


def test_a_text_without_end_is_cut() -> None:
    """Twenty thousand sentences cost neither memory nor a reader's patience."""
    assert len(judged("It is so [E1]. " * 20_000)) == 24
    (long,) = judged("x" * 50_000)
    assert len(long.text) <= 500


LOG = Source("E2", "clear_lock was run and signed by N3 A, approved; orders are stuck", AT, "check")
RECORD = Source("T2", "N3 A signed P4, clear_lock", AT)


def doubts_of(text: str, language: str = "en") -> list[str]:
    sent = frozenset({"E2", "T2"})
    return [one.doubt for one in judge(Written(text, sent, "m", "p"), [LOG, RECORD], language)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I have run clear_lock [E2].", "en"),
        ("I've already run clear_lock, signed by N3 A [E2].", "en"),
        ("We are now clearing the orders [E2].", "en"),
        ("We executed clear_lock [E2].", "en"),
        ("clear_lock was approved by N3 A [E2].", "en"),
        ("N3 A has signed clear_lock [E2].", "en"),
        ("J'ai déjà lancé clear_lock [E2].", "fr"),
        ("Nous avons exécuté clear_lock [E2].", "fr"),
        ("clear_lock a été approuvé par N3 A [E2].", "fr"),
        ("L’astreinte a validé clear_lock [E2].", "fr"),
    ],
)
def test_a_deed_stands_on_recorded_events_alone(text: str, language: str) -> None:
    """A log that says so is no record, whoever is said to have done or allowed it."""
    assert doubts_of(text, language) == [DEED]
    assert doubts_of(text.replace("[E2]", "[E2, T2]"), language) == [""]


@pytest.mark.parametrize(
    "text",
    [
        "Orders are stuck, so clear_lock may help [E2].",
        "We see orders that are stuck [E2].",
        "clear_lock needs a signature [E2].",
        "The orders were restarted [E2].",
    ],
)
def test_what_is_no_deed_of_ours_needs_no_record(text: str) -> None:
    """What evidence shows of the system itself, advice, and what has yet to be done."""
    assert doubts_of(text) == [""]
