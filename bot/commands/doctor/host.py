"""This host: the database, the folder with room on its disk, and the port."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
from pathlib import Path

import aiohttp

from bot.commands.doctor.check import Result, failed, ok, warning
from bot.commands.doctor.ground import Ground
from bot.commands.doctor.tokens import parted
from bot.errors import Misconfigured, StoreTooNew
from bot.folder import is_owned
from bot.settings import Settings
from knowledge.errors import KnowledgeTooNew

_MB = 1024 * 1024
_LEAST_MB, _FEW_MB = 200, 1024


async def database(ground: Ground) -> Result:
    """It can be reached and written to, and its tables are those of this version."""
    return await asyncio.to_thread(judged, ground.settings)


def judged(settings: Settings) -> Result:
    """What is to be said of an installation's database."""
    url = settings.store_url
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        return ok(f"SQLite; {file} is made at the first start")
    import sqlalchemy as sa

    from bot.store.database import open_engine

    try:
        engine = open_engine(url)
    except Misconfigured as error:
        return failed(*parted(error.detail))
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            connection.execute(sa.text("CREATE TABLE vigie_doctor_looks (x INTEGER)"))
            transaction.rollback()
        return _judge(settings, engine.dialect.name)
    except sa.exc.SQLAlchemyError as error:
        # The text of a driver's error may hold the password.
        why = type(getattr(error, "orig", None) or error).__name__
        remedy = "Correct store_url in vigie.toml, start the database, and let this user write to it."
        return failed(f"{engine.dialect.name} cannot be opened and written to: {why}", remedy)
    finally:
        engine.dispose()


def _judge(settings: Settings, kind: str) -> Result:
    """What `serve` would say of the tables, those of the documents too."""
    from bot.commands.store import present
    from bot.upgrading import steps

    engines = present(settings)
    try:
        behind = steps(engines)
    except (StoreTooNew, KnowledgeTooNew) as error:
        return failed("tables of a newer Vigie", str(error))
    finally:
        for engine in engines.values():
            engine.dispose()
    if behind:
        found = "; ".join(f"{step.house} {step.found} instead of {step.head}" for step in behind)
        return failed(f"tables of an older Vigie: {found}", "Run `vigie migrate`; it makes a backup first.")
    return ok(f"{kind}, tables of this version, or made at the first start")


async def disk(ground: Ground) -> Result:
    """The folder is there or can be made, is one's own, and has room."""
    folder = ground.settings.folder
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return failed(
            f"{there} cannot be written to", "Set folder in vigie.toml to one that this user may write to."
        )
    if there == folder and folder.stat().st_mode & 0o077:
        return warning(f"others may look into {folder}", f"Run `chmod 700 {folder}`; a start does so, too.")
    free = shutil.disk_usage(there).free // _MB
    if free < _LEAST_MB:
        return failed(
            f"{free} MB free at {there}", "Make room: a full disk stops alerts from being taken in."
        )
    if free < _FEW_MB:
        return warning(f"{free} MB free at {there}", "Make room before it is full.")
    return ok(f"{folder}, {free:,} MB free")


async def web_port(ground: Ground) -> Result:
    """It is free, or the `serve` of this folder has it."""
    section = ground.settings.file.web
    if section.port == 0:
        return ok("any free one")
    try:
        # The address as `serve` would take it; it is let go of at once.
        with await asyncio.to_thread(socket.create_server, (section.host, section.port)):
            return ok(f"{section.host}:{section.port} is free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE and await _is_ours(ground):
            return ok(f"{section.host}:{section.port}, where `serve` answers")
        return failed(
            f"{section.host}:{section.port} cannot be listened on: {error.strerror}",
            "Set web.port or web.host in vigie.toml to another, or end what has it.",
        )


async def _is_ours(ground: Ground) -> bool:
    section, folder = ground.settings.file.web, ground.settings.folder
    if not folder.exists() or not await asyncio.to_thread(is_owned, folder):
        return False
    from bot.web.server import own_url

    try:
        async with (
            asyncio.timeout(3),
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(f"{own_url(section.host, section.port)}/health") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
