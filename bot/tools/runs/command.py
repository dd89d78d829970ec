"""`run: {runner: command, ...}`"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bot.tools.runs.base import RunEntry
from bot.tools.shapes import SecretName, Strict

ARGV = ["/usr/bin/systemctl", "restart", "{worker.unit}"]
Argv = Annotated[list[str], Field(min_length=1, max_length=64, examples=[ARGV])]


class Resources(Strict):
    """What one run may take; the kernel enforces it on every process that the run starts."""

    cpu_s: Annotated[int | None, Field(ge=1, le=86_400, examples=[60])] = None
    memory_mb: Annotated[int, Field(ge=16, le=1_048_576)] = 4096
    open_files: Annotated[int, Field(ge=8, le=65_536)] = 1024
    processes: Annotated[int, Field(ge=1, le=65_536)] = 64
    file_mb: Annotated[int, Field(ge=0, le=1_048_576)] = 1024


class CommandRun(RunEntry):
    """An argument vector with an absolute program; `files` are scripts whose sha256 is part of the digest."""

    free_text_reaches: ClassVar[str] = "an argument of a program"

    runner: Literal["command"]
    argv: Argv
    files: list[str] = []
    secrets: Annotated[list[SecretName], Field(max_length=16, examples=[["API_TOKEN"]])] = []
    resources: Resources | None = Field(None, examples=[{"cpu_s": 60}])
    dry_run: Annotated[list[str], Field(max_length=64, examples=[[*ARGV, "--dry-run"]])] = []

    def call(self, only_reads: bool = False) -> dict[str, object]:
        return self._call(self.argv)

    def dry_call(self) -> dict[str, object] | None:
        return self._call(self.dry_run) if self.dry_run else None

    def names_of_secrets(self) -> frozenset[str]:
        return frozenset(self.secrets)

    def signed_places(self) -> Mapping[str, str]:
        dry = {"dry_run": self.dry_run[0]} if self.dry_run else {}
        return {"argv": self.argv[0], "files": " ".join(self.files)} | dry

    def _call(self, argv: list[str]) -> dict[str, object]:
        call: dict[str, object] = {"argv": list(argv), "files": list(self.files)}
        if self.resources:
            call["resources"] = self.resources.model_dump(exclude_none=True)
        if self.secrets:
            call["credentials"] = list(self.secrets)
        return call
