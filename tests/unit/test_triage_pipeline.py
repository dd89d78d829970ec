"""What triage decides, step by step, in memory: what is held, told, damped, muted, related; each with a
reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.alert import Alert, AlertStatus, Kind, Severity
from bot.domain.mute import Matcher
from bot.triage.mute import MuteRule
from bot.triage.pattern import MOST_TRACES
from bot.triage.rehearsal import Outcome, Rehearsal
from bot.triage.rules import Rules
from bot.triage.topology import Topology, learned, topology_of

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
W, C, I = Severity.WARNING, Severity.CRITICAL, Severity.INFO  # noqa: E741  # as short as the words in a table
MINUTE = timedelta(minutes=1)
CALLS = {"web": ["checkout"], "checkout": ["orders"], "orders": ["database"], "care": [], "mail": []}


def alert(name: str, service: str = "", severity: Severity = W, **labels: str) -> Alert:
    given = {"alertname": name, **({"service": service} if service else {}), **labels}
    return Alert("s", name, AlertStatus.FIRING, severity, service, "", START, labels=given)


def over(one: Alert) -> Alert:
    return replace(one, status=AlertStatus.RESOLVED)


class Day:
    """Deliveries at minutes of a day."""

    def __init__(self, rules: Rules | None = None, mutes: tuple[MuteRule, ...] = ()) -> None:
        self.rehearsal = Rehearsal(rules or Rules(), topology_of(CALLS), mutes)

    def at(self, minutes: float, one: Alert) -> Outcome:
        return self.rehearsal.receive(one, START + timedelta(minutes=minutes))

    def until(self, minutes: float) -> None:
        self.rehearsal.pass_time(START + timedelta(minutes=minutes))


def test_what_clears_by_itself_is_never_told() -> None:
    """Held, visible as such, and cleared: nobody is told, and its notice says why."""
    day = Day()
    held = day.at(0, alert("A", "orders"))
    assert held.decision.kind is Kind.HELD
    assert held.decision.hold_until == START + 6 * MINUTE
    assert "People are told at 12:06:00 UTC if it still fires" in held.decision.reason
    ended = day.at(3, over(alert("A", "orders")))
    assert "cleared by itself after 180 s, while it was held" in ended.decision.reason
    day.until(60)
    assert held.told_at is None
    assert not day.rehearsal.memory.groups


def test_what_still_fires_is_told_when_its_hold_ends() -> None:
    """To the second, however often it repeats meanwhile, and its incident is told once."""
    day = Day()
    held = day.at(0, alert("A", "orders"))
    repeat = day.at(5, alert("A", "orders"))
    assert (repeat.decision.kind, repeat.told_at) == (Kind.DUPLICATE, None)
    assert "held until 12:06:00" in repeat.decision.reason
    day.until(30)
    assert held.told_at == START + 6 * MINUTE


def test_a_critical_alert_is_told_at_once() -> None:
    """Whatever its name did before."""
    day = Day()
    for hour in range(6):
        day.at(hour * 60, alert("A", "orders"))
        day.at(hour * 60 + 1, over(alert("A", "orders")))
    told = day.at(600, alert("A", "orders", C))
    assert (told.decision.kind, told.told_at) == (Kind.OPENED, START + 600 * MINUTE)


def test_the_length_of_a_hold_comes_from_history_within_minutes() -> None:
    """A name that clears within a minute is held for the shortest time, one that lasts for the longest."""
    for lasts, held in ((1, 5), (4, 6), (50, 8)):
        day = Day()
        for number in range(8):
            day.at(number * 120, alert("A", f"s{number}"))
            day.at(number * 120 + lasts, over(alert("A", f"s{number}")))
        outcome = day.at(2000, alert("A", "orders"))
        assert outcome.decision.hold_until == START + (2000 + held) * MINUTE


def test_what_flaps_is_one_incident_with_its_count() -> None:
    """From its third beginning within an hour it is damped; when it stays, people are told once."""
    day = Day()
    outcomes = []
    for number in range(6):
        outcomes.append(day.at(number * 6, alert("A", "orders")))
        day.at(number * 6 + 2, over(alert("A", "orders")))
    assert [o.decision.kind for o in outcomes] == [Kind.HELD] * 2 + [Kind.FLAPPING] * 4
    assert "It began 6 times within the hour" in outcomes[-1].decision.reason
    assert {o.incident for o in outcomes} == {outcomes[0].incident}
    assert not any(o.told_at for o in outcomes)
    stays = day.at(36, alert("A", "orders"))
    day.until(60)
    assert stays.told_at == START + 44 * MINUTE


def test_a_fault_s_cascade_is_one_incident_and_another_fault_its_own() -> None:
    """Callers join along the graph; what nothing ties to it, in the midst of the storm, opens its own and
    is told."""
    day = Day()
    root = day.at(0, alert("DbDown", "database", C))
    second = day.at(1.3, alert("CareDown", "care", C))
    rest = [day.at(1, alert("Slow", "orders")), day.at(1.5, alert("Errors", "checkout"))]
    assert {one.incident for one in rest} == {root.incident}
    assert "orders calls database" in rest[0].decision.reason
    assert second.incident != root.incident
    assert (second.decision.kind, second.told_at) == (Kind.OPENED, START + 1.3 * MINUTE)


def test_without_a_graph_a_host_and_a_name_tie() -> None:
    """What fails on an ill host, and one alert at many services at once, are one incident each."""
    day = Day()
    day.rehearsal.memory.topology = Topology()
    host = day.at(0, alert("HostDown", severity=C, node="n1"))
    pods = [day.at(0.3, alert("PodGone", f"s{n}", pod=f"s{n}-x", node="n1")) for n in range(3)]
    assert {one.incident for one in pods} == {host.incident}
    day.until(120)
    same = [day.at(130 + n / 10, alert("CertExpired", f"s{n}")) for n in range(5)]
    assert len({one.incident for one in same}) == 1


def test_news_breaks_through_an_absorbed_group() -> None:
    """A critical one at a new service at once; a new service that stays after its hold; the same again
    not."""
    day = Day()
    root = day.at(0, alert("DbDown", "database", C))
    again = day.at(0.5, alert("DbDown", "database", C, pod="database-2"))
    assert (again.incident, again.told_at) == (root.incident, None)
    new = day.at(1, alert("Slow", "orders"))
    loud = day.at(1.2, alert("Errors", "checkout", C))
    assert (loud.incident, loud.told_at) == (root.incident, START + 1.2 * MINUTE)
    assert "is new in #1, and critical" in loud.decision.reason
    day.until(60)
    assert new.told_at is None, "the card that was told at 1.2 shows it"
    late = day.at(1.5, alert("Slow", "web"))
    assert "web is new in #1" in late.decision.reason


def test_a_second_trouble_of_one_kind_is_told_though_it_looks_like_the_first() -> None:
    """Units of one cause fire within a minute; later, while the first fires alone, it is another trouble. A
    third is not told: by then people look."""
    day = Day()
    first = day.at(0, alert("DbDown", "database", C, pod="database-1"))
    spread = day.at(0.9, alert("DbDown", "database", C, pod="database-2"))
    second = day.at(1.5, alert("DbDown", "database", C, pod="database-3"))
    third = day.at(3.5, alert("DbDown", "database", C, pod="database-4"))
    assert {first.incident, spread.incident, second.incident, third.incident} == {1}
    assert [one.told_at is not None for one in (spread, second, third)] == [False, True, False]
    assert "DbDown begins once more on database in #1, and is critical." in second.decision.reason


def test_what_begins_after_the_first_is_over_is_told() -> None:
    """People think that it is over; the same again, a minute later, is news."""
    day = Day()
    day.at(0, alert("DbDown", "database", C, pod="database-1"))
    day.at(0.5, alert("Slow", "database"))
    day.at(1, over(alert("DbDown", "database", C, pod="database-1")))
    assert day.at(2, alert("DbDown", "database", C, pod="database-2")).told_at is not None


def test_a_new_kind_on_a_known_service_breaks_through_when_it_stays() -> None:
    """It may be another trouble: told after hold and lull. The same kind of another pod is no news."""
    day = Day()
    root = day.at(0, alert("DbDown", "database", C))
    kind = day.at(2, alert("DiskFills", "database"))
    pod = day.at(2.5, alert("DiskFills", "database", pod="database-2"))
    assert (kind.incident, pod.incident) == (root.incident, root.incident)
    assert "DiskFills is new on database in #1" in kind.decision.reason
    day.until(60)
    assert (kind.told_at, pod.told_at) == (START + Rules().lull, None)


def test_what_fires_again_says_nothing_new_of_who_fails_next() -> None:
    """One that flapped all day is not the reason of what begins near it; its first beginning was."""
    day = Day()
    first = day.at(0, alert("Slow", "orders"))
    assert day.at(0.5, alert("Errors", "checkout")).incident == first.incident
    for number in range(1, 10):
        day.at(number * 6 - 3, over(alert("Slow", "orders")))
        assert day.at(number * 6, alert("Slow", "orders")).incident == first.incident
    assert day.at(54.5, alert("DiskFills", "checkout")).incident != first.incident


def test_what_cleared_by_itself_explains_nothing() -> None:
    """Nobody was told of it, and it is over: what begins next door stands for itself, and is told."""
    for clears in (False, True):
        day = Day()
        brief = day.at(0, alert("Slow", "orders"))
        day.at(0.2, alert("Slow", "mail"))
        if clears:
            day.at(0.5, over(alert("Slow", "orders")))
        stays = day.at(1, alert("Errors", "checkout"))
        assert (stays.incident == brief.incident) is not clears


def test_what_still_fires_is_told_when_all_that_people_know_is_over() -> None:
    """They were told of another alert of its incident, which is over: who is on call believes that all
    is well."""
    for ends in (False, True):
        day = Day()
        quiet = day.at(0, alert("Slow", "orders"))
        loud = day.at(1, alert("Errors", "checkout", C))
        assert loud.incident == quiet.incident and loud.told_at
        if ends:
            day.at(3, over(alert("Errors", "checkout", C)))
        day.until(30)
        assert quiet.told_at == (START + 6 * MINUTE if ends else None)


def test_one_more_service_of_what_is_everywhere_is_no_news() -> None:
    """People know of the same alert on four services; a critical one breaks through all the same."""
    for known in (3, 4):
        day = Day()
        for number in range(known):
            day.at(number / 10, alert("CertExpired", f"s{number}"))
        day.until(6.5)
        quiet = day.at(6.6, alert("CertExpired", "s0", pod="s0-x"))
        one_more = day.at(6.7, alert("CertExpired", "care", pod="care-x"))
        assert one_more.incident == quiet.incident
        assert ("is new in" in one_more.decision.reason) is (known < 4)
        loud = day.at(6.8, alert("CertExpired", "mail", C))
        assert loud.told_at == START + 6.8 * MINUTE


def test_a_service_on_an_ill_host_is_no_news_unless_it_is_critical() -> None:
    """People were told of the host; where they were not, a new service breaks through."""
    host, service = alert("HostDown", severity=C, node="n1"), alert("DbDown", "database", C, node="n1")
    for known, says in ((host, "People know of it"), (service, "orders is new in #1")):
        day = Day()
        root = day.at(0, known)
        pod = day.at(0.5, alert("PodGone", "orders", pod="orders-x", node="n1"))
        assert pod.incident == root.incident and says in pod.decision.reason
        assert day.at(0.6, alert("Errors", "orders", C, node="n1")).told_at


def test_a_stranger_at_the_same_moment_stands_for_itself() -> None:
    """While nothing is known of the fleet, two services that nothing ties are two incidents."""
    day = Day()
    first = day.at(0, alert("KioskDown", "kiosk", C))
    assert day.at(0, alert("PrinterDown", "printer", C)).incident != first.incident


def test_what_a_full_pattern_forgot_is_not_looked_for() -> None:
    """An incident with more traces than are kept is over: an alert where its first ones were is decided."""
    day = Day()
    day.at(0, alert("A", "orders", C, node="n1"))
    for number in range(MOST_TRACES + 5):
        day.at(0.1, alert("A", "checkout", pod=f"checkout-{number}"))
    for number in range(MOST_TRACES + 5):
        day.at(0.2, over(alert("A", "checkout", pod=f"checkout-{number}")))
    day.at(0.3, over(alert("A", "orders", C, node="n1")))
    day.until(2)
    assert not day.rehearsal.memory.groups
    assert day.at(3, alert("B", "orders", node="n1")).decision.kind is Kind.HELD


def test_what_is_remembered_of_told_kinds_is_bounded() -> None:
    """As many as the pattern holds, however many there were."""
    day = Day()
    for number in range(400):
        day.at(number / 100, alert(f"Kind{chr(97 + number // 26)}{chr(97 + number % 26)}", "database", C))
    (group,) = day.rehearsal.memory.groups.values()
    kinds = [mark for mark in group.told if mark.startswith("kind:")]
    assert 0 < len(kinds) <= MOST_TRACES


def test_a_rise_breaks_through_what_is_held() -> None:
    """Held as a warning, told at once as critical; the hold then tells nothing again."""
    day = Day()
    held = day.at(0, alert("A", "orders"))
    rise = day.at(1, alert("A", "orders", C))
    assert (rise.decision.kind, rise.told_at) == (Kind.JOINED, START + MINUTE)
    day.until(30)
    assert held.told_at is None


def test_what_people_were_told_of_is_held_no_more() -> None:
    """It was held as a warning and rose: nothing waits, and it is not told once more when the hold ends."""
    day = Day()
    held = day.at(0, alert("Disk", "orders"))
    risen = day.at(1, alert("Disk", "orders", C))
    assert risen.decision.notifies and not day.rehearsal.memory.waiting()
    day.until(30)
    assert held.told_at is None


@pytest.mark.parametrize("days", [-4000, 0, 4000])
def test_the_senders_clock_decides_nothing(days: int) -> None:
    """Years early or late, it is held from when it arrived; the same wrong beginning again is a repeat."""
    day = Day()
    skewed = replace(alert("A", "orders"), starts_at=START + timedelta(days=days))
    assert day.at(0, skewed).decision.hold_until == START + 6 * MINUTE
    assert day.at(5, skewed).decision.kind is Kind.DUPLICATE


def test_a_lost_end_does_not_swallow_what_comes_later() -> None:
    """Its sender names another beginning after a long silence: it begins anew, and critical is told."""
    day = Day()
    day.at(0, alert("A", "orders", C))
    later = replace(alert("A", "orders", C), starts_at=START + 180 * MINUTE)
    told = day.at(180, later)
    assert told.told_at == START + 180 * MINUTE


def test_more_incidents_than_anybody_reads_become_one() -> None:
    """J7: from the limit on, one overflow incident takes what would open more; critical is told there too."""
    day = Day(Rules(most_incidents=5))
    outcomes = [day.at(n * 12, alert(f"N{n}", f"x{n}", C)) for n in range(20)]
    assert len({o.incident for o in outcomes}) == 6
    assert {o.decision.step for o in outcomes[5:]} == {"overflow"}
    assert all(o.told_at for o in outcomes[:6])
    assert outcomes[-1].told_at, "a new service of a critical alert breaks through"


def test_a_flood_of_label_sets_keeps_memory_bounded() -> None:
    """J7: every delivery is decided; traces of one incident and series in memory stay within their limits."""
    day = Day()
    memory = day.rehearsal.memory
    for number in range(1200):
        day.at(number / 600, alert("A", "orders", pod=f"orders-{number}"))
        memory.forget_old_series(100)
    assert len(day.rehearsal.outcomes) == 1200
    assert len(memory.groups) == 1
    assert max(len(pattern) for pattern in memory.patterns.values()) <= 256
    assert sum(1 for _ in memory.firing()) <= 100


WINDOW = MuteRule(7, (Matcher("service", "orders"),), START, START + 60 * MINUTE, "T1/U1", "a migration")


def test_a_maintenance_window_keeps_quiet_what_it_names() -> None:
    """Recorded, never told, no incident; critical breaks through unless the window includes it; heartbeats
    too."""
    day = Day(mutes=(WINDOW,))
    quiet = day.at(0, alert("A", "orders"))
    assert (quiet.decision.kind, quiet.incident, quiet.decision.mute) == (Kind.MUTED, None, 7)
    loud = day.at(1, alert("B", "orders", C))
    assert loud.told_at and "Maintenance window 7 does not include critical alerts" in loud.decision.reason
    assert day.at(2, alert("A", "mail")).decision.kind is Kind.HELD
    everything = replace(WINDOW, includes_critical=True)
    day = Day(mutes=(everything,))
    assert day.at(0, alert("B", "orders", C)).decision.kind is Kind.MUTED
    assert day.at(1, alert("Watchdog", "orders")).decision.kind is Kind.HEARTBEAT


def test_what_still_fires_after_a_window_is_held_then() -> None:
    """The window ends; the next repeat is as if it began now."""
    day = Day(mutes=(WINDOW,))
    day.at(0, alert("A", "orders"))
    after = day.at(61, alert("A", "orders"))
    assert (after.decision.kind, after.decision.hold_until) == (Kind.HELD, START + 67 * MINUTE)


def test_a_topology_is_learned_from_what_fails_together() -> None:
    """Three times and in half of the rarer one's incidents; a power cut teaches nothing."""
    cut = frozenset(f"s{n}" for n in range(20))
    assert learned([frozenset({"a", "b"})] * 3 + [cut] * 9) == {"a": frozenset({"b"}), "b": frozenset({"a"})}
    assert learned([frozenset({"a", "b"})] * 2) == {}


def test_an_alert_says_whom_its_service_calls() -> None:
    """A peer label is an edge of the graph from then on."""
    day = Day()
    day.at(0, alert("Slow", "kiosk", destination_service="printer"))
    assert day.rehearsal.memory.topology.calls["kiosk"] == {"printer"}
