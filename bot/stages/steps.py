"""Each verb of the life cycle on real records: read, work, commit. No step calls another; each may repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot import fault_hook
from bot.announcements import (
    announce_diagnosis,
    announce_evidence,
    announce_incident,
    announce_investigation,
    announce_summary,
)
from bot.domain.conversation import Freshness
from bot.domain.curation import learned_id
from bot.domain.diagnosis import Diagnosis, Hindsight
from bot.domain.incident import Incident, IncidentState
from bot.domain.investigation import Bounds
from bot.domain.ports import Author, Diagnostician, Executor
from bot.domain.proposal import Proposal
from bot.domain.records import CheckRun, SeenAlert
from bot.domain.store import Store, Tx
from bot.domain.tool import Inventory, Tool
from bot.in_force import InForce
from bot.stages import contradicted, curate, investigate, learn, resolve, stand
from bot.stages.calibrated import beside, capped, sources_of, to_cite
from bot.stages.charting import want_charts
from bot.stages.confidence import outcome_of
from bot.stages.conversing import Conversing
from bot.stages.desk import Desk
from bot.stages.diagnose import diagnose
from bot.stages.fresh import Freshly
from bot.stages.library import Library
from bot.stages.numbering import Numbering, unread
from knowledge.causes.model import NOTHING, Judgement
from knowledge.errors import KnowledgeError
from knowledge.model import Query, SearchResult

PASSAGES = 5
GATHER_AT_ONCE = 8
_NOTHING_FOUND = SearchResult((), False)


class Steps:
    """The steps with everything they need from the outside."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        executor: Executor,
        knowledge: Library,
        model: Diagnostician | None,
        deadline_s: float,
        author: Author | None = None,
        reading: Bounds | None = None,
        freshness: Freshness | None = None,
    ) -> None:
        """`reading`: how much the model may read by itself; None: it judges what was found.

        `freshness`: how much one question may read; None: it is answered from what is recorded.
        """
        self._reading = reading
        self._store = store
        self._in_force = in_force
        self._executor = executor
        self._knowledge = knowledge
        self._model = model
        self._deadline_s = deadline_s
        self._gathering = asyncio.Semaphore(GATHER_AT_ONCE)
        freshly = Freshly(store, in_force, executor, freshness) if freshness else None
        self.conversing = Conversing(store, in_force, self._search, author, freshly)

    async def investigate(self, subject: str) -> None:
        """Gather evidence for one round of an incident and diagnose it; it is done when it is stored."""
        incident_id = int(subject.partition(":")[0])
        incident = await asyncio.to_thread(self._begin_round, incident_id)
        if incident is None:
            return
        alerts, readers = await asyncio.to_thread(self._told_by, incident_id)
        async with (
            self._gathering
        ):  # checks cost processes; what waits for the model after them costs nothing
            runs, gaps = await investigate.run_checks(self._store, self._in_force, self._executor, incident)
            found = await self._search(investigate.query_of(incident, alerts, readers))
            judged, found = await self._judge(incident, alerts, runs, found, readers)
        numbering, tools, inventory, outcomes = await asyncio.to_thread(self._gathered, alerts, runs, found)
        query = investigate.query_of(incident, alerts, readers)
        desk = await asyncio.to_thread(self._desk, incident, numbering, query)

        def validate(tool: Tool, arguments: Mapping[str, object]) -> None:
            with self._store.read() as tx:
                self._in_force.check(tx, incident, tool.name, arguments)

        fault_hook.point("diagnose")
        made = await diagnose(
            incident,
            numbering.pieces,
            list(tools.values()),
            inventory,
            self._model,
            self._deadline_s,
            validate,
            desk,
            outcomes,
            judged,
        )
        missing = (*made.gaps, *unread(numbering.pieces), *gaps, *found.missing)
        await asyncio.to_thread(self._end_round, incident, numbering, _with_gaps(made, missing), desk)

    async def stand(self, subject: str) -> None:
        """Use a standing sign-off for an incident that its alert has opened or joined."""
        standing, _, incident = subject.partition(":")
        await asyncio.to_thread(stand.use, self._store, self._in_force, int(standing), int(incident))

    async def prepare(self, subject: str) -> None:
        """Have the executor build what a proposal would run."""
        await self._executor.do("prepare", int(subject))

    async def execute(self, subject: str) -> None:
        """Have the executor run a signed proposal; it judges the signatures again itself."""
        await self._executor.do("execute", int(subject))

    async def verify(self, subject: str) -> None:
        """Have the executor look again at what showed the fault."""
        await self._executor.do("verify", int(subject))

    async def look(self, subject: str) -> None:
        """Have the executor read a verification again, as a person wishes."""
        await self._executor.do("look", int(subject.partition(":")[0]))

    async def stop(self, subject: str) -> None:
        """Tell the executor that somebody wants a run stopped; it would see the row by itself, too."""
        await self._executor.do("stop", int(subject))

    async def resolve(self, subject: str) -> None:
        """Draft the summary of a resolved incident."""
        await asyncio.to_thread(self._draft, int(subject))

    async def learn(self, subject: str) -> None:
        """Put a confirmed summary into the knowledge base."""
        await asyncio.to_thread(self._learn, int(subject))

    async def keep(self, subject: str) -> None:
        """Learn what a person saved."""
        await asyncio.to_thread(curate.keep, self._store, self._knowledge, int(subject))

    async def forget(self, subject: str) -> None:
        """Take out what a person took back."""
        await asyncio.to_thread(curate.forget, self._store, self._knowledge, int(subject))

    async def _search(self, query: Query) -> SearchResult:
        fault_hook.point("search")
        try:
            return await asyncio.to_thread(self._knowledge.search, query, PASSAGES)
        except KnowledgeError as error:
            return SearchResult((), False, (f"The knowledge base could not be searched. {error}",))

    async def _judge(
        self,
        incident: Incident,
        alerts: Sequence[SeenAlert],
        runs: Sequence[CheckRun],
        found: SearchResult,
        readers: frozenset[str],
    ) -> tuple[Judgement, SearchResult]:
        """What past incidents say of this one, and the search result with those that led there."""
        texts = sources_of(investigate.number(incident, alerts, runs, _NOTHING_FOUND, incident.opened_at))
        try:
            judged = await asyncio.to_thread(self._knowledge.causes, texts, readers, learned_id(incident.id))
            passages = await asyncio.to_thread(self._knowledge.first_passages, to_cite(judged))
        except KnowledgeError as error:
            note = f"Past incidents could not be compared. {error}"
            return NOTHING, replace(found, missing=(*found.missing, note))
        return capped(judged, len(texts)), beside(found, judged, passages)

    def _begin_round(self, incident_id: int) -> Incident | None:
        with self._store.begin() as tx:
            incident = tx.incidents.get(incident_id)
            if incident is None or tx.diagnoses.last_round(incident_id) >= incident.rounds:
                return None
            if tx.incidents.move(incident_id, IncidentState.INVESTIGATING):
                announce_incident(tx, incident_id)
            return tx.incidents.get(incident_id)

    def _told_by(self, incident_id: int) -> tuple[list[SeenAlert], frozenset[str]]:
        """An incident's alerts, and who may see what is found for it."""
        with self._store.read() as tx:
            return tx.alerts.of_incident(incident_id), investigate.seen_by(tx, incident_id)

    def _gathered(
        self, alerts: Sequence[SeenAlert], runs: Sequence[CheckRun], found: SearchResult
    ) -> tuple[Numbering, Mapping[str, Tool], Inventory, Sequence[Hindsight]]:
        """What was gathered, as evidence; what is in force; how earlier diagnoses turned out."""
        with self._store.read() as tx:
            tools, inventory = self._in_force.tools(tx), self._in_force.inventory(tx)
            numbering = investigate.numbered(alerts, runs, found, tx.now, tools)
            return numbering, tools, inventory, tx.investigations.outcomes()

    def _desk(self, incident: Incident, numbering: Numbering, query: Query) -> Desk | None:
        """Where a model will read: what was found so far is told first, as the model takes its time."""
        if self._model is None or self._reading is None:
            return None
        with self._store.begin() as tx:
            tx.diagnoses.put_evidence(incident.id, numbering.pieces)
            tx.investigations.keep(numbering.wholes)
            tx.investigations.begin(incident.id, incident.rounds)
            announce_evidence(tx, incident)
            announce_investigation(tx, incident.id)
            want_charts(tx, incident, numbering.pieces)
        return Desk(
            self._store,
            self._in_force,
            self._executor,
            self._knowledge,
            incident,
            numbering,
            query,
            self._reading,
        )

    def _end_round(
        self, incident: Incident, numbering: Numbering, made: Diagnosis, desk: Desk | None
    ) -> None:
        with self._store.begin() as tx:
            tx.diagnoses.put_evidence(incident.id, numbering.pieces)
            tx.investigations.keep(numbering.wholes)
            if desk is not None:
                tx.investigations.end(incident.id, incident.rounds, made.incomplete)
                announce_investigation(tx, incident.id)
            tx.diagnoses.put(incident.id, incident.rounds, made)
            if made.hypotheses:
                tx.incidents.move(incident.id, IncidentState.IDENTIFIED)
            announce_incident(tx, incident.id)
            announce_evidence(tx, incident)
            announce_diagnosis(tx, incident)
            want_charts(tx, incident, numbering.pieces)

    def _draft(self, incident_id: int) -> None:
        with self._store.begin() as tx:
            incident = tx.incidents.get(incident_id)
            if incident is None or tx.summaries.get(incident_id) is not None:
                return
            alerts, made, proposals = _story(tx, incident_id)
            text = resolve.draft(incident, alerts, made, proposals)
            tx.summaries.draft(incident_id, text, resolve.cause_of(made, proposals))
            evidence = tx.diagnoses.evidence(incident_id)
            tx.upkeep.strike(contradicted.by_actions(incident_id, made, evidence, proposals, tx.now))
            announce_summary(tx, incident_id)

    def _learn(self, incident_id: int) -> None:
        with self._store.read() as tx:
            incident, summary = tx.incidents.get(incident_id), tx.summaries.get(incident_id)
            alerts, made, proposals = _story(tx, incident_id)
            evidence = tx.diagnoses.evidence(incident_id)
        if incident is None or summary is None or summary.confirmed_at is None or summary.document_id:
            return
        document = learn.document_of(incident, summary, alerts, proposals)
        fault_hook.point("learn")
        self._knowledge.add(document)
        with self._store.begin() as tx:
            tx.summaries.learned(incident_id, document.id)
            tx.upkeep.strike(contradicted.by_cause(incident_id, made, evidence, summary.cause, tx.now))
            outcome = outcome_of(incident_id, made, summary.cause) if made else None
            if outcome is not None:
                tx.investigations.note_outcome(outcome)
            tx.audit.append("vigie", "learned", f"incident {incident.label}", {"document": document.id})
            announce_summary(tx, incident_id)


def _story(tx: Tx, incident_id: int) -> tuple[list[SeenAlert], Diagnosis | None, list[Proposal]]:
    return (
        tx.alerts.of_incident(incident_id),
        tx.diagnoses.latest(incident_id),
        tx.proposals.of_incident(incident_id),
    )


def _with_gaps(made: Diagnosis, gaps: tuple[str, ...]) -> Diagnosis:
    return replace(made, gaps=tuple(dict.fromkeys(gaps)))
