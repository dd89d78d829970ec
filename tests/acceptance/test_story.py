"""The demo's whole story, as `vigie demo --headless` plays it on a fresh machine."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest


@pytest.mark.timeout(300)
async def test_the_demo_repairs_four_faults_owns_up_to_the_fifth_and_learns() -> None:
    """Exit 0; the proposer and the guest are refused, each of four faults is verified as fixed by its action,
    of the fifth Vigie says that it does not know, and the first fault's second time cites its first."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "demo", "--headless"),
        env={name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 280)
    told = out.decode()
    assert process.returncode == 0, told[-2000:] + err.decode()[-2000:]
    assert "Traceback" not in err.decode()
    assert told.count("so somebody else of N3 has to sign it") == 2
    assert told.count("Guests and people of other workspaces can look, but not use Vigie") == 2
    assert told.count("Verification: :white_check_mark: *fixed*") == 4
    assert "Nothing fits: this resembles past incidents" in told
    assert told.count("ok: it proposes no remedy") == 1
    assert "learned/incident-1" in told
    assert "the second time cited the first" in told
