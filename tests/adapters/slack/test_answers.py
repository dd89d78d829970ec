"""Where answers go."""

from __future__ import annotations

from pathlib import Path

from bot.playground.workspace import Channel
from tests.world import BOT, CHANNEL, ON_CALL, PEOPLE, text_of, world

CLOSED = "C0CLOSED"


async def test_an_answer_goes_to_the_asker_where_vigie_cannot_write(tmp_path: Path) -> None:
    """`/vigie ask` in a channel without Vigie: the answer comes as a direct message, with its sources."""
    people = tuple(person.id for person in PEOPLE)
    channels = (
        Channel(CHANNEL, "incidents", members=(*people, BOT.id)),
        Channel(CLOSED, "closed", members=people),
    )
    async with world(tmp_path, channels=channels) as vigie:
        await vigie.until("the connection", lambda: vigie.place.connections or None)
        await vigie.place.command(ON_CALL.id, CLOSED, "/vigie ask what if the value went too high?")
        direct = "D" + ON_CALL.id[1:]
        answer = await vigie.until("the direct message", lambda: vigie.place.messages(direct) or None)
        assert "The value went too high" in text_of(answer[-1])
        assert vigie.place.messages(CLOSED) == []
