"""The one composition root: settings become adapters, adapters the copilot, the copilot gets its edges."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.announcements import INCIDENTS
from bot.background import Waker, keep_indexed, until_stopped, warm, watch_n3
from bot.copilot import Copilot
from bot.executor_main import membership
from bot.folder import own_folder
from bot.settings import Settings
from bot.slack import buttons, commands, http_mode, mentions, views
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
from bot.tools.secrets import check_secrets
from bot.triage.decide import Rules
from bot.web.authenticate import Authenticate
from bot.web.health import Health
from bot.web.intake import Intake
from bot.web.local import LocalSocket
from bot.web.metrics import Metrics
from bot.web.server import WebServer
from knowledge.base import KnowledgeBase

if TYPE_CHECKING:
    from bot.lifecycle import Lifecycle
    from bot.llm.diagnostician import ModelDiagnostician

log = structlog.get_logger()


async def serve(settings: Settings, config: Path) -> None:
    """Run Vigie until it is told to stop.

    Raises:
        Misconfigured, CatalogueError, FolderBusy: it cannot start; the message says what to do.
    """
    settings.require_n3()
    # Every setting that can be wrong is read before anything is touched.
    _ = settings.intake_token, settings.app_token, settings.bot_token, settings.slack_api_url
    _ = settings.signing_secret
    content = read_files(settings.catalogue)
    check_secrets(settings.secrets)
    with own_folder(settings.folder):
        store = Store.open(settings.store_url)
        put_in_force(store, settings, content)
        async with _clients(settings) as (client, sending_client):
            await _run(settings, config, store, client, sending_client)
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


def model_of(settings: Settings) -> ModelDiagnostician | None:
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
) -> None:
    """Wire everything, start it in the order in which people need it, and stop it in reverse."""
    section = settings.file
    in_force, who_is_n3, wake = Adopted(), membership(store, settings), Waker()
    knowledge = KnowledgeBase.open(
        settings.folder / "knowledge", owner=True, vectors=section.knowledge.vectors
    )
    executor = executor_process(settings, config)
    rules = Rules(heartbeats=frozenset(section.heartbeats.names))
    copilot = Copilot.of(store, in_force, who_is_n3, rules, wake)
    model = model_of(settings)
    steps = Steps(store, in_force, executor, knowledge, model, section.model.deadline_s)

    app = AsyncApp(client=client, signing_secret=settings.signing_secret or None)
    connection = Connection(app, client, settings.app_token, settings.uses_socket)
    people = People(client, lambda: connection.team_id)
    edge = Edge(copilot, store, knowledge, people, client)
    for part in (commands, mentions, buttons, views):
        part.register(app, edge)
    channels = Channels(sending_client, {INCIDENTS: section.slack.incidents_channel})
    outbox = Outbox(store, Snapshots(store, in_force), sending_client, channels)
    health = Health(store, connection, executor, knowledge, section.model.name if model else "")
    web = _web(settings, store, copilot, health)
    if settings.signing_secret:
        over_http = http_mode.HttpMode(app, settings.signing_secret)
        connection.called_at = over_http.called_at
        web.add_post(http_mode.PATH, over_http.receive)
    health.way = connection.way

    async with contextlib.AsyncExitStack() as running:
        running.push_async_callback(asyncio.to_thread, knowledge.close)
        executor.start()
        running.push_async_callback(executor.stop)
        await web.start()
        running.push_async_callback(web.stop)
        connection.start()
        running.push_async_callback(connection.stop)
        running.callback(asyncio.create_task(outbox.run(connection.is_connected)).cancel)
        local = LocalSocket(settings.folder, knowledge)
        await local.start()
        running.push_async_callback(local.stop)
        (settings.folder / "web.port").write_text(str(web.port))
        log.info("ready", intake=f"http://{section.web.host}:{web.port}/alerts/alertmanager")
        lifecycle = await _lifecycle(settings, store, copilot, steps)
        wake.wakes(lifecycle)
        running.push_async_callback(lifecycle.stop)
        running.callback(asyncio.create_task(keep_indexed(knowledge, connection.settled)).cancel)
        running.callback(asyncio.create_task(watch_n3(copilot.signing.look_at_n3, connection.settled)).cancel)
        if model is not None:
            running.push_async_callback(model.aclose)
            running.callback(asyncio.create_task(warm(model)).cancel)
        await until_stopped(connection.wait_fatal)


def _web(settings: Settings, store: Store, copilot: Copilot, health: Health) -> WebServer:
    section = settings.file.web
    authenticate = Authenticate(settings.intake_token)
    intake = Intake(copilot.alerts, authenticate, store.now, section.max_body, section.body_timeout_s)
    return WebServer(section.host, section.port, section.max_body, intake, Metrics(store), health.read)


async def _lifecycle(settings: Settings, store: Store, copilot: Copilot, steps: Steps) -> Lifecycle:
    """Loaded after the intake answers, as its library takes the longest to import; rows wait for it."""
    module = await asyncio.to_thread(importlib.import_module, "bot.lifecycle")
    made: Lifecycle = module.Lifecycle(store, copilot.proposals, steps, settings.lifecycle_url)
    await made.start()
    return made
