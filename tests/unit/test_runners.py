"""Runners do exactly what was shown and nothing more, and end what they began."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import Output, RunResult, cut
from bot.tools.runners.unsigned import only_root_changes
from bot.tools.secrets import Secrets

SECRETS = Secrets({"API_TOKEN": "s3cr3t-value-77"})
COMMAND = RUNNERS["command"]


async def command(
    *argv: str, files: list[str] | None = None, timeout_s: float = 10, cap: int = 10_000
) -> RunResult:
    """Resolve and run an argument vector."""
    scripts = [part for part in argv if part.startswith("/") and part.endswith(".py")]
    resolved = COMMAND.resolve({"argv": list(argv), "files": files or scripts})
    return await COMMAND.run(resolved, timeout_s, cap, SECRETS.get)


def python(code: str) -> tuple[str, str, str]:
    """A Python program as an argument vector."""
    return (sys.executable, "-c", code)


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_arguments_arrive_as_they_are() -> None:
    """No shell takes them apart: quotes, variables, globs and separators are only characters."""
    words = ["a b", "$HOME", "`id`", "$(id)", "; rm -rf /", "*", "'", '"', "|", "&&", "", "é", "-n"]
    result = await command(*python("import sys, json; print(json.dumps(sys.argv[1:]))"), *words)
    assert result == RunResult(0, f"{json.dumps(words)}\n")


async def test_the_environment_is_bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours is inherited: no token, no proxy, no loader option; standard input is empty."""
    for name in ("SLACK_BOT_TOKEN", "OPENAI_API_KEY", "LD_PRELOAD_X", "PYTHONPATH", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "leaked")
    code = "import os, sys, json; print(json.dumps([sorted(os.environ), os.getcwd(), sys.stdin.read()]))"
    result = await command(*python(code))
    names, folder, given_input = json.loads(result.output)
    assert set(names) <= {"PATH", "LANG", "HOME", "TMPDIR", "LC_CTYPE"}
    assert given_input == ""
    assert folder not in ("/", str(await asyncio.to_thread(Path.cwd)))


async def test_a_run_has_a_folder_of_its_own() -> None:
    """Fresh, empty, readable by us alone, and gone afterwards with all that was left in it."""
    code = "import os; open('left', 'w'); print(os.getcwd(), os.environ['HOME'], oct(os.stat('.').st_mode))"
    seen = [(await command(*python(code))).output.split() for _ in range(2)]
    for folder, home, mode in seen:
        assert (folder, mode) == (home, "0o40700")
        assert not await asyncio.to_thread(os.path.exists, folder)
    assert seen[0] != seen[1]


async def test_secrets_lie_in_files_and_in_no_listing() -> None:
    """As systemd's credentials do: neither an argument nor a variable holds one; only those that it names."""
    code = (
        "import os; folder = os.environ['CREDENTIALS_DIRECTORY'];"
        "print([(n, open(os.path.join(folder, n)).read()[::-1]) for n in sorted(os.listdir(folder))]);"
        "print('77-eulav-terc3s'[::-1] in str(dict(os.environ)) + open('/proc/self/cmdline').read())"
    )
    call = {"argv": list(python(code)), "files": [], "credentials": ["API_TOKEN"]}
    secret = await Secrets({"API_TOKEN": "s3cret-value-77", "OTHER": "0ther-value"}).of(["API_TOKEN"])
    result = await COMMAND.run(COMMAND.resolve(call), 10, 1000, secret)
    assert result.output == "[('API_TOKEN', '77-eulav-terc3s')]\nFalse\n"
    with pytest.raises(ArgumentRefused, match="secret OTHER: this tool does not name it"):
        await COMMAND.run(COMMAND.resolve(call | {"credentials": ["OTHER"]}), 10, 1000, secret)


_LIMITS = """
import json, resource
names = ["CPU", "AS", "NOFILE", "FSIZE", "CORE"]
print(json.dumps({name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}))
"""


