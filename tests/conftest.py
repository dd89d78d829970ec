"""What every test shares: the store's engine, where token vocabularies lie, how examples are drawn."""

from __future__ import annotations

import gc
import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests import forked, postgresql


def vocabularies() -> Path:
    """Folder of the token vocabularies that set-up installed; found without importing the package."""
    found = importlib.util.find_spec("llama_index.core")
    assert found is not None, "llama-index-core is not installed: run scripts/setup test"
    assert found.submodule_search_locations
    return Path(next(iter(found.submodule_search_locations))) / "_static" / "tiktoken_cache"


os.environ["TIKTOKEN_CACHE_DIR"] = str(vocabularies())

# The gate draws the same examples each time, so that red means a change; no deadline, as machines differ.
# To look for new ones: .venv/bin/pytest --hypothesis-profile explore
settings.register_profile("gate", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", max_examples=2_000, deadline=None, print_blob=True)
settings.load_profile("gate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where every whole Vigie of the tests keeps its rows; each world has a database of its own",
    )


def pytest_configure(config: pytest.Config) -> None:
    postgresql.DEFAULT["store"] = config.getoption("--store")
    forked.DEFAULT["forked"] = True


def pytest_collection_finish() -> None:
    # Seven thousand tests are many objects: no collection of garbage shall look at them again.
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    postgresql.end_shared()
