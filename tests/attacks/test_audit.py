"""Group R: whatever is done to the audit log is found by `vigie audit verify`, and by Vigie itself."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.__main__ import main
from bot.playground.workspace import Person
from bot.sign_off.heads import sign
from bot.store import tables
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.only_grows import unguard
from bot.witness_folder import WitnessFolder
from tests.acceptance.vigie_command import vigie as command
from tests.world import CHANNEL, N3_A, ON_CALL, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
_C = tables.audit.c
_SHORT = "[audit]\npost_every_hours = 0\n"


@dataclass
class Place:
    """A copy of an installation that is not running, for somebody who can write all of it."""

    folder: Path

    @property
    def config(self) -> str:
        return str(self.folder / "vigie.toml")

    @property
    def heads(self) -> Path:
        return self.folder / "data" / "audit" / "heads.jsonl"

    def change(self, *statements: sa.Executable) -> None:
        """As who owns the database: the guard is taken off first."""
        engine = open_engine(sqlite_url(self.folder / "data" / "vigie.sqlite"))
        with engine.begin() as connection:
            unguard(connection, "audit")
            for statement in statements:
                connection.execute(statement)
        engine.dispose()

    def write(self, count: int) -> None:
        """Events that nobody has seen before, well chained."""
        store = Store.open(sqlite_url(self.folder / "data" / "vigie.sqlite"))
        for number in range(count):
            with store.begin() as tx:
                tx.audit.append("T1/UMALLORY", "did", f"thing {number}")
        store.close()

    def newest(self) -> int:
        store = Store.open(sqlite_url(self.folder / "data" / "vigie.sqlite"))
        with store.read() as tx:
            found = tx.audit.newest()
        store.close()
        return found


@dataclass
class Story:
    """An installation early and late, what was posted in Slack by the end, and a backup from between."""

    early: Path
    late: Path
    posted: str
    backup: Path


Copy = Callable[[str], Place]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """A Vigie with a past: two runs of serve, each of which signed a head as it began and as it ended."""
    room = tmp_path_factory.mktemp("audit")
    (room / "first").mkdir()
    async with world(room / "first", config=_SHORT, store="sqlite") as vigie:
        await _say(vigie, ON_CALL, "/vigie freeze early")
        await vigie.stop()
        backup = room / "early.backup"
        assert (await command(vigie, "backup", str(backup))).code == 0
        shutil.copytree(vigie.folder, room / "early")
        await vigie.start()
        for _ in range(3):
            await _say(vigie, N3_A, "/vigie unfreeze")
            await _say(vigie, ON_CALL, "/vigie freeze late")
        posted = await vigie.until("two heads", lambda: _posted(vigie, 2))
        await vigie.stop()
        shutil.copytree(vigie.folder, room / "late")
        yield Story(room / "early", room / "late", posted, backup)


async def _say(vigie: World, person: Person, command: str) -> None:
    """Once Vigie hears it: after a start it takes a moment until Slack is connected."""
    for _ in range(200):
        if (await vigie.place.command(person.id, CHANNEL, command)).ok:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody heard {command}")


def _posted(vigie: World, least: int) -> str | None:
    text = "\n".join(text_of(message["blocks"]) for message in vigie.place.messages(CHANNEL))
    return text if text.count("vigie-head ") >= least else None


@pytest.fixture
def copy(story: Story, tmp_path: Path) -> Copy:
    """A copy of the installation `late` or `early`, to be damaged."""

    def make(when: str) -> Place:
        place = Place(tmp_path / f"copy-of-{when}")
        shutil.copytree(getattr(story, when), place.folder)
        return place

    return make


def verify(place: Place, *more: str) -> int:
    return main(["audit", "verify", *more, "--config", place.config])


async def test_what_is_as_it_was_holds(copy: Copy, story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """The chain, every head in the folder, and what was posted in Slack: exit 0, by the same key."""
    place = copy("late")
    (place.folder / "slack.txt").write_text(story.posted)
    assert verify(place, "--head", str(place.folder / "slack.txt"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["wrong"], told["lost"]) == (True, [], [])
    assert told["heads"] == told["fitting"] >= 5 and len(told["keys"]) == 1
    assert f"signed by* `{told['keys'][0]}`" in story.posted
    assert place.heads.parent.joinpath("head.key").stat().st_mode & 0o077 == 0


@pytest.mark.attack("R1")
async def test_an_edited_row_is_named(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    """Who did it, changed to somebody else: exit 1 and its number."""
    place = copy("late")
    place.change(sa.update(tables.audit).where(_C.seq == 4).values(actor="T1/USOMEBODY"))
    assert verify(place) == 1
    assert "BROKEN at event 4" in capsys.readouterr().err


@pytest.mark.attack("R2")
async def test_a_deleted_row_is_found(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    """The gap is named."""
    place = copy("late")
    place.change(sa.delete(tables.audit).where(_C.seq == 4))
    assert verify(place) == 1
    assert "event 4 is missing" in capsys.readouterr().err


@pytest.mark.attack("R3")
async def test_reordered_rows_are_found(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    """Two events have changed places."""
    place = copy("late")
    swap = [(4, 900), (5, 4), (900, 5)]
    place.change(*(sa.update(tables.audit).where(_C.seq == old).values(seq=new) for old, new in swap))
    assert verify(place) == 1
    assert "BROKEN at event 4" in capsys.readouterr().err


@pytest.mark.attack("R4")
async def test_a_cut_off_end_is_found_by_the_heads(
    copy: Copy, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest holds in itself; each head outside the database knows better, were it only one in Slack."""
    place = copy("late")
    export = place.folder / "export.jsonl"
    assert main(["audit", "export", str(export), "--config", place.config]) == 0
    newest = place.newest()
    place.change(sa.delete(tables.audit).where(_C.seq > newest - 2))
    assert verify(place) == 1
    assert f"{newest - 1} to {newest} missing" in capsys.readouterr().err
    place.heads.unlink()
    assert verify(place) == 0  # nothing is left that could know
    (place.folder / "slack.txt").write_text(story.posted)
    capsys.readouterr()
    told = max(int(seq) for seq in re.findall(r"vigie-head seq=(\d+)", story.posted))
    place.change(sa.delete(tables.audit).where(_C.seq >= told))
    for known in ("slack.txt", "export.jsonl"):
        assert verify(place, "--head", str(place.folder / known)) == 1
        assert "cut off or rolled back" in capsys.readouterr().err


