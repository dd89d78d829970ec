"""Runs `vigie` as people do: a process of its own, with what it printed and its exit code."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forked import started
from tests.world import World


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def only_json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        assert self.out, self.err
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def sentence(self) -> str:
        """What a person is told when it is refused: one line, no traceback, nothing on standard output."""
        assert "Traceback" not in self.err, self.err
        assert self.out == ""
        told = [line for line in self.err.splitlines() if line.startswith("vigie: ")]
        assert len(told) == 1, self.err
        return told[0]


async def vigie(
    world: World,
    *arguments: str,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run `vigie ARGUMENTS --config ...` with the world's environment and what is given; "" takes away."""
    names = {**world.environment, **(environment or {})}
    argv = (*arguments, "--config", str(config or world.folder / "vigie.toml"))
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = await started(argv, {n: v for n, v in names.items() if v}, out, err, code=world.code)
        code = await asyncio.wait_for(process.wait(), 30)
        return Ran(code, out.read_text(), err.read_text())
