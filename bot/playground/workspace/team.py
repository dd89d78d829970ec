"""The workspace's directory: people, user groups, tokens and scopes, looked up by id or by name."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.people import DEFAULT_EVENTS, DEFAULT_SCOPES, Person, UserGroup
from bot.playground.workspace.subscriptions import SCOPES

TokenKind = Literal["bot", "app", "none", "unknown"]


@dataclass
class Team:
    """What is fixed for the life of a workspace, but for the members of its user groups."""

    id: str
    app_id: str
    bot: Person
    bot_token: str
    app_token: str
    name: str = "Workspace"
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    events: tuple[str, ...] = DEFAULT_EVENTS
    commands: tuple[tuple[str, str], ...] = ()
    shortcuts: tuple[tuple[str, str], ...] = ()
    signing_secret: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, UserGroup] = field(default_factory=dict)
    bot_token_error: str = ""
    is_installed: bool = True

    @property
    def domain(self) -> str:
        """The name of the workspace as it stands in payloads."""
        return self.name.lower().replace(" ", "-")

    def add(self, people: Iterable[Person]) -> None:
        """Takes people in; the bot is one of them."""
        for person in (*people, self.bot):
            self.people[person.id] = person

    def person(self, user: str) -> Person:
        """The person of that id.

        Raises:
            Refused: `user_not_found`.
        """
        if user not in self.people:
            raise Refused("user_not_found")
        return self.people[user]

    def group(self, group: str) -> UserGroup:
        """The user group of that id.

        Raises:
            Refused: `no_such_subteam`.
        """
        if group not in self.groups:
            raise Refused("no_such_subteam")
        return self.groups[group]

    def kind_of(self, token: str) -> TokenKind:
        """Whose token this is."""
        if not token:
            return "none"
        if _same(token, self.bot_token):
            return "bot"
        return "app" if _same(token, self.app_token) else "unknown"

    def check_bot(self, token: str) -> None:
        """Lets the bot's token pass, as long as it is in force.

        Raises:
            Refused: `invalid_auth`, or what became of the token.
        """
        if self.kind_of(token) != "bot":
            raise Refused("invalid_auth")
        if self.bot_token_error:
            raise Refused(self.bot_token_error)

    def hears(self, subscription: str) -> bool:
        """Whether the app is told of such events: it is subscribed and holds a scope for them."""
        scopes = SCOPES.get(subscription)
        return subscription in self.events and (scopes is None or bool(set(scopes) & set(self.scopes)))

    def group_outward(self, group: UserGroup) -> Json:
        """A user group as it stands in answers and events, without its members."""
        return {
            "id": group.id,
            "team_id": self.id,
            "is_usergroup": True,
            "is_subteam": True,
            "is_external": False,
            "name": group.name,
            "description": "",
            "handle": group.handle,
            "date_create": 0,
            "date_update": 0,
            "date_delete": int(group.is_disabled),
            "auto_type": None,
            "prefs": {"channels": [], "groups": []},
            "user_count": len(group.members),
        }

    def require(self, *scopes: str) -> None:
        """Lets pass when the bot token has one of the scopes.

        Raises:
            Refused: `missing_scope`, with what is needed and what is there.
        """
        if scopes and not set(scopes) & set(self.scopes):
            raise Refused("missing_scope", needed=scopes[0], provided=",".join(self.scopes))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
