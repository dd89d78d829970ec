"""`vigie ingest`: what it reads, what it shows, what it never removes, and how it is cut off."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.commands import ingest
from tests.embeddings_endpoint import Endpoint, endpoint

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """How one call ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Command = Callable[..., Ran]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation that searches by words alone."""
    path = tmp_path / "vigie.toml"
    path.write_text("[knowledge]\nvectors = false\n")
    return path


@pytest.fixture
def there(config: Path) -> Iterator[Endpoint]:
    """From now on its vectors come from this endpoint."""
    with endpoint() as one:
        config.write_text(f'[knowledge]\nembeddings = "small"\nembeddings_url = "{one.url}"\n')
        yield one


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """`vigie ingest PATHS`, in this process."""

    def call(*paths: Path | str, as_json: bool = True, **options: bool) -> Ran:
        given = {"dry_run": False, "rebuild": False, "delete_missing": False} | options
        code = ingest.run(config, [Path(path) for path in paths], as_json=as_json, **given)
        return Ran(code, *capsys.readouterr())

    return call


def command(config: Path, folder: Path) -> list[str]:
    return [sys.executable, "-m", "bot", "ingest", str(folder), "--config", str(config)]


def written(folder: Path, *names: str) -> Path:
    """A folder with documents of these ids, each with a text of its own."""
    for name in names:
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n\nThe runbook of {name} says what to do about {name * 3}.\n")
    return folder


def ids(entries: list[dict[str, str]]) -> list[str]:
    return sorted(entry["document_id"] for entry in entries)


def test_only_what_changed_is_embedded(run: Command, there: Endpoint, tmp_path: Path) -> None:
    """The second run embeds the one document that changed; counts are told in words."""
    folder = written(tmp_path / "d", "e/alpha", "e/beta")
    first = run(folder, as_json=False)
    assert "2 added, 0 changed, 0 unchanged, 0 removed, 0 quarantined, 0 failed" in first.out
    assert "2 passages were embedded" in first.out
    there.asked.clear()
    (folder / "e" / "beta.md").write_text("# beta\n\nAnother text.")
    changed = run(folder).told
    assert (ids(changed["unchanged"]), ids(changed["changed"])) == (["e/alpha"], ["e/beta"])
    assert changed["index"] == {"embedded": 1, "waiting": 0, "served": False, "problem": ""}
    assert not any("alpha" in text for text in there.texts)


def test_patterns_archives_and_standard_input(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern gives the ids that its folder would; a zip and a list of paths do as well."""
    folder = written(tmp_path / "d", "p/one", "p/q/two", "three")
    (folder / "p" / "note.unknown").write_text("not read")
    found = run(f"{folder}/p/**/*.md", dry_run=True).told
    assert ids(found["added"]) == ["one", "q/two"]
    none = run(f"{folder}/*.pdf").told
    assert "no file is named like this" in none["failed"][0]["reason"]
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for path in folder.rglob("*.md"):
            archive.write(path, path.relative_to(folder))
    zipped = run(tmp_path / "d.zip", dry_run=True).told
    assert ids(zipped["added"]) == ["p/one", "p/q/two", "three"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{folder}/three.md\n{folder}/p/one.md\n"))
    assert ids(run("-", dry_run=True).told["added"]) == ["one", "three"]


def test_nothing_is_removed_that_is_not_known_to_be_gone(run: Command, tmp_path: Path) -> None:
    """A file that cannot be read any more, a torn archive and an empty folder remove nothing; a gone file
    does.
    """
    folder = written(tmp_path / "d", "r/kept", "r/torn", "r/gone")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("z/inside.md", "# Inside\n\nIn an archive.")
    assert run(folder).code == 0
    (folder / "r" / "torn.md").write_bytes(b"# Torn \xff\xfe")
    (folder / "r" / "gone.md").unlink()
    (folder / "more.zip").write_bytes(b"PK torn")
    rehearsed = run(folder, delete_missing=True, dry_run=True).told
    ran = run(folder, delete_missing=True).told
    assert ids(rehearsed["removed"]) == ids(ran["removed"]) == ["r/gone"]
    assert sorted(Path(one["path"]).name for one in ran["failed"]) == ["more.zip", "torn.md"]
    for path in folder.rglob("*.*"):
        path.unlink()
    empty = run(folder, delete_missing=True).told
    assert empty["removed"] == []
    assert "no file was found in it, so its 3 documents were kept" in empty["failed"][0]["reason"]


def test_cut_off_and_run_again_it_is_complete(
    run: Command, there: Endpoint, config: Path, tmp_path: Path
) -> None:
    """In the midst of embedding, by Ctrl-C: documents are kept, the next run does the rest."""
    names = [f"cut/{number}" for number in range(3)]
    folder = written(tmp_path / "d", *names)
    honest = there.answer

    def hang(texts: list[str]) -> list[object]:
        there.drips = any("cut" in text for text in texts)
        return honest(texts)

    there.answer = hang
    with subprocess.Popen(command(config, folder), cwd=ROOT, stderr=subprocess.PIPE) as process:
        while not there.drips and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, b"Run it again to go on" in err) == (130, True)
    assert b"Traceback" not in err
    there.answer, there.drips = honest, False
    again = run(folder).told
    assert (ids(again["unchanged"]), again["index"]["embedded"]) == (names, 3)


def test_a_terminal_sees_a_bar_and_nothing_else_does(config: Path, run: Command, tmp_path: Path) -> None:
    """Counts and time left while it reads; elsewhere only lines that a program can keep."""
    folder = written(tmp_path / "d", "bar/one", "bar/two")
    mine, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        command(config, folder), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = _drained(mine)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"\x1b" not in out
    assert "reading" in seen and "2/2" in seen and "0:00:00" in seen
    assert "\x1b" not in run(folder, as_json=False).err


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
