"""The metadata with every table in it: the modules by topic are imported here."""

from bot.store import (
    curation_tables,
    exchange_tables,
    investigation_tables,
    policy_tables,
    quiet_tables,
    running_tables,
    source_tables,
    standing_tables,
    triage_tables,
)
from bot.store.tables import metadata

__all__ = [
    "curation_tables",
    "exchange_tables",
    "investigation_tables",
    "metadata",
    "policy_tables",
    "quiet_tables",
    "running_tables",
    "source_tables",
    "standing_tables",
    "triage_tables",
]
