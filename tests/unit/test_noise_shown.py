"""What people read of absorbed alerts: sums that add up, and reasons that are not cut in a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.copilot.noise import Why
from bot.domain.alert import Kind
from bot.domain.noise import Shown
from bot.slack.blocks import incident as incident_blocks
from bot.slack.blocks.noise import chart
from tests.slack_limits import texts
from tests.specimens import values
from tests.specimens.voices import ORDINARY

REASON = (
    "Nothing open explains it. People are told at … UTC if it still fires: it has … s to clear by itself,"
    " as it mostly did before."
)
words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=120).map(" ".join)


def test_the_sum_on_a_card_adds_up() -> None:
    """Each delivery is told or counted once, by what was decided of it."""
    shown = Shown(5, 2, {Kind.FLAPPING: 2, Kind.DUPLICATE: 1}, held_until=values.NOW, held=1)
    card = incident_blocks.card(values.incident(ORDINARY), values.alerts(ORDINARY), [], shown)
    text = "5 alerts: 2 told, 1 repeated, 2 flapping · 1 waiting until 01 Mar 12:00:00 UTC at least"
    assert text in list(texts(card))


def test_a_reason_is_read_whole() -> None:
    """In the chart of `/vigie noise` too, over as many rows as it needs, three at most."""
    drawn = " ".join(chart([Why(Kind.HELD, REASON, 3, 1)]).split())
    assert REASON in drawn


@given(words)
def test_no_reason_is_cut_in_a_word(reason: str) -> None:
    """However long: what does not fit is left out at a word, and said to be."""
    drawn = chart([Why(Kind.HELD, reason, 3, 1)]).splitlines()[1:]
    said = " ".join(" ".join(drawn).split())
    kept = said.removesuffix(" … (all of it: look)")
    assert f"{reason} ".startswith(f"{kept} ") and (kept == reason or kept != said)
