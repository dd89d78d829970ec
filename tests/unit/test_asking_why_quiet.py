"""Which questions ask what became of alerts that people were not told of, in English and French."""

from __future__ import annotations

import asyncio

import pytest

from bot.slack.blocks.conversation import headline
from bot.slack.commands import COMMANDS, FRENCH
from bot.slack.spoken import spoken
from bot.stages.decided import asks_why_quiet
from knowledge import missing
from tests.specimens.desk import Desk
from tests.specimens.values import ON_CALL
from tests.unit.test_blocks import buttons_of


@pytest.mark.parametrize(
    "question",
    [
        "why was HighLatency not told?",
        "Why wasn't I notified of HighLatency?",
        "why did nobody get paged?",
        "how many alerts were absorbed and why?",
        "which alerts were held or muted?",
        "why was high-latency held?",
        "pourquoi HighLatency n'a pas été signalée ?",
        "pourquoi personne n’a été prévenu ?",
        "combien d'alertes ont été absorbées et pourquoi ?",
        "quelles alertes ont été retenues ?",
    ],
)
def test_these_are_answered_from_what_was_decided(question: str) -> None:
    assert asks_why_quiet(question, ["HighLatency", "high-latency"])


@pytest.mark.parametrize(
    "question",
    [
        "why is the queue growing?",
        "what holds the lock?",
        "why are orders not processed?",
        "is the disk full?",
        "pourquoi les commandes ne partent pas ?",
        "qui est d'astreinte ?",
        "mute HighLatency",
    ],
)
def test_these_are_not(question: str) -> None:
    assert not asks_why_quiet(question, ["HighLatency"])


@pytest.mark.parametrize(
    "words, value",
    [
        ("mute", "incident:12"),
        ("mute this for 2 hours", "incident:12:2 hours"),
        ("please mute it for 1h30", "incident:12:1h30"),
        ("silence this 90m", "incident:12:90m"),
        ("mets ça en sourdine pendant 2 heures", "incident:12:2 heures"),
        ("mute service=orders 2h new disks", "typed:service=orders 2h new disks"),
    ],
)
def test_a_mute_that_is_said_is_a_button_to_the_form(words: str, value: str) -> None:
    """Nothing is muted by words: the form opens filled in, and is confirmed there."""
    assert buttons_of(Desk().speak(words, 12).blocks) == [("mute_open", value)]


@pytest.mark.parametrize("words", ["is this muted?", "mute button broken?", "why is it silent"])
def test_a_question_of_mutes_is_a_question(words: str) -> None:
    edge = Desk()._edge
    assert asyncio.run(spoken(edge, ON_CALL, words, 12, "event:1")) is None


def test_what_could_not_be_searched_has_french_words() -> None:
    """Each sentence of ours; what is filled in stays, and what is not ours is left as it is."""
    for name in ("NOT_WARM", "NOT_OWNER", "SWITCHED_OFF", "CLOSED", "INCOMPLETE", "CHANGING", "FAILED"):
        english = str(getattr(missing, name))
        filled = english.format("{7}", "{x}")
        french = missing.in_language(filled, "fr")
        assert french.startswith("la recherche par vecteurs") and missing.in_language(filled, "en") == filled
        assert ("{7}" in french) == ("{}" in english)
    assert missing.in_language("something else", "fr") == "something else"


def test_french_sub_commands_are_pointed_to() -> None:
    """Each word leads to a sub-command that there is, and is none itself."""
    assert set(FRENCH.values()) <= set(COMMANDS) and not set(FRENCH) & set(COMMANDS)
    assert (FRENCH["aide"], FRENCH["statut"]) == ("help", "status")


def test_no_answer_is_said_in_the_askers_language() -> None:
    """By the notification, which has no room for more; while a model writes there may still be one."""
    content = {"said": [], "passages": [], "language": "fr"}
    assert headline(content) == "Pas de réponse trouvée"
    assert headline(content | {"language": "en"}) == "No answer found"
    assert headline(content | {"looking": True}) == "Le modèle écrit"
    assert headline(content | {"since": "12:00", "listed": [{}]}) == "Enregistré depuis 12:00"
