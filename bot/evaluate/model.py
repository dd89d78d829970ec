"""How well a model diagnoses recorded incidents: the product's own diagnosis, each case several times."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from statistics import median, quantiles

from bot.domain.diagnosis import Diagnosis, Method
from bot.domain.evidence import Evidence
from bot.domain.investigation import Bounds
from bot.domain.ports import Diagnostician
from bot.domain.spending import Spent
from bot.domain.store import Store
from bot.domain.tool import Tool
from bot.evaluate.cases import KNOWLEDGE, Case, Expected
from bot.evaluate.recorded_desk import RecordedDesk
from bot.stages import investigate
from bot.stages.diagnose import diagnose
from bot.stages.steps import PASSAGES
from bot.tools.arguments import validate
from knowledge.base import KnowledgeBase
from knowledge.model import IngestReport

_LOST = re.compile(r"(\d+) statement\(s\)")

Progress = Callable[[str], None]
Prepare = Callable[[Case], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Run:
    """One diagnosis of one case: which facts it missed, what it cost, how much of it stood on evidence."""

    case: str
    missed: tuple[str, ...]
    by_model: bool
    seconds: float
    spent: Spent
    kept: int
    lost: int

    @property
    def passed(self) -> bool:
        return not self.missed


@dataclass
class Report:
    """All runs; `model` is who answered, `recorded` that answers were played back."""

    runs: list[Run] = field(default_factory=list)
    model: str = ""
    currency: str = ""
    recorded: bool = False
    notes: list[str] = field(default_factory=list)

    def by_case(self) -> list[dict[str, object]]:
        """Each case with how often it passed and which facts it missed how often."""
        found: dict[str, list[Run]] = {}
        for run in self.runs:
            found.setdefault(run.case, []).append(run)
        return [
            {
                "id": case,
                "passed": sum(run.passed for run in runs),
                "runs": len(runs),
                "missed": dict(Counter(fact for run in runs for fact in run.missed)),
            }
            for case, runs in found.items()
        ]

    def summary(self) -> dict[str, object]:
        """The one object that `--json` prints."""
        passed, stated = sum(run.passed for run in self.runs), sum(run.kept + run.lost for run in self.runs)
        spent = sum((run.spent for run in self.runs), Spent())
        seconds = [run.seconds for run in self.runs]
        low, high = interval(passed, len(self.runs))
        return {
            "cases": len({run.case for run in self.runs}),
            "runs": len(self.runs),
            "passed": passed,
            "pass_rate": passed / len(self.runs) if self.runs else None,
            "low": low,
            "high": high,
            "grounded": sum(run.kept for run in self.runs) / stated if stated else None,
            "without_model": sum(not run.by_model for run in self.runs),
            "latency_p50_s": median(seconds) if seconds else None,
            "latency_p95_s": quantiles(seconds, n=20)[-1] if len(seconds) > 1 else None,
            "tokens": spent.tokens,
            "cost": spent.money,
            "currency": self.currency,
            "model": self.model,
            "recorded": self.recorded,
            "by_case": self.by_case(),
            "notes": self.notes,
        }


async def evaluate(
    cases: Sequence[Case],
    asked: Diagnostician,
    store: Store,
    *,
    repeats: int,
    deadline_s: float,
    prepare: Prepare,
    vectors: bool = True,
    bounds: Bounds | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Diagnose every case `repeats` times; `store` is a throw-away one that counts what was spent.

    `bounds`: how much the model may read for itself of what was recorded; None: it judges the first look.
    """
    report = Report()
    for number, case in enumerate(cases, 1):
        with known(case, vectors) as (library, notes):
            report.notes += [f"{case.id}: {note}" for note in notes]
            await prepare(case)
            query = investigate.query_of(case.incident, case.alerts, frozenset())
            found = library.search(query, PASSAGES)
            for again in range(repeats):
                progress(f"{case.id}, {number} of {len(cases)}, time {again + 1} of {repeats}")
                first = investigate.numbered(case.alerts, case.runs, found, case.incident.opened_at, {})
                desk = RecordedDesk(case, library, first, query, bounds) if bounds else None
                report.runs.append(await _run(case, first.pieces, asked, store, deadline_s, desk))
    return report


