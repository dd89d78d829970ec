"""The shape of the code itself: arrows between packages, sizes, names, and what a committed file may hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.on_the_loop import Blocking

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("bot", "knowledge", "prompts")
MODULE_LINES = 400
FUNCTION_LINES = 60
README_LINES = 80
BROAD_EXCEPTS = 18
VAGUE = {"manager", "handler", "helper", "util", "processor"}
NOT_COMMITTED = {".git", ".venv", "__pycache__", "data", ".setup.lock", "vigie.toml", ".env"}

# Alembic loads migrations by path, catalogues run their tools as scripts: nothing imports either.
NOT_PACKAGES = re.compile(
    r"\b(bot|knowledge)/(.+/)?migrations(/versions)?$|^bot/playground/tools$|^bot/commands/init/starter/tools$"
)

# Loaded only by the commands that need them: each costs more than the whole of `vigie --help`.
HEAVY = [
    "aiohttp",
    "bot.playground",
    "chromadb",
    "dbos",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "numpy",
    "onnx",
    "onnxruntime",
    "openai",
    "pydantic",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "tiktoken",
]

# One letter of each stands in brackets, so that this file does not find itself.
OUTSIDE = re.compile(
    r"pyp[i]\.org|pythonhoste[d]|registry\.npmj[s]|(deb|security)\.debia[n]"
    r"|/wor[k]/(main|shared|steering)|/roo[t]/\.|/bash_job[s]"
)


@cache
def committed() -> tuple[Path, ...]:
    """Files that are or would be committed; without git, all but what set-up and the tools leave behind."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        found = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        paths = [ROOT / name for name in found.split("\0") if name]
    else:
        paths = []
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [
                name for name in folders if name not in NOT_COMMITTED and not name.endswith("_cache")
            ]
            paths += [Path(folder) / name for name in names if name not in NOT_COMMITTED]
    return tuple(sorted(path for path in paths if path.is_file()))


def sources(*tops: str) -> list[Path]:
    """Python files below the named folders of the root."""
    return [path for path in committed() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in tops]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """`file:line`, as an editor understands it."""
    line = getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT)}:{line}"


def nodes(*tops: str) -> Iterator[tuple[Path, ast.AST]]:
    """Every syntax node of the Python files below the named folders."""
    for path in sources(*tops):
        for node in ast.walk(tree(path)):
            yield path, node


