"""Group R: a file alone changes nothing of what may run or who may sign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.tools.in_force import catalogue_in_force
from tests.world import CHANNEL, N3_A, N3_B, ON_CALL, SECOND, World, text_of, world, write_config


def _wider(catalogue: dict[str, Any]) -> None:
    catalogue["actions"]["fix"]["arguments"]["value"]["maximum"] = 99


@pytest.mark.attack("R7")
async def test_a_changed_catalogue_holds_back_until_n3_signed_its_difference(tmp_path: Path) -> None:
    """The old one holds over a restart; on-call cannot sign the change; N3 are told, and can, once."""
    async with world(tmp_path) as vigie:
        await vigie.stop()
        write_config(tmp_path, change_catalogue=_wider)
        await vigie.start()
        card = await vigie.message("change:3", "The old one holds")
        assert _maximum(vigie) == 9

        await vigie.place.click(ON_CALL.id, CHANNEL, card["ts"], "change_open")
        await vigie.until("the refusal", lambda: vigie.told(ON_CALL) or None)
        assert "Only N3 may sign" in vigie.told(ON_CALL)[-1]
        assert vigie.place.views_of(ON_CALL.id) == []

        await vigie.place.click(N3_A.id, CHANNEL, card["ts"], "change_open")
        await vigie.until("a modal", lambda: vigie.place.views_of(N3_A.id) or None)
        view = await vigie.filled(N3_A, "change")
        assert view is not None
        added = [line for line in text_of(view["blocks"]).splitlines() if line.startswith("+ ")]
        assert [line.strip("+ ") for line in added] == ["maximum: 99", "maximum: 99"]
        assert (await vigie.place.command(ON_CALL.id, CHANNEL, "/vigie pending")).ok
        listed = text_of(vigie.place.ephemerals(ON_CALL.id)[-1]["blocks"])
        assert "*Change 3* of the catalogue · waits" in listed
        for person in (N3_A, N3_B):
            await vigie.message(f"change:3:{person.id}", "The old one holds")
        assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
        await vigie.message("change:3", "in force")
        await vigie.message(f"change:3:{N3_B.id}", "in force")
        told = [event.detail for event in vigie.audited("called")]
        assert told == [{"people": [f"T0VIGIE/{person.id}" for person in (N3_A, N3_B)]}]
        assert _maximum(vigie) == 99
        assert [event.actor for event in vigie.audited("signed the catalogue")] == ["T0VIGIE/U0N3A"]


@pytest.mark.attack("R7")
async def test_a_changed_n3_list_makes_nobody_n3(tmp_path: Path) -> None:
    """Editing [n3] in vigie.toml to a pinned list with on-call in it: on-call still cannot sign."""
    async with world(tmp_path) as vigie:
        await vigie.stop()
        toml = tmp_path / "vigie.toml"
        toml.write_text(toml.read_text().replace('usergroup = "n3"', 'pinned = ["T0VIGIE/U0SECOND"]'))
        await vigie.start()
        await vigie.message("change:3", "The old one holds")
        service = vigie.break_target()
        proposal = await vigie.propose(await vigie.incident(service))
        assert await vigie.open_sign(SECOND, proposal) is None
        assert "not in the N3 group" in vigie.told(SECOND)[-1]


def _maximum(vigie: World) -> int:
    with vigie.store.read() as tx:
        tool = catalogue_in_force(tx).tool("fix")
    maximum = next(argument.maximum for argument in tool.arguments if argument.name == "value")
    assert maximum is not None
    return maximum
