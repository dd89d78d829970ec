"""Puts new files into a folder: all of them or none."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bot.commands.init.contents import NewFile
from bot.errors import BadInput


def write_all(folder: Path, files: Mapping[str, NewFile], *, force: bool) -> list[Path]:
    """Write every file; returns what was there before and is kept under `NAME.old`.

    Raises:
        BadInput: some are there already and `force` was not given, or the folder cannot be written to. Then
            nothing was changed.
    """
    there = [name for name in files if os.path.lexists(folder / name)]
    if there and not force:
        raise BadInput(
            f"{', '.join(str(folder / name) for name in there)}: there already. Name another folder, or say"
            " --force: what is there is then kept under NAME.old."
        )
    moved: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".vigie-init-") as draft:
            for name, file in files.items():
                _write(Path(draft) / name, file)
            for name in files:
                _put(Path(draft) / name, folder / name, moved, made)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        for old, path in reversed(moved):
            shutil.move(old, path)
        where = error.filename or folder
        raise BadInput(f"{where}: {error.strerror or error}. Nothing was written.") from None
    return [old for old, _ in moved]


def _write(path: Path, file: NewFile) -> None:
    """The mode first, then the content: a private file is never readable by others, not for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(file.content)


def _put(draft: Path, path: Path, moved: list[tuple[Path, Path]], made: list[Path]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        old = _free(path)
        path.rename(old)
        moved.append((old, path))
    draft.rename(path)
    made.append(path)


def _free(path: Path) -> Path:
    """A name beside it that nothing has: what was kept once is not lost to the next time."""
    names = (f"{path.name}.old{number or ''}" for number in itertools.count())
    return next(old for name in names if not os.path.lexists(old := path.with_name(name)))
