"""`vigie ingest` from the outside: what it reads, what it shows, what it never removes, and how it is cut off."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.vigie_command import vigie
from tests.embeddings_endpoint import Endpoint, endpoint
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def there() -> Iterator[Endpoint]:
    with endpoint() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, there: Endpoint) -> AsyncIterator[World]:
    """An installation whose vectors come from an endpoint, with no `serve`."""
    async with world(tmp_path_factory.mktemp("ingest"), start=False, documents=()) as resting:
        config = resting.folder / "vigie.toml"
        vectors = f'vectors = true\nembeddings = "small"\nembeddings_url = "{there.url}"'
        text = config.read_text()
        assert "vectors = false" in text
        config.write_text(text.replace("vectors = false", vectors))
        yield resting


def written(folder: Path, *names: str) -> Path:
    """A folder with documents of these ids, each with a text of its own."""
    for name in names:
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n\nThe runbook of {name} says what to do about {name * 3}.\n")
    return folder


def ids(entries: list[dict[str, str]]) -> list[str]:
    return sorted(entry["document_id"] for entry in entries)


async def test_only_what_changed_is_embedded(stage: World, there: Endpoint, tmp_path: Path) -> None:
    """The second run embeds nothing, the third the one document that changed; counts are told in words."""
    folder = written(tmp_path / "d", "e/alpha", "e/beta")
    first = await vigie(stage, "ingest", str(folder))
    assert "2 added, 0 changed, 0 unchanged, 0 removed, 0 quarantined, 0 failed" in first.out
    assert "2 passages were embedded" in first.out
    there.asked.clear()
    again = (await vigie(stage, "ingest", str(folder), "--json")).only_json
    assert (ids(again["unchanged"]), again["index"]["embedded"]) == (["e/alpha", "e/beta"], 0)
    assert not any("alpha" in text for text in there.texts)
    (folder / "e" / "beta.md").write_text("# beta\n\nAnother text.")
    changed = (await vigie(stage, "ingest", str(folder), "--json")).only_json
    assert (ids(changed["changed"]), changed["index"]) == (
        ["e/beta"],
        {"embedded": 1, "waiting": 0, "served": False, "problem": ""},
    )


async def test_patterns_archives_and_standard_input(stage: World, tmp_path: Path) -> None:
    """A pattern gives the ids that its folder would; a zip and a list of paths do as well."""
    folder = written(tmp_path / "d", "p/one", "p/q/two", "three")
    (folder / "p" / "note.unknown").write_text("not read")
    found = (await vigie(stage, "ingest", f"{folder}/p/**/*.md", "--dry-run", "--json")).only_json
    assert ids(found["added"]) == ["one", "q/two"]
    none = (await vigie(stage, "ingest", f"{folder}/*.pdf", "--json")).only_json
    assert "no file is named like this" in none["failed"][0]["reason"]
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for path in folder.rglob("*.md"):
            archive.write(path, path.relative_to(folder))
    zipped = (await vigie(stage, "ingest", str(tmp_path / "d.zip"), "--dry-run", "--json")).only_json
    assert ids(zipped["added"]) == ["p/one", "p/q/two", "three"]
    code, out = await _fed(stage, f"{folder}/three.md\n{folder}/p/one.md\n", "-", "--dry-run")
    assert (code, "2 added" in out) == (0, True)


async def _fed(stage: World, text: str, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *_command(stage, *arguments),
        env=stage.environment,
        cwd=stage.code,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(text.encode())
    assert process.returncode is not None
    return process.returncode, out.decode()


def _command(stage: World, *arguments: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "bot", "ingest", *arguments),
        *("--config", str(stage.folder / "vigie.toml")),
    )


async def test_nothing_is_removed_that_is_not_known_to_be_gone(stage: World, tmp_path: Path) -> None:
    """A file that cannot be read any more, a torn archive and an empty folder remove nothing; a gone file does."""
    folder = written(tmp_path / "d", "r/kept", "r/torn", "r/gone")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("z/inside.md", "# Inside\n\nIn an archive.")
    assert (await vigie(stage, "ingest", str(folder), "--json")).code == 0
    (folder / "r" / "torn.md").write_bytes(b"# Torn \xff\xfe")
    (folder / "r" / "gone.md").unlink()
    (folder / "more.zip").write_bytes(b"PK torn")
    rehearsed = (
        await vigie(stage, "ingest", str(folder), "--delete-missing", "--dry-run", "--json")
    ).only_json
    ran = (await vigie(stage, "ingest", str(folder), "--delete-missing", "--json")).only_json
    assert ids(rehearsed["removed"]) == ids(ran["removed"]) == ["r/gone"]
    assert sorted(Path(one["path"]).name for one in ran["failed"]) == ["more.zip", "torn.md"]
    for path in folder.rglob("*.*"):
        path.unlink()
    empty = (await vigie(stage, "ingest", str(folder), "--delete-missing", "--json")).only_json
    assert empty["removed"] == []
    assert "no file was found in it, so its 2 documents were kept" in empty["failed"][0]["reason"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_cut_off_and_run_again_it_is_complete(
    stage: World, there: Endpoint, tmp_path: Path, how: signal.Signals
) -> None:
    """In the midst of embedding: documents are kept, and the next run does the rest and nothing twice."""
    names = [f"cut-{how.name.lower()}/{number}" for number in range(3)]
    folder = written(tmp_path / "d", *names)

    def hang(texts: list[str]) -> list[object]:
        there.drips = any("cut-" in text for text in texts)
        return [[1.0] * 48] * len(texts)

    honest, there.answer = there.answer, hang
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(stage, str(folder)),
            env=stage.environment,
            cwd=stage.code,
            stderr=asyncio.subprocess.PIPE,
        )
        await stage.until("passages being embedded", lambda: there.drips)
        process.send_signal(how)
        _, err = await process.communicate()
    finally:
        there.answer, there.drips = honest, False
    if how is signal.SIGINT:
        assert (process.returncode, b"Run it again to go on" in err) == (130, True)
    assert b"Traceback" not in err
    again = (await vigie(stage, "ingest", str(folder), "--json")).only_json
    assert (ids(again["unchanged"]), again["index"]["embedded"]) == (names, 3)


async def test_a_terminal_sees_a_bar_and_nothing_else_does(stage: World, tmp_path: Path) -> None:
    """Counts and time left while it reads and embeds; elsewhere only lines that a program can keep."""
    folder = written(tmp_path / "d", "bar/one", "bar/two")
    mine, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *_command(stage, str(folder)),
        env=stage.environment | {"TERM": "xterm", "COLUMNS": "120"},
        cwd=stage.code,
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    seen = await asyncio.to_thread(_drained, mine)
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"\x1b" not in out
    assert "reading" in seen and "2/2" in seen and "0:00:00" in seen
    plain = await vigie(stage, "ingest", str(folder))
    assert plain.err == ""


def _drained(terminal: int) -> str:
    """All that is shown there, until nobody writes any more."""
    pieces = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(terminal)
    return b"".join(pieces).decode(errors="replace")
