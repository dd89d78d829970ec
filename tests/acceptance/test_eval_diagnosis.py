"""`vigie eval diagnosis`: each incident judged by the others or by a history, scored as documented."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.errors import BadInput
from bot.evaluate.diagnosis import evaluate
from bot.evaluate.diagnosis_scores import auroc, calibration_error, macro_f1
from tests.unit.diagnosis.pasts import history

LINES = [
    {"id": one.id, "text": one.text, "cause": one.cause, "component": one.component} for one in history(3)
]


def file(folder: Path, lines: Sequence[Mapping[str, Any] | str], name: str = "incidents.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines))
    return path


def test_each_is_judged_by_the_others_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object on standard output; a cause that stands once cannot be known; one without a cause is
    decided, not scored."""
    once = {"id": "once", "text": "the coffee machine floods the rack", "cause": "coffee"}
    open_one = {**LINES[0], "id": "open", "cause": ""}
    out = tmp_path / "out.jsonl"
    path = file(tmp_path, [*LINES, once, open_one])
    arguments = ["--incidents", str(path), "--predictions", str(out), "--json"]
    assert main(["eval", "diagnosis", *arguments]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["incidents"], told["scored"], told["history"]) == (20, 19, 19)
    assert (told["causes"], told["never_seen"]) == (7, 1)
    assert told["a@1"] == pytest.approx(18 / 19)
    assert told["component"] == 1
    assert told["novelty_auroc"] > 0.9
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["id"] for line in lines] == [one["id"] for one in [*LINES, once, open_one]]
    assert lines[-1]["causes"][0]["cause"] == LINES[0]["cause"]
    for line in lines:
        assert line["id"] not in [near["id"] for near in line["neighbours"]]
        assert "coffee" not in [one["cause"] for one in line["causes"]] or line["id"] != "once"
        assert sum(one["confidence"] for one in line["causes"]) <= 1 + 1e-9
        assert 0 <= line["novel"] <= 1


def test_a_history_judges(tmp_path: Path) -> None:
    """Only what it holds is named; an incident that stands in it, too, is judged without itself."""
    past = [line for line in LINES if line["cause"] != "full disk"]
    report = evaluate(file(tmp_path, LINES), file(tmp_path, past, "past.jsonl"))
    summary = report.summary()
    assert (summary["history"], summary["never_seen"]) == (15, 3)
    assert report.notes == ("15 incidents stand in the history, too: each was judged without itself.",)
    for one in report.judged:
        assert "full disk" not in [likely.cause for likely in one.said.causes]
        assert one.id not in [near.id for likely in one.said.causes for near in likely.neighbours]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("{", "line 2: not JSON"),
        ({"id": "x", "cause": "y"}, "line 2: 'text' must be a text, is missing"),
        ({"id": "x", "text": "t", "cause": 3}, "line 2: 'cause' must be a text, is 3"),
        (LINES[0], "line 2: 'id' .* stands on an earlier line"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, wrong: Mapping[str, Any] | str, says: str) -> None:
    """File, line and field."""
    with pytest.raises(BadInput, match=says):
        evaluate(file(tmp_path, [LINES[0], wrong]))


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the file by name; an empty one likewise."""
    assert main(["eval", "diagnosis", "--incidents", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err
    assert main(["eval", "diagnosis", "--incidents", str(file(tmp_path, []))]) == 2


def test_the_scores_are_what_they_are_called() -> None:
    """By hand: one of two classes half right; 80 % sure and right half the time is 0.3 off; ties are half."""
    assert macro_f1([("a", "a"), ("a", "b"), ("b", "b")]) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert calibration_error([(0.8, True), (0.8, False)]) == pytest.approx(0.3)
    assert auroc([0.9, 0.5], [0.5]) == pytest.approx(0.75)
    assert auroc([], [0.5]) is None


def test_the_bench_measures_both_kinds_of_text(tmp_path: Path) -> None:
    """Its small size, on a small history: every figure by its name, and what was easy is right."""
    lines = [{"id": o.id, "text": o.text, "cause": o.cause, "component": o.component} for o in history(5)]
    for kind in ("evidence", "symptoms"):
        file(tmp_path, lines, f"opsbench_{kind}.jsonl")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "bench_causes"), str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["evidence_a@1"] == 1
    assert {"symptoms_a@3", "evidence_ece", "new_auroc", "told_known"} <= told.keys()
