"""What every runner is: it says exactly what a call would do, and does exactly that."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Secret = Callable[[str], str]
"""Gives the value of a secret by its name; only the executor has one."""
Emit = Callable[[str], None]
"""Takes a piece of output as it comes. It is raw: whoever passes it on cleans it first (`Secrets.stream`)."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `exit_code` None means that it is not known whether it took effect."""

    exit_code: int | None
    output: str
    problem: str = ""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


class Runner(Protocol):
    """Carries out calls of one kind."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        """The call as it will be shown, digested and run; reads what it depends on (a script's sha256).

        Raises:
            ArgumentRefused: the call cannot be run as it stands.
        """
        ...

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        """Do what `resolve` said, within the time limit; output is cut at the cap, which is said.

        `emit` gets the same output piece by piece, never more than the cap. Cancelling the task stops the
        run: all that it started is ended before `CancelledError` goes on; what it printed came by `emit`.
        """
        ...


class Output:
    """What a run gives: kept up to `cap` bytes, and handed on as it comes. No character is split in two."""

    def __init__(self, cap: int, emit: Emit | None = None) -> None:
        self._cap = cap
        self._emit = emit
        self._kept = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def is_full(self) -> bool:
        """Whether there is more than will be shown, so that nothing further has to be read."""
        return len(self._kept) > self._cap

    def add(self, data: bytes) -> None:
        """Keep and hand on what still fits; one byte more is kept, to know that it was cut."""
        fits = data[: max(0, self._cap - len(self._kept))]
        self._kept += data[: max(0, self._cap + 1 - len(self._kept))]
        if self._emit and fits and (text := self._decoder.decode(fits).replace("\x00", "\ufffd")):
            self._emit(text)

    def aside(self) -> Output:
        """Another one as large, which hands nothing on: for what may yet break off."""
        return Output(self._cap)

    def take(self, whole: Output) -> None:
        """Keep and hand on what came aside."""
        self.add(bytes(whole._kept))

    @property
    def text(self) -> str:
        """All of it, with a note where it was cut."""
        return cut(bytes(self._kept), self._cap)


def fitting_json(told: Mapping[str, object], rows: str, cap: int) -> bytes:
    """`told` as JSON of at most `cap` bytes: of its list `rows` the last ones go first, which is said."""
    given = told[rows]
    assert isinstance(given, list)
    kept = list(given)
    while True:
        shown = {**told, rows: kept}
        if len(kept) < len(given):
            shown["cut"] = f"only the first {len(kept)} of {rows}"
        data = json.dumps(shown, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        if len(data) <= cap or not kept:
            return data
        kept = kept[: len(kept) // 2]


def cut(output: bytes, cap: int) -> str:
    """Output as text, cut at `cap` bytes with a note. NUL goes: no database keeps it in a text."""
    text = output[:cap].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text if len(output) <= cap else f"{text}\n[cut after {cap} bytes]"
