"""Scripts in an argument vector that nobody signs: not under `files`, and not only root's to change."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

_SCRIPTS = frozenset([".bash", ".js", ".lua", ".php", ".pl", ".ps1", ".py", ".rb", ".sh"])
_PLAYBOOKS = frozenset((".yml", ".yaml"))


def unsigned(argv: Sequence[str], listed: Collection[str]) -> Iterator[str]:
    """Each file that this call would carry out, and that somebody but root could change without a signature.

    Programs that are not scripts come from the system's packages, and so do scripts that only root changes.
    """
    plays = Path(argv[0]).name.startswith("ansible")
    known = {str(Path(path).resolve()) for path in listed}
    for part in argv:
        path = Path(part)
        if not path.is_absolute() or not path.is_file() or str(path.resolve()) in known:
            continue
        says = path.suffix in _SCRIPTS or (plays and path.suffix in _PLAYBOOKS) or _begins_as_script(path)
        if says and not only_root_changes(path):
            yield part


def only_root_changes(path: Path) -> bool:
    """Whether nobody but root can write it, or put another in its place."""
    try:
        file = path.resolve(strict=True)
        found = [(file.stat(), 0), *((folder.stat(), stat.S_ISVTX) for folder in file.parents)]
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    # In a sticky folder, as /tmp, nobody replaces the file of somebody else.
    return all(
        one.st_uid == 0 and (not one.st_mode & others or one.st_mode & sticky) for one, sticky in found
    )


def _begins_as_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except (OSError, ValueError):
        return False  # what cannot be read cannot be run as a script either
