"""`vigie eval model` and `vigie eval record`: recorded incidents against your model; recording one."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bot import settings as settings_module
from bot.commands.store import existing
from bot.domain.investigation import Bounds
from bot.domain.spending import Limits
from bot.errors import BadInput, Misconfigured
from bot.evaluate import cases as case_files
from bot.evaluate.record import record as record_case
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.migrate import upgrade
from bot.tools.in_force import Adopted

if TYPE_CHECKING:
    from bot.evaluate.model import Report

PLAYED = (
    "Recorded answers were played back by a script on this machine: this shows that the cases work, and says"
    " nothing about any model."
)


def record(config: Path, incident: str, folder: Path, *, as_json: bool) -> int:
    """Write one incident as a case into a new folder."""
    number = incident.removeprefix("#")
    if not number.isascii() or not number.isdecimal() or len(number) > 15:
        raise BadInput(
            f"{incident[:40]!r} is no incident's number. Write for example `vigie eval record 12 DIR`."
        )
    store = Store(existing(settings_module.load(config, only=())))
    with store.read() as tx:
        counts = record_case(tx, list(Adopted().tools(tx).values()), int(number), folder)
    store.close()
    if as_json:
        print(json.dumps({"folder": str(folder), **counts}))
        return 0
    print(f"{folder}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    print(f"Now say in {folder / case_files.EXPECTED} what a diagnosis must hold, and look through the rest")
    print("before you share it: known shapes of secrets were taken out, and nothing else.")
    return 0


def model(
    config: Path, folder: Path | None, *, repeats: int, recorded: bool, at_least: float | None, as_json: bool
) -> int:
    """Print how often the model's diagnosis held all expected facts, with what it cost."""
    cases = case_files.load(folder or case_files.SHIPPED)
    if not 1 <= repeats <= 100:
        raise BadInput("--repeats: write a number from 1 to 100.")
    if recorded and (silent := [case.id for case in cases if not case.answers]):
        raise BadInput(f"{silent[0]}: has no {case_files.ANSWERS} to play back. Leave --recorded out.")
    report = asyncio.run(_evaluate(config, cases, repeats, recorded))
    summary = report.summary()
    if as_json:
        print(json.dumps(summary))
    else:
        _print(summary)
    rate = summary["pass_rate"]
    return int(at_least is not None and isinstance(rate, float) and rate < at_least)


async def _evaluate(config: Path, cases: list[case_files.Case], repeats: int, recorded: bool) -> Report:
    from bot.evaluate import model as model_module
    from bot.evaluate.playback import playback
    from bot.modelling import diagnostician_of, models_of, recorded_of

    with tempfile.TemporaryDirectory(prefix="vigie-eval-") as place:
        engine = open_engine(sqlite_url(Path(place) / "vigie.sqlite"))
        upgrade(engine)
        store = Store(engine)
        async with playback() as server:
            if recorded:
                asked, deadline_s, vectors = recorded_of(server.url, store), 30.0, False
                bounds: Bounds | None = Bounds()
            else:
                settings = settings_module.load(config)
                models = models_of(settings, store, Limits())
                if models is None:
                    raise Misconfigured(
                        "No model is configured. Set OPENAI_API_KEY, give [[model.providers]], or try the"
                        " cases alone with --recorded."
                    )
                asked, deadline_s = diagnostician_of(settings, models), settings.file.model.deadline_s
                vectors = settings.file.knowledge.vectors
                reading = settings.file.investigation
                bounds = reading.bounds if reading.enabled else None
            await asked.warm()
            report = await model_module.evaluate(
                cases,
                asked,
                store,
                repeats=repeats,
                deadline_s=deadline_s,
                prepare=server.play,
                vectors=vectors,
                bounds=bounds,
                progress=_progress,
            )
            await asked.aclose()
        report.currency = await asyncio.to_thread(_currency, store)
        report.model, report.recorded = asked.models.name, recorded
        if recorded:
            report.notes.append(PLAYED)
        store.close()
    return report


def _currency(store: Store) -> str:
    with store.read() as tx:
        return tx.exchanges.currency()


def _print(summary: dict[str, object]) -> None:
    by_case = summary["by_case"]
    assert isinstance(by_case, list)
    print(f"{'case':<36}{'passed':>8}  missed")
    for one in by_case:
        missed = ", ".join(f"{fact} ({count})" for fact, count in one["missed"].items())
        print(f"{one['id'][:35]:<36}{one['passed']:>4}/{one['runs']:<3}  {missed}")
    print(
        f"\npass rate {_share(summary['pass_rate'])} of {summary['runs']} runs, 95 % interval"
        f" {_share(summary['low'])} to {_share(summary['high'])}"
    )
    print(f"grounded  {_share(summary['grounded'])} of its statements stand on evidence")
    print(f"latency   {_seconds(summary['latency_p50_s'])} median, {_seconds(summary['latency_p95_s'])} p95")
    print(f"cost      {summary['tokens']} tokens, {summary['cost']:.4f} {summary['currency']}")
    print(f"model     {summary['model']}; without an answer of it: {summary['without_model']} runs")
    notes = summary["notes"]
    assert isinstance(notes, list)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _share(value: object) -> str:
    return f"{value:.1%}" if isinstance(value, float) else "-"


def _seconds(value: object) -> str:
    return f"{value:.2f} s" if isinstance(value, float) else "-"


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text[:78]:<78}", end="", file=sys.stderr, flush=True)
