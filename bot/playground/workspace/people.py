"""Who and what a workspace is made of: people, channels, user groups, and what the app may do."""

from dataclasses import dataclass

DEFAULT_SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "reactions:write",
    "usergroups:read",
    "users:read",
)

DEFAULT_EVENTS = (
    "app_mention",
    "app_home_opened",
    "message.channels",
    "message.groups",
    "message.im",
    "subteam_members_changed",
)


@dataclass(frozen=True)
class Person:
    """Somebody in the workspace, or a bot user. `id` starts with U; `name` is what others read."""

    id: str
    name: str
    title: str = ""
    is_guest: bool = False
    is_bot: bool = False

    @property
    def handle(self) -> str:
        """The name as it is typed after an @ sign: lower case, dots for blanks."""
        return self.name.lower().replace(" ", ".")

    @property
    def bot_id(self) -> str:
        """The B... id that marks what a bot posts."""
        return "B" + self.id[1:]


@dataclass(frozen=True)
class Channel:
    """A public or private channel. `members` are ids; the bot posts only where it is one of them."""

    id: str
    name: str
    private: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserGroup:
    """A user group such as @n3. `members` are ids of people; a disabled one is kept, but nobody finds it."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...] = ()
    is_disabled: bool = False
