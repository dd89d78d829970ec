"""Causes from past incidents: found, calibrated, new ones told, and no gain from saying more of the same."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.causes.component import most
from knowledge.causes.history import History
from knowledge.causes.model import NEW_FROM, NOTHING, ONE_SOURCE, Judgement, Past
from knowledge.causes.reading import MOST, read
from tests.unit.diagnosis.pasts import SIGNS, history, table, text_of

PAST = history()
KNOWN = History(PAST)
CAUSES = sorted(SIGNS)


def asked(cause: str, part: str = "parcels", seed: int = 99) -> str:
    return text_of(cause, part, random.Random(seed))  # a draw, not a secret


@pytest.mark.parametrize("cause", CAUSES)
def test_what_recurs_is_found_with_the_incidents_that_led_there(cause: str) -> None:
    """The cause comes first, is likelier than not, and every incident named for it had it."""
    said = KNOWN.judge([asked(cause)])
    assert said.causes[0].cause == cause
    assert said.causes[0].confidence > 0.5
    assert said.causes[0].neighbours
    assert {near.cause for near in said.causes[0].neighbours} == {cause}
    assert sum(one.confidence for one in said.causes) <= 1 + 1e-9


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_past_incidents_does_not_matter(draw: random.Random) -> None:
    """Whoever gives them in another order hears the same to the last digit."""
    shuffled = list(PAST)
    draw.shuffle(shuffled)
    assert History(shuffled).judge([asked("stale lock")]) == KNOWN.judge([asked("stale lock")])


def test_every_process_says_the_same() -> None:
    """The order of sets, which differs by process, changes neither a confidence nor the component."""
    code = (
        "from knowledge.causes.history import History; from tests.unit.diagnosis.pasts import history;"
        "past = history(2); print([History(past).judge([one.text], {one.id}) for one in past[::3]])"
    )
    root = Path(__file__).resolve().parents[3]
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_a_cause_nobody_has_seen_is_said_to_be_new() -> None:
    """Unlike all that is known counts as new; what recurs does not, and is never left for a new cause."""
    known = [KNOWN.judge([asked(cause)]).novelty for cause in CAUSES]
    strange = (
        "ledger refuses every payment\n"
        "warning: clock of the payment terminal runs 400 s ahead, tokens rejected as issued in the future"
    )
    new = KNOWN.judge([strange])
    assert new.novel
    assert new.novelty > max(known)
    assert max(known) < NEW_FROM
    assert new.causes[0].confidence < 0.5


def test_new_causes_are_expected_as_often_as_they_came() -> None:
    """Of two histories alike but for how many causes came once, the one with more is less sure."""
    rare = [Past(f"once-{n}", f"parcels: oddity {word} seen", f"cause {word}") for n, word in enumerate(RARE)]
    few, many = KNOWN.judge([asked("full disk")]), History([*PAST, *rare]).judge([asked("full disk")])
    assert many.causes[0].cause == few.causes[0].cause == "full disk"
    assert many.causes[0].confidence < few.causes[0].confidence


RARE = ("amber", "basil", "cedar", "dahlia", "elder", "fern", "ginger", "hazel", "iris", "kale")


@given(st.sampled_from(CAUSES), st.integers(2, 40), st.integers(0, 10))
@settings(max_examples=25, deadline=None)
def test_saying_it_again_changes_nothing(cause: str, times: int, at: int) -> None:
    """Lines repeated with other numbers, in any amount and place, leave every confidence as it was."""
    lines = asked(cause).splitlines()
    errors = [line for line in lines if line.startswith("error ")]
    again = [line.replace("error ", f"error {n}") for n in range(times) for line in errors]
    flooded = [*lines[:7], *again[:at], *lines[7:], *again[at:]]
    assert KNOWN.judge(["\n".join(flooded)]) == KNOWN.judge(["\n".join(lines)])


def test_repeats_push_nothing_out_of_what_is_read() -> None:
    """A flood longer than what is read of one text hides no line below it."""
    told = asked("memory leak")
    flood = "error 1 basket: peer closed the connection\n" * (2 * MOST // 40)
    assert read(told).templates <= read(flood + told).templates


@given(st.integers(1, 3), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_one_source_alone_gains_no_more_than_the_others_bear_out(floods: int, draw: random.Random) -> None:
    """However many texts of a cause one source shows, without another it is at most `ONE_SOURCE` sure."""
    quiet = ["orders wait, people complain", "\n".join(table("parcels", draw))]
    flood = "\n".join(text_of("bad deploy", "parcels", draw) for _ in range(floods))
    alone = KNOWN.judge([*quiet, flood])
    assert all(one.confidence <= ONE_SOURCE for one in alone.causes if one.cause == "bad deploy")
    both = KNOWN.judge([quiet[0], text_of("bad deploy", "parcels", draw), flood])
    assert both.causes[0].cause == "bad deploy"
    assert both.causes[0].confidence > ONE_SOURCE


def test_the_component_is_read_never_copied() -> None:
    """The past says which kind of thing it is, the evidence which one; the neighbours' own is never named."""
    past = [replace(one, component="app/basket") for one in PAST]
    said = History(past).judge([asked("full disk", "mailer")])
    assert said.component == "app/mailer"
    nameless = History([replace(one, component="") for one in PAST]).judge([asked("full disk", "mailer")])
    assert nameless.component == "mailer"


