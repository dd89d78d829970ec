"""Who is N3: the members of a Slack user group, read fresh at each decision."""

from __future__ import annotations

from collections.abc import Collection

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.person import Person
from bot.errors import MembershipUnknown


class GroupMembership:
    """A Slack user group by its handle. Nothing is cached: a decision is worth one call."""

    def __init__(self, token: str, api_url: str, handle: str) -> None:
        self._client = WebClient(token=token, base_url=api_url, timeout=5)
        self._handle = handle.removeprefix("@")

    def n3(self) -> frozenset[Person]:
        """The members now, with the team that the token belongs to.

        Raises:
            MembershipUnknown: Slack does not answer, or has no such group.
        """
        return self.members({self._handle})[self._handle]

    def members(self, handles: Collection[str]) -> dict[str, frozenset[Person]]:
        """The members of several groups now, by handle; a group that Slack does not have is left out.

        Raises:
            MembershipUnknown: Slack does not answer, or has not the group of N3 itself.
        """
        try:
            team = str(self._client.auth_test()["team_id"])
            groups = self._client.usergroups_list()["usergroups"]
            ids = {str(group["handle"]): str(group["id"]) for group in groups if group["handle"] in handles}
            if self._handle and self._handle not in ids:
                raise MembershipUnknown(f"Slack has no user group @{self._handle}; see [n3] in vigie.toml.")
            found = {
                handle: self._client.usergroups_users_list(usergroup=id_)["users"]
                for handle, id_ in ids.items()
            }
        except SlackApiError as error:
            raise MembershipUnknown(f"Slack says {error.response['error']!r}.") from None
        except (SlackClientError, OSError) as error:
            raise MembershipUnknown(f"{type(error).__name__}.") from None
        return {
            handle: frozenset(Person(team, str(user)) for user in users if user)
            for handle, users in found.items()
        }
