"""The executor's own composition root; it imports neither Slack's app framework nor anything of the model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from bot.domain.person import Members, Person
from bot.domain.ports import Membership
from bot.folder import own_folder
from bot.settings import Settings
from bot.sign_off.budget import Budget
from bot.slack.members import GroupMembership
from bot.store.database import Store, open_engine
from bot.store.ownership import EXECUTOR, Ownership
from bot.tools.executor import Executor
from bot.tools.in_force import policy_in_force
from bot.tools.loop import serve_stdin
from bot.tools.secrets import Secrets

# All that it takes out of vigie.env: who is N3 is asked of Slack, and nothing of any model.
VARIABLES = ("SLACK_BOT_TOKEN", "SLACK_API_URL", "SSL_CERT_FILE", "VIGIE_STORE_URL")


def run(settings: Settings) -> None:
    """Serve standard input until it ends. Waits for an executor before it that still finishes its work."""
    engine = open_engine(settings.store_url)
    with (
        own_folder(settings.folder, "executor", wait=True),
        Ownership(engine, EXECUTOR, wait=True) as ownership,
    ):
        store = Store(engine)
        secrets = Secrets.read(settings.secrets, settings.secret_sources, os.environ)
        section = settings.file.execution
        budget = Budget(section.per_service_at_once, section.per_service_per_hour)
        executor = Executor(store, membership(store, settings), secrets, ownership.hold, budget)
        executor.settle_interrupted()
        asyncio.run(serve_stdin(executor))
        store.close()


def membership(store: Store, settings: Settings) -> Membership:
    """Who is N3 by the policy in force: the Slack group it names, else its pinned list."""
    return AdoptedMembership(store, settings)


class AdoptedMembership:
    """Reads the policy in force at each decision, so that editing a file alone makes nobody N3."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def n3(self) -> frozenset[Person]:
        """The N3 of this moment.

        Raises:
            MembershipUnknown: the group cannot be read from Slack now.
        """
        with self._store.read() as tx:
            policy = policy_in_force(tx)
        handles = {policy.usergroup, *(group.usergroup for group in policy.groups.values())} - {""}
        read: Mapping[str, frozenset[Person]] = {}
        if handles:
            slack = GroupMembership(self._settings.bot_token, self._settings.slack_api_url, policy.usergroup)
            read = slack.members(handles)
        groups = {
            # A group that Slack does not have is one that nobody is in.
            name: read.get(group.usergroup, frozenset()) if group.usergroup else group.pinned
            for name, group in policy.groups.items()
        }
        return Members(read[policy.usergroup] if policy.usergroup else policy.pinned, groups)
