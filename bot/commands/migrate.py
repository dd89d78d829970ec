"""`vigie migrate`: brings the tables of an older Vigie to this one, after a backup."""

from __future__ import annotations

import json
from pathlib import Path

from bot import settings as settings_module
from bot.commands import backup
from bot.commands.store import existing, present
from bot.folder import own_folder
from bot.settings import Settings
from bot.store.database import answering, system_now
from bot.store.ownership import Ownership
from bot.upgrading import Step, steps, upgrade


def run(config: Path, *, dry_run: bool, no_backup: bool, as_json: bool) -> int:
    """Upgrade what is behind, and say what was done."""
    settings = settings_module.load(config)
    store = existing(settings)
    found, file = _look(settings), None
    if found and not dry_run:
        with own_folder(settings.folder), Ownership(store), answering(store):
            found = _look(settings)
            file = None if no_backup else _backup(settings)
            for step in found:
                upgrade(present(settings)[step.house], step, system_now())
    if as_json:
        done = [{"what": s.house, "from": s.found, "to": s.head, "ran": list(s.revisions)} for s in found]
        print(json.dumps({"dry_run": dry_run, "backup": str(file) if file else None, "steps": done}))
        return 0
    if not found:
        print("Everything is of this version already.")
    if file:
        print(f"Backup: {file}")
    for step in found:
        would = "would go" if dry_run else "went"
        print(f"{step.house}: {would} from {step.found} to {step.head} ({', '.join(step.revisions)})")
    if found and not dry_run:
        print("The audit chain holds. Start `vigie serve`: what was open goes on, signatures still count.")
    return 0


def _look(settings: Settings) -> list[Step]:
    there = present(settings)
    with answering(there["store"]):
        return steps(there)


def _backup(settings: Settings) -> Path:
    now = system_now()
    folder = settings.folder / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{now:%Y%m%dT%H%M%SZ}-before-migrate.backup"
    backup.write(settings, file, now)
    return file
