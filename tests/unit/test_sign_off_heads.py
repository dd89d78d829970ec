"""Heads show what a chain alone cannot: a cut-off end, a roll-back, a fork, and a restore for what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.records import AuditEvent
from bot.sign_off.audit import GENESIS, link
from bot.sign_off.heads import (
    KEY_MADE,
    RESTORED,
    Chain,
    Head,
    fingerprint,
    gaps,
    head_of,
    is_signed_by,
    judge,
    line_hash,
    parse,
    sign,
)
from tests.unit.plans import NOW, hostile

PRIVATE = b"\x01" * 32
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
KEY = fingerprint(PUBLIC)
KNOWN = {KEY: PUBLIC}


def chain(
    count: int, word: str = "did", start: list[AuditEvent] | None = None, **detail: object
) -> list[AuditEvent]:
    """So many more events; the first of all says which key signs."""
    events = list(start or [])
    for _ in range(count):
        seq = len(events) + 1
        previous = events[-1].hash if events else GENESIS
        action, given = (word, detail) if events else (KEY_MADE, {"key": KEY})
        hash_ = link(seq, NOW + timedelta(seconds=seq), "vigie", action, "audit", given, previous)
        event = AuditEvent(
            seq, NOW + timedelta(seconds=seq), "vigie", action, "audit", given, previous, hash_
        )
        events.append(event)
    return events


def heads(*chains: list[AuditEvent]) -> list[Head]:
    """One signed head after the other, as in their file."""
    found: list[Head] = []
    for events in chains:
        previous = line_hash(found[-1].line()) if found else ""
        made = sign(head_of(Chain.of(events), events[-1].at, previous), PRIVATE)
        found.append(replace(made, where=f"heads:{len(found) + 1}"))
    return found


@given(st.integers(2, 12), st.data())
@pytest.mark.attack("R4")
def test_whatever_is_cut_off_is_found(count: int, data: st.DataObject) -> None:
    """For every length and every cut below the newest head: named with what is missing; above it all fits."""
    events = chain(count)
    seen = data.draw(st.integers(1, count))
    left = data.draw(st.integers(0, count))
    verdict = judge(Chain.of(events[:left]), heads(events[:seen]), KNOWN)
    assert bool(verdict.wrong) == (left < seen)
    if 0 < left < seen:
        assert f"now it ends at {left}" in verdict.wrong[0]


@given(st.integers(2, 8), st.integers(1, 8), st.data())
@pytest.mark.attack("R5")
def test_whatever_is_forked_is_found(count: int, more: int, data: st.DataObject) -> None:
    """Rolled back to any point and grown anew: the first head behind that point does not fit."""
    events = chain(count)
    point = data.draw(st.integers(1, count - 1))
    other = chain(more, "did otherwise", events[:point])
    every = heads(*(events[:seen] for seen in range(1, count + 1)))
    verdict = judge(Chain.of(other), every, KNOWN)
    assert verdict.fitting == point
    assert verdict.wrong[0].startswith(f"heads:{point + 1}: ")
    assert judge(Chain.of(events), every, KNOWN).wrong == ()


FIELDS: dict[str, object] = {
    "seq": 1,
    "hash": "0" * 64,
    "at": "2020-01-01T00:00:00Z",
    "installation": "0" * 16,
    "epoch": 9,
    "previous": "0" * 64,
    "signature": "AAAA",
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_changed_head_has_no_signature(field: str) -> None:
    """Every field is signed; and who changes the key has none that is known."""
    (head,) = heads(chain(4))
    assert is_signed_by(head, PUBLIC)
    changed = replace(head, **{field: FIELDS[field]})  # type: ignore[arg-type]  # by the field's name
    assert not is_signed_by(changed, PUBLIC)
    assert judge(Chain.of(chain(4)), [changed], KNOWN).wrong
    other = sign(head, b"\x02" * 32)
    assert "none of this installation" in judge(Chain.of(chain(4)), [other], KNOWN).wrong[0]


@given(hostile, hostile)
def test_what_was_posted_is_read_again(before: str, after: str) -> None:
    """Whatever stands around it on the line; a head by anything else than its form is none."""
    (head,) = heads(chain(5))
    noise = before.replace("\n", " "), after.replace("\n", " ")
    (read,) = parse(f"{noise[0]} :link: `{head.posted()}` {noise[1]}", "slack.txt")
    assert (read.seq, read.epoch, read.key, read.installation) == (5, 1, KEY, head.installation)
    assert head.hash.startswith(read.hash) and len(read.hash) >= 12
    assert judge(Chain.of(chain(5)), [read], KNOWN).fitting == 1
    assert judge(Chain.of(chain(5, "other")), [read], KNOWN).wrong
    assert parse(before + after) == []


def test_a_file_without_a_gap_has_none() -> None:
    """Each line remembers the one before it."""
    events = chain(6)
    lines = [head.line() for head in heads(*(events[:n] for n in range(1, 7)))]
    assert list(gaps(lines)) == []
    assert list(gaps(lines[:2] + lines[3:])) == [
        "line 3 does not follow the one before it: a line was taken out, put in or changed"
    ]
    assert list(gaps([lines[1], lines[0], "nonsense"]))[-1] == "line 3 is not a head"


@pytest.mark.attack("R5")
def test_an_honest_restore_is_told_from_a_roll_back() -> None:
    """It knew the newest head's line, which only who can read that file knows; it says what was lost."""
    events = chain(9)
    every = heads(events[:4], events)
    line = line_hash(every[-1].line())
    seen = {"seq": 9, "hash": every[-1].hash, "line": line}
    restored = chain(1, RESTORED, events[:4], head_seen=seen, backup_taken="then")
    grown = chain(2, "went on", restored)
    after = [*every, replace(heads(grown)[0], where="heads:3")]
    verdict = judge(Chain.of(grown), after, KNOWN)
    assert (verdict.wrong, verdict.fitting) == ((), 2)
    assert "events 5 to 9 of the time before are lost" in verdict.lost[0]
    for lie in ({**seen, "line": "0" * 64}, {**seen, "seq": 8}, None):
        forged = chain(3, RESTORED, events[:4], head_seen=lie, backup_taken="then")
        assert judge(Chain.of(forged), every, KNOWN).wrong


def test_an_export_is_as_good_as_heads() -> None:
    """Every event of it is compared, without a signature."""
    events = chain(4)
    lines = [
        json.dumps({"seq": e.seq, "hash": e.hash, "at": e.at.isoformat(), "actor": e.actor}) for e in events
    ]
    read = parse("\n".join([*lines, json.dumps({"head": json.loads(heads(events)[0].line())})]), "export")
    assert len(read) == 5
    assert judge(Chain.of(events), read, KNOWN).fitting == 5
    assert len(judge(Chain.of(chain(4, "other")), read, KNOWN).wrong) == 4
