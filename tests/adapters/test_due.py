"""What is due is found with as many statements however much there was before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.domain.alert import Severity
from bot.domain.incident import IncidentState
from bot.domain.quiet import Regroup
from bot.stages.due import unfinished
from tests.desk import ON_CALL, Desk


def test_incidents_that_nobody_confirms_cost_no_statement_each(tmp_path: Path) -> None:
    """Ten are over with a draft that waits for a person, and ten are part of others: one query says so."""
    desk = Desk(tmp_path)
    with counted(desk) as before:
        assert due(desk) == []
    for number in range(20):
        over(desk, f"service-{number}", merged=number % 2 == 1)
    with counted(desk) as after:
        assert due(desk) == []
    assert len(after) == len(before)
    last = over(desk, "last", drafted=False)
    assert due(desk) == [f"resolve:{last}"]


def test_what_was_seen_is_not_read_to_find_what_is_due(tmp_path: Path) -> None:
    """The inbox holds a month of events and deliveries: the sweep finds its work there by an index."""
    desk = Desk(tmp_path)
    with counted(desk) as ran:
        due(desk)
    asked = {statement for statement in ran if "FROM inbox" in statement}
    assert asked
    with desk.engine.connect() as connection:
        for statement in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("ask",))
            assert [row.detail for row in plan if "inbox" in row.detail] == [
                "SEARCH inbox USING INDEX ix_inbox_kind_done_at (kind=? AND done_at=?)"
            ]


def over(desk: Desk, service: str, merged: bool = False, drafted: bool = True) -> int:
    """An incident that has ended: told as part of another, or with a summary that nobody has confirmed."""
    desk.copilot.alerts.receive([desk.alert(severity=Severity.CRITICAL, service=service)])
    with desk.store.begin() as tx:
        incident = tx.incidents.open_now()[-1].id
        tx.incidents.move(incident, IncidentState.RESOLVED, "source")
        if merged:
            tx.regroupings.add(Regroup.MERGED, incident, 1, [], "identified", ON_CALL.key)
        elif drafted:
            tx.summaries.draft(incident, "It is over.", "")
    return incident


def due(desk: Desk) -> list[str]:
    with desk.store.read() as tx:
        return unfinished(tx)


@contextmanager
def counted(desk: Desk) -> Iterator[list[str]]:
    """The statements that are run within the block."""
    ran: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        ran.append(statement)

    sa.event.listen(desk.engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        sa.event.remove(desk.engine, "before_cursor_execute", note)
