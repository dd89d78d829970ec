"""Runs the checks of `vigie doctor` on a copy of a configuration, changed in one place."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from bot.commands.doctor.check import Result, Status
from bot.commands.doctor.ground import ground
from bot.commands.doctor.registry import CHECKS
from bot.commands.doctor.run import results_of
from bot.playground.workspace import DEFAULT_SCOPES, Channel, UserGroup
from bot.settings import load
from tests.whitelist import BOT, GROUP, GUEST, N3_A, N3_B, ON_CALL
from tests.world import World, world

OTHER = Channel("C0OTHER", "others", members=(ON_CALL.id,))
SECRET_CHANNEL = Channel("G0SECRET", "secret", private=True, members=(BOT.id,))
MEMBERS = tuple(person.id for person in (ON_CALL, N3_A, BOT))


async def doctored(
    stage: World,
    folder: Path,
    changes: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, str] | None = None,
    offline: bool = False,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Result]:
    """Every check's result by its name, in a copy of the installation with texts of vigie.toml replaced."""
    for path in stage.folder.glob("*.*"):
        if path.is_file():
            shutil.copy(path, folder)
    text = (folder / "vigie.toml").read_text()
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    (folder / "vigie.toml").write_text(text)
    for name, content in (files or {}).items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    settings = load(folder / "vigie.toml", {**stage.environment, **(environment or {})})
    async with ground(folder / "vigie.toml", settings, [], offline=offline) as on:
        return {check.name: result async for check, result in results_of(CHECKS, on)}


def is_bad(results: Mapping[str, Result], name: str, *words: str, status: Status = Status.FAILED) -> None:
    """This check alone is not fine, and says these words; its remedy is a sentence."""
    found = results[name]
    assert found.status is status, results
    text = f"{found.found} {found.remedy}"
    assert [word for word in words if word not in text] == [], text
    assert text.rstrip().endswith((".", "?", ")", "`")), text
    fine = (Status.OK, Status.SKIPPED)
    assert {n for n, r in results.items() if r.status not in fine} - {name, "settings"} == set()


@contextlib.asynccontextmanager
async def staged(folder: Path, scopes: Sequence[str] = DEFAULT_SCOPES) -> AsyncIterator[World]:
    """A whole configuration, a workspace with odd channels and groups, and no `serve`."""
    channels = (Channel("C0INCIDENTS", "incidents", members=MEMBERS), OTHER, SECRET_CHANNEL)
    groups = (
        UserGroup(GROUP, "n3", "N3", members=(N3_A.id, N3_B.id)),
        UserGroup("S0EMPTY", "empty", "Empty"),
        UserGroup("S0GUESTS", "guests", "Guests", members=(GUEST.id, BOT.id)),
        UserGroup("S0ALONE", "alone", "Alone", members=(N3_A.id,)),
        UserGroup("S0GONE", "gone", "Gone", members=(N3_A.id,), is_disabled=True),
    )
    async with world(folder, start=False, channels=channels, user_groups=groups, scopes=scopes) as waiting:
        yield waiting
