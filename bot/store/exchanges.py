"""Exchanges with models: set aside before the call, settled after it; what budgets and transcripts read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.spending import DAY, REFUSED, RESERVED, Exchange, Lately, Reserve, Settled, Spent
from bot.store import tables as t
from bot.store.exchange_tables import exchanges
from bot.store.records import Records

_C = exchanges.c


def _sums(*conditions: sa.ColumnElement[bool]) -> list[sa.ColumnElement[Any]]:
    """Tokens, money and seconds of the rows that fit."""
    used = [sa.func.sum(column) for column in (_C.tokens, _C.money, _C.seconds)]
    return [sa.func.coalesce(one.filter(*conditions) if conditions else one, 0) for one in used]


# Made once, as each call of a model asks for them: building a statement takes longer than running it.
_RESERVE = sa.insert(exchanges)
_SETTLE = sa.update(exchanges).where(_C.id == sa.bindparam("exchange"), _C.state == RESERVED)
_OF_INCIDENT = sa.select(*_sums()).where(_C.incident_id == sa.bindparam("incident"))
_LATELY = sa.select(
    *_sums(),
    *_sums(_C.channel == sa.bindparam("one_channel")),
    *_sums(_C.provider == sa.bindparam("one_provider")),
).where(_C.at > sa.bindparam("since"))


class Exchanges(Records):
    def reserve(self, new: Reserve, refused: str = "") -> int:
        """A row for a call that is about to be made, or for one that was refused; its number."""
        aside = Spent() if refused else new.aside
        row = {
            "at": self._now,
            "incident_id": new.purpose.incident,
            "channel": new.purpose.channel,
            "what": new.purpose.what,
            "prompt": new.purpose.prompt,
            "provider": new.provider,
            "model": new.model,
            "state": REFUSED if refused else RESERVED,
            "tokens": aside.tokens,
            "money": aside.money,
            "currency": new.currency,
            "seconds": aside.seconds,
            "redacted": list(new.redacted),
            "sent": "" if refused else new.sent,
            "problem": refused,
        }
        inserted = self._connection.execute(_RESERVE, row)
        assert inserted.inserted_primary_key is not None
        return int(inserted.inserted_primary_key[0])

    def settle(self, exchange: int, end: Settled) -> None:
        """What became of it, once; what was set aside is replaced by what was used."""
        used = {
            "state": end.state,
            "tokens": end.tokens_in + end.tokens_out,
            "tokens_in": end.tokens_in,
            "tokens_out": end.tokens_out,
            "money": end.money,
            "seconds": end.seconds,
            "answer": end.answer,
            "problem": end.problem,
            "echoed": list(end.echoed),
        }
        self._connection.execute(_SETTLE, {"exchange": exchange} | used)

    def of_incident(self, incident: int | None) -> list[Exchange]:
        """Those of one incident, or those outside of any; oldest first."""
        place = _C.incident_id.is_(None) if incident is None else _C.incident_id == incident
        rows = self._connection.execute(sa.select(exchanges).where(place).order_by(_C.id))
        return [_exchange(row) for row in rows]

    def spent_on(self, incident: int) -> Spent:
        """All that was used for an incident."""
        return _spent(self._connection.execute(_OF_INCIDENT, {"incident": incident}).one())

    def spent_lately(self, channel: str, provider: str) -> Lately:
        """What was used in the last 24 hours, as each budget counts it: the rows are read once for all."""
        asked = {"since": self._now - DAY, "one_channel": channel, "one_provider": provider}
        row = self._connection.execute(_LATELY, asked).one()
        return Lately(*(_spent(row[start : start + 3]) for start in (0, 3, 6)))

    def totals(self) -> dict[tuple[str, str], tuple[int, Spent]]:
        """By provider and state: how many, and what they used."""
        sums = (sa.func.sum(_C.tokens), sa.func.sum(_C.money), sa.func.sum(_C.seconds))
        query = sa.select(_C.provider, _C.state, sa.func.count(), *sums).group_by(_C.provider, _C.state)
        return {
            (row[0], row[1]): (int(row[2]), Spent(int(row[3]), float(row[4]), float(row[5])))
            for row in self._connection.execute(query)
        }

    def currency(self) -> str:
        """The currency of the newest exchange; empty before the first."""
        query = sa.select(_C.currency).order_by(_C.id.desc()).limit(1)
        return str(self._connection.execute(query).scalar() or "")

    def erase_texts(self, keep: timedelta) -> int:
        """Take the texts out of exchanges that are older; what they used stays. How many there were."""
        changed = self._connection.execute(
            sa.update(exchanges)
            .where(_C.at < self._now - keep, sa.or_(_C.sent != "", _C.answer != ""))
            .values(sent="", answer="")
        )
        return changed.rowcount

    def role_of(self, channel_id: str) -> str:
        """The channel by its role, where Vigie posts by one; else its id: a channel has one budget."""
        query = (
            sa.select(t.posts.c.channel)
            .where(t.posts.c.channel_id == channel_id, t.posts.c.channel != channel_id)
            .order_by(t.posts.c.channel)
            .limit(1)
        )
        return str(self._connection.execute(query).scalar() or channel_id)


def _spent(row: Sequence[Any]) -> Spent:
    return Spent(int(row[0]), float(row[1]), float(row[2]))


def _exchange(row: Row[Any]) -> Exchange:
    at: datetime = row.at
    lists: tuple[Sequence[str], Sequence[str]] = (tuple(row.redacted), tuple(row.echoed))
    return Exchange(
        row.id,
        at,
        row.incident_id,
        row.channel,
        row.what,
        row.prompt,
        row.provider,
        row.model,
        row.state,
        row.tokens_in,
        row.tokens_out,
        row.money,
        row.currency,
        row.seconds,
        *lists,
        row.sent,
        row.answer,
        row.problem,
    )
