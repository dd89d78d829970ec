"""What an installation says of questions about an incident: how much of production one may read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.domain.conversation import Freshness
from bot.settings.section import Section


class QuestionsSection(Section):
    """[questions] What a question about an incident may read of production, with a model and without."""

    checks: Annotated[int, Field(ge=0, le=8)] = 3
    """Checks that one question may run at most; 0: answers rest on what is recorded."""
    within_s: Annotated[float, Field(gt=0, le=120)] = 20.0
    """Seconds that they may take together; what has not ended then is said to be missing."""
    again_after_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """Seconds for which a reading is shown again, with its age, before the same check runs once more."""

    @property
    def freshness(self) -> Freshness | None:
        return Freshness(self.checks, self.within_s, self.again_after_s) if self.checks else None
