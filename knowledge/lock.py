"""One owner a folder: an advisory lock on a file, let go by the system when the owner ends, however it
ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from knowledge.errors import KnowledgeBusy

FILE = "owner.lock"


class OwnerLock:
    """Held from construction to `release`. Raises KnowledgeBusy when another process, or another base here,
    holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._file: IO[str] = (folder / FILE).open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            raise KnowledgeBusy(
                f"the knowledge folder {folder} is owned by process {holder or 'unknown'}; "
                "stop that process, or open it with owner=False to write documents beside it"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Lets another owner in."""
        self._file.close()
