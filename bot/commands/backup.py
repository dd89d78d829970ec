"""`vigie backup`: everything that is kept, in one file, while `serve` runs or not."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from bot import __version__
from bot import settings as settings_module
from bot.commands.store import existing, present
from bot.settings import Settings
from bot.store import backup
from bot.store.database import answering, system_now


def run(config: Path, file: Path, *, as_json: bool) -> int:
    """Write a backup and say what is in it, and what is not."""
    settings = settings_module.load(config)
    manifest = write(settings, file, system_now())
    size = file.stat().st_size
    if as_json:
        houses = {
            name: {"revision": held.revision, "rows": {part.table: part.rows for part in held.parts}}
            for name, held in manifest.houses.items()
        }
        told = {"file": str(file), "bytes": size, "taken_at": manifest.taken_at, "head": manifest.head}
        print(json.dumps(told | {"houses": houses}))
        return 0
    print(f"{manifest.rows} rows in {file} ({size / 1024:.0f} KB), readable by you alone.")
    print(f"Newest audit event: {manifest.head or 'none'}")
    print(
        "Not in it: tokens, secrets.env, vigie.toml, the catalogue's files, the vector index (serve makes it"
        "\nanew). In it: alerts, names and what was learned, so keep it where you keep the database."
    )
    return 0


def write(settings: Settings, file: Path, now: datetime) -> backup.Manifest:
    """Write a backup of this installation.

    Raises:
        BadInput: there is no store, or the file is there already.
    """
    with answering(existing(settings)):
        return backup.write(present(settings), file, __version__, now)