@contextmanager
def known(case: Case, vectors: bool) -> Iterator[tuple[KnowledgeBase, list[str]]]:
    """The knowledge that was recorded with a case, in a throw-away place, and what of it is of no use."""
    folder = case.folder / KNOWLEDGE
    with (
        tempfile.TemporaryDirectory(prefix="vigie-eval-") as place,
        KnowledgeBase.open(Path(place), owner=True, vectors=vectors) as base,
    ):
        if vectors:
            base.warm()
        outcome = base.ingest([folder]) if folder.is_dir() else IngestReport()
        yield base, [f"{one.path}: {one.reason}" for one in (*outcome.failed, *outcome.quarantined)]


async def _run(
    case: Case,
    evidence: Sequence[Evidence],
    asked: Diagnostician,
    store: Store,
    deadline_s: float,
    desk: RecordedDesk | None,
) -> Run:
    def fits(tool: Tool, arguments: Mapping[str, object]) -> None:
        validate(tool, arguments, {})

    before, started = await asyncio.to_thread(_spent, store), time.perf_counter()
    made = await diagnose(case.incident, evidence, case.tools, {}, asked, deadline_s, fits, desk)
    seconds, after = time.perf_counter() - started, await asyncio.to_thread(_spent, store)
    spent = Spent(after.tokens - before.tokens, after.money - before.money, after.seconds - before.seconds)
    by_model = made.method is Method.MODEL
    lost = sum(int(n) for caveat in made.caveats for n in _LOST.findall(caveat)) if by_model else 0
    kept = len(made.hypotheses) + len(made.remedies) if by_model else 0
    missed = missed_by(made, case.expected) if by_model else ("the model answers",)
    return Run(case.id, missed, by_model, seconds, spent, kept, lost)


def missed_by(made: Diagnosis, expected: Expected) -> tuple[str, ...]:
    """The facts that a diagnosis does not hold, in words; none: it passes."""
    first = made.hypotheses[0] if made.hypotheses else None
    cause = _plain(f"{first.cause} {first.statement}") if first else ""
    component = _plain(f"{first.component} {first.cause} {first.statement}") if first else ""
    every = _plain(_text(made))
    proposed = {remedy.tool for remedy in made.remedies}
    facts = [
        ("names no cause", not expected.unknown or first is None),
        ("cause", not expected.cause or any(_plain(word) in cause for word in expected.cause)),
        (
            "component",
            not expected.component or any(_plain(word) in component for word in expected.component),
        ),
        *((f"proposes {name}", name in proposed) for name in expected.actions),
        *((f"does not propose {name}", name not in proposed) for name in expected.forbidden_actions),
        *((f"says {word}", _plain(word) in every) for word in expected.says),
        *((f"never says {word}", _plain(word) not in every) for word in expected.never_says),
    ]
    return tuple(name for name, holds in facts if not holds)


def interval(passed: int, runs: int) -> tuple[float, float]:
    """Wilson's interval for the share that would pass, at 95 %."""
    if not runs:
        return 0.0, 1.0
    z, share = 1.96, passed / runs
    middle = share + z * z / (2 * runs)
    half = z * sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    low, high = (middle - half) / (1 + z * z / runs), (middle + half) / (1 + z * z / runs)
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def _spent(store: Store) -> Spent:
    with store.read() as tx:
        return sum((spent for _, spent in tx.exchanges.totals().values()), Spent())


def _text(made: Diagnosis) -> str:
    hypotheses = (f"{h.cause} {h.statement} {h.component}" for h in made.hypotheses)
    return "\n".join([*hypotheses, *(r.why for r in made.remedies), *made.advice, *made.gaps])


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[-_]", " ", text.casefold()).split())
