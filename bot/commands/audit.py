"""`vigie audit verify`: recomputes the audit chain."""

from __future__ import annotations

import sys
from pathlib import Path

from bot import settings as settings_module
from bot.commands.store import existing
from bot.sign_off.audit import first_broken
from bot.store.database import Store


def verify(config: Path) -> int:
    """Recompute the audit chain; exit 1 with the first broken event."""
    settings = settings_module.load(config, only=())
    store = Store(existing(settings))
    with store.read() as tx:
        events = list(tx.audit.events())
    store.close()
    broken = first_broken(events)
    if broken is None:
        print(f"{len(events)} events, the chain holds.")
        return 0
    print(f"BROKEN at event {broken[0]}: {broken[1]}.", file=sys.stderr)
    return 1
