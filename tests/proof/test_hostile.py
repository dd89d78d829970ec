"""No hostile proposal passes the gate, every sound one does, and the second opinion would notice either."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from bot.errors import ArgumentRefused
from bot.tools import arguments
from tests.proof.allowed import Asked, allowed
from tests.proof.hostile import hostile, sound
from tests.proof.through_the_gate import Entrances

pytestmark = pytest.mark.timeout(240)  # twelve seconds of a processor that others use, too


@pytest.fixture(scope="module")
def entrances() -> Iterator[Entrances]:
    made = Entrances()
    yield made
    made.close()


@pytest.mark.attack("I11")
def test_no_hostile_proposal_passes_and_every_sound_one_does(entrances: Entrances) -> None:
    """In the model's form, at copilot's check and as planted rows; `scripts/bench_gate` sends 100,000."""
    told = entrances.send(range(1, 601), plant_every=40)
    assert told.wrong == []
    assert told.executed == 0
    assert told.hostile > 400 and told.sound > 80 and told.planted > 20


@pytest.mark.parametrize("name, lax", [("_integer", "too lax"), ("_pattern", "too strict")])
def test_a_gate_that_judges_otherwise_is_noticed(
    entrances: Entrances, monkeypatch: pytest.MonkeyPatch, name: str, lax: str
) -> None:
    """Numbers of any kind let through, or every text refused: some proposal is told as judged wrongly."""

    def lets(*given: object) -> None:
        if lax == "too strict":
            raise ArgumentRefused("no text is good enough.")

    monkeypatch.setitem(arguments._CHECKS, name.removeprefix("_"), lets)
    assert entrances.send(range(1, 101), plant_every=10**6).wrong


def test_hostile_proposals_are_of_many_kinds() -> None:
    """Most are refused by the second opinion, and each for its own reason: few are alike."""
    asked = [hostile(random.Random(seed)) for seed in range(500)]
    assert sum(allowed(one) is None for one in asked) > 400
    assert len({repr(one) for one in asked}) > 450
    assert all(allowed(sound(random.Random(seed))) is not None for seed in range(200))


@pytest.mark.parametrize(
    "value", [True, 10.0, -0.0, float("inf"), float("nan"), "10", "1e1", None, [1], {"a": 1}, 11, 2**70]
)
@pytest.mark.attack("I11")
def test_a_number_is_what_was_declared_or_nothing(entrances: Entrances, value: object) -> None:
    """A whole number from -2 to 10; what only looks like one is refused at every entrance."""
    assert entrances.judged(Asked("drain", {"queue": "mail", "count": value})) == [None, None]
    assert entrances.judged(Asked("drain", {"queue": "mail", "count": 10})) != [None, None]
