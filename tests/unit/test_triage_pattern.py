"""What correlation sees of an incident is the same whether it was followed alert by alert or read at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.noise import Trace
from bot.triage import pattern
from bot.triage.pattern import CLEARED, Pattern

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = timedelta(hours=1)
FEW = 6

_times = st.one_of(st.integers(0, 20).map(lambda s: START + timedelta(seconds=s)), st.just(CLEARED))
_traces = st.builds(
    Trace,
    st.sampled_from(("Slow", "Down")),
    st.sampled_from(("", "web", "orders", "stock", "mail", "pay")),
    st.sampled_from(("", "n1", "n2")),
    st.sampled_from(("", "pod-1")),
    _times,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_traces, max_size=30))
def test_members_that_were_followed_are_those_of_a_new_reading(traces: list[Trace]) -> None:
    """After any alerts, with the oldest forgotten, hosts that fall ill and names that spread."""
    now = START + timedelta(minutes=1)
    with patch.object(pattern, "MOST_TRACES", FEW):
        followed = Pattern()
        for trace in traces:
            followed.add(trace)
            seen = followed.members(now, WINDOW)
            anew = Pattern()
            for kept in followed:
                anew.add(kept)
            assert sorted(seen, key=repr) == sorted(anew.members(now, WINDOW), key=repr)
