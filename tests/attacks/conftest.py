"""One running Vigie a module for the attack cases; each case takes a target and an incident of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.world import World, world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The shared Vigie; a test that needs other settings makes its own with `world(...)`."""
    async with world(tmp_path_factory.mktemp("vigie")) as running:
        yield running
