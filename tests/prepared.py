"""What every `vigie` imports sooner or later. Loaded by the fork server alone; see `tests/forked.py`."""

from __future__ import annotations

import gc
import importlib

from knowledge.glossary import standard

for name in (
    "bot.app",
    "bot.executor_main",
    "bot.store.migrate",
    "bot.commands.doctor.start",
    "bot.commands.ingest",
    "bot.lifecycle",
    "bot.modelling",
    "bot.llm.agent",
    "bot.llm.author",
    "bot.llm.diagnostician",
    "knowledge.index",
    "knowledge.embeddings.local",
):
    importlib.import_module(name)

standard()
gc.collect()
gc.freeze()  # nobody's collection looks at it again, so the pages stay shared
