"""The workspace's directory: people, user groups, tokens and scopes, looked up by id or by name."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.playground.workspace.errors import Refused
from bot.playground.workspace.people import DEFAULT_EVENTS, DEFAULT_SCOPES, Person, UserGroup


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
    signing_secret: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, UserGroup] = field(default_factory=dict)
    bot_token_error: str = ""

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

    def require(self, *scopes: str) -> None:
        """Lets pass when the bot token has one of the scopes.

        Raises:
            Refused: `missing_scope`, with what is needed and what is there.
        """
        if scopes and not set(scopes) & set(self.scopes):
            raise Refused("missing_scope", needed=scopes[0], provided=",".join(self.scopes))
