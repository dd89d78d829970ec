"""`vigie restore`: a backup into an empty installation, with every old sign-off void."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bot import settings as settings_module
from bot.commands.store import engines, present, where
from bot.folder import own_folder
from bot.restoring import refuse_unless_empty, restore
from bot.settings import Settings
from bot.store.database import answering, system_now
from bot.store.ownership import Ownership
from bot.store.restore import Backup
from bot.voiding import Voided
from bot.witness_folder import WitnessFolder


def run(config: Path, file: Path, *, dry_run: bool, as_json: bool) -> int:
    """Check the backup, put it back unless it is a dry run, and say what became void."""
    settings = settings_module.load(config)
    with Backup(file) as backup:
        backup.check()
        manifest = backup.manifest
        voided = None if dry_run else _put_back(settings, backup)
        if dry_run:
            with answering(engines(settings)["store"]):
                refuse_unless_empty(backup, present(settings))
    if as_json:
        told = {"taken_at": manifest.taken_at, "rows": manifest.rows, "dry_run": dry_run}
        print(json.dumps(told | {"voided": asdict(voided) if voided else None}))
        return 0
    place = where(engines(settings)["store"])
    if voided is None:
        print(f"The backup of {manifest.taken} is whole; its {manifest.rows} rows would go into {place}.")
        return 0
    print(f"{manifest.rows} rows of {manifest.taken} are in {place}; the audit chain holds.")
    _print(voided)
    return 0


def _put_back(settings: Settings, backup: Backup) -> Voided:
    houses = engines(settings)
    with own_folder(settings.folder), Ownership(houses["store"]), answering(houses["store"]):
        (settings.folder / "knowledge").mkdir(exist_ok=True)
        return restore(backup, houses, system_now(), _head_seen(settings))


def _head_seen(settings: Settings) -> dict[str, object] | None:
    """The newest signed head from before, which knows how long the audit log has been."""
    head, line = WitnessFolder(settings.witness_folder).newest()
    return {"seq": head.seq, "hash": head.hash, "at": head.at, "line": line} if head else None


def _print(voided: Voided) -> None:
    expired, unknown = ", ".join(voided.expired) or "none", ", ".join(voided.unknown) or "none"
    print("Every sign-off from before is void; what is still wanted is proposed and signed again.")
    print(f"Expired: {expired}. Perhaps run, not known: {unknown}.")
    print(f"Messages not sent then: {voided.in_doubt}; each is looked for in Slack before it goes.")
    print("`vigie audit verify` says which events of before are lost, by the signed heads.")
    print("Start `vigie serve`: it says in Slack that it was restored, and makes the vector index anew.")
