"""`run: {runner: sql, ...}`"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from bot.tools.runs.base import RunEntry
from bot.tools.runs.statements import bound, mistakes_in, why_it_changes
from bot.tools.shapes import Line, SecretName

Statement = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
_DATABASE = "postgresql://vigie@10.0.0.5:5432/shop"
_STATEMENT = "SELECT count(*) FROM orders WHERE state = {state}"


class SqlRun(RunEntry):
    """One statement of the catalogue; holes are bind parameters. A check runs in a read-only transaction."""

    runner: Literal["sql"]
    database: Annotated[Line, Field(examples=[_DATABASE])]
    password: SecretName | None = Field(None, examples=["SHOP_DB_PASSWORD"])
    tls: Literal["verify", "require", "off"] = "verify"
    ca: str = Field("", max_length=500, examples=["/etc/ssl/certs/database-ca.pem"])
    statement: Annotated[Statement, Field(examples=[_STATEMENT])]
    max_rows: Annotated[int, Field(ge=1, le=10_000)] = 100
    dry_run: str = Field("", max_length=8000, examples=["explain"])

    @model_validator(mode="after")
    def _of_a_known_kind(self) -> Self:
        if not self.database.startswith(("postgresql://", "mariadb://", "{")):
            raise ValueError(
                "database must begin with postgresql:// or mariadb://."
                f" Write for example database: {_DATABASE}."
            )
        if self.dry_run and self.dry_run != "explain" and (why := why_it_changes(self.dry_run)):
            raise ValueError(f"a dry run only reads: {why}. Write explain, or a SELECT with the same WHERE.")
        return self

    def call(self, only_reads: bool = False) -> dict[str, object]:
        return self._call(self.statement, only_reads)

    def dry_call(self) -> dict[str, object] | None:
        if not self.dry_run:
            return None
        explained = f"EXPLAIN {self.statement}"
        return self._call(explained if self.dry_run == "explain" else self.dry_run, only_reads=True)

    def names_of_secrets(self) -> frozenset[str]:
        return frozenset({self.password} if self.password else ())

    def why_no_check(self) -> str:
        return why_it_changes(self.statement)

    def signed_places(self) -> Mapping[str, str]:
        return {"database": self.database, "ca": self.ca}

    def mistakes(self) -> Iterator[tuple[str, str, str]]:
        texts = {"statement": self.statement, "dry_run": self.dry_run}
        for field, text in texts.items():
            for what, remedy in mistakes_in(text):
                yield field, what, remedy

    def _call(self, statement: str, only_reads: bool) -> dict[str, object]:
        text, parameters = bound(statement)
        call: dict[str, object] = {
            "database": self.database,
            "statement": text,
            "parameters": parameters,
            "read_only": only_reads,
            "max_rows": self.max_rows,
            "tls": self.tls,
        }
        if self.password:
            call["password"] = self.password
        return call | ({"ca": self.ca} if self.ca else {})
