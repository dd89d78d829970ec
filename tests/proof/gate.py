"""Everything between a proposal and its run, real and in one thread: store, copilot and executors.

The store is SQLite in memory, so a whole moment can be kept and taken up again. An executor at work is a
coroutine that cannot be copied: its worker remembers the moments of its steps and walks them once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
import zlib
from collections.abc import Coroutine, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.copilot import Copilot
from bot.copilot.standing_draft import Wish
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.diagnosis import Diagnosis, Method, Remedy
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.tool import Risk
from bot.errors import Refused, VigieError
from bot.sign_off.policy import Policy, Rule
from bot.stages import stand
from bot.store.database import Store, open_engine
from bot.store.migrate import upgrade
from bot.tools import running
from bot.tools.executor import Executor
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, adopt_or_offer
from bot.tools.runners import RUNNERS
from bot.tools.secrets import Secrets
from tests.desk import AT_ONCE
from tests.proof.claims import PER_HOUR
from tests.proof.outside import (
    ACT,
    LOOK,
    ON_CALL,
    PAUSES,
    SEE,
    A,
    B,
    Inline,
    InProcess,
    Outside,
    Pauses,
    Scene,
    minutes,
)
from tests.proof.standing import LONG, SERVICES

T = TypeVar("T")
TIME_TO_SIGN, TIME_TO_EXECUTE = minutes(10), minutes(5)
SERVICE = "orders"


@dataclass(frozen=True, slots=True)
class Moment:
    """All that is durable, and the outside with it."""

    rows: bytes
    outside: Outside


@dataclass(frozen=True, slots=True)
class Worker:
    """An executor's work on one proposal: the moments at which it took its steps, and where it stands."""

    proposal: int
    steps: tuple[Moment, ...]
    at: str


