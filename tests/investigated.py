"""An investigation from the rows of an incident to what Slack would show, with every part real but the model.

The model is a local server. The executor runs in this process; store, catalogue, knowledge base, agent and
the drawing of messages are the product's own.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.announcements import incident_key
from bot.copilot import Copilot
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.diagnosis import Diagnosis
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.investigation import Bounds, Investigation
from bot.domain.person import Person
from bot.llm.diagnostician import ModelDiagnostician
from bot.sign_off.policy import Policy
from bot.slack.blocks.parts import Block
from bot.slack.snapshots import Snapshots
from bot.stages.desk import Desk
from bot.stages.numbering import Numbering
from bot.stages.steps import Steps
from bot.store import tables
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.migrate import upgrade
from bot.tools.executor import Executor
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, adopt_or_offer
from bot.tools.secrets import Secrets
from knowledge.base import KnowledgeBase
from knowledge.model import Document, Query
from tests.desk import AT_ONCE
from tests.scripted_model import Reply, Script, ScriptedModel, prose

SHOW = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text(), end='')"
MEET = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
end = time.monotonic() + 20
while not other.exists() and time.monotonic() < end:
    time.sleep(0.01)
print('met' if other.exists() else 'alone')
"""
FAIL = "import sys; print('half of the ans', end=''); sys.exit('no route to the host')"
PAST = Document(
    id="incidents/orders-stuck",
    title="Orders stuck after a killed stock count",
    kind="incident",
    text="## What happened\n\nNo order left.\n\n## Cause\n\nThe lock was stale: its holder was dead.\n",
    service="orders",
    alerts=("OrdersStuck",),
    cause="stale-lock",
    actions=("clear_lock",),
)


class Clock:
    """The machine's, so much ahead as a test says."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Investigated:
    """One Vigie without Slack and lifecycle. Tools print files of `folder`; `ledger` has what actions did."""

    folder: Path
    store: Store
    executor: Executor
    knowledge: KnowledgeBase
    server: ScriptedModel | None = None
    model: ModelDiagnostician | None = None
    deadline_s: float = 30.0
    bounds: Bounds | None = field(default_factory=Bounds)
    clock: Clock = field(default_factory=Clock)
    done: list[str] = field(default_factory=list)

    async def ask(
        self, *script: Reply, by: Script | None = None, deadline_s: float = 30.0, **bounds: int
    ) -> None:
        """From now on the model is a new one that answers with these in turn, or as the function says."""
        if self.model is not None:
            await self.model.aclose()
        assert self.server is not None
        self.server.play(by or list(script))
        self.bounds, self.deadline_s = replace(Bounds(), **bounds), deadline_s
        self.model = ModelDiagnostician(
            api_key="sk-test",
            base_url=self.server.base_url,
            model="scripted",
            count=lambda text: len(text) // 4 + 1,
            timeout_s=deadline_s,
        )
        await self.model.warm()

    async def do(self, verb: str, subject: int) -> None:
        """The executor's port; only checks are ever asked for here."""
        self.done.append(f"{verb}:{subject}")
        assert verb == "check"
        await self.executor.check(subject)

    def calm(self) -> None:
        """All checks print what they print at first."""
        for name in ("depth", "mail"):
            self.state(name, {"value": 47})
        self.state("log", "2026-03-01 ERROR the lock is held by a dead process\n")
        self.state("probe", "open\n")

    def state(self, name: str, text: str | Mapping[str, object]) -> None:
        """What the check of that name will print."""
        (self.folder / name).write_text(text if isinstance(text, str) else json.dumps(text))

    def open(
        self,
        *,
        name: str = "OrdersStuck",
        service: str = "orders",
        summary: str = "Orders wait for 10 minutes",
        began: datetime | None = None,
        **more: Any,  # noqa: ANN401  # what else the alert says
    ) -> Incident:
        """A new incident with one alert, waiting to be investigated; those before it are over."""
        firing, critical = AlertStatus.FIRING, Severity.CRITICAL
        alert = Alert(
            "alertmanager",
            name,
            firing,
            critical,
            service,
            "test",
            began or datetime.now(UTC),
            summary=summary,
            **more,
        )
        ports = (self.store, Adopted(), Nobody(), AT_ONCE, lambda verb, subject: None)
        copilot = Copilot.of(*ports)
        with self.store.read() as tx:
            before = [incident.id for incident in tx.incidents.open_now()]
        for one in before:
            copilot.incidents.resolve(Person("T1", "U1"), one)
        (decided,) = copilot.alerts.receive([alert])
        with self.store.read() as tx:
            found = tx.incidents.get(decided.incident or 0)
        assert found is not None, decided
        return found

    def steps(self) -> Steps:
        ports = (self.store, Adopted(), self, self.knowledge)
        return Steps(*ports, self.model, self.deadline_s, reading=self.bounds)

    def desk(self, incident: Incident) -> Desk:
        """Where a model would read for its first round."""
        with self.store.begin() as tx:
            tx.investigations.begin(incident.id, incident.rounds)
        parts = (self.store, Adopted(), self, self.knowledge)
        return Desk(*parts, incident, Numbering(), Query("orders"))

    async def investigate(self, incident: Incident) -> Diagnosis:
        """The whole stage; the diagnosis as it is stored."""
        await self.steps().investigate(f"{incident.id}:1")
        with self.store.read() as tx:
            made = tx.diagnoses.latest(incident.id)
        assert made is not None
        return made

    def evidence(self, incident: Incident) -> list[Evidence]:
        with self.store.read() as tx:
            return tx.diagnoses.evidence(incident.id)

    def investigation(self, incident: Incident) -> Investigation | None:
        with self.store.read() as tx:
            return tx.investigations.get(incident.id)

    def stop(self, incident: Incident, by: Person = Person("T1", "U1")) -> bool:  # noqa: B008  # frozen
        with self.store.begin() as tx:
            return tx.investigations.stop(incident.id, by.key)

    def shown(self, incident: Incident, kind: str) -> list[Block]:
        """The message of that kind, as the outbox would send it."""
        with self.store.read() as tx:
            key = incident_key(incident.id)
            post = tx.posts.get(key if kind == "incident" else f"{key}:{kind}")
        assert post is not None, f"no message of kind {kind} is wanted"
        drawn = Snapshots(self.store, Adopted()).render(post)
        assert drawn is not None
        return drawn[1]

    @property
    def ledger(self) -> str:
        path = self.folder / "ledger"
        return path.read_text() if path.exists() else ""

    def rows(self, table: sa.Table) -> Sequence[Any]:
        with self.store._engine.connect() as connection:  # no port lists them: only tests want all of a table
            return connection.execute(sa.select(table)).all()

    def untouched(self) -> bool:
        """Whether nothing was proposed, signed or run."""
        return not (self.ledger or self.rows(tables.proposals) or self.rows(tables.executions))


