"""Attack groups K and L: files made to hurt, through `vigie ingest`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.vigie_command import vigie
from tests.attacks.hostile_documents import COPIES, KEY, TOKEN, make
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Fed:
    """What `vigie ingest --json` said of the folder, and who knocked at the server that files named."""

    stage: World
    folder: Path
    code: int
    report: dict[str, list[dict[str, Any]]]
    knocks: list[str]

    def told(self, name: str) -> tuple[str, str]:
        """(outcome, reason) of the one entry whose path ends so."""
        found = [
            (outcome, entry["reason"])
            for outcome, entries in self.report.items()
            for entry in entries
            if entry["path"].endswith(name)
        ]
        assert len(found) == 1, (name, found)
        return found[0]

    def text(self, id: str) -> str:
        base = self.stage.documents()
        document = base.document(id)
        base.close()
        return "" if document is None else document.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fed]:
    """One run over all of them."""
    knocks: list[str] = []

    async def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append((await reader.readline()).decode())
        writer.close()

    server = await asyncio.start_server(knocked, "127.0.0.1", 0, family=socket.AF_INET)
    port = server.sockets[0].getsockname()[1]
    async with world(tmp_path_factory.mktemp("fed"), start=False, documents=()) as stage:
        folder = await asyncio.to_thread(make, stage.folder / "hostile", f"http://127.0.0.1:{port}")
        ran = await vigie(stage, "ingest", str(folder), "--json")
        report = {name: entries for name, entries in ran.only_json.items() if name != "index"}
        yield Fed(stage, folder, ran.code, report, knocks)
    server.close()


async def test_the_rest_goes_in(fed: Fed) -> None:
    """Exit 1 because some were not taken; every good file was, whatever stood beside it."""
    assert fed.code == 1
    for name in ("good.md", "token.md", "whole.docx", "script.html", "slip.zip!/inside.md", "template.docx"):
        assert fed.told(name) == ("added", ""), name


@pytest.mark.attack("K1")
async def test_a_zip_bomb_is_named_and_not_unpacked(fed: Fed) -> None:
    """By its ratio, before a byte of it is written."""
    outcome, reason = fed.told("bomb.zip")
    assert (outcome, "200 to 1" in reason) == ("failed", True)


@pytest.mark.attack("K2")
async def test_a_word_file_of_a_gigabyte_is_named(fed: Fed) -> None:
    """Its XML would unpack beyond what a Word file may."""
    outcome, reason = fed.told("bomb.docx")
    assert (outcome, "unpack to more than" in reason) == ("failed", True)


@pytest.mark.attack("K3")
async def test_no_entity_is_ever_resolved(fed: Fed) -> None:
    """Neither one that names a file of this machine nor one that unfolds without end."""
    for name in ("xxe.docx", "laughs.docx", "space-xxe/entities.xml", "space-laughs/entities.xml"):
        outcome, reason = fed.told(name)
        assert outcome == "failed", name
        assert "document type" in reason or "whole XML" in reason, (name, reason)
    assert "root:" not in str(fed.report)


@pytest.mark.attack("K4")
async def test_nothing_leaves_its_archive(fed: Fed) -> None:
    """Names that lead out, links and names of several lines are refused one by one."""
    refused = [one for one in fed.report["failed"] if "slip.zip!/" in one["path"]]
    assert len(refused) == 5
    for outside in (fed.folder.parent / "slipped.md", Path("/slipped.md"), Path("/tmp/slipped.md")):
        assert not outside.exists()
    assert "link.md" not in [Path(one["path"]).name for one in fed.report["added"]]


@pytest.mark.attack("K5")
async def test_nothing_that_a_file_names_is_fetched(fed: Fed) -> None:
    """A template elsewhere, macros: not looked at; nobody knocked."""
    outcome, reason = fed.told("macros.docm")
    assert (outcome, "save it as .docx" in reason) == ("failed", True)
    assert fed.knocks == []


@pytest.mark.attack("K6")
async def test_scripts_and_drawings_are_no_text(fed: Fed) -> None:
    """Words stay, what acts is gone."""
    assert fed.text("script").strip() == "words"


@pytest.mark.attack("K7")
async def test_copies_without_end_wait_for_a_person(fed: Fed) -> None:
    """So many that say nearly the same are taken; the others are set aside, naming one that is held."""
    aside = [one for one in fed.report["quarantined"] if "copies" in one["path"]]
    assert len(aside) >= COPIES - 25
    assert all("say nearly the same, for example copies/copy" in one["reason"] for one in aside)


@pytest.mark.attack("K8")
async def test_what_cannot_be_read_is_named_with_its_reason(fed: Fed) -> None:
    """Encrypted, torn, of another kind than its name says, of another encoding, too large."""
    words = {
        "locked.pdf": "encrypted",
        "torn.docx": "cut off",
        "pdf.docx": "no Word file",
        "latin.md": "not UTF-8 at byte 3",
        "huge.txt": "at most 2097152 are taken",
    }
    for name, said in words.items():
        outcome, reason = fed.told(name)
        assert (outcome, said in reason) == ("failed", True), (name, reason)


async def test_a_name_of_two_lines_is_told_on_one(fed: Fed) -> None:
    """A person's terminal shows what it is."""
    assert fed.told("hostile/line\nbreak.md")[0] == "failed"
    ran = await vigie(fed.stage, "ingest", str(fed.folder / "line\nbreak.md"))
    assert "line\\nbreak.md: id: " in ran.err
    assert ran.code == 1


@pytest.mark.attack("L2")
async def test_a_token_is_never_kept(fed: Fed) -> None:
    """Neither in the tables nor in the index's files nor in what the command says."""
    assert "[redacted: gitlab token]" in fed.text("token")
    for path in (fed.stage.folder / "data").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


@pytest.mark.attack("L6")
async def test_a_private_key_waits_for_a_person(fed: Fed) -> None:
    """It is set aside; a person may let the rest of it in, without the key, and it stays let in."""
    assert fed.told("key.md")[0] == "quarantined"
    listed = (await vigie(fed.stage, "documents", "list", "--quarantined", "--json")).only_json
    assert "key" in [one["document_id"] for one in listed["quarantined"]]
    assert (await vigie(fed.stage, "documents", "release", "key")).code == 0
    assert "Then log in." in fed.text("key") and "[redacted: private key]" in fed.text("key")
    again = (await vigie(fed.stage, "ingest", str(fed.folder / "key.md"), "--json")).only_json
    assert (again["quarantined"], [one["document_id"] for one in again["unchanged"]]) == ([], ["key"])
    secret = KEY.splitlines()[1].encode()
    for path in (fed.stage.folder / "data").rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path


@pytest.mark.attack("L6")
async def test_a_release_is_of_that_very_file(fed: Fed) -> None:
    """Once the file has changed, what a person let in says nothing about it."""
    path = fed.folder / "key2.md"
    path.write_text(f"# Other\n\n{KEY}\n")
    await vigie(fed.stage, "ingest", str(path))
    path.write_text(f"# Other\n\n{KEY}\n{KEY}\n")
    ran = await vigie(fed.stage, "documents", "release", "key2")
    assert (ran.code, "is not what it was" in ran.err) == (2, True)
