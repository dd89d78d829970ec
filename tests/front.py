"""The real intake over a real socket and a real store, without the rest of Vigie."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.copilot.alerts import Alerts
from bot.copilot.receiving import Receiving
from bot.settings import Settings, load
from bot.store.database import Store, sqlite_url
from bot.web.group_commit import GroupCommit
from bot.web.intake import Intake
from bot.web.metrics import Metrics
from bot.web.senders import senders_of
from bot.web.server import WebServer
from bot.web.sns import Fetch, fetch
from tests.desk import AT_ONCE

TOKEN = "a-token-of-the-intake"


@dataclass
class Front:
    """What senders see."""

    store: Store
    url: str
    session: aiohttp.ClientSession
    commit: GroupCommit

    async def post(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, answer and headers; without `headers` the intake's token is sent."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {TOKEN}"} if headers is None else headers
        async with self.session.post(f"{self.url}{path}", data=raw, headers=dict(given)) as answer:
            return answer.status, await answer.json(), answer.headers

    async def metrics(self) -> str:
        async with self.session.get(f"{self.url}/metrics") as answer:
            return await answer.text()


def settings(folder: Path, toml: str = "", **environment: str) -> Settings:
    """Settings of such a file and environment."""
    (folder / "vigie.toml").write_text(toml)
    return load(folder / "vigie.toml", {"VIGIE_INTAKE_TOKEN": TOKEN} | environment)


@contextlib.asynccontextmanager
async def front(
    folder: Path,
    toml: str = "",
    fetch: Fetch = fetch,
    *,
    core: Receiving | None = None,
    environment: Mapping[str, str] | None = None,
    **given: Any,  # noqa: ANN401
) -> AsyncIterator[Front]:
    """`given`: bounds of the group commit."""
    store = Store.open(sqlite_url(folder / "vigie.sqlite"))

    def wake(verb: str, subject: str) -> None:
        """Nothing sweeps here."""

    own = core or Receiving(store, Alerts(store, AT_ONCE, wake))
    commit = GroupCommit(own, **given)
    intake = Intake(
        commit, senders_of(settings(folder, toml, **environment or {}), fetch), store.now, 512 * 1024, 2.0
    )

    async def health() -> dict[str, object]:
        return {"status": "ok"}

    web = WebServer("127.0.0.1", 0, 512 * 1024, intake, Metrics(store), health)
    commit.start()
    await web.start()
    try:
        async with aiohttp.ClientSession(trust_env=False) as session:
            yield Front(store, web.own_url, session, commit)
    finally:
        await web.stop()
        await commit.stop()
        store.close()
