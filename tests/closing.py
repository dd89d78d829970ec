"""Closes what tests about models have opened, when each is over; imported where it is to hold."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.llm.diagnostician import ModelDiagnostician


@pytest_asyncio.fixture(autouse=True)
async def closed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Each diagnostician that was asked, in the loop that asked it."""
    made: list[ModelDiagnostician] = []
    load = ModelDiagnostician._load

    def noted(self: ModelDiagnostician) -> object:
        made.append(self)
        return load(self)

    monkeypatch.setattr(ModelDiagnostician, "_load", noted)
    yield
    for one in made:
        await one.aclose()