class Gate:
    """The real parts over one store in memory. `needed`: signatures that every action asks for."""

    def __init__(self, needed: int = 1, content: str = "") -> None:
        self.scene = Scene()
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(Inline())
        self.engine = open_engine("sqlite://")
        with self.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA page_size=512")  # type: ignore[union-attr]
        upgrade(self.engine)
        self.store = Store(self.engine, self.scene.now)
        self.copilot = self._copilot()
        with self.store.begin() as tx:
            adopt_or_offer(tx, CATALOGUE, content or catalogue())
            adopt_or_offer(tx, POLICY, policy(needed).content())
        self.copilot.signing.look_at_n3()
        remedies = tuple(Remedy("act", {"value": value}, "why", ("E1",)) for value in (1, 2, 3))
        self.incident = self.open_incident(SERVICE, "test", remedies).id

    def open_incident(self, service: str, environment: str, remedies: tuple[Remedy, ...] = ()) -> Incident:
        """An incident of its own, diagnosed with these remedies."""
        self._receive(service, environment)
        with self.store.begin() as tx:
            place = (service, environment)
            incident = next(i for i in tx.incidents.open_now() if (i.service, i.environment) == place)
            tx.diagnoses.put(incident.id, 1, Diagnosis(Method.SIMILAR, remedies=remedies))
        return incident

    def _copilot(self) -> Copilot:
        return Copilot.of(self.store, Adopted(), self.scene, AT_ONCE, lambda verb, subject: None)

    def _receive(self, service: str, environment: str) -> None:
        labels = {"service": service, "environment": environment}
        high = ("alertmanager", "High", AlertStatus.FIRING, Severity.CRITICAL)
        # One that remembers nothing: the rows may be those of another moment.
        began = self._began(service)
        self._copilot().alerts.receive([Alert(*high, service, environment, began, labels=labels)])

    def _began(self, service: str) -> datetime:
        """It is the same firing, repeated; after a long silence its sender says that it began anew."""
        now = self.store.now()
        of_service = f"json_extract(body, '$.service') = '{service}'"
        query = "SELECT json_extract(body, '$.starts_at'), received_at FROM alerts WHERE "
        for began, last in self.rows(f"{query}{of_service} ORDER BY id DESC LIMIT 1"):
            if now - datetime.fromisoformat(last) < timedelta(minutes=LONG):
                return datetime.fromisoformat(began)
        return now

    def alert(self, service: str) -> None:
        """An alert of that service fires; what is signed for it in advance is proposed and prepared."""
        self._receive(service, "test")
        ((number,),) = self.rows("SELECT incident_id FROM alerts ORDER BY id DESC LIMIT 1")
        with self.store.read() as tx:
            due = [name for name in stand.due(tx) if name.endswith(f":{number}")]
        for name in due:
            stand.use(self.store, Adopted(), int(name.split(":")[0]), number)
        with self.store.read() as tx:
            made = [p.id for p in tx.proposals.of_incident(number) if not p.digest]
        for one in made:
            self.prepare(one)

    def propose_standing(self, per_hour: int, in_all: int) -> None:
        """An action that people signed has helped; on-call proposes that it runs by itself next time."""
        number = self.propose(ON_CALL, 2).id
        for who in (A, B)[: self.proposal(number).signatures_needed]:
            assert self.copilot.signing.sign(who, number, self.proposal(number).digest).allowed
        self.execute(number)
        self.verify(number, True)
        draft = self.copilot.standing.draft(number)
        services = [choice.key for choice in draft.services.choices if choice.text != SERVICE]
        wish = Wish(
            draft.alerts.chosen[0].key,
            draft.severity.chosen[0].key,
            (),
            services,
            [choice.key for choice in draft.environments.choices],
            {},
            per_hour,
            in_all,
            2,
            "It has helped.",
        )
        self.copilot.standing.propose(ON_CALL, number, wish)

    def close(self) -> None:
        self._loop.close()
        self.engine.dispose()

    # -- moments

    def keep(self) -> Moment:
        """This moment, to be taken up again."""
        return Moment(zlib.compress(self._driven().serialize(), 1), self.scene.outside)

    def take_up(self, moment: Moment) -> None:
        self._driven().deserialize(zlib.decompress(moment.rows))
        self.scene.outside = moment.outside

    def _driven(self) -> Any:  # noqa: ANN401  # sqlite3's own connection; the thread has one
        with self.engine.connect() as connection:
            return connection.connection.driver_connection

    def rows(self, query: str) -> list[Any]:
        """What the store holds, asked of SQLite itself."""
        return list(self._driven().execute(query))

    # -- what is asked of the parts

    def propose(self, person: Person, remedy: int) -> Proposal:
        """Propose and prepare one of the remedies."""
        made = self.copilot.proposals.propose_remedy(person, self.incident, 1, remedy)
        return self.prepare(made.id)

    def proposal(self, number: int) -> Proposal:
        with self.store.read() as tx:
            found = tx.proposals.get(number)
        assert found is not None
        return found

    def offer(self, what: str, content: str) -> None:
        """Its file says `content` now."""
        with self.store.begin() as tx:
            adopt_or_offer(tx, what, content)

    def edit(self, person: Person, number: int, value: int) -> None:
        """Other arguments for a proposal; where the copilot has no word for it yet, what it means."""
        arguments = {"value": value}
        edit = getattr(self.copilot.proposals, "edit", None)
        if edit is not None:
            self.prepare(edit(person, number, arguments, "other").id)
            return
        if self.proposal(number).state is not ProposalState.PROPOSED:
            raise Refused
        self.propose(person, value - 1)
        with self.store.begin() as tx:
            tx.proposals.move(number, (ProposalState.PROPOSED,), ProposalState.REJECTED)

    def prepare(self, number: int) -> Proposal:
        self.do(self._executor().prepare(number))
        return self.proposal(number)

    def settle_interrupted(self) -> None:
        """What an executor does when it starts."""
        self._executor().settle_interrupted()

    def verify(self, number: int, well: bool) -> None:
        """The signed check is read again; where all is `well`, it is for that moment alone."""
        before = self.scene.outside
        self.scene.outside = replace(before, value=0 if well else before.value)
        self.do(self._executor().verify(number))
        self.scene.outside = replace(self.scene.outside, value=before.value)

    def execute(self, number: int) -> None:
        """From judgement to end, without a pause."""
        self.do(self._executor().execute(number))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def _executor(self) -> Executor:
        return Executor(self.store, self.scene, Secrets({}))

    # -- workers

    def begin(self, number: int) -> Worker:
        """Have a worker take up a proposal; it stands where it has looked, or is at its end already."""
        return self._walk(number, (self.keep(),))

    def go_on(self, worker: Worker) -> Worker:
        """Its next step, taken now. `at` is "ended" when there is nothing left to do."""
        return self._walk(worker.proposal, (*worker.steps, self.keep()))

    def _walk(self, number: int, moments: tuple[Moment, ...]) -> Worker:
        async def walk() -> str:
            pauses = Pauses()
            context = copy_context()
            context.run(PAUSES.set, pauses)
            self.take_up(moments[0])
            executor = self._executor()
            task = asyncio.create_task(executor.execute(number), context=context)
            await _parked(task, pauses)
            for moment in moments[1:]:
                self.take_up(moment)
                if pauses.at in ("claimed", "acted") and self._is_to_stop(number):
                    pauses.parked.clear()
                    await executor.stop(number)
                else:
                    pauses.go()
                await _parked(task, pauses)
            if task.done():
                with contextlib.suppress(VigieError):  # the lifecycle tries it again
                    task.result()
                return "ended"
            kept = self.keep()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.take_up(kept)  # kill -9 lets nobody tidy up
            return pauses.at

        with fences():
            return Worker(number, moments, self.do(walk()))

    def _is_to_stop(self, number: int) -> bool:
        return (number,) in self.rows("SELECT proposal_id FROM executions WHERE stop_by <> ''")

    @contextlib.contextmanager
    def played(self) -> Iterator[None]:
        """Actions take effect in the scene; a worker notices a stop when it goes on, by no clock."""
        real, every = RUNNERS["command"], running.LOOK_EVERY_S
        RUNNERS["command"], running.LOOK_EVERY_S = InProcess(self.scene), 3600.0
        try:
            yield
        finally:
            RUNNERS["command"], running.LOOK_EVERY_S = real, every


