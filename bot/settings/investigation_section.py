"""What an installation says of how much a model may read for one incident."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.domain.investigation import Bounds
from bot.settings.section import Section


class InvestigationSection(Section):
    """[investigation] How much the model may read for one incident; reading needs [model] with a key."""

    enabled: bool = True
    """false: the model judges what was found by itself, and reads nothing more."""
    turns: Annotated[int, Field(ge=1, le=40)] = 6
    """How often the model is asked at most; on the last turn it can only answer."""
    tokens: Annotated[int, Field(ge=2000)] = 30_000
    """Tokens of all turns together at most."""
    reads: Annotated[int, Field(ge=1, le=100)] = 12
    """Different searches and checks at most."""
    at_once: Annotated[int, Field(ge=1, le=12)] = 6
    """Readings side by side in one turn at most."""
    characters: Annotated[int, Field(ge=500, le=20_000)] = 2_400
    """Characters of one reading that the model is shown; all of it is kept."""

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.turns, self.tokens, self.reads, self.at_once, self.characters)
