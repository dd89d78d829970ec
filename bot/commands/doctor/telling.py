"""Where N3 is told, and where the audit log's signed heads stand."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from bot.commands.doctor.check import Result, failed, ok, warning
from bot.commands.doctor.ground import Ground
from bot.commands.doctor.workspace import channel_of


async def n3_channel(ground: Ground) -> Result:
    """N3's channel, where one is named, is one that Vigie is in."""
    section = ground.settings.file.slack
    if not section.n3_channel:
        return ok(f"none of its own; N3 is told in {section.incidents_channel}")
    return await channel_of(ground, section.n3_channel, "slack.n3_channel")


async def audit_folder(ground: Ground) -> Result:
    """The folder of the heads is there or can be made, takes a file, and is one's own."""
    return await asyncio.to_thread(_judged, ground.settings.witness_folder, ground.settings.folder)


def _judged(folder: Path, rows: Path) -> Result:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    name = "Set audit.folder in vigie.toml to a folder"
    if not there.is_dir():
        return failed(f"{there} is no folder", f"{name}, or take that file away.")
    if not os.access(there, os.W_OK | os.X_OK):
        return failed(f"{there} cannot be written to", f"{name} that this user may write to.")
    if there == folder and folder.stat().st_mode & 0o022:
        return warning(f"others may write into {folder}", f"Run `chmod 700 {folder}`.")
    if folder.is_relative_to(rows):
        return ok(f"{folder}, beside the rows; audit.folder on another disk would show more")
    return ok(str(folder))
