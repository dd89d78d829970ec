"""The executor's own composition root; it imports neither Slack's app framework nor anything of the model."""

from __future__ import annotations

import asyncio

from bot.domain.ports import Membership
from bot.folder import own_folder
from bot.settings import Settings
from bot.slack.members import GroupMembership, PinnedMembership
from bot.store.database import Store, open_engine
from bot.tools.executor import Executor
from bot.tools.loop import serve_stdin
from bot.tools.secrets import Secrets


def run(settings: Settings) -> None:
    """Serve standard input until it ends. Waits for an executor before it that still finishes its work."""
    with own_folder(settings.folder, "executor", wait=True):
        store = Store(open_engine(settings.store_url))
        executor = Executor(store, membership(settings), Secrets.read(settings.secrets))
        executor.settle_interrupted()
        asyncio.run(serve_stdin(executor))
        store.close()


def membership(settings: Settings) -> Membership:
    """The Slack group where one is set, else the pinned list."""
    group = settings.file.n3.usergroup
    if group:
        return GroupMembership(settings.bot_token, settings.slack_api_url, group)
    return PinnedMembership(settings.policy.pinned)
