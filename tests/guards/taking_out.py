"""Takes a guard out of a copy of the tree and runs the tests that must notice it.

A guard is an entry of a .toml file in this folder: `id`, `file`, `code` (stands there exactly once),
`without` (what stands in its place when it is taken out), `why`, `tests` (what must go red: a path, with -k
if narrower), `quick` (they are pure and take a second or two). `also` holds other forms of it (`code`,
`without`, `file` where it is another): the first form that is there counts, so that two versions of the code
share one list. Take a form out once no version has it any more.
"""

from __future__ import annotations

import ast
import random
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*_cache", ".github", "data", "*.log")
PATIENCE_S = 300
RED = 1  # pytest's code for "tests ran and some failed"; every other is a broken selection


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard as it stands in the data."""

    id: str
    file: str
    code: str
    without: str
    why: str
    tests: tuple[str, ...]
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of taking one out: `red` is the selection that noticed, or `problem` why none did."""

    guard: Guard
    red: str = ""
    problem: str = ""


def load() -> list[Guard]:
    """Every guard, in the order of files and entries."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for raw in tomllib.loads(path.read_text(encoding="utf-8"))["guard"]:
            forms = [{}, *raw.pop("also", ())]
            whole = [Guard(**{**raw, **form, "tests": tuple(raw["tests"])}) for form in forms]
            found.append(next((guard for guard in whole if _stands(guard)), whole[0]))
    return found


def _stands(guard: Guard) -> bool:
    path = ROOT / guard.file
    return path.is_file() and path.read_text(encoding="utf-8").count(guard.code) == 1


def problem_of(guard: Guard) -> str:
    """Why it cannot be taken out of this tree, or no test could notice; empty when all is well."""
    path = ROOT / guard.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text.count(guard.code) != 1:
        return (
            f"its code stands {text.count(guard.code)} times in {guard.file}; look for it and mend the entry"
        )
    try:
        ast.parse(text.replace(guard.code, guard.without))
    except SyntaxError as error:
        return f"without it {guard.file} is no Python: {error}"
    for selection in guard.tests:
        words = shlex.split(selection)
        if not (ROOT / words[0]).exists():
            return f"{words[0]} does not exist"
        if "-k" in words and not _named(ROOT / words[0], words[words.index("-k") + 1]):
            return f"no test of {words[0]} has {words[-1]!r} in its name"
    return "" if guard.tests and guard.why else "it names no test, or no reason"


def _named(path: Path, expression: str) -> bool:
    """Whether a word of it stands in that file: in the name of a test, or of a case."""
    words = set(re.findall(r"\w+", expression)) - {"or", "and", "not"}
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return any(word in text for word in words)


class Tree:
    """A copy of the tree, without the guard that is being looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tree"
        shutil.copytree(ROOT, self._folder, ignore=LEFT_OUT, symlinks=True)
        (self._folder / ".venv").symlink_to(ROOT / ".venv")

    def take_out(self, guard: Guard) -> Seen:
        """Without it, run its tests until one goes red; then put it back."""
        if problem := problem_of(guard):
            return Seen(guard, problem=problem)
        path = self._folder / guard.file
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole.replace(guard.code, guard.without), encoding="utf-8")
        try:
            return self._look(guard)
        finally:
            path.write_text(whole, encoding="utf-8")

    def _look(self, guard: Guard) -> Seen:
        for selection in guard.tests:
            code, told = self._pytest(shlex.split(selection))
            if code == RED:
                return Seen(guard, red=selection)
            if code != 0:
                return Seen(guard, problem=f"{selection}: pytest ended with {code}: {told[-600:]}")
        return Seen(guard, problem="no test noticed")

    def _pytest(self, selection: Sequence[str]) -> tuple[int, str]:
        python = self._folder / ".venv" / "bin" / "python"
        command = [str(python), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *selection]
        try:
            ran = subprocess.run(
                command, cwd=self._folder, capture_output=True, text=True, check=False, timeout=PATIENCE_S
            )
        except subprocess.TimeoutExpired:
            return -1, f"no end within {PATIENCE_S} s"
        return ran.returncode, ran.stdout + ran.stderr


def sample(guards: Sequence[Guard], count: int, seed: int) -> list[Guard]:
    """So many of them by chance, the same for the same seed."""
    return random.Random(seed).sample(list(guards), min(count, len(guards)))


def tell(seen: Seen) -> str:
    """One line: what noticed, or what is wrong."""
    if seen.red:
        return f"red    {seen.guard.id} ({seen.red})"
    return f"WRONG  {seen.guard.id}: {seen.problem}. {seen.guard.why}"
