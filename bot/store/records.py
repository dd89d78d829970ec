"""What all kinds of records share: the connection of their transaction and its time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection


class Records:
    """Records of one kind within one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
