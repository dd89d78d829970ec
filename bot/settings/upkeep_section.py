"""What an installation says of keeping its documents right."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from bot.domain.curation import UpkeepRule
from bot.settings.section import Section

SlackId = Annotated[str, StringConstraints(pattern=r"^[UWSCG][A-Z0-9]{2,30}$")]


class UpkeepSection(Section):
    """[upkeep] When runbooks are looked at again, and who hears of it."""

    review_every_days: Annotated[int, Field(ge=0, le=3650)] = 180
    """Days after which a runbook or note without `review_every` is to be looked at again; 0: never."""
    digest_every_days: Annotated[float, Field(ge=1, le=90)] = 7.0
    """Days between two messages to one owner about what is to be looked at."""
    later_days: Annotated[float, Field(ge=1, le=365)] = 28.0
    """Days until one comes again that its owner wants to look at later."""
    owners: dict[str, SlackId] = Field({}, examples=[{"team-shop": "U045EF6GH"}])
    """A document's `owner` = a Slack id: a person, user group or channel. All others: N3's channel."""

    @property
    def rule(self) -> UpkeepRule:
        """The same for the copilot."""
        every, later = timedelta(days=self.digest_every_days), timedelta(days=self.later_days)
        return UpkeepRule(self.review_every_days, every, later, self.owners)
