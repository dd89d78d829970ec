"""An outbox over a store and a workspace of its own, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.records import Post
from bot.playground.workspace import Channel, Workspace
from bot.slack.channels import Channels
from bot.slack.outbox import Outbox
from bot.slack.snapshots import Snapshots
from bot.store.database import Store
from bot.tools.in_force import Adopted
from tests.world import BOT, CHANNEL, ON_CALL

OTHER = "C0OTHER"
CLOSED = "C0CLOSED"


@dataclass
class PostOffice:
    """An outbox over a store of its own, whose clock stands still until a test moves it."""

    place: Workspace
    store: Store
    outbox: Outbox
    client: AsyncWebClient
    token_refused: list[str]
    now: list[datetime] = field(default_factory=list)

    def want(self, key: str, text: str, channel: str = "incidents", thread_of: str = "") -> None:
        with self.store.begin() as tx:
            tx.posts.want(key, channel, "text", thread_of=thread_of, content={"text": text})

    async def send(self, *, after: float = 0) -> None:
        """One look of the outbox, `after` seconds later."""
        self.now[0] += timedelta(seconds=after)
        await self.outbox.send_due()

    async def send_all(self) -> None:
        """Look again, half a minute later each time, until nothing waits."""
        for _ in range(20):
            await self.send()
            with self.store.read() as tx:
                if not tx.posts.lag()[0]:
                    return
            self.now[0] += timedelta(seconds=30)
        raise AssertionError("messages wait still")

    def post(self, key: str) -> Post:
        with self.store.read() as tx:
            found = tx.posts.get(key)
        assert found is not None
        return found

    async def delete(self, key: str) -> None:
        """Somebody deletes the message in Slack."""
        post = self.post(key)
        await self.client.chat_delete(channel=post.channel_id, ts=post.ts)

    def shown(self, channel: str = CHANNEL) -> list[str]:
        return [message["text"] for message in self.place.messages(channel)]

    def calls(self, method: str = "chat.postMessage") -> int:
        return len(self.place.calls(method))


@contextlib.asynccontextmanager
async def post_office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    """An outbox and a workspace with three channels; Vigie is in two of them."""
    members = (ON_CALL.id, BOT.id)
    place = Workspace(
        people=(ON_CALL, BOT),
        channels=(
            Channel(CHANNEL, "incidents", members=members),
            Channel(OTHER, "other", members=members),
            Channel(CLOSED, "closed", members=(ON_CALL.id,)),
        ),
        app_id="A0VIGIE",
        bot=BOT,
        bot_token="xoxb-1",
        app_token="xapp-1",
        page_token="page",
        rates={},
    )
    await place.start()
    now = [datetime.now(UTC)]
    store = Store.open(f"sqlite:///{tmp_path / 'vigie.sqlite'}", lambda: now[0])
    async with aiohttp.ClientSession(trust_env=False) as session:
        client = AsyncWebClient(place.bot_token, place.api_url, session=session, retry_handlers=[])
        channels = Channels(client, {"incidents": "incidents"})
        refused: list[str] = []
        outbox = Outbox(store, Snapshots(store, Adopted()), client, channels, token_refused=refused.append)
        yield PostOffice(place, store, outbox, client, refused, now)
    store.close()
    await place.stop()
