"""The JSON Schema for editors says what the reader of the catalogue says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from bot.tools.schema import FILE, text

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases" / "catalogue"
SHIPPED = ("bot/playground/catalogue.yaml", "bot/commands/init/starter/catalogue.yaml")


def faults(path: Path) -> list[str]:
    """What an editor underlines."""
    loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8")))
    return [error.message for error in checker.iter_errors(loaded)]


def test_the_shipped_schema_is_the_one_of_the_models() -> None:
    """`vigie catalogue schema > bot/tools/catalogue.schema.json` brings it up to date."""
    assert FILE.read_text(encoding="utf-8") == text()
    jsonschema.Draft202012Validator.check_schema(json.loads(text()))


@pytest.mark.parametrize("name", SHIPPED)
def test_an_editor_finds_nothing_in_what_is_shipped(name: str) -> None:
    """The demo's and the starter's catalogues, each of which names the schema in its first line."""
    path = ROOT / name
    assert faults(path) == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert first.endswith(FILE.name)


@pytest.mark.parametrize("path", sorted(CASES.glob("good_*.yaml")), ids=lambda path: path.stem)
def test_an_editor_finds_nothing_in_what_is_right(path: Path) -> None:
    """What the reader takes, the schema takes."""
    assert faults(path) == []


@pytest.mark.parametrize(
    "name",
    [
        "bad_unknown_key_tool", "bad_unknown_key_argument", "bad_unknown_key_run", "bad_unknown_key_top",
        "bad_missing_owner", "bad_missing_verification", "bad_risk", "bad_limits", "bad_neither_undo",
        "bad_undo_and_no_undo", "bad_enum_without_choices", "bad_integer_without_bounds", "bad_expect_two",
        "bad_expect_none", "bad_timeout", "bad_version", "bad_runner", "bad_no_services",
    ],
)  # fmt: skip
def test_an_editor_underlines_what_would_be_refused(name: str) -> None:
    """The usual slips are seen while they are written."""
    assert faults(CASES / f"{name}.yaml")
