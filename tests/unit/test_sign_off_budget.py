"""How much may run: what is full waits, what is spent for the hour is refused, each with its sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.proposal import Started
from bot.domain.tool import Limits, Tool, ToolKind
from bot.sign_off.budget import HOUR, Budget, room_for

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOOL = Tool(
    name="restart",
    kind=ToolKind.ACTION,
    title="Restart",
    does="Restarts.",
    runner="command",
    call={},
    arguments=(),
    timeout_s=1,
    output_cap=256,
    environments=("production",),
    services=("orders",),
    owner="team",
    entry={},
    limits=Limits(2, 5),
)
ORDERS = Incident(1, "t", "orders", "production", Severity.CRITICAL, IncidentState.IDENTIFIED, NOW, NOW)
EARLIER = Started("restart", "orders", "production", NOW - timedelta(minutes=30), False)
RUNS = replace(EARLIER, is_running=True)
WIDE = Budget(100, 100)


def test_where_nothing_ran_there_is_room() -> None:
    """The first one starts."""
    assert room_for(TOOL, ORDERS, Budget(), [], NOW).is_free


def test_a_service_bears_one_at_a_time() -> None:
    """Another tool on the same service waits; on another service, or in another environment, it does not."""
    other = replace(TOOL, name="resize")
    room = room_for(other, ORDERS, Budget(), [RUNS], NOW)
    assert (room.is_free, room.waits) == (False, True)
    assert room.reason == "It waits: 1 of at most 1 at a time run for orders in production."
    assert room_for(other, replace(ORDERS, service="mail"), Budget(), [RUNS], NOW).is_free
    assert room_for(other, replace(ORDERS, environment="test"), Budget(), [RUNS], NOW).is_free


def test_a_tool_bears_so_many_at_a_time_wherever_they_run() -> None:
    """Its own limit counts across services."""
    elsewhere = [replace(RUNS, service=f"svc-{n}") for n in range(2)]
    room = room_for(TOOL, ORDERS, WIDE, elsewhere, NOW)
    assert room.waits and "for restart" in room.reason
    assert room_for(TOOL, ORDERS, WIDE, elsewhere[:1], NOW).is_free


def test_what_is_spent_for_the_hour_is_refused_with_the_time_when_there_is_room() -> None:
    """Five were started; the sixth is refused, and told when the first of them is an hour old."""
    room = room_for(TOOL, ORDERS, WIDE, [EARLIER] * 5, NOW)
    assert (room.is_free, room.waits) == (False, False)
    assert "restart has had 5 of 5 actions within an hour; propose it again after 12:30 UTC" in room.reason
    assert room_for(TOOL, ORDERS, WIDE, [EARLIER] * 5, NOW + timedelta(minutes=31)).is_free
    narrow = Budget(100, 3)
    assert "orders in production has had 3 of 3" in room_for(TOOL, ORDERS, narrow, [EARLIER] * 3, NOW).reason


@given(
    st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=12), st.integers(1, 4), st.integers(1, 8)
)
def test_no_order_of_starts_goes_over(ages: list[tuple[int, bool]], at_once: int, per_hour: int) -> None:
    """Wherever there is room, one more keeps both bounds of the tool and of the service."""
    started = [replace(EARLIER, at=NOW - timedelta(minutes=age), is_running=runs) for age, runs in ages]
    tool, budget = replace(TOOL, limits=Limits(at_once, per_hour)), Budget(at_once, per_hour)
    room = room_for(tool, ORDERS, budget, started, NOW)
    running = sum(s.is_running for s in started)
    recent = sum(s.at > NOW - HOUR for s in started)
    assert room.is_free == (running < at_once and recent < per_hour)
    assert room.is_free == (not room.reason)