def test_marks_sum_alike_in_whatever_order() -> None:
    """Two parts with the same marks tie, and the first by name is named, though float sums differ."""
    assert most({"basket": [0.3, 0.2, 0.1], "ledger": [0.1, 0.2, 0.3]}) == "basket"
    assert most({"basket": [0.0]}) == ""


def test_an_incident_never_counts_for_itself() -> None:
    """Left out, it leads nowhere; a cause that it alone had is not named. Leaving out costs no accuracy."""
    own = Past("own", "the coffee machine floods the rack", "coffee")
    all_of_it = History([*PAST, own])
    said = all_of_it.judge([own.text], {"own"})
    assert "coffee" not in [one.cause for one in said.causes]
    fresh, few = History(PAST[1:]).judge([PAST[0].text]), KNOWN.judge([PAST[0].text], {PAST[0].id})
    assert [one.cause for one in few.causes[:1]] == [one.cause for one in fresh.causes[:1]]
    assert all_of_it.judge([own.text]).causes[0].cause == "coffee"


def test_a_fit_without_a_few_is_the_fit_of_the_rest() -> None:
    """The short way to leave incidents out gives the weights of the long one."""
    places = np.arange(len(PAST))
    rest = np.delete(places, [3, 17])
    short = KNOWN._fit(places).without_few(rest)
    gram = KNOWN._space.gram(places)[np.ix_(rest, rest)]
    long = type(short)(gram, [int(cause) for cause in short.causes], len(CAUSES))
    assert np.allclose(short.weights, long.weights)
    assert np.allclose(short.sure.weights, long.sure.weights, atol=1e-4)


@pytest.mark.parametrize("texts", [[], [""], [" \n"]])
def test_nothing_said_is_nothing_known(texts: list[str]) -> None:
    """Without evidence or without a past there is no judgement, and it is trusted in nothing."""
    assert KNOWN.judge(texts) == NOTHING
    assert History([]).judge(["anything"]) == NOTHING
    assert Judgement().trust == 0


def test_five_incidents_are_already_of_use() -> None:
    """With one incident of each cause the right one comes first, but it is not yet trusted."""
    said = History(history(each=1)).judge([asked("stale lock")])
    assert said.causes[0].cause == "stale lock"
    assert said.trust == 0


def test_two_spellings_are_one_cause() -> None:
    """Case and spaces make no second cause."""
    mixed = [replace(one, cause=one.cause.upper() if n % 2 else one.cause) for n, one in enumerate(PAST)]
    said = History(mixed).judge([asked("full disk")])
    assert len({one.cause.casefold() for one in said.causes}) == len(said.causes)
    assert said.causes[0].cause.casefold() == "full disk"
