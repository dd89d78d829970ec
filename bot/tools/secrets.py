"""Secrets by reference: read where they are kept, by the executor alone, and never shown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from bot.domain.secret import Source
from bot.domain.tool import CheckResult
from bot.environment_file import read_private
from bot.errors import ArgumentRefused, Misconfigured
from bot.mistakes.mistake import Mistake, told
from bot.tools.cleaning import Cleaner, Stream
from bot.tools.runners.base import Secret
from bot.tools.vault import ask

_BARE = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


def check_secrets(path: Path | None, sources: Mapping[str, Source] | None = None) -> None:
    """Whether the files could be read as secrets; nothing of them is kept.

    Raises:
        Misconfigured: one is readable by others, cannot be read, or a line is not of the form `NAME=value`.
    """
    Secrets.read(path, sources)
    for name, source in (sources or {}).items():
        if source.file is not None:
            _from_file(name, source.file)


class Secrets:
    """Named secrets, and the promise that their values do not come back out in any output."""

    def __init__(
        self,
        values: Mapping[str, str],
        sources: Mapping[str, Source] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` is the executor's own: variables that sources name are looked up in it alone."""
        self._values = dict(values)
        self._sources = dict(sources or {})
        self._environment = dict(environment or {})
        self._cleaner = Cleaner(self._values)
        self._learn()

    @classmethod
    def read(
        cls,
        path: Path | None,
        sources: Mapping[str, Source] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Secrets:
        """Read lines `NAME=value`; no file means no secrets but those of `sources`.

        Raises:
            Misconfigured: the file is readable by others, it is no text, a line is not of that form, or a
                name stands in it and under `sources` too.
        """
        values: dict[str, str] = {}
        wrong = []
        for number, line in enumerate(read_private(path).splitlines() if path else (), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, equals, value = line.partition("=")
            if not equals or not name.isidentifier():
                remedy = "Write the name, an equals sign, and the value, without blanks or `export`."
                wrong.append(Mistake(str(path), number, "expected NAME=value", remedy))
            elif name in (sources or {}):
                what = f"{name} stands under [secret.{name}] in vigie.toml, too"
                wrong.append(Mistake(str(path), number, what, "Take one of them out."))
            values[name] = value
        if wrong:
            raise Misconfigured(told(wrong))
        return cls(values, sources, environment)

    @property
    def names(self) -> frozenset[str]:
        """What is there; a name whose value is empty is not."""
        return frozenset(name for name, value in self._values.items() if value) | self._sources.keys()

    def get(self, name: str) -> str:
        """The value of a secret that is in the file; others come through `of`.

        Raises:
            ArgumentRefused: there is none of that name.
        """
        if name not in self._values:
            raise ArgumentRefused(f"secret {name}: it is not in the executor's secrets file.")
        return self._values[name]

    async def of(self, named: Iterable[str]) -> Secret:
        """Only the secrets of these names, read now: what one tool is given, and no other.

        Raises:
            ArgumentRefused: one is not there, or could not be read; its name is told, never its value.
        """
        given = {name: await self._value(name) for name in sorted(set(named))}

        def secret(name: str) -> str:
            if name not in given:
                raise ArgumentRefused(f"secret {name}: this tool does not name it in its entry.")
            return given[name]

        return secret

    def clean(self, text: str) -> str:
        """The text without any secret's value and without what looks like one."""
        return self._cleaner.clean(text)

    def stream(self) -> Stream:
        """Cleans an output that comes in pieces: a secret that is cut in two is found all the same."""
        return self._cleaner.stream()

    def clean_result(self, result: CheckResult) -> CheckResult:
        """A check's result with its texts cleaned."""
        value = self.clean(result.value) if isinstance(result.value, str) else result.value
        return replace(
            result,
            output=self.clean(result.output),
            problem=self.clean(result.problem),
            identity=self.clean(result.identity),
            value=value,
        )

    async def _value(self, name: str) -> str:
        source = self._sources.get(name)
        if source is None:
            return self.get(name)
        try:
            if source.command:
                value = await ask(name, source.command, self._passed(source), source.timeout_s)
            else:
                value = await asyncio.to_thread(self._kept, name, source)
        except Misconfigured as error:
            raise ArgumentRefused(f"secret {name}: {error.detail}") from None
        self._cleaner.add(name, value)
        return value

    def _kept(self, name: str, source: Source) -> str:
        if source.file is not None:
            return _from_file(name, source.file)
        value = self._environment.get(source.environment, "")
        if not value:
            raise Misconfigured(f"the variable {source.environment} is not set where the executor runs.")
        return value

    def _passed(self, source: Source) -> dict[str, str]:
        own = self._environment
        return _BARE | {name: own[name] for name in source.passes if name in own}

    def _learn(self) -> None:
        """Variables and files are known from the start, so no tool prints them before their first use."""
        for name, source in self._sources.items():
            if source.environment in self._environment:
                self._cleaner.add(name, self._environment[source.environment])
            elif source.file is not None and source.file.is_file():
                self._cleaner.add(name, _from_file(name, source.file))


def _from_file(name: str, path: Path) -> str:
    """The content of a private file without the line end behind it.

    Raises:
        Misconfigured: others can read it, or there is nothing in it.
    """
    value = read_private(path).removesuffix("\n").removesuffix("\r")
    if not value:
        raise Misconfigured(f"{path}, which holds the secret {name}, is empty or not there. Write it.")
    return value
