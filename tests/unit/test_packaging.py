"""The container image and the systemd unit, as far as they can be held without an engine to run them.

`scripts/packaging/try` runs the image's own steps in a clean folder, with its packages from the lock files.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bot.errors import Misconfigured, StoreBusy, StoreUnavailable

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "scripts" / "packaging"
PLACE = "/opt/vigie"


def steps() -> list[tuple[str, str]]:
    """Every instruction of the image with its words, in order."""
    text = re.sub(r"^\s*#.*\n", "", (PACKAGING / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def copies() -> list[tuple[list[str], str]]:
    """What is copied from the checkout, and where to."""
    words = [shlex.split(rest) for verb, rest in steps() if verb == "COPY"]
    return [(sources, place) for *sources, place in words if not sources[0].startswith("--from")]


def unit() -> dict[str, list[str]]:
    """Every directive of the unit with its values."""
    found: dict[str, list[str]] = {}
    for line in (PACKAGING / "vigie.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_what_the_image_copies_is_there_and_is_let_through() -> None:
    """Each source exists, and the ignore file, which keeps everything out, names it."""
    let_in = [
        line[1:]
        for line in (PACKAGING / "Containerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    sources = [source for given, _ in copies() for source in given]
    assert len(sources) >= 8
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sorted(set(sources)) == sorted(let_in)


def test_nothing_private_can_come_into_the_image() -> None:
    """Everything is kept out but what is named, and no name lets data, tokens or tests in."""
    lines = (PACKAGING / "Containerfile.dockerignore").read_text().splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
    private = ("data", "vigie.toml", "vigie.env", "secrets.env", ".git", ".venv", "tests")
    assert [name for name in private for line in lines if line[:1] == "!" and fnmatch(name, line[1:])] == []


def test_the_image_runs_as_nobody_special_and_can_be_read_only() -> None:
    """Not as root, packages by the set-up that checks hashes, health asked for, no download of its own."""
    found: dict[str, list[str]] = {}
    for verb, rest in steps():
        found.setdefault(verb, []).append(rest)
    assert found["USER"] == ["10001:10001"]
    assert {base.split()[0] for base in found["FROM"]} == {"python:3.11-slim"}
    assert "ADD" not in found
    assert "scripts/setup run" in found["RUN"]
    assert [run for run in found["RUN"] if re.search(r"curl|wget|pip install|apt-get|https?://", run)] == []
    assert "/health" in found["HEALTHCHECK"][0]
    assert found["STOPSIGNAL"] == ["SIGTERM"]
    assert any("PYTHONDONTWRITEBYTECODE=1" in line for line in found["ENV"])


def test_what_is_copied_is_enough_to_run(tmp_path: Path) -> None:
    """The image's tree in a folder of its own, with this machine's packages: every part of it loads."""
    for sources, place in copies():
        target = tmp_path / place.removeprefix(f"{PLACE}/").removeprefix(PLACE)
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, target)
    program = (
        "import sys, bot.app, bot.lifecycle, bot.llm.diagnostician, bot.commands.migrate, prompts\n"
        "from bot.store.migrate import revisions\n"
        "assert bot.app.__file__.startswith(sys.argv[1]), bot.app.__file__\n"
        "print(len(revisions()), len(list(prompts.FOLDER.glob('*.j2'))))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert all(int(count) > 0 for count in ran.stdout.split())


def test_the_unit_gives_up_only_where_a_restart_cannot_help() -> None:
    """Exit 2 is a wrong configuration or another serve; a database that is away is waited for."""
    found = unit()
    assert (found["Restart"], found["RestartPreventExitStatus"]) == (["on-failure"], ["2"])
    assert (Misconfigured.exit_code, StoreBusy.exit_code, StoreUnavailable.exit_code) == (2, 2, 1)
    assert found["StartLimitIntervalSec"] == ["0"]
    # The executor is the child of serve: it is not to be told to end in the middle of an action.
    assert found["KillMode"] == ["mixed"]
    assert int(found["TimeoutStopSec"][0]) >= 60


@pytest.mark.parametrize(
    "name, value",
    [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("StateDirectory", "vigie"),
        ("UMask", "0077"),
        ("User", "vigie"),
        ("EnvironmentFile", "/etc/vigie/vigie.env"),
    ],
)
def test_the_unit_is_hardened(name: str, value: str) -> None:
    """It writes below its own folder alone, gains no right, and has no token in the unit itself."""
    assert unit()[name] == [value]
    assert "xoxb-" not in (PACKAGING / "vigie.service").read_text()
