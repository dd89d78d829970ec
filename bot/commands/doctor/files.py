"""The files of the installation: settings, catalogue, scripts, secrets."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import stat
from collections.abc import Callable
from pathlib import Path

from bot.commands.doctor.check import Result, failed, ok, skipped, warning
from bot.commands.doctor.ground import Ground
from bot.commands.doctor.tokens import parted
from bot.domain.tool import Tool
from bot.errors import CatalogueError, Misconfigured
from bot.mistakes.mistake import told
from bot.reach.configured import ways_of
from bot.tools.catalogue import Catalogue, file_names, lint_of, parse, read_files
from bot.tools.scripts import filled
from bot.tools.secrets import Secrets, check_secrets

# Extras by name: the library, and which tools need it.
_EXTRAS: dict[str, tuple[str, Callable[[Tool], bool]]] = {
    "ssh": ("asyncssh", lambda tool: tool.runner == "ssh"),
    "mariadb": ("pymysql", lambda tool: str(tool.call.get("database", "")).startswith("mariadb:")),
}
_RUN_CHECK = "Then run `vigie catalogue check`."


async def settings(ground: Ground) -> Result:
    """vigie.toml and vigie.env are whole; what is wrong in them is told as `serve` would."""
    if ground.mistakes:
        return failed(told(ground.mistakes), "Mend it; the checks below took defaults instead.")
    try:
        api = ground.settings.slack_api_url
        ways_of(ground.settings)
        _ = ground.settings.policy
    except Misconfigured as error:
        return failed(*parted(error.detail))
    if ground.settings.trusts_foreign_slack:
        remedy = "Right for a local workspace only; take trust_api_url out of vigie.toml otherwise."
        return warning(f"trust_api_url is set: {api} decides who is who", remedy)
    return ok(str(ground.config))


async def catalogue(ground: Ground) -> Result:
    """It can be read, and every entry could run."""
    path = ground.settings.catalogue
    try:
        content, names = read_files(path), file_names(path)
        found = parse(content, names)
    except CatalogueError as error:
        return failed(error.detail, _RUN_CHECK)
    if wrong := lint_of(found, names):
        return failed(told(wrong), _RUN_CHECK)
    actions = sum(tool.kind.value == "action" for tool in found.tools.values())
    return ok(f"checks: {len(found.tools) - actions}, actions: {actions}")


async def scripts(ground: Ground) -> Result:
    """What the catalogue runs is there, may be run, and can be changed by its owner alone."""
    found = _catalogue(ground)
    if found is None:
        return skipped("the catalogue has to be readable first")
    files, programs = await asyncio.to_thread(lambda: _named(found))
    wrong = [f"{path}: {why}" for path in files if (why := _unreadable(path))]
    wrong += [f"{path}: cannot be run" for path in programs if not os.access(path, os.X_OK)]
    if wrong:
        return failed(told(wrong), "Put them there, or correct `run` in the catalogue.")
    loose = [str(path) for path in sorted({*files, *programs}) if path.stat().st_mode & stat.S_IWOTH]
    if loose:
        return warning(f"everybody may change {', '.join(loose)}", f"Run `chmod o-w {' '.join(loose)}`.")
    return ok(f"scripts: {len(files)}, programs: {len(programs)}")


async def secrets(ground: Ground) -> Result:
    """The file is private, and holds every secret that the catalogue refers to."""
    path = ground.settings.secrets
    try:
        sources = ground.settings.secret_sources
        check_secrets(path, sources)
        there = Secrets.read(path, sources).names
    except Misconfigured as error:
        return failed(error.detail, "")
    found = _catalogue(ground)
    needed = sorted({name for tool in found.tools.values() for name in _secrets_of(tool)}) if found else []
    missing = [name for name in needed if name not in there]
    if missing:
        remedy = "Add a line NAME=value for each, or say under [secret.NAME] in vigie.toml where it is kept."
        return failed(f"missing in {path}: {', '.join(missing)}", remedy)
    return ok(f"{len(needed)} needed, all there" if needed else "none needed")


async def libraries(ground: Ground) -> Result:
    """What the runners of the catalogue need is installed."""
    found = _catalogue(ground)
    if found is None:
        return skipped("the catalogue has to be readable first")
    missing = [
        extra
        for extra, (library, needs) in _EXTRAS.items()
        if any(needs(tool) for tool in found.tools.values()) and not importlib.util.find_spec(library)
    ]
    if missing:
        return failed(f"missing for runners: {', '.join(missing)}", f"Install vigie[{','.join(missing)}].")
    return ok(f"runners: {', '.join(sorted({tool.runner for tool in found.tools.values()})) or 'none'}")


def _catalogue(ground: Ground) -> Catalogue | None:
    try:
        return parse(read_files(ground.settings.catalogue))
    except CatalogueError:
        return None


def _secrets_of(tool: Tool) -> list[str]:
    return sorted(tool.secrets)


def _named(catalogue: Catalogue) -> tuple[set[Path], set[Path]]:
    """Scripts and programs of all commands, holes filled by each row of the inventory."""
    files, programs = set(), set()
    for tool in catalogue.tools.values():
        argv, named = tool.call.get("argv"), tool.call.get("files")
        if isinstance(argv, list) and isinstance(named, list):
            rows = catalogue.inventory
            files |= {Path(path) for text in named for path in filled(tool, rows, str(text))}
            programs |= {Path(path) for path in filled(tool, rows, str(argv[0]))}
    return files, programs


def _unreadable(path: Path) -> str:
    try:
        path.read_bytes()
    except OSError as error:
        return str(error.strerror or error)
    return ""
