"""`run: {runner: ssh, ...}`"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from bot.tools.runs.base import RunEntry
from bot.tools.runs.command import ARGV, Argv
from bot.tools.shapes import Line, SecretName

_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."


class SshRun(RunEntry):
    """An argument vector on another host, whose key is known. `key` names the secret to log in with."""

    free_text_reaches: ClassVar[str] = "an argument of a program on another host"

    runner: Literal["ssh"]
    host: Annotated[Line, Field(examples=["{worker.host}"])]
    port: Annotated[int, Field(ge=1, le=65_535)] | str = Field(22, examples=[22])
    user: Annotated[Line, Field(examples=["vigie"])]
    key: Annotated[SecretName, Field(examples=["SSH_KEY"])]
    known_hosts: str = Field("", max_length=500, examples=["/etc/vigie/known_hosts"])
    host_key: str = Field("", max_length=2000, examples=[_HOST_KEY])
    restricted: bool = False
    argv: Argv
    dry_run: Annotated[list[str], Field(max_length=64, examples=[[*ARGV, "--dry-run"]])] = []

    @model_validator(mode="after")
    def _knows_the_host(self) -> Self:
        if bool(self.known_hosts) == bool(self.host_key):
            raise ValueError(
                "give either `known_hosts`, a file, or `host_key`: only a host whose key is known is asked."
                ' Write for example host_key: "{worker.host_key}", as `ssh-keyscan` prints it.'
            )
        return self

    def call(self, only_reads: bool = False) -> dict[str, object]:
        return self._call(self.argv)

    def dry_call(self) -> dict[str, object] | None:
        return self._call(self.dry_run) if self.dry_run else None

    def names_of_secrets(self) -> frozenset[str]:
        return frozenset({self.key})

    def signed_places(self) -> Mapping[str, str]:
        names = ("host", "port", "user", "known_hosts", "host_key")
        places = {name: str(getattr(self, name)) for name in names} | {"argv": self.argv[0]}
        return places | ({"dry_run": self.dry_run[0]} if self.dry_run else {})

    def _call(self, argv: list[str]) -> dict[str, object]:
        known = {"host_key": self.host_key} if self.host_key else {"known_hosts": self.known_hosts}
        where = {"host": self.host, "port": self.port, "user": self.user, "key": self.key}
        how = {"restricted": True} if self.restricted else {}
        return {"ssh": where | known | how, "argv": list(argv)}
