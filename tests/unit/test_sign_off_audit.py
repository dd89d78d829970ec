"""Whatever is done to the stored chain is found, at the first event that is not as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.records import AuditEvent
from bot.sign_off.audit import GENESIS, first_broken, link
from tests.unit.plans import NOW

Written = tuple[str, str, str, dict[str, str | int]]
short = st.text(max_size=6)
details = st.dictionaries(short, short | st.integers() | st.booleans(), max_size=2)
written = st.tuples(short, short, short, details)


def chain(entries: Sequence[Written], start: int = 1, previous: str = GENESIS) -> list[AuditEvent]:
    """The events as the store writes them."""
    events = []
    for seq, (actor, action, subject, detail) in enumerate(entries, start):
        at = NOW + timedelta(seconds=seq)
        hash_ = link(seq, at, actor, action, subject, detail, previous)
        events.append(AuditEvent(seq, at, actor, action, subject, detail, previous, hash_))
        previous = hash_
    return events


chains = st.lists(written, min_size=2, max_size=5).map(chain)
CHANGES: dict[str, object] = {
    "at": NOW,
    "actor": "T1/UMALLORY",
    "action": "signed by N3",
    "subject": "P999",
    "detail": {"forged": True},
    "previous": "1" * 64,
    "hash": "2" * 64,
}


@given(st.lists(written, max_size=5))
def test_a_chain_as_written_holds(entries: list[Written]) -> None:
    """Any events, with any text in them, verify."""
    assert first_broken(chain(entries)) is None


@given(chains, st.data(), st.sampled_from(sorted(CHANGES)))
def test_an_edit_is_found_where_it_is(events: list[AuditEvent], data: st.DataObject, field: str) -> None:
    """Whichever field of whichever event is changed, that event is named."""
    index = data.draw(st.integers(0, len(events) - 1))
    edited = replace(events[index], **{field: CHANGES[field]})  # type: ignore[arg-type]  # by the field's name
    assume(edited != events[index])
    found = first_broken([*events[:index], edited, *events[index + 1 :]])
    assert found is not None
    assert found[0] == index + 1


@given(chains, st.data(), written)
def test_an_edit_with_a_fresh_hash_is_found_at_the_next_event(
    events: list[AuditEvent], data: st.DataObject, entry: Written
) -> None:
    """Who recomputes the hash of an event breaks the one behind it."""
    index = data.draw(st.integers(0, len(events) - 2))
    (forged,) = chain([entry], index + 1, events[index].previous)
    assume(forged.hash != events[index].hash)
    found = first_broken([*events[:index], forged, *events[index + 1 :]])
    assert found == (index + 2, "it does not follow the event before it")


@given(chains, st.data())
def test_a_deletion_is_found_where_the_gap_is(events: list[AuditEvent], data: st.DataObject) -> None:
    """Any event but the last taken out: the one behind it is named, and which one is missing."""
    index = data.draw(st.integers(0, len(events) - 2))
    found = first_broken(events[:index] + events[index + 1 :])
    assert found == (index + 2, f"event {index + 1} is missing or out of order")


@given(chains, st.data())
def test_a_swap_is_found_at_its_first_place(events: list[AuditEvent], data: st.DataObject) -> None:
    """Two events that changed places, with or without their numbers."""
    low = data.draw(st.integers(0, len(events) - 2))
    high = data.draw(st.integers(low + 1, len(events) - 1))
    swapped = list(events)
    swapped[low], swapped[high] = swapped[high], swapped[low]
    found = first_broken(swapped)
    assert found is not None and found[0] == high + 1
    renumbered = [replace(event, seq=seq) for seq, event in enumerate(swapped, 1)]
    found = first_broken(renumbered)
    assert found is not None and found[0] == low + 1


@given(chains, st.data(), written)
def test_an_insertion_is_found(events: list[AuditEvent], data: st.DataObject, entry: Written) -> None:
    """An event put in anywhere, well linked to the one before it, breaks the chain right behind it."""
    index = data.draw(st.integers(0, len(events) - 1))
    (put_in,) = chain([entry], index + 1, events[index].previous)
    assume(put_in.hash != events[index].hash)
    found = first_broken([*events[:index], put_in, *events[index:]])
    assert found is not None and found[0] == events[index].seq
    later = [replace(event, seq=event.seq + 1) for event in events[index:]]
    found = first_broken([*events[:index], put_in, *later])
    assert found is not None and found[0] == index + 2


@given(chains)
def test_a_chain_of_its_own_is_no_continuation(events: list[AuditEvent]) -> None:
    """A chain must begin at event 1 with nothing before it."""
    found = first_broken(events[1:])
    assert found is not None and found[0] == 2
    (first,) = chain([("a", "b", "c", {})], 1, "3" * 64)
    assert first_broken([first]) == (1, "it does not follow the event before it")


@pytest.mark.parametrize("detail", [{"n": float("nan")}, {1: "a"}])
def test_what_cannot_be_said_exactly_is_not_recorded(detail: dict[str, object]) -> None:
    """An event whose detail JSON cannot hold is refused, so the deed in its transaction is too."""
    with pytest.raises(ValueError):
        link(1, NOW, "vigie", "did", "row", detail, GENESIS)