async def limited(folder: Path, code: str, **resources: int) -> RunResult:
    """Run a program within these limits."""
    program = folder / "program.py"
    program.write_text(code)
    call = {"argv": [sys.executable, "-I", str(program)], "files": [str(program)], "resources": resources}
    return await COMMAND.run(COMMAND.resolve(call), 20, 10_000, SECRETS.get)


async def test_a_program_has_limits_that_it_cannot_lift(tmp_path: Path) -> None:
    """Sane ones by themselves, others where the entry says so."""
    own = json.loads((await limited(tmp_path, _LIMITS)).output)
    assert own["AS"] == [4096 << 20] * 2
    assert own["NOFILE"] == [1024] * 2
    assert own["CORE"] == [0, 0]
    assert own["CPU"][0] == 20 * (os.cpu_count() or 1)
    given = json.loads(
        (await limited(tmp_path, _LIMITS, cpu_s=5, memory_mb=512, open_files=64, file_mb=1)).output
    )
    assert given == {
        "CPU": [5, 6],
        "AS": [512 << 20] * 2,
        "NOFILE": [64, 64],
        "FSIZE": [1 << 20] * 2,
        "CORE": [0, 0],
    }


@pytest.mark.parametrize(
    "code, resources, said",
    [
        ("bytearray(1 << 30)", {"memory_mb": 256}, "MemoryError"),
        ("[open('/dev/null') for _ in range(50)]", {"open_files": 20}, "Too many open files"),
        ("open('big', 'wb').write(bytes(3 << 20))", {"file_mb": 1}, "File too large"),
    ],
)
async def test_what_takes_too_much_is_held(
    tmp_path: Path, code: str, resources: dict[str, int], said: str
) -> None:
    """Memory, open files, the size of a file: it fails by itself, and says why."""
    result = await limited(tmp_path, code, **resources)
    assert (result.exit_code, said in result.output) == (1, True)


async def test_processor_time_is_held(tmp_path: Path) -> None:
    """A program that spins is ended long before its time limit, and the reason says so."""
    result = await limited(tmp_path, "while True: pass", cpu_s=1)
    assert result.problem == "it used more processor time than its limit `cpu_s`."


async def test_the_limit_of_processes_counts_on_top_of_ours(tmp_path: Path) -> None:
    """The kernel counts by user; root alone is not held, so the number itself is looked at."""
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC)[0])"
    few, many = [int((await limited(tmp_path, code, processes=n)).output) for n in (10, 5000)]
    assert few > 10
    assert many - few > 4000


async def test_nothing_of_ours_is_open_in_the_child(tmp_path: Path) -> None:
    """A file that Vigie holds open is not handed on."""
    with (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        code = (
            "import os; print([os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')])"
        )
        result = await command(*python(code))
    assert "held" not in result.output


@pytest.mark.parametrize(
    "code, expected",
    [
        ("print('ok')", (0, "ok\n", "")),
        ("import sys; print('no', file=sys.stderr); sys.exit(3)", (3, "no\n", "it ended with exit code 3.")),
        ("import os; os.kill(os.getpid(), 9)", (-9, "", "it ended with exit code -9.")),
    ],
)
async def test_how_it_ended_is_told(code: str, expected: tuple[int, str, str]) -> None:
    """Exit code, both output streams, and a sentence where it was not 0."""
    result = await command(*python(code))
    assert (result.exit_code, result.output, result.problem) == expected
    assert result.ok == (expected[0] == 0)


_FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1] + ".part", "w") as pids:
    pids.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
print("begun", flush=True)
if sys.argv[2] == "stay":
    time.sleep(600)
