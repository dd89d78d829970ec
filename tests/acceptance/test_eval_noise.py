"""`vigie eval noise`: the intake's own decisions on a file, scored as documented, wrong lines named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.evaluate.noise import evaluate
from bot.evaluate.noise_scores import adjusted_rand, pairwise_f1
from tests.acceptance.vigie_command import Ran

START = datetime(2026, 3, 1, tzinfo=UTC)
GRAPH = {"topology": {"calls": {"web": ["orders"], "orders": []}}}


def line(
    minutes: float, name: str, service: str, cause: str | None = None, kind: str = "fault", **more: object
) -> dict[str, Any]:
    labels = {"alertname": name, "service": service, "severity": str(more.pop("severity", "warning"))}
    critical = labels["severity"] == "critical" and cause is not None
    return {
        "at": (START + timedelta(minutes=minutes)).isoformat(),
        "status": "firing",
        "starts_at": START.isoformat(),
        "labels": labels,
        "annotations": {"summary": f"{name} at 91.5 %"},
        "truth": {"cause": cause, "kind": kind, "critical": critical},
        **more,
    }


DAY = [
    line(0, "DbDown", "orders", "one", severity="critical"),
    line(1, "Slow", "web", "one"),
    line(2, "DbDown", "orders", "one", severity="critical"),
    line(100, "Blip", "mail", kind="transient"),
    line(101, "Blip", "mail", kind="transient", status="resolved"),
    line(200, "Late", "care", "two"),
    line(210, "Watchdog", "alerting", kind="watchdog"),
]


def stream(folder: Path, lines: Sequence[Mapping[str, Any] | str]) -> Path:
    path = folder / "alerts.jsonl"
    numbered = [
        one if isinstance(one, str) or "topology" in one else {"id": f"a{n}", **one}
        for n, one in enumerate(lines)
    ]
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in numbered))
    return path


def run(folder: Path, *arguments: str) -> Ran:
    (folder / "cwd").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "eval", "noise", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=folder / "cwd",
        env={"PATH": "/usr/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert not list((folder / "cwd").iterdir())
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_day_is_decided_and_scored(tmp_path: Path) -> None:
    """One object of the documented terms; a line per delivery with its incident, decision, reason and
    telling."""
    out = tmp_path / "out.jsonl"
    ran = run(tmp_path, "--alerts", str(stream(tmp_path, [GRAPH, *DAY])), "--decisions", str(out), "--json")
    assert ran.code == 0, ran.err
    told = ran.only_json
    assert (told["deliveries"], told["firing"], told["notifications"]) == (7, 6, 3)
    assert (told["missed"], told["unheard"], told["noiseshare"], told["percause"]) == (0, 0.0, 0.0, 1.5)
    assert told["ari"] == 1.0
    rows = [json.loads(text) for text in out.read_text().splitlines()]
    assert [row["decision"] for row in rows] == [
        *("opened", "joined", "duplicate", "held", "resolved", "held", "heartbeat")
    ]
    assert rows[0]["incident"] == rows[1]["incident"] != rows[5]["incident"]
    assert all(row["reason"] for row in rows)
    assert rows[5]["notified_at"] == (START + timedelta(minutes=206)).isoformat()
    assert (rows[3]["notified"], rows[3]["notified_at"]) == (False, None)


def test_lines_in_any_order_give_the_same_decisions_and_a_cut_keeps_them(tmp_path: Path) -> None:
    """Their times count. What was decided before the cut stays decided; only what is told later may be
    added."""
    whole = evaluate(stream(tmp_path, [GRAPH, *DAY])).decisions()
    shuffled = [{"id": f"a{n + 1}", **one} for n, one in enumerate(DAY)][::-1]
    other = evaluate(stream(tmp_path, [GRAPH, *shuffled])).decisions()
    assert sorted(other, key=lambda row: str(row["id"])) == whole
    for kept in (2, 4, 6):
        end = DAY[kept - 1]["at"]
        cut = evaluate(stream(tmp_path, [GRAPH, *DAY[:kept]])).decisions()
        for before, after in zip(cut, whole, strict=False):
            later = after["notified_at"] is not None and str(after["notified_at"]) > end
            assert later or before == after


def test_what_has_no_truth_is_decided_and_not_scored(tmp_path: Path) -> None:
    """Plain lines with another name for the time, without labels, severities or a graph; a topology from a
    file."""
    plain = [{"ts": START.timestamp(), "name": "Disk 91 % full", "component": "db-0"}]
    graph = tmp_path / "graph.yaml"
    graph.write_text("calls:\n  web: [orders]\n")
    ran = run(tmp_path, "--alerts", str(stream(tmp_path, plain)), "--topology", str(graph), "--json")
    assert ran.code == 0, ran.err
    assert (ran.only_json["deliveries"], ran.only_json["ari"], ran.only_json["missed"]) == (1, None, None)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('{"id": "2"', "line 2: not JSON"),
        ({"id": "2"}, "line 2: 'at' must be a time"),
        ({"id": "2", "at": "noon"}, "line 2: 'at' must be a time"),
        ({"id": 2, "at": 1}, "line 2: 'id' must be a text"),
        ({"id": "2", "at": 1, "labels": []}, ""),
        ({"id": "2", "at": 1, "labels": "x"}, "line 2: 'labels' must be an object"),
        ({"id": "2", "at": 1, "status": "odd"}, "line 2: .*alerts[0].status"),
        ({"topology": {"calls": {"a": "b"}}}, "line 2: topology.calls.a: expected a list"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, wrong: Any, says: str) -> None:  # noqa: ANN401  # whatever JSON gives
    """File, line and field; no labels at all are no mistake."""
    from bot.errors import BadInput

    path = stream(tmp_path, [DAY[0]])
    with path.open("a") as file:
        file.write(f"{wrong if isinstance(wrong, str) else json.dumps(wrong)}\n")
    if not says:
        assert len(evaluate(path).judged) == 2
        return
    with pytest.raises(BadInput, match=says.replace("[", r"\[")):
        evaluate(path)


def test_the_scores_are_what_they_are_called() -> None:
    """The same partition is 1, one that is as good as chance 0; two halves of one cause are half right."""
    assert adjusted_rand([(1, "a"), (1, "a"), (2, "b"), (2, "b")]) == 1
    assert adjusted_rand([(1, "a"), (1, "b"), (2, "a"), (2, "b")]) == pytest.approx(-0.5)
    assert pairwise_f1([(1, "a"), (1, "a"), (2, "a"), (2, "a")]) == pytest.approx(0.5)
    assert adjusted_rand([]) is None


def test_the_bench_measures_days_and_what_each_step_contributes(tmp_path: Path) -> None:
    """Its small size, on a folder of streams: every figure by its name, one line for each step left out."""
    stream(tmp_path, [GRAPH, *DAY])
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "bench_noise"), str(tmp_path), "--size", "small", "--json"],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    told = json.loads(done.stdout)
    assert (told["days"], told["missed"], told["ari"], told["plain_missed"]) == (1, 0, 1, 0)
    assert {"hold", "correlation", "flapping"} <= told["steps"].keys()
    assert told["steps"]["correlation"]["ari"] < 1
