"""What an installation says of running actions: limits, secrets, and the heads of the audit log."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from bot.settings.section import Section


class AuditSection(Section):
    """[audit] Signed heads of the audit log, kept outside the database."""

    folder: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=1000)] = Field(
        "", examples=["/var/backups/vigie-audit"]
    )
    """Where key and heads stand; empty: `audit` in the data folder. Best on another disk than the rows."""
    every_minutes: Annotated[float, Field(ge=0.01, le=1440)] = 5.0
    """Minutes between two heads, where something was recorded meanwhile."""
    post_every_hours: Annotated[float, Field(ge=0, le=168)] = 6.0
    """Hours between two heads that are posted for N3, where something was recorded meanwhile."""


class ExecutionSection(Section):
    """[execution] What one service bears, whatever the catalogue allows each tool by itself."""

    per_service_at_once: Annotated[int, Field(ge=1, le=100)] = 1
    """Actions that may run for one service of one environment at the same time; the next one waits."""
    per_service_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 30
    """Actions that may be started for it within any hour; what is over is refused."""


class SecretSection(Section):
    """[secret.NAME] Where the executor finds a secret that is not in its file: give one of the three."""

    environment: Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = Field(
        "", examples=["SHOP_DB_PASSWORD"]
    )
    """A variable of the environment that `vigie serve` is started with; it is handed to the executor."""
    file: Annotated[str, StringConstraints(max_length=1000)] = Field("", examples=["/run/secrets/shop-db"])
    """A file that holds the secret alone, readable by you alone; read anew each time."""
    command: Annotated[list[str], Field(max_length=32)] = Field(
        [], examples=[["/usr/bin/vault", "kv", "get", "-field=password", "secret/shop"]]
    )
    """A vault's command line, with its whole path: what it prints is the secret. Asked anew each time."""
    passes: Annotated[list[str], Field(max_length=16)] = Field([], examples=[["VAULT_ADDR"]])
    """Variables of the environment that the command is given; it gets no other."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Seconds for the command to answer."""

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum(map(bool, (self.environment, self.file, self.command))) != 1:
            raise ValueError(
                "give exactly one of environment, file, command."
                ' Write for example file = "/run/secrets/shop-db".'
            )
        if self.command and not self.command[0].startswith("/"):
            raise ValueError(
                "the program of `command` must be an absolute path."
                ' Write for example command = ["/usr/bin/vault", "kv", "get", "-field=token", "secret/shop"].'
            )
        return self


SecretKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
