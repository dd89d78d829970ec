"""`vigie audit verify`: recomputes the audit chain."""

from __future__ import annotations

import sys
from pathlib import Path

from bot import settings as settings_module
from bot.errors import BadInput
from bot.sign_off.audit import first_broken
from bot.store.database import Store, open_engine


def verify(config: Path) -> int:
    """Recompute the audit chain; exit 1 with the first broken event."""
    settings = settings_module.load(config, only=())
    file = settings.store_url.removeprefix("sqlite:///")
    if file != settings.store_url and not Path(file).exists():
        raise BadInput(f"{settings.folder} holds no store yet; start `vigie serve` once.")
    store = Store(open_engine(settings.store_url))
    with store.read() as tx:
        events = list(tx.audit.events())
    store.close()
    broken = first_broken(events)
    if broken is None:
        print(f"{len(events)} events, the chain holds.")
        return 0
    print(f"BROKEN at event {broken[0]}: {broken[1]}.", file=sys.stderr)
    return 1
