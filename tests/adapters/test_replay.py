"""Shadow mode: the same pipeline over what was; nothing is changed, and what is lost is said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.commands import noise, replay
from bot.domain.alert import AlertStatus, Severity
from bot.errors import BadInput
from bot.evaluate.exports import of_file
from bot.store import tables
from tests.desk import Desk

AS_THE_DESK = "[noise]\nhold_minutes = 0\nacross_services = false\n"
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lived")


@pytest.fixture(scope="module")
def lived(folder: Path) -> Desk:
    """A store in which alerts of some hours stand, decided as they came, beside its vigie.toml."""
    (folder / "data").mkdir()
    (folder / "vigie.toml").write_text(AS_THE_DESK)
    desk = Desk(folder / "data")
    for minute in range(0, 240, 4):
        desk.now = START + timedelta(minutes=minute)
        alerts = []
        for number, severity in enumerate((Severity.WARNING, Severity.CRITICAL, Severity.INFO)):
            alert = desk.alert(f"Name{minute % 5}", severity, f"service-{number}")
            over = (minute // 4 + number) % 3 == 0
            alerts.append(replace(alert, status=AlertStatus.RESOLVED) if over else alert)
        desk.copilot.alerts.receive(alerts)
        desk.now += timedelta(minutes=1)
        desk.copilot.alerts.receive(alerts)
        desk.copilot.alerts.sweep()
    return desk


def ran(
    folder: Path, capsys: pytest.CaptureFixture[str], *, rules: str = "", file: Path | None = None
) -> Any:  # noqa: ANN401
    """The exit code and the one JSON object."""
    changed = None
    if rules:
        changed = folder / "changed.toml"
        changed.write_text(rules)
    code = replay.run(folder / "vigie.toml", file, changed, "3650d", as_json=True)
    return code, json.loads(capsys.readouterr().out)


def rows(desk: Desk) -> dict[str, int]:
    with desk.engine.connect() as connection:
        count = sa.select(sa.func.count())
        return {
            table.name: connection.execute(count.select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def test_today_is_what_happened_and_nothing_is_changed(
    lived: Desk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Replayed with the rules of that day it tells of the very deliveries of which people were told."""
    before = rows(lived)
    code, said = ran(folder, capsys)
    with lived.engine.connect() as connection:
        query = sa.select(tables.alerts.c.id).where(tables.alerts.c.told_at.is_not(None))
        told = {str(number) for number in connection.execute(query).scalars()}
    assert code == 0 and len(told) > 10
    assert {one["alert"] for one in said["told"]} == told
    assert rows(lived) == before


def test_rules_that_lose_something_critical_say_no(
    lived: Desk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A window that includes critical alerts: exit 1, and each lost one by name; without them exit 0."""
    window = '[[mutes]]\nreason = "deploy"\nservice = "service-1"\n'
    window += 'start = 2026-03-01T03:00:00Z\nlasts = "6h"\n'
    code, said = ran(folder, capsys, rules=f"{AS_THE_DESK}{window}critical = true\n")
    assert code == 1 and said["critical_lost"] > 3 and said["new"] == []
    assert {(one["service"], one["severity"]) for one in said["lost"]} == {("service-1", "critical")}
    assert ran(folder, capsys, rules=f"{AS_THE_DESK}{window}")[0] == 0


def test_unchanged_rules_make_no_difference(
    lived: Desk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ran(folder, capsys, rules=AS_THE_DESK)
    assert (code, said["new"], said["lost"]) == (0, [], [])
    assert said["today"] == said["changed"]


def test_noise_on_the_command_line_is_what_slack_shows(
    lived: Desk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object with the figures, or a page for people; exit 1 once a critical alert is hidden."""
    config = folder / "vigie.toml"
    assert noise.run(config, "3650d", as_one_object=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fired"] > said["told"] > 10 and said["critical_hidden"] == 0
    assert sum(one["count"] for one in said["why"]) == said["fired"] - said["told"]
    assert noise.run(config, "3650d", as_one_object=False) == 0
    page = capsys.readouterr().out
    assert f"absorbed of {said['fired']} alerts" in page and "█" in page and "Name0" in page
    with pytest.raises(BadInput, match="length of time"):
        noise.run(config, "soon", as_one_object=True)
    lived.run("UPDATE incidents SET held = true")
    assert noise.run(config, "3650d", as_one_object=False) == 1


def firing(name: str, status: str = "firing", **more: object) -> dict[str, object]:
    labels = {"alertname": name, "severity": "critical", "service": "orders"}
    return {"status": status, "labels": labels, "annotations": {}, **more}


EXPORTS = {
    "json lines": "\n".join(
        json.dumps(firing(name, at=f"2026-03-01T0{hour}:00:00Z", id=name))
        for hour, name in ((2, "B"), (1, "A"))
    ),
    "notifications": json.dumps(
        {"at": "2026-03-01T01:00:00Z", "alerts": [firing("A"), firing("B", startsAt="2026-03-01T02:00:00Z")]}
    ),
    "a list of notifications": json.dumps(
        [
            {"receivedAt": "2026-03-01T01:00:00Z", "alerts": [firing("A")]},
            {"receivedAt": "2026-03-01T01:00:01Z", "alerts": [firing("B")]},
        ]
    ),
    "Alertmanager's API": json.dumps(
        [
            firing("A", startsAt="2026-03-01T01:00:00Z", endsAt="2026-03-01T01:30:00Z")
            | {"status": {"state": "x"}},
            firing("B", startsAt="2026-03-01T02:00:00Z") | {"status": {"state": "active"}},
        ]
    ),
}


@pytest.mark.parametrize("text", EXPORTS.values(), ids=EXPORTS)
def test_an_export_is_read_in_order_of_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "export"
    path.write_text(text)
    past = of_file(path)
    assert [one.alert.name for one in past if one.alert.status is AlertStatus.FIRING] == ["A", "B"]
    assert [one.at for one in past] == sorted(one.at for one in past)


def test_an_export_needs_no_installation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(EXPORTS["json lines"])
    code, said = ran(tmp_path, capsys, file=path)
    assert (code, said["deliveries"], said["today"]["notifications"]) == (0, 2, 2)


@pytest.mark.parametrize(
    "text, words",
    [
        ("{", ["line 1", "not JSON"]),
        ("[1]", ["entry 0", "JSON object"]),
        ('{"status": "firing", "labels": {"alertname": "A"}}', ["line 1", "must be a time"]),
        ('{"at": "2026-03-01T01:00:00Z", "status": "firing", "labels": {}}', ["line 1", "alertname"]),
        ("", ["nothing to replay"]),
    ],
    ids=["no JSON", "no object", "no time", "no name", "empty"],
)
def test_a_wrong_export_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        replay.run(tmp_path / "vigie.toml", path, None, "30d", as_json=True)
    assert all(word in str(caught.value) for word in words)
