"""Opens a zip without trusting it: nothing leaves its folder, nothing grows beyond its bounds."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.errors import DocumentRefused

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """At most so many entries, bytes an entry, bytes in all, and bytes out for one byte in."""

    entries: int = 20_000
    entry: int = 256 * 1024 * 1024
    total: int = 2 * 1024 * 1024 * 1024
    ratio: int = 200


def checked(archive: zipfile.ZipFile, bounds: Bounds) -> list[zipfile.ZipInfo]:
    """The entries, once what the archive says of itself is within bounds.

    Raises DocumentRefused naming what is not. What it says may be a lie: `unpack` counts as it reads.
    """
    entries = archive.infolist()
    if len(entries) > bounds.entries:
        raise _refused(f"more than {bounds.entries} entries")
    if sum(entry.file_size for entry in entries) > bounds.total:
        raise _refused(f"it would unpack to more than {bounds.total} bytes")
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise _refused("it is encrypted", "Pack it again without a password.")
        if entry.file_size > bounds.entry:
            raise _refused(f"one entry would unpack to more than {bounds.entry} bytes")
        if entry.file_size > _PIECE and entry.file_size > bounds.ratio * max(entry.compress_size, 1):
            raise _refused(f"one entry is packed more than {bounds.ratio} to 1, as bombs are")
    return entries


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that is left out, and why."""

    name: str
    reason: str


def unpack(path: Path, folder: Path, bounds: Bounds) -> Iterator[Path | Refused]:
    """Writes the entries below `folder`, one at a time; an entry that would leave it is refused by name.

    Raises DocumentRefused when the archive as a whole is out of bounds or broken.
    """
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in checked(archive, bounds):
                if entry.is_dir():
                    continue
                problem = _problem(entry)
                if problem:
                    yield Refused(entry.filename, problem)
                    continue
                target = folder / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                total = _write(archive, entry, target, bounds, total)
                yield target
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise _refused(f"it is broken ({type(error).__name__})", "Pack it again.") from error


def _problem(entry: zipfile.ZipInfo) -> str:
    name = PurePosixPath(entry.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or ":" in name.parts[0]:
        return "its name leads out of the archive"
    if any(ord(character) < 32 for character in entry.filename) or len(entry.filename) > 400:
        return "its name holds characters that no name should, or is too long"
    mode = entry.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_IFMT(mode) == 0):
        return "it is a link or a device, not a file"
    return ""


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, bounds: Bounds, total: int) -> int:
    """Write one entry; how many bytes were written in all."""
    written = 0
    with archive.open(entry) as packed, target.open("xb") as file:
        while piece := packed.read(_PIECE):
            written += len(piece)
            if written > bounds.entry or total + written > bounds.total:
                raise _refused("it unpacks to more than it says")
            file.write(piece)
    return total + written


def _refused(problem: str, remedy: str = "Unpack it yourself and ingest the folder.") -> DocumentRefused:
    return DocumentRefused("archive", problem, remedy)
