"""The one composition root: settings become adapters, and adapters an assembly that runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import structlog
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.assembly import Assembly
from bot.folder import own_folder
from bot.modelling import author_of, diagnostician_of, models_of
from bot.offering import Offering
from bot.owner import Owner
from bot.reach.configured import backs_of, ways_of
from bot.settings import Settings
from bot.store.database import Store, open_engine
from bot.store.ownership import Ownership
from bot.tools.catalogue import file_names, parse, read_files
from bot.tools.in_force import CATALOGUE, POLICY, adopt_or_offer
from bot.tools.process import ExecutorProcess
from bot.tools.secrets import check_secrets
from bot.web.senders import senders_of

log = structlog.get_logger()

# Seconds that a busy thread may keep the interpreter while another waits for it; Python's own choice is five
# times that. An ack passes between threads dozens of times, and waits as long each time that something is
# computed beside it.
TURN_S = 0.001


async def serve(settings: Settings, config: Path) -> None:
    """Run Vigie until it is told to stop.

    Raises:
        Misconfigured, CatalogueError, FolderBusy, StoreBusy, StoreOutdated, StoreTooNew: it cannot start;
            the message says what to do.
        StoreUnavailable: the database is away; starting again later may do.
    """
    sys.setswitchinterval(TURN_S)
    settings.require_n3()
    # Every setting that can be wrong is read before anything is touched.
    _ = settings.intake_token, settings.app_token, settings.bot_token, settings.slack_api_url
    _ = settings.signing_secret, settings.topology, settings.declared_mutes
    _ = settings.policy, settings.own_secrets
    ways_of(settings)
    senders_of(settings)
    backs_of(settings)
    content = read_files(settings.catalogue)
    parse(content, file_names(settings.catalogue))
    check_secrets(settings.secrets, settings.secret_sources)
    engine = open_engine(settings.store_url)
    with own_folder(settings.folder), Ownership(engine) as ownership:
        store = Store.ready(engine)
        await asyncio.to_thread(put_in_force, store, settings, content)
        async with _clients(settings) as (client, sending_client):
            executor = executor_process(settings, config)
            models = models_of(settings, store)
            model = diagnostician_of(settings, models) if models else None
            vigie = Assembly(settings, store, Owner(ownership), executor, model)
            vigie.author = author_of(settings, models) if models else None
            vigie.offering = Offering(store, settings, config, content)
            vigie.wire_slack(client, sending_client)
            vigie.wire_web()
            await vigie.run()
        store.close()


def put_in_force(store: Store, settings: Settings, content: str) -> None:
    """Adopt catalogue and policy at the first start; a later change is offered and waits for signatures."""
    with store.begin() as tx:
        adopt_or_offer(tx, CATALOGUE, content)
        adopt_or_offer(tx, POLICY, settings.policy.content())
        if settings.trusts_foreign_slack:
            tx.audit.append("vigie", "trusts a foreign Slack", "settings", {"url": settings.slack_api_url})
            log.warning(
                "trust_api_url is set: whoever answers decides who is who", url=settings.slack_api_url
            )


def executor_process(settings: Settings, config: Path) -> ExecutorProcess:
    """The executor with an environment of its own: no model key; the Slack token only to read who is N3."""
    kept = ("PATH", "HOME", "LANG", "SLACK_API_URL", "SSL_CERT_FILE")
    chosen = ("PG", "VIGIE_FAULT_")  # how the database is reached; where a test kills it
    proxies = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")
    names = {*kept, *proxies, "VIGIE_STORE_URL", *(n for n in os.environ if n.startswith(chosen))}
    names |= settings.secret_variables
    environment = {name: os.environ[name] for name in names if name in os.environ}
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
