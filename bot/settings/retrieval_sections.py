"""What an installation says of search: its own words, its teams, and who sees which folder."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from bot.settings.section import Section

ChannelId = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$", max_length=40)]
UserId = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,}$", max_length=40)]
TeamName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
GroupHandle = Annotated[str, StringConstraints(pattern=r"^(@?[^\s@#<>]+)?$", max_length=80)]
FilePath = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=1000)]
INCIDENTS = "incidents"
_READER = re.compile(r"[CGUW][A-Z0-9]{2,}|@[^\s@#<>]+")


class TeamSection(Section):
    """[knowledge.teams.NAME] A team for `access` of documents and for `limits`: its channels and its
    people.
    """

    channels: list[ChannelId] = Field([], examples=[["C0PAY0001"]])
    """Channels in which what is for the team may be shown; everybody there reads it."""
    usergroup: GroupHandle = Field("", examples=["payments"])
    """Handle of its Slack user group: who is in it sees the team's documents where they alone read."""
    people: list[UserId] = Field([], examples=[["U045EF6GH"]])
    """Its people by id, where there is no user group, or beside it."""


class RetrievalSection(Section):
    """What [knowledge] says of searching."""

    glossary: FilePath = Field("", examples=["glossary.yaml"])
    """A YAML file of your own words and what runbooks call them, a line each: `term: [word, other word]`."""
    teams: dict[TeamName, TeamSection] = Field({}, examples=[{"payments": {"usergroup": "payments"}}])
    """Teams by name, for `limits` and for `access` in the front matter of documents."""
    limits: dict[str, list[str]] = Field({}, examples=[{"security": ["C0SEC0001", "@security"]}])
    """Folder of ids = who may see what lies there: channels, people, teams, @user-groups or "incidents"."""

    @model_validator(mode="after")
    def _is_known(self) -> RetrievalSection:
        if INCIDENTS in self.teams:
            raise ValueError(f"teams.{INCIDENTS}: this name means the channel of incidents. Choose another.")
        for folder, readers in self.limits.items():
            if not readers:
                raise ValueError(f"limits.{folder} names nobody. Name who may see it.")
            for reader in readers:
                if reader != INCIDENTS and reader not in self.teams and not _READER.fullmatch(reader):
                    raise ValueError(
                        f"limits.{folder} names {reader!r}: no id of a channel or person, no @user-group,"
                        " no team of [knowledge.teams]. Correct it, or declare the team."
                    )
        return self
