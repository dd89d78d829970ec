"""Rows as the store's tests need them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import NewProposal
from bot.domain.store import Tx
from bot.domain.tool import Risk
from bot.store.database import Store

T = TypeVar("T")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALICE, BOB = Person("T1", "UALICE"), Person("T1", "UBOB")
WRITERS = 8


def alert(name: str = "OrdersStuck", status: AlertStatus = AlertStatus.FIRING) -> Alert:
    return Alert("alertmanager", name, status, Severity.CRITICAL, "orders", "production", NOW)


def proposal(tx: Tx) -> Proposal:
    """A proposal in state proposed, in an incident of its own."""
    incident = tx.incidents.open(alert(), "Orders are stuck", None)
    new = NewProposal(incident.id, "restart", {"n": 1}, ALICE, Risk.LOW, 1, timedelta(minutes=30))
    return tx.proposals.add(new)


def signed_proposal(store: Store) -> int:
    """The id of a proposal that is signed and may be claimed."""
    with store.begin() as tx:
        made = proposal(tx)
        tx.proposals.prepared(made.id, {"call": {}}, "d" * 64, "3 orders")
        assert tx.proposals.move(made.id, (ProposalState.PROPOSED,), ProposalState.SIGNED)
    return made.id


def at_once(work: Callable[[int], T], count: int = WRITERS) -> list[T]:
    """What `work(0)` ... gives, all started together, each in a thread of its own; errors come out."""
    start = Barrier(count)

    def one(number: int) -> T:
        start.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
