"""What the copilot asks of the whitelist: which tools and policy are in force, and whether a call fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.domain.incident import Incident
from bot.domain.standing import Terms
from bot.domain.store import Tx
from bot.domain.tool import Inventory, Tool
from bot.sign_off.policy import Policy


@dataclass(frozen=True, slots=True)
class Preview:
    """What a tool would do with these arguments, before it is prepared; each line is a label and a text."""

    title: str
    risk: str
    lines: tuple[tuple[str, str], ...]


class InForce(Protocol):
    """Reads what N3 has put in force, anew at each call."""

    def tools(self, tx: Tx) -> Mapping[str, Tool]: ...

    def inventory(self, tx: Tx) -> Inventory: ...

    def policy(self, tx: Tx) -> Policy: ...

    def check(
        self, tx: Tx, incident: Incident, tool: str, arguments: Mapping[str, object]
    ) -> tuple[Tool, dict[str, object]]:
        """The tool and its checked arguments.

        Raises:
            ArgumentRefused, CatalogueError: it is not in the catalogue, may not touch this incident's
                service, or an argument does not fit.
        """
        ...

    def difference(self, what: str, before: str, after: str) -> str:
        """What changes from one adopted content to another, for people to sign: all of it."""
        ...

    def problems(self, tx: Tx, service: str, tool: str, arguments: Mapping[str, object]) -> Mapping[str, str]:
        """What is wrong with each argument by its name; empty where all fit, also those that are missing.

        A reference must name a row of this service, where the row says which services it is for.

        Raises:
            CatalogueError: there is no such tool.
        """
        ...

    def preview(
        self, tx: Tx, incident: Incident, tool: str, arguments: Mapping[str, object]
    ) -> Preview | None:
        """What a proposal of it would show; None where it does not fit what is in force."""
        ...

    def standing_plan(self, tx: Tx, terms: Terms) -> tuple[dict[str, object], str]:
        """All that a standing sign-off on these terms covers, and the digest of what it was built from.

        Raises:
            ArgumentRefused, CatalogueError: the terms do not fit the catalogue.
        """
        ...

    def basis(self, tx: Tx) -> str:
        """The digest of catalogue and policy together."""
        ...
