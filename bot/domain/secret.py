"""Where a secret is kept. The value is nowhere in the domain: only the executor ever reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A variable of the executor's environment, a private file, or what a vault's command line prints.

    Exactly one of the three is given. `passes` are the variables that the command gets.
    """

    environment: str = ""
    file: Path | None = None
    command: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    timeout_s: float = 10.0
