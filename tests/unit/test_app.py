"""What the composition root hands on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bot import app
from bot.errors import Misconfigured
from bot.settings import File, Settings


def test_the_executor_gets_what_it_needs_to_reach_slack_and_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies and libpq's own variables, as serve has them; no key of the model and no token of senders."""
    given = {
        "HTTPS_PROXY": "http://p:1",
        "no_proxy": "x",
        "PGPASSWORD": "w",
        "PGSERVICE": "s",
        "PATH": "/bin",
    }
    kept_back = {"OPENAI_API_KEY": "k", "VIGIE_INTAKE_TOKEN": "t" * 20, "SLACK_APP_TOKEN": "xapp-1"}
    for name, value in (given | kept_back).items():
        monkeypatch.setenv(name, value)
    settings = Settings(File(), tmp_path, {"SLACK_BOT_TOKEN": "xoxb-1"})
    process = app.executor_process(settings, tmp_path / "vigie.toml")
    handed_on = process._environment
    assert given.items() <= handed_on.items()
    assert not set(kept_back) & set(handed_on)
    assert handed_on["SLACK_BOT_TOKEN"] == "xoxb-1"


def test_what_is_computed_beside_an_ack_takes_short_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else is done, and five times shorter than Python's own."""
    turns: list[float] = []
    monkeypatch.setattr(sys, "setswitchinterval", turns.append)
    with pytest.raises(Misconfigured):
        asyncio.run(app.serve(Settings(File(), tmp_path, {}), tmp_path / "vigie.toml"))
    assert turns == [pytest.approx(sys.getswitchinterval() / 5)]
