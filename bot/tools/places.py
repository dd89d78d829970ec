"""Where in a catalogue's files something stands: findings become mistakes with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from bot.domain.tool import Tool
from bot.mistakes.mistake import Lines, Mistake, Place, line_of
from bot.tools.contents import Contents
from bot.tools.cross_check import Finding
from bot.tools.inventory import row_lines
from bot.tools.strict_yaml import lines_of


class Places:
    """`files` says in which file each tool stands; `folder` is what names are told relative to."""

    def __init__(self, contents: Contents, folder: Path | None, files: Mapping[str, str] = {}) -> None:
        self._contents = contents
        self._folder = folder
        self.files = dict(files)

    def shown(self, name: str) -> str:
        """How people are told of a file."""
        return name if self._folder is None else str(self._folder / name)

    def tool(self, tool: Tool) -> str:
        """Where a tool stands: file and line."""
        return self.at(self.files[tool.name], (f"{tool.kind.value}s", tool.name))

    def at(self, name: str, place: Place) -> str:
        """A place in a file of the catalogue, in words."""
        return f"{self.shown(name)} line {line_of(self._lines[name], place)}"

    def mistakes(self, found: Iterable[Finding]) -> Iterator[Mistake]:
        """Findings with the file and line where they stand."""
        for finding in dict.fromkeys(found):
            name = finding.file or self._file_of(finding)
            lines = (self._rows if finding.in_inventory else self._lines).get(name, {})
            where = ".".join(map(str, (("inventory",) if finding.in_inventory else ()) + finding.place))
            line = line_of(lines, finding.place)
            yield Mistake(self.shown(name), line, f"{where}: {finding.what}", finding.remedy)

    def _file_of(self, finding: Finding) -> str:
        if not finding.in_inventory:
            tool = str(finding.place[1]) if len(finding.place) > 1 else ""
            return self.files.get(tool, next(iter(self._contents.catalogues), "catalogue"))
        names = [name for name, lines in self._rows.items() if finding.place[:2] in lines]
        names += [name for name, lines in self._rows.items() if finding.place[:1] in lines]
        return names[0] if names else next(iter(self._rows), "inventory")

    @cached_property
    def _lines(self) -> dict[str, Lines]:
        return {name: lines_of(text) for name, text in self._contents.catalogues.items()}

    @cached_property
    def _rows(self) -> dict[str, Lines]:
        return {name: row_lines(text, name) for name, text in self._contents.inventories.items()}
