"""What every transaction promises, on both engines: one time, one writer, all or nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from bot.domain.alert import Decision, Kind
from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.noise import Delivery
from bot.domain.proposal import Execution, Outcome, ProposalState, SignOff
from bot.sign_off.audit import first_broken
from bot.store import tables as t
from bot.store.database import Store, open_engine
from tests.adapters.store.build import ALICE, BOB, NOW, WRITERS, alert, at_once, proposal, signed_proposal
from tests.adapters.store.filled import remember


class Stop(Exception):
    """Raised in the middle of a transaction."""


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def test_a_signed_proposal_is_claimed_by_one_of_many(store: Store) -> None:
    """Of eight threads that claim the same execution at once, exactly one gets it."""
    proposal_id = signed_proposal(store)

    def claim(number: int) -> bool:
        with store.begin() as tx:
            return tx.proposals.claim(proposal_id, f"fence-{number}")

    won = at_once(claim)
    assert sum(won) == 1
    with store.read() as tx:
        execution = tx.proposals.execution(proposal_id)
        assert execution is not None and execution.fence == f"fence-{won.index(True)}"


def test_only_the_holder_of_the_fence_writes_how_it_ended_and_once(store: Store) -> None:
    """A result under another fence, or a second one under the right fence, changes nothing."""
    proposal_id = signed_proposal(store)
    with store.begin() as tx:
        assert tx.proposals.claim(proposal_id, "right")
        wrong = Execution(proposal_id, "wrong", tx.now, tx.now, 1, "forged")
        assert not tx.proposals.finish(wrong)
        assert tx.proposals.finish(Execution(proposal_id, "right", tx.now, tx.now, 0, "done"))
        assert not tx.proposals.finish(Execution(proposal_id, "right", tx.now, tx.now, 7, "late"))
        ended = tx.proposals.execution(proposal_id)
    assert ended is not None and (ended.exit_code, ended.output) == (0, "done")


def test_a_proposal_moves_only_from_where_it_stands(store: Store) -> None:
    """Rejecting and claiming at once: one of the two happens, never both."""
    for _ in range(5):
        proposal_id = signed_proposal(store)

        def act(number: int, proposal_id: int = proposal_id) -> bool:
            with store.begin() as tx:
                if number % 2:
                    return tx.proposals.claim(proposal_id, "fence")
                return tx.proposals.move(proposal_id, (ProposalState.SIGNED,), ProposalState.REJECTED)

        assert sum(at_once(act, 2)) == 1


def test_a_plan_is_prepared_once_and_an_outcome_written_once(store: Store) -> None:
    """What people may have signed or read already is not changed under them."""
    with store.begin() as tx:
        made = proposal(tx)
        assert tx.proposals.prepared(made.id, {"call": "shown"}, "a" * 64, "9")
        assert not tx.proposals.prepared(made.id, {"call": "another"}, "b" * 64, "1")
        assert tx.proposals.verified(made.id, "0", Outcome.FIXED)
        assert not tx.proposals.verified(made.id, "9", Outcome.NOT_FIXED)
        kept = tx.proposals.get(made.id)
    assert kept is not None
    assert (kept.digest, kept.plan, kept.outcome) == ("a" * 64, {"call": "shown"}, Outcome.FIXED)


def test_the_audit_chain_stays_whole_under_many_writers(store: Store) -> None:
    """Eight threads append twenty events each: no error, no gap, no fork, and time only goes forward."""

    def write(number: int) -> None:
        for count in range(20):
            with store.begin() as tx:
                tx.audit.append(f"writer {number}", "wrote", "row", {"count": count, "text": "é\u2028✓"})

    at_once(write)
    with store.read() as tx:
        events = list(tx.audit.events())
    assert len(events) == 20 * WRITERS
    assert first_broken(events) is None
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_the_chain_holds_with_a_clock_in_any_zone(ready_url: str) -> None:
    """A clock that tells another zone's time writes events that verify when they are read back."""
    store = Store(
        open_engine(ready_url), Clock(datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    )
    with store.begin() as tx:
        tx.audit.append("vigie", "started", "store")
    with store.read() as tx:
        assert first_broken(tx.audit.events()) is None
    store.close()


def test_time_never_goes_back(ready_url: str) -> None:
    """With the clock set back by a day, transactions and readers go on at the newest time stored."""
    clock = Clock(NOW)
    store = Store(open_engine(ready_url), clock)
    with store.begin() as tx:
        assert tx.now == NOW
    clock.now = NOW - timedelta(days=1)
    with store.begin() as tx:
        assert tx.now == NOW
    assert store.now() == NOW
    clock.now = NOW + timedelta(seconds=1)
    assert store.now() == clock.now
    store.close()


def test_a_writer_that_waited_does_not_take_time_back(ready_url: str) -> None:
    """Writers whose clocks disagree, all at once: the time stored is the latest that any of them had."""
    stores = [
        Store(open_engine(ready_url), Clock(NOW + timedelta(seconds=number))) for number in range(WRITERS)
    ]

    def write(number: int) -> datetime:
        with stores[number].begin() as tx:
            return tx.now

    for _ in range(3):
        at_once(write)
    assert stores[0].now() == NOW + timedelta(seconds=WRITERS - 1)
    for store in stores:
        store.close()


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    """Whatever was written before the error is gone, in every table, the audit chain included."""
    before = _rows(store)
    with pytest.raises(Stop):
        _write_everywhere_and_stop(store)
    assert _rows(store) == before


def test_a_reader_sees_one_moment(store: Store) -> None:
    """What is committed while a reading transaction is open does not appear in it half-way."""
    with store.read() as reader:
        assert reader.incidents.open_now() == []
        done = threading.Thread(target=lambda: signed_proposal(store))
        done.start()
        done.join(10)
        assert not done.is_alive()
        assert reader.incidents.open_now() == []
        assert reader.proposals.in_states(ProposalState.SIGNED) == []
    with store.read() as reader:
        assert len(reader.incidents.open_now()) == 1


def test_an_event_is_accepted_once(store: Store) -> None:
    """The same key at once from eight threads: one keeps it, the others are told, none gets an error."""

    def accept(number: int) -> bool:
        with store.begin() as tx:
            return tx.inbox.accept("click:42", InboxKind.EVENT, {"by": number})

    assert sum(at_once(accept)) == 1
    with store.begin() as tx:
        assert not tx.inbox.accept("click:42", InboxKind.EVENT, {})
        assert tx.inbox.accept("click:43", InboxKind.EVENT, {})


def test_a_signature_is_stored_once(store: Store) -> None:
    """One person signing eight times at once leaves one signature, and no error."""
    proposal_id = signed_proposal(store)

    def sign(number: int) -> bool:
        with store.begin() as tx:
            return tx.proposals.sign(SignOff(proposal_id, BOB, "d" * 64, True, tx.now))

    assert sum(at_once(sign)) == 1
    with store.read() as tx:
        assert [given.person for given in tx.proposals.sign_offs(proposal_id)] == [BOB]


def test_counters_and_messages_lose_no_increment(store: Store) -> None:
    """Eight threads counting and wanting the same message add up exactly."""

    def count(number: int) -> None:
        for _ in range(5):
            with store.begin() as tx:
                tx.alerts.count("refused:too large")
                tx.posts.want("card", "incidents", "incident", 1)

    at_once(count)
    with store.read() as tx:
        assert tx.alerts.counted() == {"refused:too large": 5 * WRITERS}
        post = tx.posts.get("card")
        assert post is not None and post.wanted == 5 * WRITERS


def test_incident_moves_follow_the_life_cycle(store: Store) -> None:
    """A move that the life cycle does not have leaves the row as it was."""
    with store.begin() as tx:
        incident = tx.incidents.open(alert(), "Orders are stuck", None)
        assert not tx.incidents.move(incident.id, IncidentState.CLOSED)
        assert tx.incidents.get(incident.id) == incident
        assert tx.incidents.move(incident.id, IncidentState.RESOLVED, "source")
        assert not tx.incidents.move(incident.id, IncidentState.INVESTIGATING)
        found = tx.incidents.get(incident.id)
    assert found is not None and (found.state, found.resolved_by) == (IncidentState.RESOLVED, "source")


def test_what_is_stored_is_read_back_equal(store: Store) -> None:
    """Texts with every kind of character, deep JSON and times to the microsecond come back as they were."""
    moment = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    detail = {"text": "é ✓ \u202e \\u0000 \"' %s {0}", "deep": {"list": [1, 1.5, True, None, "x"]}}
    with store.begin() as tx:
        made = proposal(tx)
        tx.proposals.prepared(made.id, detail, "d" * 64, "before")
        tx.proposals.move(made.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=moment)
        tx.audit.append("vigie", "noted", "row", detail)
    with store.read() as tx:
        found = tx.proposals.get(made.id)
        assert found is not None and (found.plan, found.execute_by) == (detail, moment)
        assert next(iter(tx.audit.events())).detail == detail


def _write_everywhere_and_stop(store: Store) -> None:
    with store.begin() as tx:
        made = proposal(tx)
        tx.proposals.sign(SignOff(made.id, BOB, "d" * 64, True, tx.now))
        first = Decision(Kind.OPENED, "first")
        tx.alerts.add([Delivery(alert(), "f" * 32, first, made.incident_id, tx.now)])
        remember(tx, made.incident_id, 1)
        tx.posts.want("card", "incidents", "incident", made.incident_id)
        tx.inbox.accept("click:1", InboxKind.EVENT, {})
        tx.n3.joined([ALICE], None)
        tx.n3.set_freeze("vigie", "")
        tx.audit.append("vigie", "did", "everything")
        raise Stop


def _rows(store: Store) -> dict[str, int]:
    with store._engine.connect() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in t.metadata.sorted_tables
            if table.name != "high_water"
        }
