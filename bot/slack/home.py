"""App Home: somebody opens it, and it is published from the rows; guests find nothing of what goes on."""

from __future__ import annotations

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.copilot.homes import person_of
from bot.domain.person import Person
from bot.domain.records import Post
from bot.slack.blocks import home as home_blocks
from bot.slack.edge import Body, Edge, guarded
from bot.slack.mentions import before_ack, nothing_more
from bot.slack.people import People
from bot.slack.snapshots import Snapshots


def register(app: AsyncApp, edge: Edge) -> None:
    async def opened(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Keep who opened their Home; the outbox publishes it, then and whenever it changes."""
        event = body["event"]
        if event.get("tab") != "home" or not event.get("user"):
            return
        team_id, user_id = str(body["team_id"]), str(event["user"])
        if await edge.people.standing(team_id, user_id) is False:
            await edge.client.views_publish(user_id=user_id, view=home_blocks.closed_view())
            return
        await asyncio.to_thread(edge.copilot.homes.open, Person(team_id, user_id))

    app.event("app_home_opened", middleware=[before_ack(guarded(edge, opened))])(nothing_more)


class HomeTab:
    """Publishes Homes. Who it is for is looked at each time: a member of yesterday may be a guest today."""

    def __init__(self, client: AsyncWebClient, snapshots: Snapshots, people: People) -> None:
        self._client = client
        self._snapshots = snapshots
        self._people = people

    async def publish(self, post: Post) -> bool:
        """Publish somebody's Home as it is now; False if Slack does not say who they are: nothing is shown.

        Raises:
            SlackApiError: Slack refuses the view.
        """
        person = person_of(post)
        standing = await self._people.standing(person.team_id, person.user_id)
        if standing is None:
            return False
        view = await asyncio.to_thread(self._snapshots.home, post) if standing else home_blocks.closed_view()
        await self._client.views_publish(user_id=person.user_id, view=view)
        return True
