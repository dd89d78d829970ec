"""What is adopted of a catalogue: the text of each of its files, and the sha256 of every script it names.

A catalogue is one file, a folder, or a pattern such as `tools/*.yaml`; each file may name inventory files
beside it, YAML or CSV. Names are relative to the folder, so that moving all of it changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.errors import CatalogueError
from bot.mistakes.mistake import Mistake, line_of
from bot.tools.strict_yaml import lines_of, load_strict

MAX_BYTES = 1_000_000
MAX_FILES = 100
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Contents:
    """Texts by file name. `scripts` is None in what was adopted before scripts were a part of it."""

    catalogues: Mapping[str, str]
    inventories: Mapping[str, str]
    scripts: Mapping[str, str] | None = None

    def text(self) -> str:
        """The one text of it, which is adopted under its sha256."""
        parts: dict[str, object] = {"catalogue": self.catalogues, "inventory": self.inventories}
        return json.dumps(parts | ({} if self.scripts is None else {"scripts": self.scripts}), sort_keys=True)

    @classmethod
    def parse(cls, content: str) -> Contents:
        """The inverse of `text`; a single file and its inventory stood there without names once."""
        raw = json.loads(content)
        catalogue, inventory = raw["catalogue"], raw["inventory"]
        if isinstance(catalogue, str):
            return cls({"catalogue": catalogue}, {"inventory": inventory} if inventory else {})
        return cls(catalogue, inventory, raw.get("scripts"))

    def with_scripts(self, scripts: Mapping[str, str]) -> Contents:
        return replace(self, scripts=dict(scripts))


def folder_of(path: Path) -> Path:
    """The folder that the names in a catalogue are relative to."""
    return path if path.is_dir() else _above_pattern(path)


def read_contents(path: Path) -> Contents:
    """Every file of a catalogue and of its inventories.

    Raises:
        CatalogueError: a file is missing, too large, or not what it should be; or there is none.
    """
    folder = folder_of(path)
    catalogues = {_relative(file, folder): _read(file) for file in _files(path)}
    inventories: dict[str, str] = {}
    for name, text in catalogues.items():
        for place, named in _inventories_of(folder / name, text):
            file = (folder / name).parent / named
            if not file.resolve().is_relative_to(folder.resolve()):
                line = line_of(lines_of(text), place)
                what = f"inventory: {named!r} is not in the catalogue's folder"
                raise CatalogueError(str(Mistake(str(folder / name), line, what, "Put it beside the file.")))
            inventories.setdefault(_relative(file, folder), _read(file))
    return Contents(catalogues, inventories)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = [file for file in path.iterdir() if file.suffix in _YAML]
        # An inventory in the same folder is not a catalogue: it is named by one.
        named = {inner for file in found for inner in _named_by(file)}
        found = [file for file in found if file not in named]
    elif _is_pattern(path):
        folder = _above_pattern(path)
        found = [file for file in folder.glob(str(path.relative_to(folder))) if file.is_file()]
    else:
        return [path]
    if not found:
        raise CatalogueError(f"{path}: no file is there. Put a catalogue there, or name another place.")
    if len(found) > MAX_FILES:
        raise CatalogueError(f"{path}: more than {MAX_FILES} files.")
    return sorted(found)


def _named_by(file: Path) -> Iterator[Path]:
    """The inventories that a file names, if it is a catalogue at all."""
    try:
        loaded = load_strict(_read(file), str(file))
    except CatalogueError:
        return
    named = loaded.get("inventory", "") if "version" in loaded else ""
    for one in named if isinstance(named, list) else [named]:
        if isinstance(one, str) and one and "\x00" not in one:
            yield file.parent / one


def _inventories_of(file: Path, text: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    named = load_strict(text, str(file)).get("inventory", "")
    for number, one in enumerate(named if isinstance(named, list) else [named]):
        place: tuple[str | int, ...] = ("inventory", number) if isinstance(named, list) else ("inventory",)
        if not isinstance(one, str) or "\x00" in one:
            what, remedy = (
                "inventory: expected the name of a file beside it",
                "Write inventory: inventory.yaml.",
            )
            raise CatalogueError(str(Mistake(str(file), line_of(lines_of(text), place), what, remedy)))
        if one:
            yield place, one


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "`vigie init` writes one to begin with."
        raise CatalogueError(f"{path}: {error.strerror or error}. {remedy}") from None
    if len(data) > MAX_BYTES:
        raise CatalogueError(f"{path}: larger than {MAX_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CatalogueError(f"{path}: not UTF-8 text. Save it as UTF-8.") from None


def _is_pattern(path: Path) -> bool:
    return any(mark in str(path) for mark in "*?[")


def _above_pattern(path: Path) -> Path:
    """The folder above the first part that is a pattern."""
    above = path.parent
    while _is_pattern(above):
        above = above.parent
    return above


def _relative(file: Path, folder: Path) -> str:
    return file.resolve().relative_to(folder.resolve()).as_posix()