"""


def family(folder: Path, code: str = _FAMILY) -> tuple[Path, Path]:
    """The program above as a file, and the file into which it writes the ids of both processes."""
    program = folder / "family.py"
    program.write_text(code)
    return program, folder / "pids"


async def gone(pids: Path) -> None:
    """Wait until none of the processes runs; a signal is delivered in a moment, not at once."""
    family = [int(pid) for pid in await asyncio.to_thread(lambda: pids.read_text().split())]
    async with asyncio.timeout(20):
        while any(is_alive(pid) for pid in family):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["stay", "leave"])
async def test_no_process_is_left_behind(tmp_path: Path, how: str) -> None:
    """At the time limit, and after a script that leaves a child behind, the whole family is gone."""
    program, pids = family(tmp_path)
    result = await command(sys.executable, str(program), str(pids), how, timeout_s=2.5)
    assert "begun" in result.output
    # The child holds the output open, so that both cases last until the limit: what it did is not known.
    assert result.exit_code is None
    assert result.problem == "it did not end within 2.5 s."
    await gone(pids)


async def test_a_child_that_lets_go_of_the_output_is_ended_too(tmp_path: Path) -> None:
    """The script ends well; what it left running in the background is killed all the same."""
    quiet = _FAMILY.replace('time.sleep(600)"]', 'time.sleep(600)"], stdout=-3, stderr=-3')
    program, pids = family(tmp_path, quiet)
    result = await command(sys.executable, str(program), str(pids), "leave")
    assert result.ok
    await gone(pids)


async def test_a_cancelled_run_ends_its_process(tmp_path: Path) -> None:
    """Stopping the executor's task stops the program."""
    program, pids = family(tmp_path)
    task = asyncio.create_task(command(sys.executable, str(program), str(pids), "stay", timeout_s=60))
    async with asyncio.timeout(20):
        while not pids.exists():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(pids)


async def test_output_is_cut_at_the_cap_and_read_to_its_end() -> None:
    """A program that prints far more than the cap ends by itself, and the cut is said."""
    result = await command(*python("print('x' * 3_000_000)"), cap=1000)
    assert result.exit_code == 0
    assert result.output == "x" * 1000 + "\n[cut after 1000 bytes]"


async def test_output_comes_as_it_is_printed() -> None:
    """The first line is there while the program still runs; together the pieces are the output."""
    pieces: list[str] = []
    seen = asyncio.Event()

    def emit(piece: str) -> None:
        pieces.append(piece)
        seen.set()

    code = "import sys, time; print('h\u00e9llo', flush=True); time.sleep(600)"
    resolved = COMMAND.resolve({"argv": list(python(code)), "files": []})
    task = asyncio.create_task(COMMAND.run(resolved, 60, 1000, SECRETS.get, emit))
    async with asyncio.timeout(20):
        await seen.wait()
    assert pieces == ["h\u00e9llo\n"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 40))
def test_pieces_are_the_output(chunks: list[bytes], cap: int) -> None:
    """However the bytes arrive: what was handed on is what is kept, within the cap, no character in two."""
    pieces: list[str] = []
    output = Output(cap, pieces.append)
    for chunk in chunks:
        output.add(chunk)
    handed_on, kept = "".join(pieces), cut(b"".join(chunks), cap).removesuffix(f"\n[cut after {cap} bytes]")
    # A character that is cut in two at the very end is not handed on; it is kept as what it is not.
    assert handed_on == kept or (kept.startswith(handed_on) and set(kept[len(handed_on) :]) == {"\ufffd"})


