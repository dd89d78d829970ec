"""Brings an older installation to this version, with whatever is open in it; sign-offs stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from bot.errors import BadInput
from bot.sign_off.audit import first_broken
from bot.store.database import remaking, writing
from bot.store.houses import HOUSES


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done to one set of tables."""

    house: str
    found: str
    head: str

    @property
    def revisions(self) -> tuple[str, ...]:
        """The revisions that are run, in their order."""
        every = HOUSES[self.house].revisions()
        return every[every.index(self.found) + 1 :]


def steps(engines: Mapping[str, Engine]) -> list[Step]:
    """What is behind this version; nothing where all is up to date.

    Raises:
        StoreTooNew, KnowledgeTooNew: a newer Vigie wrote it.
    """
    found = []
    for name, engine in engines.items():
        house = HOUSES[name]
        with engine.connect().execution_options(vigie_reading=True) as connection:
            revision = house.revision_of(connection)
        house.refuse_unknown(revision)
        if revision is not None and revision != house.head:
            found.append(Step(name, revision, house.head))
    return found


def upgrade(engine: Engine, step: Step, now: datetime) -> None:
    """Run the migrations of one house in one transaction.

    Raises:
        BadInput: the audit chain does not hold after it; nothing was changed.
    """
    house = HOUSES[step.house]
    with remaking(engine) as connection:
        house.upgrade_to(connection, step.head)
        if step.house != "store":
            return
        tx = writing(connection, now)
        broken = first_broken(tx.audit.events())
        if broken is not None:
            raise BadInput(
                f"The audit chain is broken at event {broken[0]}: {broken[1]}. Nothing was"
                " changed; see `vigie audit verify`."
            )
        tx.audit.append("vigie", "migrated", "store", {"from": step.found, "to": step.head})
