"""Runs `vigie` as people do: a process of its own, with what it printed and its exit code."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *arguments, "--config", str(config or world.folder / "vigie.toml")),
        env={name: value for name, value in names.items() if value},
        cwd=world.code,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())