@pytest.mark.attack("R5")
async def test_a_roll_back_and_a_fork_are_found(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    """The database of before under the heads of now; then grown again, until it is longer than it was."""
    place, before = copy("late"), copy("early")
    newest = place.newest()
    shutil.copy(before.folder / "data" / "vigie.sqlite", place.folder / "data" / "vigie.sqlite")
    assert verify(place) == 1
    assert "rolled back" in capsys.readouterr().err
    place.write(newest)
    assert place.newest() > newest
    assert verify(place) == 1
    err = capsys.readouterr().err
    assert "now that is another one: the log was rolled back, forked or written anew" in err
    assert "BROKEN" not in err  # in itself it is a chain


@pytest.mark.attack("R5")
async def test_vigie_itself_notices_and_runs_nothing(story: Story, tmp_path: Path) -> None:
    """Serve starts over a database that was rolled back: frozen, told to everybody, audited."""
    async with world(tmp_path, config=_SHORT, store="sqlite", start=False) as vigie:
        data = tmp_path / "data"
        shutil.rmtree(data)
        shutil.copytree(story.late / "data", data)
        shutil.copy(story.early / "data" / "vigie.sqlite", data / "vigie.sqlite")
        await vigie.start()
        told = await vigie.until(
            "the alarm", lambda: next((m for m in vigie.place.messages(CHANNEL) if _alarms(m)), None)
        )
        assert "Execution is frozen" in text_of(told["blocks"])
        (event,) = vigie.audited("audit log broken")
        assert "rolled back" in str(event.detail["problem"])
        with vigie.store.read() as tx:
            assert tx.n3.freeze() is not None


def _alarms(message: dict[str, object]) -> bool:
    return "The audit log is not what it was" in text_of(message.get("blocks") or [])


@pytest.mark.attack("R5")
async def test_heads_cannot_be_forged_or_taken_out(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed head, one by another key, a missing line: each is named."""
    place = copy("late")
    lines = place.heads.read_text().splitlines()
    assert len(lines) >= 3
    place.heads.write_text("\n".join(lines[:1] + lines[2:]) + "\n")
    assert verify(place) == 1
    assert "line 2 does not follow" in capsys.readouterr().err
    changed = json.loads(lines[-1]) | {"seq": 3}
    place.heads.write_text("\n".join([*lines[:-1], json.dumps(changed)]) + "\n")
    assert verify(place) == 1
    assert "its signature does not fit" in capsys.readouterr().err
    head, _ = WitnessFolder(place.heads.parent).newest()
    assert head is not None
    place.heads.write_text("\n".join([*lines, sign(head, b"\7" * 32).line()]) + "\n")
    assert verify(place) == 1
    assert "none of this installation" in capsys.readouterr().err


@pytest.mark.attack("R5")
async def test_an_honest_restore_holds_and_says_what_is_lost(
    copy: Copy, story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is gone, the heads are not: restored, every head fits or is accounted for."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "VIGIE_INTAKE_TOKEN", "VIGIE_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    place = copy("late")
    newest = place.newest()
    for file in (place.folder / "data").glob("vigie.sqlite*"):
        file.unlink()
    shutil.rmtree(place.folder / "data" / "knowledge")
    assert main(["restore", str(story.backup), "--config", place.config]) == 0
    capsys.readouterr()
    assert verify(place) == 0
    out = capsys.readouterr().out
    assert "Lost: restored on " in out and f"to {newest} of the time before are lost" in out
    place.change(sa.delete(tables.audit).where(_C.action == "restored"))
    place.write(1)  # the same without its trace
    assert verify(place) == 1


def exported(file: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Both forms, read again."""
    lines = [json.loads(line) for line in Path(f"{file}--json").read_text().splitlines()]
    with Path(f"{file}--csv").open(newline="") as opened:
        return lines, list(csv.DictReader(opened))


async def test_export_and_tail(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    """Every event in both forms, nothing that a spreadsheet or a terminal would carry out."""
    place = copy("early")
    store = Store.open(sqlite_url(place.folder / "data" / "vigie.sqlite"))
    with store.begin() as tx:
        tx.audit.append("=cmd|' /C calc'!A0", "\x1b[2Jdid", "@thing", {"why": "-1+1"})
    store.close()
    file = place.folder / "log"
    for form in ("--json", "--csv"):
        assert main(["audit", "export", f"{file}{form}", form, "--config", place.config]) == 0
    lines, rows = exported(file)
    assert [line["seq"] for line in lines[:-1]] == list(range(1, place.newest() + 1))
    assert lines[-1]["head"]["signature"]
    assert (rows[-1]["actor"], rows[-1]["subject"]) == ("'=cmd|' /C calc'!A0", "'@thing")
    assert main(["audit", "export", f"{file}--csv", "--config", place.config]) == 2
    assert main(["audit", "export", f"{file}-none", "--since", "0.5d", "--config", place.config]) == 2
    assert main(["audit", "export", "-", "--since", "1h", "--config", place.config]) == 0
    capsys.readouterr()
    assert main(["audit", "tail", "-n", "2", "--config", place.config]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2 and "\x1b" not in out and "\\u{1b}[2Jdid" in out
