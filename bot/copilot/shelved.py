"""What the parts share that read the knowledge base."""

from __future__ import annotations

from bot.copilot.part import Part
from bot.copilot.shelf import EmptyShelf, Shelf
from bot.domain.ports import Membership, Wake
from bot.domain.store import Store
from bot.in_force import InForce


class Shelved(Part):
    """A part with a knowledge base; without one it finds an empty one."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        membership: Membership,
        wake: Wake,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__(store, in_force, membership, wake)
        self._shelf = shelf or EmptyShelf()
