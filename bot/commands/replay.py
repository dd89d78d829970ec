"""`vigie replay`: a past through today's rules and through changed ones, before these are turned on."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot import settings as settings_module
from bot.commands.store import existing
from bot.domain.lasting import parse_span
from bot.errors import BadInput
from bot.evaluate import replay
from bot.evaluate.exports import Past, of_file, of_store
from bot.evaluate.replay import Difference, Outcome, Told
from bot.settings import File, Settings
from bot.store.database import Store
from bot.triage.mute import MuteRule

_LISTED = 50


def run(config: Path, file: Path | None, rules: Path | None, since: str, *, as_json: bool) -> int:
    """Print what each set of rules would have told; exit 1 when the changed ones lose a critical alert."""
    try:
        back = parse_span(since)
    except ValueError as error:
        raise BadInput(f"--since: {error}") from None
    today = _today(config, file)
    changed = settings_module.load(rules, only=()) if rules is not None else None
    past, kept = (of_file(file), []) if file is not None else _of_store(today, back)
    if not past:
        raise BadInput("No alert came in within that time: there is nothing to replay.")
    span = past[0].at, past[-1].at
    variants = [replay.variant(one, kept, *span) for one in (today, changed) if one is not None]
    outcomes = replay.play(past, variants, _progress(len(past)))
    difference = replay.difference(outcomes[0], outcomes[1]) if changed is not None else None
    if as_json:
        print(json.dumps(_object(past, outcomes, difference)))
    else:
        print("\n".join(_lines(past, outcomes, difference)))
    return 1 if difference is not None and difference.critical else 0


def _today(config: Path, file: Path | None) -> Settings:
    """Today's rules. An export needs no installation: without vigie.toml the defaults decide."""
    if file is not None and not config.exists():
        return Settings(File(), config.parent, {})
    return settings_module.load(config, only=())


def _of_store(settings: Settings, back: timedelta) -> tuple[list[Past], list[MuteRule]]:
    """What was delivered, and the mutes of people that were in force meanwhile; nothing is changed."""
    store = Store(existing(settings))
    with store.read() as tx:
        since, kept = tx.now - back, replay.mutes_of(tx, tx.now - back)
    past = list(of_store(store, since))
    store.close()
    return past, kept


def _progress(total: int) -> replay.Progress:
    def tell(done: int) -> None:
        if sys.stderr.isatty():
            said = f"{done:,} of {total:,} deliveries"
            print(f"\r{said:<78}", end="", file=sys.stderr, flush=True)

    return tell


def _object(
    past: Sequence[Past], outcomes: Sequence[Outcome], difference: Difference | None
) -> dict[str, object]:
    made: dict[str, object] = {
        "since": past[0].at.isoformat(),
        "until": past[-1].at.isoformat(),
        "deliveries": len(past),
        "today": _figures(outcomes[0]),
    }
    if difference is not None:
        made["changed"] = _figures(outcomes[1])
        made["new"] = [_one(told) for told in difference.new]
        made["lost"] = [_one(told) for told in difference.lost]
        made["critical_lost"] = len(difference.critical)
    else:
        made["told"] = [_one(told) for told in outcomes[0].told]
    return made


def _figures(outcome: Outcome) -> dict[str, object]:
    return {
        "fired": outcome.fired,
        "notifications": len(outcome.told),
        "absorbed": round(outcome.absorbed, 4),
        "incidents": outcome.incidents,
        "decisions": outcome.decisions,
    }


def _one(told: Told) -> dict[str, object]:
    return {
        "alert": told.ref,
        "at": told.at.isoformat(),
        "name": told.name,
        "service": told.service,
        "severity": told.severity.word,
        "incident": told.incident,
        "reason": told.reason,
    }


def _lines(past: Sequence[Past], outcomes: Sequence[Outcome], difference: Difference | None) -> list[str]:
    if sys.stderr.isatty():
        print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)
    lines = [
        f"{len(past):,} deliveries from {past[0].at:%Y-%m-%d %H:%M} to {past[-1].at:%Y-%m-%d %H:%M} UTC",
        "",
    ]
    lines.append(f"{'':<16}{'alerts':>9}{'told':>9}{'absorbed':>10}{'incidents':>11}")
    for name, one in zip(("today's rules", "changed rules"), outcomes, strict=False):
        lines.append(f"{name:<16}{one.fired:>9}{len(one.told):>9}{one.absorbed:>10.1%}{one.incidents:>11}")
    if difference is None:
        return lines
    lines += _listed("New notifications", difference.new) + _listed("Lost notifications", difference.lost)
    critical = len(difference.critical)
    verdict = f"{critical} critical alerts would be lost." if critical else "No critical alert would be lost."
    return [*lines, "", verdict]


def _listed(title: str, found: Sequence[Told]) -> list[str]:
    """The first of them, the critical ones before others."""
    lines = ["", f"{title}: {len(found)}"]
    worst = sorted(found, key=lambda told: (-told.severity, told.at))
    for told in worst[:_LISTED]:
        what = f"{told.severity.word:<9}{_shown(told.name)} {_shown(told.service)}"
        lines += [f"  {told.at:%m-%d %H:%M:%S}  {what}", f"      {_shown(told.reason)}"]
    if len(found) > _LISTED:
        lines.append(f"  and {len(found) - _LISTED} more; --json has all of them")
    return lines


def _shown(text: str) -> str:
    """Foreign text on one line of a terminal, steering nothing."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:200]
