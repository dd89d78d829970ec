"""What is there when Vigie has loaded is never walked again; what comes later is collected as ever."""

from __future__ import annotations

import gc
import weakref

import pytest

from bot.collector import loading


class Node:
    """Holds itself, so that counting references alone never frees it."""

    def __init__(self) -> None:
        self.me = self


def test_nothing_is_collected_while_it_loads_and_later_cycles_are() -> None:
    """What was loaded is out of the collector's sight, and the collector is on again."""
    try:
        with loading():
            assert not gc.isenabled()
            loaded = Node()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert all(one is not loaded for one in gc.get_objects())
        late = Node()
        gone = weakref.ref(late)
        del late
        gc.collect()
        assert gone() is None
    finally:
        gc.unfreeze()


def test_a_load_that_fails_leaves_the_collector_on() -> None:
    """Whatever went wrong."""
    try:
        with pytest.raises(ValueError, match="broken"), loading():
            raise ValueError("broken")
        assert gc.isenabled()
    finally:
        gc.unfreeze()
