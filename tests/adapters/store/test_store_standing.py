"""Standing sign-offs as rows, on both engines: never used more often than N3 allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.alert import Decision, Kind, Severity
from bot.domain.noise import Delivery, Series
from bot.domain.proposal import ProposalState
from bot.domain.records import NewProposal
from bot.domain.standing import By, NewStanding, Pattern, StandingSignOff, StandingState, Terms, Trigger
from bot.domain.store import Tx
from bot.domain.tool import Risk
from bot.store import tables as t
from bot.store.database import Store, open_engine
from bot.store.standing import take_use
from tests.adapters.store.build import ALICE, BOB, WRITERS, alert, at_once, proposal

TRIGGER = Trigger("alertmanager", "OrdersStuck", Severity.CRITICAL, {"queue": "é"})


def given(tx: Tx, per_hour: int = 2, in_all: int = 3, *, days: float = 30) -> StandingSignOff:
    """One in force from now on."""
    arguments = {"n": Pattern((1, True, "1"), By.LABEL)}
    ends = tx.now + timedelta(days=days)
    terms = Terms("restart", arguments, ("orders",), ("production",), TRIGGER, per_hour, in_all, ends)
    plan: dict[str, object] = {"cases": [1, 1.5, None, "é"]}
    made = tx.standing.add(
        NewStanding(terms, Risk.LOW, ALICE, "why", tx.now + timedelta(days=3), "d" * 64, plan, "b" * 64, 7)
    )
    assert made.terms == terms and made.plan == plan and made.state is StandingState.PROPOSED
    assert tx.standing.sign(made, BOB, True) and not tx.standing.sign(made, BOB, True)
    force = StandingState.IN_FORCE
    assert tx.standing.move(made.id, (StandingState.PROPOSED,), force, active_at=tx.now, given_by=[BOB.key])
    return made


def signed(tx: Tx, standing: StandingSignOff) -> int:
    """A proposal under it that may be claimed."""
    incident = tx.incidents.open(alert(), "Orders are stuck", None)
    minutes = timedelta(minutes=30)
    new = NewProposal(incident.id, "restart", {}, ALICE, Risk.LOW, 1, minutes, standing=standing.id)
    made = tx.proposals.add(new)
    assert tx.proposals.move(made.id, (ProposalState.PROPOSED,), ProposalState.SIGNED)
    return made.id


@pytest.mark.parametrize(("per_hour", "in_all"), [(3, 10), (10, 4), (1, 1), (8, 8)])
def test_many_workers_never_exceed_what_was_allowed(store: Store, per_hour: int, in_all: int) -> None:
    """Eight threads claim eight uses at once: as many run as both counts allow, and the rows say so."""
    with store.begin() as tx:
        made = given(tx, per_hour, in_all)
        numbers = [signed(tx, made) for _ in range(WRITERS)]

    def claim(number: int) -> bool:
        with store.begin() as tx:
            return tx.proposals.claim(numbers[number], f"fence-{number}")

    won = at_once(claim)
    assert sum(won) == min(per_hour, in_all, WRITERS)
    with store.read() as tx:
        now, uses = tx.standing.get(made.id), tx.standing.uses(made.id)
        states = [p.state for number in numbers if (p := tx.proposals.get(number))]
    assert now is not None and now.uses_left == in_all - sum(won)
    assert (uses.in_all, uses.last_hour) == (sum(won), sum(won))
    assert states.count(ProposalState.EXECUTING) == sum(won)


def test_many_workers_that_share_no_lock_never_exceed_it_either(ready_url: str) -> None:
    """Connections of their own, without the queue of writers: the statement itself holds the count."""
    store = Store(open_engine(ready_url))
    with store.begin() as tx:
        made = given(tx, per_hour=10, in_all=3)

    def take(_number: int) -> bool:
        with store._engine.connect() as connection, connection.begin():
            return take_use(connection, made.id, datetime.now(UTC))

    assert sum(at_once(take)) == 3
    store.close()


def test_uses_of_an_hour_ago_count_in_all_and_not_for_the_hour(store: Store) -> None:
    """Counted from the rows of executions, whatever restarts in between."""
    with store.begin() as tx:
        made = given(tx, per_hour=1, in_all=3)
        first, second, third = (signed(tx, made) for _ in range(3))
        assert tx.proposals.claim(first, "one") and not tx.proposals.claim(second, "two")
    with store._engine.begin() as connection:
        earlier = datetime.now(UTC) - timedelta(minutes=61)
        connection.execute(sa.update(t.executions).values(claimed_at=earlier))
    with store.begin() as tx:
        assert tx.proposals.claim(second, "two") and not tx.proposals.claim(third, "three")
        assert (tx.standing.uses(made.id).in_all, tx.standing.uses(made.id).last_hour) == (2, 1)


@pytest.mark.parametrize("state", [s for s in StandingState if s is not StandingState.IN_FORCE])
def test_what_is_not_in_force_is_not_claimed(store: Store, state: StandingState) -> None:
    """Whatever the proposal's own row says; and nothing of it counts as a use."""
    with store.begin() as tx:
        made = given(tx)
        number = signed(tx, made)
        tx.standing.move(made.id, (StandingState.IN_FORCE,), state)
        assert not tx.proposals.claim(number, "fence")
        assert tx.standing.uses(made.id).in_all == 0
        found = tx.proposals.get(number)
        assert found is not None and found.state is ProposalState.SIGNED


