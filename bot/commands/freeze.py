"""`vigie freeze`: stops new executions from the command line, whether `serve` runs or not."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bot import settings as settings_module
from bot.copilot.switch import freeze
from bot.store.database import Store


def run(config: Path, reason: str) -> int:
    """Commit a freeze; a running executor reads it before its next action."""
    settings = settings_module.load(config, only=())  # an emergency needs no token
    settings.folder.mkdir(parents=True, exist_ok=True)
    store = Store.open(settings.store_url)
    # The name comes from outside and is shown in Slack: nothing but plain letters of it.
    name = re.sub(r"[^\w.-]", "", os.environ.get("USER", ""))[:40] or "somebody"
    actor = f"{name} at the command line"
    with store.begin() as tx:
        running = freeze(tx, actor, actor, reason)
    store.close()
    if running:
        print(f"Still running: {', '.join(running)}. Each has a Stop button in Slack.")
    print("Frozen. Nothing new is executed until an N3 says `/vigie unfreeze` in Slack.")
    return 0