async def test_output_beyond_the_cap_is_not_kept() -> None:
    """A program that prints without end fills no memory of ours."""
    tracemalloc.start()
    try:
        await command(*python("for _ in range(50): print('x' * 1_000_000)"), cap=1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@given(st.binary(max_size=60), st.integers(1, 40))
def test_any_output_is_a_storable_text(output: bytes, cap: int) -> None:
    """Bytes that are no text, NUL, half characters at the cut: always a text, cut only when too long."""
    text = cut(output, cap)
    text.encode()
    assert "\x00" not in text
    assert text.endswith(f"\n[cut after {cap} bytes]") or len(output) <= cap


@pytest.mark.parametrize("name", ["fix.sh", "fix", "fix.py"])
def test_a_script_that_nobody_signs_is_refused(tmp_path: Path, name: str) -> None:
    """Where somebody but root could change it, its sha256 has to be covered, by whatever name."""
    script, link = tmp_path / name, tmp_path / "link"
    script.write_text("#!/bin/sh\necho done\n")
    script.chmod(0o775)  # its group may write it
    link.symlink_to(script)
    for argv in ([str(script)], ["/bin/sh", str(script)], ["/bin/sh", str(link)]):
        with pytest.raises(ArgumentRefused, match="not listed under `files`"):
            COMMAND.resolve({"argv": argv, "files": []})
        COMMAND.resolve({"argv": argv, "files": [str(script)]})
    COMMAND.resolve({"argv": ["/bin/cat", str(tmp_path / "notes.txt")], "files": []})


async def test_what_becomes_a_script_after_it_was_shown_is_not_run(tmp_path: Path) -> None:
    """No script when it was signed, and one that others can change when it would run."""
    program = tmp_path / "fix"
    program.write_bytes(b"\x7fELF")
    resolved = COMMAND.resolve({"argv": [str(program)], "files": []})
    program.write_text("#!/bin/sh\necho other\n")
    program.chmod(0o775)
    with pytest.raises(ArgumentRefused, match="not listed under `files`"):
        await COMMAND.run(resolved, 10, 1000, SECRETS.get)


def test_only_root_s_files_are_taken_on_trust(tmp_path: Path) -> None:
    """Neither a folder on the way that others may write, nor another owner; links are followed first."""
    assert only_root_changes(Path("/bin/sh"))
    assert not only_root_changes(tmp_path / "missing")
    loose = tmp_path / "loose"
    loose.mkdir()
    script = loose / "fix.sh"
    script.write_text("echo")
    loose.chmod(0o777)
    assert not only_root_changes(script)


async def test_a_script_that_changed_after_it_was_shown_is_not_run(tmp_path: Path) -> None:
    """Its sha256 is part of what was signed; one byte more and it does not start."""
    script = tmp_path / "fix.py"
    script.write_text("print('as shown')")
    resolved = COMMAND.resolve({"argv": [sys.executable, str(script)], "files": [str(script)]})
    assert resolved["files"] == {str(script): hashlib.sha256(b"print('as shown')").hexdigest()}
    assert (await COMMAND.run(resolved, 10, 1000, SECRETS.get)).output == "as shown\n"
    script.write_text("print('other')")
    result = await COMMAND.run(resolved, 10, 1000, SECRETS.get)
    assert (result.exit_code, result.output) == (126, "")
    assert "changed after it was shown" in result.problem
    script.unlink()
    with pytest.raises(ArgumentRefused, match="cannot be read"):
        await COMMAND.run(resolved, 10, 1000, SECRETS.get)


@pytest.mark.parametrize("program", ["true", "./true", "../bin/true", ""])
def test_a_program_is_named_by_its_whole_path(program: str) -> None:
    """Nothing is looked up on a search path."""
    with pytest.raises(ArgumentRefused, match="must be an absolute path"):
        COMMAND.resolve({"argv": [program], "files": []})


@pytest.mark.parametrize("part", ["a\x00b", "a\nb", "a\rb", "\x1b[2J", "\x7f"])
def test_control_characters_are_no_argument(part: str) -> None:
    """From wherever they came."""
    with pytest.raises(ArgumentRefused, match="control characters"):
        COMMAND.resolve({"argv": ["/bin/echo", part], "files": []})


async def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    """A program that is not there, and a file that is none."""
    for program in (tmp_path / "absent", tmp_path):
        result = await command(str(program))
        assert result.exit_code == 127
        assert "could not be started" in result.problem
