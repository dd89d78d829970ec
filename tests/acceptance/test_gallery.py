"""`scripts/gallery` makes its pictures; all of them are for people to look at, a few are made here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.specimens import all_specimens

SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts" / "gallery"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.timeout(180)
def test_pictures_of_messages_and_modals(tmp_path: Path) -> None:
    """Each chosen specimen in light and in dark, on a page that names it, and all on one sheet."""
    chosen = [s.name for s in all_specimens() if "-change" in s.name and s.group in ("message", "modal")]
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), "--only=-change"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "index.html").read_text()
    assert {"message", "modal"} == {name.partition("-")[0] for name in chosen}
    for name in chosen:
        light, dark = (tmp_path / f"{name}-{scheme}.png" for scheme in ("light", "dark"))
        assert f'src="{light.name}"' in page and f'src="{dark.name}"' in page
        assert light.read_bytes().startswith(PNG) and dark.read_bytes().startswith(PNG)
        assert light.read_bytes() != dark.read_bytes()
    assert (tmp_path / "contact-sheet.png").read_bytes().startswith(PNG)


def test_a_name_that_nothing_has_is_said(tmp_path: Path) -> None:
    """Exit 2, and nothing is written."""
    command = [sys.executable, str(SCRIPT), str(tmp_path / "none"), "--only", "parrot"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, "parrot" in ran.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
