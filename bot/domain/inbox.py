"""What the inbox keeps: work that waits until it is done, and what was seen, so that it counts once."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class InboxKind(StrEnum):
    """What a row of the inbox is. Only work is ever due: any other row is done once it is there."""

    ASK = "ask"
    """A question of a person, to be answered."""
    DRAFT = "draft"
    """A text that a person wants drafted."""
    EVENT = "event"
    """A click, a submitted form or a command; its effect was committed with it."""
    COMMAND = "command"
    """A sub-command of `/vigie` in a message."""
    WORDING = "wording"
    """What a form to save knowledge was opened for."""
    DELIVERY = "delivery"
    """Alerts under a name or a signed time of their sender's."""
    SIGNED = "signed"
    """Alerts under a signature without a time: nothing but this row tells a replay."""
    HEAD = "head"
    """A span of time in which a signed head of the audit log was posted."""

    @property
    def is_work(self) -> bool:
        """Whether it waits until somebody says that it is done."""
        return self in (InboxKind.ASK, InboxKind.DRAFT)

    @property
    def is_lasting(self) -> bool:
        """Whether it guards something signed, which may come again however late: it is never forgotten."""
        return self in (InboxKind.SIGNED, InboxKind.HEAD)


Work = Literal[InboxKind.ASK, InboxKind.DRAFT]
Delivered = Literal[InboxKind.DELIVERY, InboxKind.SIGNED]
