"""Secrets by reference: read from the executor's own file, put into calls there, and never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bot.domain.tool import CheckResult
from bot.environment_file import read_private
from bot.errors import ArgumentRefused, Misconfigured
from bot.mistakes.mistake import Mistake, told
from knowledge.text.redaction import redact


def check_secrets(path: Path | None) -> None:
    """Whether the file could be read as secrets; nothing of it is kept.

    Raises:
        Misconfigured: it is readable by others, cannot be read, or a line is not of the form `NAME=value`.
    """
    Secrets.read(path)


class Secrets:
    """Named secrets, and the promise that their values do not come back out in any output."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    @classmethod
    def read(cls, path: Path | None) -> Secrets:
        """Read lines `NAME=value`; no file means no secrets.

        Raises:
            Misconfigured: the file is readable by others, or it is no text, or a line is not of that form.
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
            values[name] = value
        if wrong:
            raise Misconfigured(told(wrong))
        return cls(values)

    @property
    def names(self) -> frozenset[str]:
        """What is there; a name whose value is empty is not."""
        return frozenset(name for name, value in self._values.items() if value)

    def get(self, name: str) -> str:
        """The value of a secret.

        Raises:
            ArgumentRefused: there is none of that name.
        """
        if name not in self._values:
            raise ArgumentRefused(f"secret {name}: it is not in the executor's secrets file.")
        return self._values[name]

    def clean(self, text: str) -> str:
        """The text without any secret's value and without what looks like one."""
        # The longest first, so that no rest of a secret is left where another is its beginning.
        for name, value in sorted(self._values.items(), key=lambda item: -len(item[1])):
            if len(value) >= 4:
                text = text.replace(value, f"[secret {name}]")
        return redact(text).text

    def clean_result(self, result: CheckResult) -> CheckResult:
        """A check's result with its texts cleaned."""
        value = self.clean(result.value) if isinstance(result.value, str) else result.value
        return replace(
            result, output=self.clean(result.output), problem=self.clean(result.problem), value=value
        )
