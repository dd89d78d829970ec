"""The workflow engine DBOS as we use it: recovery, and one run an id; no queues, delays or schedules."""

from __future__ import annotations

import asyncio

import dbos._scheduler
import dbos._workflow_commands
import sqlalchemy as sa
from dbos import DBOS, DBOSConfig
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import WorkflowsUnusable

# DBOS asks its database every second for what we never use: half of all that a resting Vigie would do. It has
# no setting for that, so these are private names of its own; a test says when one of them is gone.
SELDOM_S = 60.0
RECOVERED_S = 15.0
dbos._workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = SELDOM_S  # delays and time-outs of workflows
dbos._scheduler._STARTUP_FAST_POLL_DURATION_SEC = 0.0  # schedules


def configured(database_url: str) -> DBOSConfig:
    """The engine over this database. The folder has one owner, whatever its host is called today."""
    return DBOSConfig(
        name="vigie",
        system_database_url=database_url,
        application_version="1",
        executor_id="owner",  # it takes up what was under way
        log_level="ERROR",
    )


def launch(database_url: str) -> None:
    """Start the engine that was made.

    Raises:
        WorkflowsUnusable: its database cannot be used.
    """
    try:
        DBOS.launch()
    except SQLAlchemyError as error:
        path = sa.make_url(database_url).database if database_url.startswith("sqlite") else None
        remedy = f"Move {path} away and start again." if path else "Start again once the database answers."
        raise WorkflowsUnusable(f"{remedy} The reason: {getattr(error, 'orig', None) or error}") from error


async def slow_down(engine: DBOS) -> None:
    """Once what was under way at the start is taken up, the queue that it came by is looked at seldom."""
    await asyncio.sleep(RECOVERED_S)
    engine._registry.get_internal_queue()._polling_interval_sec = RECOVERED_S
