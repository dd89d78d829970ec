"""Every event four times, in any order, over a bad line: each effect once. `bench_delivery` does 1,000."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery import SMALL, channels, storm
from tests.world import world


@pytest.mark.attack("H2")
@pytest.mark.attack("P21")
@pytest.mark.fault
@pytest.mark.timeout(240)
async def test_four_deliveries_over_a_bad_line_have_one_effect(tmp_path: Path) -> None:
    """Questions, clicks, commands and signatures: each has its effect once, no message is lost."""
    async with world(tmp_path, channels=channels(), trigger_seconds=600.0, ack_seconds=1.0) as vigie:
        await vigie.until("a connection", lambda: vigie.place.connections)
        figures = await storm(vigie, SMALL)
    assert figures["wrong"] == []
    assert figures["line"]["deliveries"] >= 4 * SMALL.events
    assert figures["line"]["sudden disconnects"] and figures["line"]["posts told to wait (429)"]
