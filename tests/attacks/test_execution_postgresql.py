"""Groups H and P again with the rows in PostgreSQL, as far as they rest on its transactions alone.

`scripts/test --store postgresql` runs all of them there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.attacks.test_execution import (
    test_killed_between_call_and_result_it_is_unknown,
    test_two_executors_at_once_run_it_once,
)
from tests.attacks.test_forgery import test_four_deliveries_have_one_effect
from tests.world import World, world

__all__ = [
    "test_four_deliveries_have_one_effect",
    "test_killed_between_call_and_result_it_is_unknown",
    "test_two_executors_at_once_run_it_once",
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The shared Vigie of this file."""
    async with world(tmp_path_factory.mktemp("vigie"), store="postgresql") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mortal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie that each test starts with its own fault."""
    async with world(tmp_path_factory.mktemp("mortal"), start=False, store="postgresql") as made:
        yield made
