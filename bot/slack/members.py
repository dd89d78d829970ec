"""Who is N3: the members of a Slack user group, read fresh at each decision."""

from __future__ import annotations

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
        try:
            team = str(self._client.auth_test()["team_id"])
            groups = self._client.usergroups_list()["usergroups"]
            found = [str(group["id"]) for group in groups if group["handle"] == self._handle]
            if not found:
                raise MembershipUnknown(f"Slack has no user group @{self._handle}; see [n3] in vigie.toml.")
            users = self._client.usergroups_users_list(usergroup=found[0])["users"]
        except SlackApiError as error:
            raise MembershipUnknown(f"Slack says {error.response['error']!r}.") from None
        except (SlackClientError, OSError) as error:
            raise MembershipUnknown(f"{type(error).__name__}.") from None
        return frozenset(Person(team, str(user)) for user in users if user)
