"""Recorded incidents as files: what was seen, known and possible, and what a diagnosis must say.

A case is a folder: `case.json` (as recorded), `expected.toml` (for people to edit), `knowledge/` (documents),
and `answers.json` where a model's answers were recorded with it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.alert import AlertStatus, Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.records import CheckRun, SeenAlert
from bot.domain.tool import Argument, CheckResult, Risk, Tool, ToolKind, Verdict
from bot.errors import BadInput

CASE, EXPECTED, KNOWLEDGE, ANSWERS = "case.json", "expected.toml", "knowledge", "answers.json"
SHIPPED = Path(__file__).parent / "cases_shipped"

Form = TypeVar("Form", bound=BaseModel)
Word = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[list[Word], Field(max_length=50)]


class Strict(BaseModel):
    """An unknown name is an error: a fact that is misspelt would never be missed."""

    model_config = ConfigDict(extra="forbid")


class RecordedAlert(Strict):
    """One alert as it stood in the incident."""

    name: Word
    severity: Word
    summary: str = ""
    description: str = ""
    labels: dict[str, str] = {}
    at: datetime


class RecordedCheck(Strict):
    """What one check read."""

    tool: Word
    verdict: Verdict
    value: bool | int | float | str | None = None
    unit: str = ""
    output: str = ""
    problem: str = ""
    at: datetime


class RecordedAction(Strict):
    """One action of the catalogue; a reference is filled in as in real life, so the model leaves it out."""

    name: Word
    title: str = ""
    does: str = ""
    expected_effect: str = ""
    risk: Risk = Risk.LOW
    arguments: list[dict[str, Any]] = []


class Recorded(Strict):
    """case.json"""

    title: Word
    service: str
    environment: str
    severity: Word
    opened_at: datetime
    alerts: list[RecordedAlert] = []
    checks: list[RecordedCheck] = []
    actions: list[RecordedAction] = []


class Expected(Strict):
    """expected.toml: each list is a fact. With nothing given the model only has to answer."""

    why: str = ""
    """What this case is about, in a sentence."""
    cause: Words = []
    """One of these words stands in the first hypothesis."""
    component: Words = []
    """One of these words names the faulty part there."""
    actions: Words = []
    """Each of these is proposed."""
    forbidden_actions: Words = []
    """None of these is proposed."""
    says: Words = []
    """Each of these words stands somewhere in the diagnosis."""
    never_says: Words = []
    """None of these words stands anywhere in it."""
    unknown: bool = False
    """The right answer is to name no cause."""


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded incident, ready to be diagnosed again."""

    id: str
    folder: Path
    recorded: Recorded
    expected: Expected
    answers: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    @property
    def incident(self) -> Incident:
        r = self.recorded
        severity, opened = Severity[r.severity.upper()], r.opened_at.astimezone(UTC)
        state = IncidentState.INVESTIGATING
        return Incident(1, r.title, r.service, r.environment, severity, state, opened, opened)

    @property
    def alerts(self) -> list[SeenAlert]:
        return [
            SeenAlert(
                number,
                one.name,
                Severity[one.severity.upper()],
                AlertStatus.FIRING,
                one.summary,
                one.description,
                one.labels,
                {},
                (),
                one.at.astimezone(UTC),
                1,
            )
            for number, one in enumerate(self.recorded.alerts, 1)
        ]

    @property
    def runs(self) -> list[CheckRun]:
        return [
            CheckRun(
                number,
                1,
                one.tool,
                {},
                one.at.astimezone(UTC),
                CheckResult(one.tool, one.verdict, one.value, one.unit, "", one.output, one.problem),
            )
            for number, one in enumerate(self.recorded.checks, 1)
        ]

    @property
    def tools(self) -> list[Tool]:
        """The actions that may be proposed."""
        return [
            replace(
                self._tool(one.name, ToolKind.ACTION, one.does),
                title=one.title or one.name,
                arguments=tuple(Argument(**values) for values in one.arguments),
                risk=one.risk,
                expected_effect=one.expected_effect,
            )
            for one in self.recorded.actions
        ]

    @property
    def checks(self) -> list[Tool]:
        """Each check of which a reading was recorded. Its arguments were not, so it takes none."""
        does = "Reads what it read when the incident was recorded."
        names = dict.fromkeys(one.tool for one in self.recorded.checks)
        return [self._tool(name, ToolKind.CHECK, does) for name in names]

    def _tool(self, name: str, kind: ToolKind, does: str) -> Tool:
        """One of the incident's own; nothing of it can be run."""
        return Tool(
            name=name,
            kind=kind,
            title=name,
            does=does,
            runner="command",
            call={},
            arguments=(),
            timeout_s=1.0,
            output_cap=1,
            environments=(self.recorded.environment,),
            services=(self.recorded.service,),
            owner="",
            entry={},
        )


def load(folder: Path) -> list[Case]:
    """All cases of a folder of cases, or the one case that the folder is, by name.

    Raises:
        BadInput: there is none, or a file of one is wrong; the message names file and field.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder.")
    folders = [folder] if (folder / CASE).is_file() else sorted(f.parent for f in folder.glob(f"*/{CASE}"))
    if not folders:
        raise BadInput(f"{folder}: holds no case. `vigie eval record 12 {folder}/NAME` records one.")
    return [_case(one) for one in folders]


def _case(folder: Path) -> Case:
    recorded = _read(folder / CASE, Recorded)
    if recorded.severity.upper() not in Severity.__members__:
        raise BadInput(f"{folder / CASE}: severity: write one of info, warning, critical.")
    expected = _read(folder / EXPECTED, Expected) if (folder / EXPECTED).is_file() else Expected()
    answers = _json(folder / ANSWERS) if (folder / ANSWERS).is_file() else []
    if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
        raise BadInput(f"{folder / ANSWERS}: it has to be a list of messages.")
    return Case(folder.name, folder, recorded, expected, tuple(answers))


def _read(path: Path, form: type[Form]) -> Form:
    try:
        return form.model_validate(_json(path) if path.suffix == ".json" else _toml(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadInput(f"{path}: {place}: {first['msg']}.") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read ({error}).") from None


def _json(path: Path) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: cannot be read ({error}).") from None