PLACE = {"environments": ["test"], "services": ["orders"], "owner": "tests", "does": "It does."}


def catalogue(folder: Path) -> dict[str, Any]:
    """Checks of the orders service that print a file each, some with an argument, and actions that write."""
    return {"version": 1, "checks": _checks(folder), "actions": _actions(folder)}


def _program(text: str, *arguments: str) -> dict[str, Any]:
    return {"runner": "command", "argv": [sys.executable, "-I", "-S", "-c", text, *arguments]}


def _checks(folder: Path) -> dict[str, Any]:
    def value(name: str, **more: object) -> dict[str, Any]:
        reads = {"value": "/value", "healthy": {"at_most": 5}}
        return {**PLACE, "title": name, "run": _program(SHOW, str(folder / name)), "reads": reads, **more}

    lines = {"lines": {"type": "integer", "minimum": 1, "maximum": 500}}
    log_run = _program(SHOW, str(folder / "log"), "{lines}")
    log = {**PLACE, "title": "The log", "run": log_run, "arguments": lines, "output_cap": 200_000}
    ports = {"port": {"type": "enum", "choices": ["a", "b", "c", "d"]}}
    probe_run = _program(SHOW, str(folder / "probe"), "{port}")
    meeting = [str(folder / "left"), str(folder / "right")]
    # Those that only a model asks for take an argument, or each incident would begin with them.
    once = {"once": {"type": "enum", "choices": ["now", "later"]}}
    runs = {
        "left": {"runner": "command", "argv": [sys.executable, str(folder / "meet.py"), *meeting]},
        "right": {"runner": "command", "argv": [sys.executable, str(folder / "meet.py"), *meeting[::-1]]},
        "failing": _program(FAIL),
        "missing": {"runner": "command", "argv": [str(folder / "no-such-program")]},
    }
    return {
        "depth": value("depth"),
        "log": log,
        "probe": {**PLACE, "title": "A port", "run": probe_run, "arguments": ports},
        **{name: {**PLACE, "title": name, "run": run, "arguments": once} for name, run in runs.items()},
        "mail_depth": value("mail", services=["mail"]),
    }


def _actions(folder: Path) -> dict[str, Any]:
    def action(name: str, check: str, **more: object) -> dict[str, Any]:
        run = _program(f"open({str(folder / 'ledger')!r}, 'a').write({name!r})")
        rest = {"expected_effect": "It is well.", "risk": "low", "no_undo": "there is none"}
        before = {"precondition": {"check": check, "expect": {"at_least": 6}}}
        after = {"verification": {"check": check}}
        return {**PLACE, "title": name, "run": run, **rest, **before, **after, **more}

    return {
        "clear_lock": action("clear_lock", "depth"),
        "restart": action("restart", "depth"),
        "restart_mail": action("restart_mail", "mail_depth", services=["mail"]),
    }


@contextlib.asynccontextmanager
async def investigated(
    folder: Path, documents: Sequence[Document] = (PAST,), checks: Mapping[str, object] | None = None
) -> AsyncIterator[Investigated]:
    """Ready, with the value of `depth` too high; `ask` before the first investigation. `checks` are more."""
    (folder / "meet.py").write_text(MEET)
    engine = open_engine(sqlite_url(folder / "vigie.sqlite"))
    upgrade(engine)
    clock = Clock()
    store = Store(engine, clock)
    with store.begin() as tx:
        known = catalogue(folder)
        known["checks"] |= checks or {}
        content = {"catalogue": json.dumps(known), "inventory": ""}
        adopt_or_offer(tx, CATALOGUE, json.dumps(content))
        adopt_or_offer(tx, POLICY, Policy().content())
    knowledge = KnowledgeBase.open(folder / "knowledge", owner=True, vectors=False)
    for document in documents:
        knowledge.add(document)
    async with ScriptedModel([prose("")]) as server:
        executor = Executor(store, Nobody(), Secrets({}))
        made = Investigated(folder, store, executor, knowledge, server, clock=clock)
        made.calm()
        try:
            yield made
        finally:
            if made.model is not None:
                await made.model.aclose()
            knowledge.close()
            store.close()


class Nobody:
    """An installation without any N3."""

    def n3(self) -> frozenset[Person]:
        return frozenset()