def words(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name, lower case, without a plural s."""
    return {word.lower().removesuffix("s") for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_arrows_between_packages() -> None:
    """Every contract under [tool.importlinter] holds."""
    # In a process of its own: it sets logging up anew and thereby silences the loggers of other tests.
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    linted = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout


def test_arrows_see_every_module() -> None:
    """Each folder with modules is a package: import-linter sees no other and would say nothing of it."""
    folders = {path.parent.relative_to(ROOT) for path in sources(*PRODUCT)}
    blind = {str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()}
    assert {folder for folder in blind if not NOT_PACKAGES.search(folder)} == set()


def test_modules_are_short() -> None:
    """No module is longer than one sitting can hold."""
    every = sources(*PRODUCT, "scripts", "tests")
    long = {
        place(path): count for path in every if (count := len(path.read_text().splitlines())) > MODULE_LINES
    }
    assert long == {}


def test_functions_are_short() -> None:
    """No function is longer than one screen; a migration may be, a list of tables written once."""
    long = {
        place(path, node): node.name
        for path, node in nodes(*PRODUCT, "scripts", "tests")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES
        and "migrations" not in path.parts
    }
    assert long == {}


def test_names_say_what() -> None:
    """No module, class or function of ours hides behind a word that fits anything."""
    named = [(path, None, path.stem) for path in sources("bot", "knowledge")] + [
        (path, node, node.name)
        for path, node in nodes("bot", "knowledge")
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert {place(path, node): name for path, node, name in named if words(name) & VAGUE} == {}


def test_no_store_call_stands_on_an_event_loop() -> None:
    """An `async def` asks the store in a thread: while another process writes, its loop would stand still."""
    trees = {_dotted(path): tree(path) for path in sources("bot")}
    found = [f"{module}:{call.lineno}: {ast.unparse(call)}" for module, call in Blocking(trees).on_the_loop()]
    assert found == []


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize(
    "text, stands",
    [
        ("async def f(store):\n with store.read() as tx: pass", True),
        ("async def f(self):\n return self._store.now()", True),
        ("def g(store):\n with store.begin(): pass\nasync def f(store):\n g(store)", True),
        ("def g(store):\n with store.begin(): pass\nasync def f(store):\n await to_thread(g, store)", False),
        ("async def f(store):\n def g():\n  with store.begin(): pass\n await to_thread(g)", False),
        ("class A:\n def g(self): self._store.now()\n async def f(self): self.g()", True),
        ("class A:\n def g(self): self._store.now()\nclass B(A):\n async def f(self): self.g()", True),
        ("class A:\n def __init__(self, store): store.now()\nasync def f(s): return A(s)", True),
        ("class A:\n def g(self): self._store.now()\nasync def f(a: A | None): a.g()", True),
        (
            """class A:
 def g(self): self._store.now()
class B:
 def __init__(self, a: A): self._a, self._n = a, 1
 async def f(self): self._a.g()""",
            True,
        ),
        ("async def f(page): return page.read()", False),
    ],
)
def test_store_calls_are_found_on_a_loop(text: str, stands: bool) -> None:
    """Where it is called itself, and behind functions, methods, bases, attributes and parameters."""
    assert bool([*Blocking({"one": ast.parse(text)}).on_the_loop()]) == stands


def test_broad_excepts_are_few() -> None:
    """Broad excepts stand at loop boundaries only, so there are a handful; a bare one stands nowhere."""
    broad = []
    for path, node in nodes(*PRODUCT, "scripts"):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except at {place(path, node)}"
            caught = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
            if caught & {"Exception", "BaseException"}:
                broad.append(place(path, node))
    assert len(broad) <= BROAD_EXCEPTS, broad


def test_help_imports_nothing_heavy() -> None:
    """`vigie --help` answers at once: it loads no library that a command needs later, nor the playground."""
    program = (
        "import sys\nfrom bot.__main__ import main\nsys.argv = ['vigie', '--help']\n"
        f"try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('loaded:', *sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "usage" in ran.stdout.lower()
    assert ran.stdout.splitlines()[-1] == "loaded:"


def test_nothing_of_the_machine_is_committed() -> None:
    """No committed file names a package registry or a path of the machine it was written on."""
    found = []
    for path in committed():
        content = path.read_bytes()
        text = "" if b"\0" in content else content.decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if OUTSIDE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_each_package_says_what_lives_there() -> None:
    """The root, each root folder and each package of the bot carry a README.md of one page."""
    packages = [
        path.parent
        for path in sources("bot")
        if path.name == "__init__.py" and path.parent.parent == ROOT / "bot"
    ]
    for folder in [ROOT / name for name in (*PRODUCT, "scripts")] + packages:
        readme = folder / "README.md"
        assert readme.is_file(), f"{readme.relative_to(ROOT)} is missing"
        assert len(readme.read_text().splitlines()) <= README_LINES, (
            f"{readme.relative_to(ROOT)} is over a page"
        )
    assert (ROOT / "README.md").is_file()


def test_no_test_is_skipped() -> None:
    """Every test runs: nothing is skipped, expected to fail, or left out when a library is missing."""
    out = {
        "skip",
        "skipif",
        "skipIf",
        "skipUnless",
        "skipTest",
        "xfail",
        "importorskip",
        "SkipTest",
        "expectedFailure",
    }
    found = [
        place(path, node)
        for path, node in nodes("tests")
        if (isinstance(node, ast.Attribute) and node.attr in out)
        or (isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & out)
    ]
    assert found == []
