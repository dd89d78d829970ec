"""Which files a call names: files, folders and zips, each with the id that its document gets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path
from types import TracebackType

from knowledge.archives import Bounds, Refused, unpack
from knowledge.errors import DocumentRefused
from knowledge.loaders import ARCHIVE, FORMATS, UNREAD, format_of
from knowledge.model import Outcome


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read, the id of its document, and what to call the file: its path, or archive!/path."""

    path: Path
    document_id: str
    source: str


@dataclass(slots=True)
class Finding:
    """What was found, and what of it cannot be used. Unpacked archives are removed when the block ends."""

    found: list[Found] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)
    _folders: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Finding:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folders.close()

    def add(self, paths: Sequence[Path]) -> Finding:
        """Look at each path in turn."""
        for given in paths:
            if not given.exists() and has_magic(str(given)):
                self._matching(given)
            elif not given.exists():
                self._fail(given, "there is no such file or folder; check the path")
            elif given.is_dir():
                self.roots.append(f"{given.resolve()}/")
                self._folder(given, given.resolve(), "")
            elif given.suffix.lower() == ARCHIVE:
                self._archive(given)
            elif format_of(given) is None:
                known = ", ".join([*FORMATS, ARCHIVE])
                self._fail(
                    given, UNREAD.get(given.suffix.lower(), f"this ending is not read; known: {known}")
                )
            else:
                self._take(given, given.stem, str(given.resolve()))
        return self

    def _matching(self, pattern: Path) -> None:
        """A pattern that no shell has unfolded: ids begin where its first wildcard stands, as if that folder
        had been given.
        """
        fixed = next(place for place, part in enumerate(pattern.parts) if has_magic(part))
        folder = Path(*pattern.parts[:fixed])
        rest = "/".join(pattern.parts[fixed:])
        matches = [path for path in sorted(folder.glob(rest)) if _is_seen(path, folder)]
        if not matches:
            self._fail(pattern, "no file is named like this; check the pattern")
        root = folder.resolve()
        for path in matches:
            self._one(path, path.relative_to(folder), root, "")

    def _folder(self, folder: Path, root: Path, source: str) -> None:
        for path in _files(folder):
            self._one(path, path.relative_to(folder), root, source)

    def _one(self, path: Path, inner: Path, root: Path, source: str) -> None:
        """A file at `inner` below a folder, or below an archive that `source` names."""
        told = f"{source}{inner}" if source else str(path.resolve())
        # A link must not bring in what lies elsewhere.
        if not path.resolve().is_relative_to(root):
            return
        if path.suffix.lower() in UNREAD:
            self._fail(told, UNREAD[path.suffix.lower()])
        elif path.suffix.lower() == ARCHIVE and source:
            self._fail(told, "an archive in an archive is not opened; unpack it")
        elif path.suffix.lower() == ARCHIVE:
            self._archive(path)
        elif format_of(path) is not None:
            self._take(path, inner.with_suffix("").as_posix(), told)

    def _archive(self, path: Path) -> None:
        folder = Path(self._folders.enter_context(tempfile.TemporaryDirectory(prefix="vigie-ingest-")))
        source = f"{path.resolve()}!/"
        try:
            for entry in unpack(path, folder, Bounds()):
                if isinstance(entry, Refused):
                    self._fail(f"{source}{entry.name}", entry.reason)
        except DocumentRefused as error:
            # What it held before counts as there: nothing is removed because it could not be opened.
            self.unread.append(source)
            self._fail(path, str(error))
            return
        self.roots.append(source)
        self._folder(folder, folder.resolve(), source)

    def _take(self, path: Path, document_id: str, source: str) -> None:
        other = self._seen.get(document_id)
        if other is None:
            self._seen[document_id] = source
            self.found.append(Found(path, document_id, source))
        elif other != source:
            self.failed.append(Outcome(source, document_id, f"{other} has the same id; rename one of them"))

    def _fail(self, path: Path | str, reason: str) -> None:
        self.failed.append(Outcome(str(path), "", reason))


def _files(folder: Path) -> Iterator[Path]:
    """All files below, by name, without what is hidden."""
    for path in sorted(folder.rglob("*")):
        if _is_seen(path, folder):
            yield path


def _is_seen(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.is_file()
