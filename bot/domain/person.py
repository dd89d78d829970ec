"""Who did something: an identity that Slack verified, or one of Vigie's own parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack identity: team id and user id, never a display name.

    Raises:
        ValueError: either id is empty, as an empty id must never pass for somebody, or holds a `/`, as two
            people must never share a key.
    """

    team_id: str
    user_id: str

    def __post_init__(self) -> None:
        if not self.team_id or not self.user_id:
            raise ValueError("a person needs a team id and a user id")
        if "/" in self.team_id or "/" in self.user_id:
            raise ValueError("the ids of a person hold no '/'")

    @property
    def key(self) -> str:
        """One string for rows and the audit log: `T1/U1`."""
        return f"{self.team_id}/{self.user_id}"

    @classmethod
    def from_key(cls, key: str) -> Person:
        """The inverse of `key`."""
        team_id, _, user_id = key.partition("/")
        return cls(team_id, user_id)


class Members(frozenset[Person]):
    """Who is N3 at a moment, and who of them is in which group of [n3.groups], by its name.

    It is a set of people, as nearly every question is about that alone. A plain set has no groups.
    """

    groups: Mapping[str, frozenset[Person]]

    def __new__(
        cls, people: Iterable[Person] = (), groups: Mapping[str, frozenset[Person]] | None = None
    ) -> Members:
        made = super().__new__(cls, people)
        made.groups = {name: members & made for name, members in (groups or {}).items()}
        return made
