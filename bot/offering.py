"""Looks whether the files of catalogue and policy were changed while Vigie serves, and offers that to N3.

What is in force does not change by it: a file alone changes nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import structlog

from bot.announcements import announce_text
from bot.domain.store import Store
from bot.errors import CatalogueError, Misconfigured
from bot.settings import Settings, load
from bot.tools.catalogue import file_names, parse, read_files
from bot.tools.contents import Contents
from bot.tools.in_force import CATALOGUE, POLICY, adopt_or_offer

log = structlog.get_logger()
_UNREADABLE = ":warning: *A changed file cannot be read.* What is in force holds, whatever it says."
Stamp = tuple[tuple[str, int, int], ...]


class Offering:
    """Remembers what the files looked like; reads them again only where that has changed.

    They are stamped before they are read, and count as seen once what they say is committed: a change that
    comes in between is found at the next look.
    """

    def __init__(self, store: Store, settings: Settings, config: Path, content: str) -> None:
        """`content` is what was read of the catalogue at the start; the first look reads all of it anew."""
        self._store = store
        self._catalogue = settings.catalogue
        self._config = config
        self._paths = self._named_in(content)
        self._seen: Stamp = ()

    def look(self) -> None:
        """Offer what has changed since the last look; what cannot be read is told once, and the old holds.

        Raises:
            StoreUnavailable: nothing was offered; the next look does.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return
        try:
            content = read_files(self._catalogue)
            # Also where it cannot be parsed: what is wrong may be in a file that it names since now.
            self._paths = self._named_in(content)
            parse(content, file_names(self._catalogue))
            policy = load(self._config, {}, only=()).policy.content()
        except (CatalogueError, Misconfigured) as error:
            self._tell(str(error))
        else:
            with self._store.begin() as tx:
                adopt_or_offer(tx, CATALOGUE, content)
                adopt_or_offer(tx, POLICY, policy)
        self._seen = stamp

    def _named_in(self, content: str) -> list[Path]:
        contents, folder = Contents.parse(content), file_names(self._catalogue)
        names = [folder / name for name in (*contents.catalogues, *contents.inventories)]
        scripts = map(Path, contents.scripts or {})
        return sorted({self._config, self._catalogue, folder, *names, *scripts})

    def _stamp(self) -> Stamp:
        return tuple((str(path), *_looks(path)) for path in self._paths)

    def _tell(self, problem: str) -> None:
        log.warning("a changed file cannot be read; what is in force holds", problem=problem)
        key = f"offering:{hashlib.sha256(problem.encode()).hexdigest()[:16]}"
        with self._store.begin() as tx:
            if tx.posts.get(key) is None:
                announce_text(tx, key, _UNREADABLE, problem)


def _looks(path: Path) -> tuple[int, int]:
    """When a file was changed and how long it is; nothing where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return 0, -1
    return found.st_mtime_ns, 0 if path.is_dir() else found.st_size
