"""A copilot over a real store, without Slack and lifecycle: who is N3 and what time it is are the test's."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from bot.announcements import announce_proposal
from bot.copilot import Copilot
from bot.copilot.shelf import Shelf
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.records import NewProposal, Post
from bot.domain.tool import Risk
from bot.errors import MembershipUnknown
from bot.sign_off.calling import Pace
from bot.sign_off.policy import Policy
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.migrate import upgrade
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, adopt_or_offer
from bot.triage.decide import Rules
from bot.triage.likeness import Weights
from tests.unit.plans import DIGEST, PLAN

ON_CALL, N3_A, LATE, N3_B = (Person("T1", f"U{number}") for number in (1, 2, 3, 4))
EMPTY = '{"catalogue": "version: 1\\n", "inventory": ""}'


AT_ONCE = Rules(hold=timedelta(0), weights=Weights.of_one_place())
"""People are told of everything at once, and each service has its own incidents."""


@cache
def _fresh() -> bytes:
    """A database with all tables and no rows; made once, as the migrations take a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fresh.sqlite"
        engine = open_engine(sqlite_url(path))
        upgrade(engine)
        engine.dispose()
        return path.read_bytes()


class Group:
    """Who is N3, as a test says."""

    def __init__(self, *people: Person) -> None:
        self.people = frozenset(people)
        self.away = False
        self.readings = 0

    def n3(self) -> frozenset[Person]:
        self.readings += 1
        if self.away:
            raise MembershipUnknown("Slack does not answer.")
        return self.people


class Desk:
    """A copilot, its store and the time."""

    def __init__(self, path: Path, shelf: Shelf | None = None) -> None:
        self.shelf = shelf
        self.now = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
        database = path / "vigie.sqlite"
        if not database.exists():
            database.write_bytes(_fresh())
        self.engine = open_engine(sqlite_url(database))
        clock: Callable[[], datetime] = lambda: self.now  # noqa: E731
        self.store = Store(self.engine, clock)
        self.group = Group(N3_A)
        with self.store.begin() as tx:
            adopt_or_offer(tx, CATALOGUE, EMPTY)
            adopt_or_offer(tx, POLICY, Policy().content())
        self.begin_anew()

    def begin_anew(self) -> None:
        """A copilot that remembers nothing, over the same rows."""
        rules, pace = AT_ONCE, Pace()
        ports = (self.store, Adopted(), self.group, rules, lambda verb, subject: None)
        self.copilot = Copilot.of(*ports, pace, lambda: self.now.timestamp(), shelf=self.shelf)

    def run(self, statement: str) -> None:
        with self.engine.connect() as connection, connection.begin():
            connection.execute(sa.text(statement))

    @contextmanager
    def away_at(self, words: str) -> Iterator[None]:
        """The database goes away at each statement that begins with these words."""

        def go(connection: object, cursor: object, statement: str, *rest: object) -> None:
            if statement.startswith(words):
                raise sa.exc.OperationalError(statement, None, sqlite3.OperationalError("disk I/O error"))

        sa.event.listen(self.engine, "before_cursor_execute", go)
        try:
            yield
        finally:
            sa.event.remove(self.engine, "before_cursor_execute", go)

    def alert(self, name: str = "A", severity: Severity = Severity.WARNING, service: str = "orders") -> Alert:
        """An alert that fires now."""
        firing, labels = AlertStatus.FIRING, {"alertname": name, "service": service}
        return Alert("alertmanager", name, firing, severity, service, "test", self.now, labels=labels)

    def proposal(
        self, by: Person = ON_CALL, risk: Risk = Risk.LOW, needed: int = 1, minutes: float = 30
    ) -> Proposal:
        """A proposal that can be signed from now on, in an incident of its own."""
        service = f"service-{self.now.timestamp()}-{by.user_id}"
        self.copilot.alerts.receive([self.alert(service=service)])
        with self.store.begin() as tx:
            incident = tx.incidents.open_now()[-1]
            time = timedelta(minutes=minutes)
            made = tx.proposals.add(NewProposal(incident.id, "fix", {}, by, risk, needed, time, "why"))
            tx.proposals.prepared(made.id, PLAN, DIGEST, "")
            announce_proposal(tx, made)
        return made

    def posts(self, word: str) -> list[Post]:
        """Messages whose key holds the word, in order."""
        with self.store.read() as tx:
            return [post for post in tx.posts.unsent(10_000) if word in post.key]

    def sweep(self) -> None:
        """What the lifecycle does of calling and of Homes, once."""
        self.copilot.calling.note_trouble()
        with self.store.read() as tx:
            works = self.copilot.calling.due(tx)
        for work in works:
            verb, subject, _ = work.split(":")
            calling = self.copilot.calling
            (calling.call if verb == "call" else calling.tell_of_change)(int(subject))
        self.copilot.homes.refresh()