def test_one_that_is_over_is_not_claimed(store: Store) -> None:
    """Its end has come between the judgement and the claim."""
    with store.begin() as tx:
        made = given(tx, days=-1)
        assert not tx.proposals.claim(signed(tx, made), "fence")


def test_what_people_signed_takes_no_use(store: Store) -> None:
    """Ordinary proposals are claimed as ever."""
    with store.begin() as tx:
        given(tx)
        made = proposal(tx)
        tx.proposals.move(made.id, (ProposalState.PROPOSED,), ProposalState.SIGNED)
        assert tx.proposals.claim(made.id, "fence")


def test_a_new_round_has_no_signatures(store: Store) -> None:
    """What is rebuilt or suspended is signed anew: who signed before has not signed that."""
    with store.begin() as tx:
        made = given(tx)
        tx.standing.move(made.id, (StandingState.IN_FORCE,), StandingState.SUSPENDED, round=2)
        again = tx.standing.get(made.id)
        assert again is not None and tx.standing.sign_offs(again) == []
        assert tx.standing.rebuilt(made.id, "e" * 64, {"x": 1}, "c" * 64)
        third = tx.standing.get(made.id)
        assert third is not None and (third.round, third.digest, third.plan) == (3, "e" * 64, {"x": 1})
        assert tx.standing.sign(third, BOB, True)
        assert [s.digest for s in tx.standing.sign_offs(third)] == ["e" * 64]


def test_deliveries_are_found_by_their_typed_fields(store: Store) -> None:
    """By source and exact name, newest first, with whether the alert still fires."""
    with store.begin() as tx:
        opened = tx.incidents.open(alert(), "Orders are stuck", None).id
        for number, name in enumerate(("OrdersStuck", "ordersstuck", "OrdersStuck2", "OrdersStuck")):
            one, mark = alert(name), f"{number}" * 32
            tx.alerts.add([Delivery(one, mark, Decision(Kind.JOINED, ""), opened, None)])
            tx.triage.save([(Series(mark, one.status, one.severity, tx.now, tx.now, opened), 1)], [], {}, {})
        found = tx.standing.deliveries(opened, "alertmanager", "OrdersStuck", tx.now)
        assert [(one.name, one.firing, one.service) for one in found] == [("OrdersStuck", True, "orders")] * 2
        assert tx.standing.deliveries(opened, "grafana", "OrdersStuck", tx.now) == []
        later = tx.now + timedelta(seconds=1)
        assert tx.standing.deliveries(opened, "alertmanager", "OrdersStuck", later) == []
        assert len(tx.standing.kinds_of_alert(opened)) == 4
