"""The asker's language, and since when they want to know."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from bot.stages.language import language_of, since_of
from bot.stages.phrases import _PHRASES

NOW = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what changed since noon?", "en"),
        ("et si on redémarrait le cache ?", "fr"),
        ("qu'est-ce qui a changé depuis midi", "fr"),
        ("pourquoi les commandes sont bloquées ?", "fr"),
        ("restart the cache?", "en"),
        ("OrdersStuck", "en"),
        ("", "en"),
        ("why is the café service down", "en"),
    ],
)
def test_a_question_tells_its_language(text: str, language: str) -> None:
    """By its small words; English where nothing tells."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("what changed since noon?", TODAY + timedelta(hours=12)),
        ("depuis midi, quoi de neuf ?", TODAY + timedelta(hours=12)),
        ("since 14:05", TODAY + timedelta(hours=14, minutes=5)),
        ("depuis 14h05", TODAY + timedelta(hours=14, minutes=5)),
        ("since 2 pm", TODAY + timedelta(hours=14)),
        ("since 12 am", TODAY),
        ("since 23:00", TODAY - timedelta(hours=1)),
        ("since the last 20 minutes", NOW - timedelta(minutes=20)),
        ("depuis les 2 heures", NOW - timedelta(hours=2)),
        ("since yesterday", TODAY - timedelta(days=1)),
        ("depuis hier", TODAY - timedelta(days=1)),
        ("since the deploy", None),
        ("what happened?", None),
    ],
)
def test_since_when(text: str, moment: datetime | None) -> None:
    """A clock's time is the last one that was, never one to come."""
    assert since_of(text, NOW) == moment


def test_both_languages_have_every_phrase_with_the_same_places() -> None:
    """None is missing in one, and none loses what is filled in."""
    english, french = _PHRASES["en"], _PHRASES["fr"]
    assert english.keys() == french.keys()
    for name, phrase in english.items():
        assert set(re.findall("<[a-z]+>", phrase)) == set(re.findall("<[a-z]+>", french[name])), name
