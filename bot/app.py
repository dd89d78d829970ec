"""The one composition root: settings become adapters, adapters the copilot, the copilot gets its edges."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.announcements import INCIDENTS
from bot.changes import Changes
from bot.copilot import Copilot
from bot.domain.ports import Diagnostician
from bot.executor_main import membership
from bot.folder import own_folder
from bot.lifecycle import Lifecycle
from bot.settings import Settings
from bot.slack import buttons, commands, mentions, views
from bot.slack.channels import Channels
from bot.slack.connection import Connection
from bot.slack.edge import Edge
from bot.slack.outbox import Outbox
from bot.slack.people import People
from bot.slack.snapshots import Snapshots
from bot.stages.steps import Steps
from bot.store.database import Store
from bot.tools.catalogue import parse, read_files
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, adopt_or_offer
from bot.tools.process import ExecutorProcess
from bot.triage.decide import Rules
from bot.web.authenticate import Authenticate
from bot.web.intake import Intake
from bot.web.metrics import Metrics
from bot.web.server import WebServer
from knowledge.base import KnowledgeBase

log = structlog.get_logger()
INDEX_EVERY_S = 2.0


async def serve(settings: Settings, config: Path) -> None:
    """Run Vigie until it is told to stop.

    Raises:
        Misconfigured, CatalogueError, FolderBusy: it cannot start; the message says what to do.
    """
    settings.require_n3()
    intake_token, app_token, content = (
        settings.intake_token,
        settings.app_token,
        read_files(settings.catalogue),
    )
    with own_folder(settings.folder):
        store = Store.open(settings.store_url)
        put_in_force(store, settings, content)
        async with _clients(settings) as (client, sending_client):
            await _run(settings, config, store, client, sending_client, intake_token, app_token)
        store.close()


def put_in_force(store: Store, settings: Settings, content: str) -> None:
    """Adopt catalogue and policy at the first start; a later change is offered and waits for signatures."""
    parse(content)
    with store.begin() as tx:
        adopt_or_offer(tx, CATALOGUE, content)
        adopt_or_offer(tx, POLICY, settings.policy.content())
        if settings.trusts_foreign_slack:
            tx.audit.append("vigie", "trusts a foreign Slack", "settings", {"url": settings.slack_api_url})
            log.warning(
                "trust_api_url is set: whoever answers decides who is who", url=settings.slack_api_url
            )


def model_of(settings: Settings) -> Diagnostician | None:
    """The model where a key is set; imported only then."""
    if not settings.model_key:
        return None
    from bot.llm.diagnostician import ModelDiagnostician
    from knowledge.text.tokens import counter

    section = settings.file.model
    return ModelDiagnostician(
        api_key=settings.model_key,
        base_url=settings.model_url,
        model=section.name,
        count=lambda text: counter().count(text),
        budget_tokens=section.budget_tokens,
        evidence_tokens=section.evidence_tokens,
        timeout_s=section.deadline_s,
    )


def executor_process(settings: Settings, config: Path) -> ExecutorProcess:
    """The executor with an environment of its own: no model key; the Slack token only to read who is N3."""
    kept = ("PATH", "HOME", "LANG", "SLACK_API_URL", "VIGIE_FAULT_LOG", "VIGIE_FAULT_AT", "SSL_CERT_FILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["SLACK_BOT_TOKEN"] = settings.bot_token
    return ExecutorProcess([sys.executable, "-m", "bot", "executor", "--config", str(config)], environment)


@contextlib.asynccontextmanager
async def _clients(settings: Settings) -> AsyncIterator[tuple[AsyncWebClient, AsyncWebClient]]:
    """Two clients over one session: the outbox retries by its rows alone, the other one when told to wait."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15), trust_env=True) as session:
        token, url = settings.bot_token, settings.slack_api_url
        retries = [AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
        yield (
            AsyncWebClient(token, url, session=session, retry_handlers=list(retries)),
            AsyncWebClient(token, url, session=session, retry_handlers=[]),
        )


async def _run(
    settings: Settings,
    config: Path,
    store: Store,
    client: AsyncWebClient,
    sending_client: AsyncWebClient,
    intake_token: str,
    app_token: str,
) -> None:
    in_force = Adopted()
    vectors = settings.file.knowledge.vectors
    knowledge = KnowledgeBase.open(settings.folder / "knowledge", owner=True, vectors=vectors)
    executor = executor_process(settings, config)
    waker = _Waker()
    rules = Rules(heartbeats=frozenset(settings.file.heartbeats.names))
    who_is_n3 = membership(store, settings)
    copilot = Copilot(store, in_force, who_is_n3, rules, waker)
    model = model_of(settings)
    steps = Steps(store, in_force, executor, knowledge, model, settings.file.model.deadline_s)
    lifecycle = Lifecycle(store, copilot, steps, settings.lifecycle_url, socket.gethostname())
    waker.wakes(lifecycle)

    app = AsyncApp(client=client, signing_secret=settings.signing_secret or None)
    connection = Connection(app, client, app_token)
    changes = Changes(store, in_force, who_is_n3)
    people = People(client, lambda: connection.team_id)
    edge = Edge(copilot, changes, store, knowledge, people, client)
    for part in (commands, mentions, buttons, views):
        part.register(app, edge)
    channels = Channels(sending_client, {INCIDENTS: settings.file.slack.incidents_channel})
    outbox = Outbox(store, Snapshots(store, in_force), sending_client, channels)

    async def health() -> dict[str, object]:
        with store.read() as tx:
            waiting, since = tx.posts.lag()
            frozen = tx.n3.freeze() is not None
        return {
            "status": "ok",
            "slack": connection.problem or "connected",
            "executor": "ready" if executor.is_ready else "starting",
            "model": settings.file.model.name if model else "none: diagnosis by similar incidents",
            "knowledge": knowledge.health(),
            "messages_waiting": waiting,
            "oldest_message": since.isoformat() if since and waiting else None,
            "frozen": frozen,
        }

    section = settings.file.web
    intake = Intake(copilot, Authenticate(intake_token), store.now, section.max_body, section.body_timeout_s)
    web = WebServer(section.host, section.port, section.max_body, intake, Metrics(store), health)
    if settings.signing_secret:
        from bot.slack.http_mode import answer

        web.add_post("/slack/events", answer(app))

    async with contextlib.AsyncExitStack() as running:
        running.push_async_callback(asyncio.to_thread, knowledge.close)
        executor.start()
        running.push_async_callback(executor.stop)
        await lifecycle.start()
        running.push_async_callback(lifecycle.stop)
        await web.start()
        running.push_async_callback(web.stop)
        connection.start()
        running.push_async_callback(connection.stop)
        for work in (outbox.run(connection.is_connected), _keep_indexed(knowledge)):
            running.callback(asyncio.create_task(work).cancel)
        (settings.folder / "web.port").write_text(str(web.port))
        log.info("ready", intake=f"http://{section.host}:{web.port}/alerts/alertmanager")
        await _until_stopped(connection)


async def _until_stopped(connection: Connection) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    waits = {asyncio.create_task(stopped.wait()), asyncio.create_task(connection.wait_fatal())}
    done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()


async def _keep_indexed(knowledge: KnowledgeBase) -> None:
    """Load the embedder, then index what others have written; search works by words alone until then."""
    while True:
        try:
            await asyncio.to_thread(knowledge.warm)
            while await asyncio.to_thread(knowledge.index_pending):
                continue
        except Exception:  # the loop's boundary: search goes on by words, the next round tries again
            log.exception("indexing failed")
        await asyncio.sleep(INDEX_EVERY_S)


class _Waker:
    """Breaks the circle between copilot and lifecycle: the copilot wakes whatever was put here."""

    def __init__(self) -> None:
        self._lifecycle: Lifecycle | None = None

    def wakes(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle

    def __call__(self, verb: str, subject: str) -> None:
        if self._lifecycle is not None:
            self._lifecycle.wake(verb, subject)
