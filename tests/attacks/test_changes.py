"""Group R: a file alone changes nothing of what may run or who may sign."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.records import Adopted
from bot.playground.workspace import Person, SubmitOutcome
from bot.tools.in_force import catalogue_in_force
from tests.world import (
    CHANNEL,
    N3_A,
    N3_B,
    ON_CALL,
    SECOND,
    TOOLS,
    World,
    text_of,
    world,
    write_config,
)


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


@pytest.mark.attack("R7")
async def test_a_script_that_was_changed_does_not_run_unsigned(tmp_path: Path) -> None:
    """Not even for a check; it is offered while Vigie serves, and N3 reject it with a reason."""
    tools = tmp_path / "tools"
    shutil.copytree(TOOLS, tools)
    async with world(tmp_path, change_catalogue=partial(_with_tools, tools)) as vigie:
        script = tools / "look.py"
        before = script.read_text()
        script.write_text(f"{before}# looks elsewhere\n")
        card = await vigie.message("change:3", "scripts: changed")
        service = vigie.break_target()
        incident = await vigie.incident(service)
        with vigie.store.read() as tx:
            found = [piece.text for piece in tx.diagnoses.evidence(incident.id)]
        assert any("is not the script that is in force" in text for text in found)
        assert vigie.proposals(incident) == []

        await vigie.place.click(N3_A.id, CHANNEL, card["ts"], "change_reject")
        await vigie.until("a modal", lambda: vigie.place.views_of(N3_A.id) or None)
        view = await vigie.filled(N3_A, "change_reject")
        assert view is not None
        assert not (await vigie.place.submit(N3_A.id, view["id"], {"reason": {"text": "no"}})).ok
        why = "Nobody asked for another script."
        assert (await vigie.place.submit(N3_A.id, view["id"], {"reason": {"text": why}})).ok
        await vigie.message("change:3", why)
        assert vigie.audited("rejected the catalogue")[-1].detail["reason"] == why
        await vigie.stop()
        await vigie.start()
        assert [offer.id for offer in _offers(vigie)] == [], "what was rejected is not offered again"
        script.write_text(before)
        assert len(vigie.proposals(await vigie.incident(vigie.break_target()))) == 0
        service, proposal = await vigie.proposed()
        assert (await vigie.sign(N3_A, proposal)).ok
        await vigie.over(proposal)
        assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("R7")
async def test_a_long_change_is_read_as_a_file_and_signed_by_two(tmp_path: Path) -> None:
    """Two where the policy says so; a newer change replaces it, and its signatures are gone."""
    async with world(tmp_path, start=False) as vigie:
        toml = tmp_path / "vigie.toml"
        toml.write_text(
            toml.read_text().replace('usergroup = "n3"', 'usergroup = "n3"\nchange_signatures = 2')
        )
        await vigie.start()
        write_config_keeping(tmp_path, toml, _many)
        assert (await _sign_change(vigie, 3, N3_A)).ok
        assert len(_offers(vigie)[0].by) == 1
        write_config_keeping(tmp_path, toml, _many_more)
        await vigie.message("change:3", "was withdrawn")
        assert [(offer.id, offer.by) for offer in _offers(vigie)] == [(4, ())]
        assert (await _sign_change(vigie, 4, N3_A)).ok
        assert _maximum(vigie) == 9
        assert (await _sign_change(vigie, 4, N3_B)).ok
        await vigie.message("change:4", "is in force")
        with vigie.store.read() as tx:
            assert "look_39" in catalogue_in_force(tx).tools


async def _sign_change(vigie: World, number: int, person: Person) -> SubmitOutcome:
    """Read the file that was sent, compare its sha256 with the modal's, and sign."""
    card = await vigie.message(f"change:{number}", "The old one holds")
    await vigie.place.click(person.id, CHANNEL, card["ts"], "change_open")
    view = await vigie.until("the form", lambda: _form(vigie, person, number))
    sent = [file.content for file in vigie.place._core.files._files.values() if file.content]
    assert hashlib.sha256(sent[-1]).hexdigest() in text_of(view["blocks"])
    assert b"== catalogue.yaml, check look_39: new" in sent[-1]
    return await vigie.place.submit(person.id, view["id"], {})


def _form(vigie: World, person: Person, number: int) -> dict[str, Any] | None:
    """The form of this change, once it is filled in."""
    opened = vigie.place.views_of(person.id)
    found = [v for v in opened if v.get("callback_id") == "change" and f'"change": {number},' in _carried(v)]
    return found[-1] if found else None


def _carried(view: dict[str, Any]) -> str:
    return str(view["private_metadata"])


def _offers(vigie: World) -> list[Adopted]:
    with vigie.store.read() as tx:
        return tx.n3.offers()


def _many(catalogue: dict[str, Any]) -> None:
    catalogue["checks"] |= {f"look_{number}": catalogue["checks"]["look"] for number in range(40)}


def _many_more(catalogue: dict[str, Any]) -> None:
    _many(catalogue)
    catalogue["checks"]["look_40"] = catalogue["checks"]["look"]


def _with_tools(tools: Path, catalogue: dict[str, Any]) -> None:
    """The same tools from a folder of the test's own."""
    for entry in (*catalogue["checks"].values(), *catalogue["actions"].values()):
        run = entry["run"]
        run["argv"] = [word.replace(str(TOOLS), str(tools)) for word in run["argv"]]
        run["files"] = [word.replace(str(TOOLS), str(tools)) for word in run["files"]]


def write_config_keeping(folder: Path, toml: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Another catalogue beside the same settings."""
    kept = toml.read_text()
    write_config(folder, change_catalogue=change)
    toml.write_text(kept)


def _maximum(vigie: World) -> int:
    with vigie.store.read() as tx:
        tool = catalogue_in_force(tx).tool("fix")
    maximum = next(argument.maximum for argument in tool.arguments if argument.name == "value")
    assert maximum is not None
    return maximum
