"""Who is N3 is known from Slack or not at all: a refusal, a missing group or silence make nobody N3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.person import Person
from bot.errors import MembershipUnknown
from bot.playground.workspace import UserGroup, Workspace
from bot.slack.members import GroupMembership
from tests.adapters.workspace.conftest import BOT_TOKEN, N3_A, ON_CALL, new_workspace


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """With another group beside N3."""
    groups = [UserGroup("S0ALL", "everybody", "Everybody", (ON_CALL.id, N3_A.id))]
    one = new_workspace(user_groups=[*groups, UserGroup("S0N3", "n3", "N3", (N3_A.id,))])
    await one.start()
    yield one
    await one.stop()


async def test_the_members_of_the_named_group_are_n3(workspace: Workspace) -> None:
    """With the team that the token belongs to; an at sign before the handle is no other group."""
    team = workspace._core.team.id
    for handle in ("n3", "@n3"):
        found = await asyncio.to_thread(GroupMembership(BOT_TOKEN, workspace.api_url, handle).n3)
        assert found == {Person(team, N3_A.id)}


@pytest.mark.parametrize("token, handle", [("xoxb-wrong", "n3"), (BOT_TOKEN, "gone")])
async def test_what_slack_refuses_is_unknown(workspace: Workspace, token: str, handle: str) -> None:
    """A token that is no token any more, a group that was renamed: unknown, never nobody and never others."""
    asked = GroupMembership(token, workspace.api_url, handle)
    with pytest.raises(MembershipUnknown):
        await asyncio.to_thread(asked.n3)


async def test_silence_is_unknown(workspace: Workspace) -> None:
    """Slack is gone."""
    url = workspace.api_url
    await workspace.stop()
    with pytest.raises(MembershipUnknown):
        await asyncio.to_thread(GroupMembership(BOT_TOKEN, url, "n3").n3)
