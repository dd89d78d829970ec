"""What every runner is: it says exactly what a call would do, and does exactly that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Secret = Callable[[str], str]


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
        self, resolved: Mapping[str, object], timeout_s: float, output_cap: int, secret: Secret
    ) -> RunResult:
        """Do what `resolve` said, within the time limit; output is cut at the cap, which is said."""
        ...


def cut(output: bytes, cap: int) -> str:
    """Output as text, cut at `cap` bytes with a note. NUL goes: no database keeps it in a text."""
    text = output[:cap].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text if len(output) <= cap else f"{text}\n[cut after {cap} bytes]"
