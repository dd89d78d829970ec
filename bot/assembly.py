"""The parts of one running Vigie: wired once, started as people need them, ended in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.announcements import INCIDENTS, N3_CHANNEL, UPDATES
from bot.background import (
    REACH_EVERY_S,
    Waker,
    forget,
    keep_indexed,
    repeat,
    stop_asked,
    until_stopped,
    warm,
    watch_files,
    watch_incidents,
    watch_n3,
    watch_path,
)
from bot.copilot import Copilot
from bot.copilot.canaries import CHANNEL as CANARY
from bot.copilot.drafts import Habits
from bot.copilot.forgetting import Forgetting
from bot.domain.alert import Severity
from bot.executor_main import membership
from bot.knowledge_base import knowledge_of
from bot.offering import Offering
from bot.owner import Owner
from bot.reach.canary import Canary
from bot.reach.configured import backs_of, silent_of, ways_of
from bot.reach.due import Rule
from bot.reach.flow_back import FlowBack
from bot.reach.heartbeat import Heartbeat
from bot.reach.second_way import GRACE_S, SecondWay
from bot.reach.silences import Silences
from bot.settings import Settings
from bot.slack import listeners
from bot.slack.bot_alerts import BotAlerts, rooms_of
from bot.slack.channels import Channels
from bot.slack.connection import Connection
from bot.slack.edge import Edge
from bot.slack.home import HomeTab
from bot.slack.http_mode import PATH, HttpMode
from bot.slack.outbox import Outbox
from bot.slack.people import People
from bot.slack.rooms import Rooms
from bot.slack.snapshots import Snapshots
from bot.slack.teams import teams_of
from bot.stages.steps import Steps
from bot.store.database import Store
from bot.tools.in_force import Adopted
from bot.tools.process import ExecutorProcess
from bot.web.group_commit import GroupCommit
from bot.web.health import Health
from bot.web.intake import Intake
from bot.web.local import LocalSocket
from bot.web.metrics import Metrics
from bot.web.senders import senders_of
from bot.web.server import WebServer
from bot.witness import Witness
from bot.witness_folder import WitnessFolder

if TYPE_CHECKING:
    from bot.lifecycle import Lifecycle
    from bot.llm.author import ModelAuthor
    from bot.llm.diagnostician import ModelDiagnostician

log = structlog.get_logger()
ERASE_EVERY_S = 600.0


class Assembly:
    """Built inside the running loop; nothing is started before `run`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        owner: Owner,
        executor: ExecutorProcess,
        model: ModelDiagnostician | None,
    ) -> None:
        self._settings = settings
        self._file = settings.file
        self._store = store
        self._owner = owner
        self._executor = executor
        self._model = model
        self._in_force = Adopted()
        self._wake = Waker()
        self._knowledge = knowledge_of(settings, owner=True)
        self._knowledge.belongs = teams_of(settings).of
        self.offering: Offering | None = None
        self.author: ModelAuthor | None = None
        post_every = timedelta(hours=self._file.audit.post_every_hours)
        self._witness = Witness(store, WitnessFolder(settings.witness_folder), post_every)
        who_is_n3 = membership(store, settings)
        self._copilot = Copilot.of(
            store,
            self._in_force,
            who_is_n3,
            settings.noise,
            self._wake,
            settings.pace,
            topology=settings.topology,
            beat_rule=settings.beat_rule,
            declared=settings.declared_mutes,
            shelf=self._knowledge,
            upkeep=settings.file.upkeep.rule,
            habits=Habits(
                settings.file.model.conversation.language, bool(settings.file.slack.updates_channel)
            ),
        )
        self._knowledge.usefulness = self._copilot.votes.usefulness

    def wire_slack(self, client: AsyncWebClient, sending_client: AsyncWebClient) -> None:
        """Listeners answer by one client; the outbox sends by another, which retries by its rows alone."""
        settings, store = self._settings, self._store
        # Named, as Bolt looks for its caller's file in every source of the stack otherwise.
        app = AsyncApp(name="vigie", client=client, signing_secret=settings.signing_secret or None)
        self._connection = connection = Connection(app, client, settings.app_token, settings.uses_socket)
        people = People(client, lambda: connection.team_id)
        heard = BotAlerts(self._copilot.alerts, rooms_of(settings), store.now)
        listeners.register(
            app, Edge(self._copilot, store, self._knowledge, people, client, heard, Rooms(client))
        )
        section = self._file.slack
        rooms = {
            INCIDENTS: section.incidents_channel,
            N3_CHANNEL: section.n3_channel or section.incidents_channel,
            UPDATES: section.updates_channel or section.incidents_channel,
            CANARY: self._file.canary.channel or section.incidents_channel,
        }
        channels = Channels(sending_client, rooms)
        snapshots = Snapshots(store, self._in_force, lambda: connection.team_url)
        home = HomeTab(sending_client, snapshots, people)
        self._outbox = Outbox(store, snapshots, sending_client, channels, home, connection.doubt)
        self._over_http = None
        if settings.signing_secret:
            self._over_http = HttpMode(
                app, settings.signing_secret, is_connected=lambda: bool(connection.team_id)
            )
        if self._over_http:
            connection.called_at = self._over_http.called_at

    def wire_web(self) -> None:
        """Alerts come in, health and metrics go out; where Slack calls over HTTP, it calls here."""
        section, store = self._file.web, self._store
        self._ways = ways_of(self._settings)
        names = [way.name for way in self._ways]
        health = Health(
            store,
            self._connection,
            self._executor,
            self._knowledge,
            self._model.models.name if self._model else "",
            names,
            bool(self._file.heartbeat_out.url),
        )
        health.way = self._connection.way
        health.canaries = bool(self._file.canary.every_s)
        self._commit = GroupCommit(self._copilot.receiving)
        intake = Intake(
            self._commit, senders_of(self._settings), store.now, section.max_body, section.body_timeout_s
        )
        metrics = Metrics(store, self._connection.trouble, names)
        self._web = WebServer(section.host, section.port, section.max_body, intake, metrics, health.read)
        if self._over_http:
            self._web.add_post(PATH, self._over_http.receive)

    async def run(self) -> None:
        """Start everything, wait until told to stop or until it is useless to go on, and end everything."""
        stopped = stop_asked()
        async with contextlib.AsyncExitStack() as running:
            # Registered first, so that the last head is signed when all else has stopped.
            running.push_async_callback(self._witness.look)
            await asyncio.to_thread(self._witness.begin)
            await self._start_edges(running)
            folder = self._settings.folder
            (folder / "web.port").write_text(str(self._web.port))
            log.info("ready", intake=f"http://{self._file.web.host}:{self._web.port}/alerts/alertmanager")
            if self._model is not None:
                # Before the lifecycle, so that what it still asks has an answer until it has stopped.
                running.push_async_callback(self._model.aclose)
            if self.author is not None:
                running.push_async_callback(self.author.aclose)
            lifecycle = await self._lifecycle()
            self._wake.wakes(lifecycle)
            running.push_async_callback(lifecycle.stop)
            self._start_reach(running, lifecycle)
            every_s = self._file.audit.every_minutes * 60
            _beside(running, repeat("signing a head", self._witness.look, every_s))
            settled = self._connection.settled
            _beside(running, forget(Forgetting(self._store, self._settings.keep).look, settled))
            _beside(running, keep_indexed(self._knowledge, settled))
            _beside(running, watch_n3(self._copilot.signing.look_at_n3, settled))
            if self.offering is not None:
                _beside(running, watch_files(self.offering.look, settled))
            if self._model is not None:
                _beside(running, warm(self._model))
                if ledger := self._model.models.ledger:
                    _beside(running, repeat("erasing old transcripts", ledger.erase, ERASE_EVERY_S))
            await until_stopped(stopped, self._connection.wait_fatal, self._owner.wait_fatal)

    async def _start_edges(self, running: contextlib.AsyncExitStack) -> None:
        running.push_async_callback(asyncio.to_thread, self._knowledge.close)
        self._executor.start()
        running.push_async_callback(self._executor.stop)
        self._commit.start()
        running.push_async_callback(self._commit.stop)
        await self._web.start()
        running.push_async_callback(self._web.stop)
        self._connection.start()
        running.push_async_callback(self._connection.stop)
        running.callback(self._owner.watch().cancel)
        _beside(running, self._outbox.run(self._owner.while_held(self._connection.is_connected)))
        local = LocalSocket(self._settings.folder, self._knowledge)
        await local.start()
        running.push_async_callback(local.stop)

    def _start_reach(self, running: contextlib.AsyncExitStack, lifecycle: Lifecycle) -> None:
        """The second way out and the outgoing heartbeat, where they are configured."""
        fallback, beat = self._file.fallback, self._file.heartbeat_out
        if self._ways:
            rule = Rule(Severity[fallback.severity.upper()], timedelta(seconds=fallback.after_s))
            second_way = SecondWay(self._store, self._ways, rule, lambda: self._connection.problem)
            running.callback(second_way.stop)
            grace_s = min(GRACE_S, fallback.after_s)
            _beside(running, watch_incidents(second_way.look, self._connection.settled, grace_s))
        if backs := backs_of(self._settings):
            flow_back = FlowBack(self._store, backs, self._copilot.alerts.receive)
            _beside(running, repeat("telling the sources", flow_back.look, REACH_EVERY_S))
        if silent := silent_of(self._settings):
            silences = Silences(self._store, silent, self._file.heartbeats.names)
            _beside(running, repeat("telling the sources of mutes", silences.look, REACH_EVERY_S))
        canary = self._file.canary
        if canary.every_s:
            sent = Canary(
                self._copilot.canaries,
                self._settings.intake_token,
                canary.within_s,
                lambda: self._web.own_url,
            )
            _beside(running, watch_path(sent.look, self._connection.settled, canary.every_s))
        if beat.url:
            heart = Heartbeat(
                self._store, beat.url, beat.every_s, lifecycle.idle_s, lambda: self._web.own_url
            )
            _beside(running, repeat("the heartbeat", heart.look, beat.every_s))

    async def _lifecycle(self) -> Lifecycle:
        """Loaded after the intake answers, as its library takes the longest to import; rows wait for it."""
        module = await asyncio.to_thread(importlib.import_module, "bot.lifecycle")
        deadline_s = self._file.model.deadline_s
        ports = (self._store, self._in_force, self._executor, self._knowledge)
        reading = self._file.investigation
        bounds = reading.bounds if reading.enabled else None
        freshness = self._file.questions.freshness
        steps = Steps(*ports, self._model, deadline_s, self.author, bounds, freshness)
        made: Lifecycle = module.Lifecycle(
            self._store, self._copilot, steps, self._settings.lifecycle_url, lambda: self._owner.is_held
        )
        await made.start()
        return made


def _beside(running: contextlib.AsyncExitStack, work: Coroutine[None, None, None]) -> None:
    """Run something until everything ends."""
    running.callback(asyncio.create_task(work).cancel)
