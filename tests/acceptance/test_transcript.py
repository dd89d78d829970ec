"""`vigie transcript`: what was sent and what came back, from the rows, whatever runs beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.spending import ANSWERED, Purpose, Reserve, Settled, Spent
from bot.store.database import Store, sqlite_url

SENT = json.dumps({"messages": [{"role": "user", "content": "14 orders wait\x1b[2J"}], "tools": []})
ANSWER = json.dumps([{"role": "assistant", "content": "The worker hangs."}])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation whose one incident has two exchanges, one of them refused."""
    (tmp_path / "vigie.toml").write_text("")
    (tmp_path / "data").mkdir()
    store = Store.open(sqlite_url(tmp_path / "data" / "vigie.sqlite"))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with store.begin() as tx:
        seen = Alert("alertmanager", "A", AlertStatus.FIRING, Severity.WARNING, "orders", "test", now)
        incident = tx.incidents.open(seen, "A", None)
        purpose = Purpose("diagnose", "diagnose@abc", incident.id, "incidents")
        made = Reserve(purpose, "main", "large", Spent(900, 0.1, 20), "EUR", SENT, ("e-mail",))
        number = tx.exchanges.reserve(made)
        tx.exchanges.settle(number, Settled(ANSWERED, 100, 50, 0.0125, 1.5, ANSWER, echoed=("instructions",)))
        tx.exchanges.reserve(made, "the budget of #1 is used up, 5 tokens")
    store.close()
    return tmp_path / "vigie.toml"


def test_people_read_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Provider, model, prompt, tokens, cost, both texts, what was taken out; nothing steers a terminal."""
    assert main(["transcript", "#1", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    for part in (
        "main, large  prompt diagnose@abc",
        "100 tokens in, 50 out, 0.0125 EUR, 1.5 s",
        "taken out before it was sent: e-mail",
        "taken out of the answer: instructions",
        "[user]\n14 orders wait\ufffd[2J",
        "[assistant]\nThe worker hangs.",
        "refused",
        "problem: the budget of #1 is used up, 5 tokens",
        "In all: 150 tokens, 0.0125 EUR",
    ):
        assert part in told
    assert "\x1b" not in told


def test_programs_read_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object with every exchange and the sum."""
    assert main(["transcript", "1", "--json", "--config", str(config)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["total"] == {"tokens": 150, "money": 0.0125, "currency": "EUR", "seconds": 1.5}
    assert [one["state"] for one in told["exchanges"]] == ["answered", "refused"]
    assert told["exchanges"][0]["sent"] == SENT


def test_what_is_not_there_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No exchange outside of incidents: 1; no such incident, or no number: 2."""
    assert main(["transcript", "0", "--config", str(config)]) == 1
    assert "No model was asked" in capsys.readouterr().out
    assert main(["transcript", "9", "--config", str(config)]) == 2
    assert "There is no incident #9." in capsys.readouterr().err
    assert main(["transcript", "last", "--config", str(config)]) == 2
