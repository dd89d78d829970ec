"""Which teams and user groups a reader belongs to, so that a document may be limited to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.announcements import INCIDENTS
from bot.domain.person import Person
from bot.errors import MembershipUnknown
from bot.settings import Settings
from bot.slack.incidents_channel import IncidentsChannel, look_up_by
from bot.slack.members import GroupMembership

KEPT_S = 60.0
UNKNOWN = "Slack does not say who is in which user group now; what is for user groups alone was left out"
UNPLACED = "Slack does not say which channel is that of incidents now; what is for it alone was left out"


# The names of the channel of incidents, and whether Slack was there to say all of them.
Home = Callable[[], tuple[frozenset[str], bool]]


def nowhere() -> tuple[frozenset[str], bool]:
    """A channel of incidents that has its role and nothing else."""
    return frozenset({INCIDENTS}), True


class Groups(Protocol):
    """Reads the members of user groups by handle, as GroupMembership does."""

    def members(self, handles: Collection[str]) -> Mapping[str, frozenset[Person]]: ...


@dataclass(frozen=True, slots=True)
class Team:
    """A team as vigie.toml declares it; `usergroup` is a handle without its at sign."""

    channels: frozenset[str] = frozenset()
    usergroup: str = ""
    people: frozenset[str] = frozenset()


def teams_of(settings: Settings) -> Teams:
    """The teams of this installation, with the user groups of its workspace."""
    declared = {
        name: Team(
            frozenset(section.channels), section.usergroup.removeprefix("@"), frozenset(section.people)
        )
        for name, section in settings.file.knowledge.teams.items()
    }
    token, url = settings.bot_token, settings.slack_api_url
    home = IncidentsChannel(settings.file.slack.incidents_channel, look_up_by(token, url))
    return Teams(declared, GroupMembership(token, url, ""), home=home.names)


class Teams:
    """What a channel or a person counts as. User groups are read from Slack and kept for a minute.

    A user group opens a document to a person who reads alone. In a channel everybody reads, so there only the
    channel itself counts, and the teams that name it.
    """

    def __init__(
        self,
        teams: Mapping[str, Team],
        groups: Groups,
        monotonic: Callable[[], float] = time.monotonic,
        home: Home = nowhere,
    ) -> None:
        self._teams = teams
        self._groups = groups
        self._home = home
        self._monotonic = monotonic
        self._read_at = float("-inf")
        self._wanted: frozenset[str] = frozenset()
        self._members: dict[str, frozenset[str]] = {}

    def of(self, readers: frozenset[str], named: frozenset[str]) -> tuple[frozenset[str], str]:
        """What these readers count as among `named`: teams, @handles and names of the channel of incidents;
        and what could not be told.

        Slack is asked only where the answer rests on it: a person reads and a document is limited to a user
        group, or a channel reads and a document is limited to that of incidents.
        """
        home, unplaced = self._placed(readers, named)
        readers |= home
        teams = {name: team for name, team in self._teams.items() if name in named}
        found = {name for name, team in teams.items() if not readers.isdisjoint(team.channels | team.people)}
        found |= home & named
        mine, unknown = self._grouped(readers, named, teams)
        found |= {name for name, team in teams.items() if team.usergroup and f"@{team.usergroup}" in mine}
        return frozenset(found | (mine & named)), "; ".join(filter(None, (unplaced, unknown)))

    def _placed(self, readers: frozenset[str], named: frozenset[str]) -> tuple[frozenset[str], str]:
        """All names of the channel of incidents where that is what reads, else none."""
        channels = {one for one in readers if one[:1] in ("C", "G")}
        by_name = {one for one in named if one == INCIDENTS or one.startswith("#")}
        if INCIDENTS not in readers and not (channels and by_name):
            return frozenset(), ""
        names, told = self._home()
        # A person's id is no channel, whatever vigie.toml calls one.
        is_home = INCIDENTS in readers or not channels.isdisjoint(names)
        return names if is_home else frozenset(), "" if told else UNPLACED

    def _grouped(
        self, readers: frozenset[str], named: frozenset[str], teams: Mapping[str, Team]
    ) -> tuple[frozenset[str], str]:
        """The @handles of user groups in which those who read alone are."""
        people = frozenset(one for one in readers if one[:1] in ("U", "W"))
        asked = {one for one in named if one.startswith("@")}
        asked |= {f"@{team.usergroup}" for team in teams.values() if team.usergroup}
        if not people or not asked:
            return frozenset(), ""
        try:
            members = self._current(frozenset(one.removeprefix("@") for one in asked))
        except MembershipUnknown:
            return frozenset(), UNKNOWN
        return frozenset(
            f"@{handle}" for handle, those in members.items() if not people.isdisjoint(those)
        ), ""

    def _current(self, handles: frozenset[str]) -> dict[str, frozenset[str]]:
        if not handles <= self._wanted or self._monotonic() - self._read_at > KEPT_S:
            wanted = handles | self._wanted
            read = self._groups.members(wanted)
            self._members = {
                handle: frozenset(person.user_id for person in people) for handle, people in read.items()
            }
            self._wanted, self._read_at = wanted, self._monotonic()
        return self._members