async def _parked(task: asyncio.Task[None], pauses: Pauses) -> None:
    waiting = asyncio.create_task(pauses.parked.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


@contextlib.contextmanager
def fences() -> Iterator[None]:
    """A worker that walks its steps again holds the fence that it held before."""
    real, count = secrets.token_hex, itertools.count(1)
    secrets.token_hex = lambda nbytes=None: f"fence-{next(count)}"
    try:
        yield
    finally:
        secrets.token_hex = real


def policy(needed: int, **changes: Any) -> Policy:  # noqa: ANN401  # fields of Policy
    rule = Rule(needed, TIME_TO_SIGN, TIME_TO_EXECUTE)
    return replace(Policy(dict.fromkeys(Risk, rule)), **{"pinned": frozenset(), **changes})


def catalogue(program: str = ACT) -> str:
    """Two checks and one action; another program is another content, for another signature."""
    place = {"environments": ["test"], "services": [SERVICE, *SERVICES], "owner": "tests", "does": "It does."}

    def check(program: str) -> Mapping[str, object]:
        reads = {"value": "/value", "healthy": {"at_most": 5}, "identity": "/identity"}
        return {**place, "title": "Look", "run": {"runner": "command", "argv": [program]}, "reads": reads}

    act = {
        **place,
        "title": "Act",
        "run": {"runner": "command", "argv": [program, "{value}"]},
        "arguments": {"value": {"type": "integer", "minimum": 0, "maximum": 9}},
        "expected_effect": "It is low.",
        "risk": "low",
        "precondition": {"check": "look", "expect": {"at_least": 6}},
        "verification": {"check": "see"},
        "no_undo": "there is none",
        "limits": {"at_once": 1, "per_hour": PER_HOUR},
    }
    whitelist = {"version": 1, "checks": {"look": check(LOOK), "see": check(SEE)}, "actions": {"act": act}}
    return json.dumps({"catalogue": json.dumps(whitelist), "inventory": ""})
