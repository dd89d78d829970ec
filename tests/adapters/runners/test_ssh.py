"""The ssh runner against a real sshd: what arrives there, who is believed, and what is left behind."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.secrets import Secrets
from tests.sshd import Sshd, draw_key, server

SSH = RUNNERS["ssh"]


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    with server() as running:
        yield running


def call(sshd: Sshd, *argv: str, **changes: object) -> dict[str, Any]:
    """A call of the catalogue with its holes filled."""
    where: dict[str, object] = {
        "host": "127.0.0.1",
        "port": sshd.port,
        "user": sshd.user,
        "key": "SSH_KEY",
        "host_key": sshd.host_key,
    }
    return {"ssh": where | changes, "argv": list(argv)}


async def run(
    sshd: Sshd, *argv: str, timeout_s: float = 20, cap: int = 10_000, key: str = "", **changes: object
) -> RunResult:
    secrets = Secrets({"SSH_KEY": key or sshd.key})
    return await SSH.run(SSH.resolve(call(sshd, *argv, **changes)), timeout_s, cap, secrets.get)


async def test_arguments_arrive_as_they_are(sshd: Sshd) -> None:
    """The shell on the far side takes nothing apart: what it would act on is only characters."""
    words = [
        "a b",
        "$HOME",
        "`id`",
        "$(id)",
        "; rm -rf /",
        "*",
        "'",
        '"',
        "|",
        "&&",
        "",
        "é",
        "-n",
        "~",
        "\\",
        "!!",
    ]
    result = await run(
        sshd, sys.executable, "-c", "import sys, json; print(json.dumps(sys.argv[1:]))", *words
    )
    assert json.loads(result.output) == words
    assert result.ok


async def test_how_it_ended_is_told(sshd: Sshd) -> None:
    """Exit code and both output streams; standard input is empty; nothing of our environment is there."""
    code = "import os, sys; print(sys.stdin.read(), 'out'); print('err', file=sys.stderr); sys.exit(3)"
    result = await run(sshd, sys.executable, "-u", "-c", code)
    assert (result.exit_code, result.problem) == (3, "it ended with exit code 3.")
    assert sorted(result.output.split()) == ["err", "out"]


async def test_output_is_handed_on_as_it_comes_and_cut(sshd: Sshd) -> None:
    """Piece by piece, never more than the cap."""
    pieces: list[str] = []
    secrets = Secrets({"SSH_KEY": sshd.key})
    resolved = SSH.resolve(call(sshd, sys.executable, "-c", "print('x' * 300_000)"))
    result = await SSH.run(resolved, 20, 1000, secrets.get, pieces.append)
    assert result.output == "x" * 1000 + "\n[cut after 1000 bytes]"
    assert "".join(pieces) == "x" * 1000


async def test_a_host_with_another_key_is_not_asked(sshd: Sshd, tmp_path: Path) -> None:
    """The key that the catalogue names is the one that counts; nothing runs, and the reason says so."""
    mark = tmp_path / "ran"
    other = " ".join((sshd.folder / "other.pub").read_text().split()[:2])
    elsewhere = known_file(tmp_path, f"[elsewhere]:22 {sshd.host_key}")
    cases: tuple[dict[str, Any], ...] = ({"host_key": other}, elsewhere)
    for changes in cases:
        result = await run(sshd, "/usr/bin/touch", str(mark), **changes)
        assert result.exit_code == 255
        assert "its key is not the one that is known" in result.problem
        assert "it was not run" in result.problem
    assert not mark.exists()


def known_file(folder: Path, line: str) -> dict[str, Any]:
    path = folder / "known_hosts"
    path.write_text(f"{line}\n")
    return {"host_key": "", "known_hosts": str(path)}


async def test_a_file_of_known_hosts_is_signed_by_its_content(sshd: Sshd, tmp_path: Path) -> None:
    """It is read as OpenSSH writes it; one byte more after it was shown, and nothing is asked."""
    changes = known_file(tmp_path, f"[127.0.0.1]:{sshd.port} {sshd.host_key}")
    assert (await run(sshd, "/bin/echo", "hello", **changes)).output == "hello\n"
    resolved = SSH.resolve(call(sshd, "/bin/echo", "hello", **changes))
    with (tmp_path / "known_hosts").open("a") as file:
        file.write("\n")
    with pytest.raises(ArgumentRefused, match="changed after it was shown"):
        await SSH.run(resolved, 20, 1000, Secrets({"SSH_KEY": sshd.key}).get)


async def test_no_other_key_and_no_agent_helps(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what lies in the home folder nor an agent of whoever runs Vigie lets a wrong key in."""
    home = tmp_path / ".ssh"
    home.mkdir(0o700)
    (home / "id_ed25519").write_text(sshd.key)
    (home / "id_ed25519").chmod(0o600)
    (home / "config").write_text(f"Host *\n  IdentityFile {home / 'id_ed25519'}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    agent = tmp_path / "agent"
    server_ = await asyncio.start_unix_server(lambda reader, writer: asked.append(True), agent)
    asked: list[bool] = []
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    async with server_:
        refused = await run(sshd, "/bin/true", key=(sshd.folder / "other").read_text())
        seen = await run(sshd, "/usr/bin/env")
    assert "did not accept the key" in refused.problem
    assert asked == []
    assert "SSH_AUTH_SOCK" not in seen.output


async def test_a_key_with_a_passphrase_is_refused_by_name(sshd: Sshd, tmp_path: Path) -> None:
    """Nobody is asked for one; the error holds nothing of the key."""
    draw_key(tmp_path / "locked", "a passphrase")
    locked = (tmp_path / "locked").read_text()
    for key in (locked, "this is a text and no key at all, for sure not one"):
        with pytest.raises(ArgumentRefused, match="secret SSH_KEY: it is no private key") as refused:
            await run(sshd, "/bin/true", key=key)
        assert key[30:50] not in str(refused.value)


_FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1] + ".part", "w") as pids:
    pids.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
print("begun", flush=True)
time.sleep(600)
"""


def family(folder: Path) -> str:
    """The program above as a file; it starts a child and waits."""
    (folder / "family.py").write_text(_FAMILY)
    return str(folder / "family.py")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pids: Path) -> None:
    family = [int(pid) for pid in await asyncio.to_thread(lambda: pids.read_text().split())]
    assert len(family) == 2
    async with asyncio.timeout(20):
        while any(is_alive(pid) for pid in family):
            await asyncio.sleep(0.02)


async def test_at_the_time_limit_the_whole_family_there_is_killed(sshd: Sshd, tmp_path: Path) -> None:
    """What it did until then is told; whether it took effect is not known."""
    pids = tmp_path / "pids"
    result = await run(sshd, sys.executable, family(tmp_path), str(pids), timeout_s=3)
    assert (result.exit_code, result.output) == (None, "begun\n")
    assert result.problem == "it did not end within 3 s; it was killed there."
    await gone(pids)


async def test_a_cancelled_run_ends_the_family_there(sshd: Sshd, tmp_path: Path) -> None:
    """Stop means stop, on the other host too."""
    pids = tmp_path / "pids"
    task = asyncio.create_task(run(sshd, sys.executable, family(tmp_path), str(pids), timeout_s=60))
    async with asyncio.timeout(20):
        while not pids.exists():
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(pids)


async def test_a_connection_that_is_lost_leaves_it_unknown(sshd: Sshd) -> None:
    """The program began, and nobody saw its end."""
    code = (
        "import os; here = open(f'/proc/{os.getppid()}/stat').read().split();"
        " print('begun', flush=True); os.kill(int(here[3]) if 'sshd' not in here[1] else os.getppid(), 9)"
    )
    result = await run(sshd, sys.executable, "-c", code)
    assert result.exit_code is None
    assert result.problem == "the connection ended before it did; it may still run."


async def test_a_key_that_may_run_one_command_only_gets_it_as_it_is(sshd: Sshd) -> None:
    """`restricted`: nothing of ours stands before the command that the host compares."""
    other = (sshd.folder / "other.pub").read_text()
    with (sshd.folder / "authorized_keys").open("a") as file:
        file.write(f'command="echo $SSH_ORIGINAL_COMMAND" {other}')
    key = (sshd.folder / "other").read_text()
    result = await run(sshd, "/bin/echo", "a b", key=key, restricted=True)
    assert result == RunResult(0, "/bin/echo 'a b'\n")


async def test_nobody_there_is_told(sshd: Sshd) -> None:
    """A port that nobody listens on: nothing ran."""
    result = await run(sshd, "/bin/true", port=1)
    assert (result.exit_code, result.problem) == (
        255,
        "127.0.0.1: no connection (ConnectionRefusedError); it was not run.",
    )


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"host": "-oProxyCommand=id"}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": ""}, "host"),
        ({"user": "-l root"}, "user"),
        ({"user": "a@b"}, "user"),
        ({"port": "22; id"}, "port"),
        ({"port": 0}, "port"),
        ({"port": True}, "port"),
        ({"host_key": "nonsense"}, "host_key"),
        ({"host_key": "", "known_hosts": "/nowhere/known_hosts"}, "known_hosts"),
    ],
)
def test_what_could_mean_another_host_is_refused(changes: dict[str, object], said: str) -> None:
    """Options, blanks, users within hosts, and keys that are none: before anything is shown."""
    base = {"host": "web-1", "port": 22, "user": "vigie", "key": "K", "host_key": "ssh-ed25519 AAAA"}
    with pytest.raises(ArgumentRefused, match=f"again\\. {said}: "):
        SSH.resolve({"ssh": base | changes, "argv": ["/bin/true"]})


def test_what_is_shown_names_the_host_and_its_key() -> None:
    """The line that is signed holds all of it; a program is named by its whole path here, too."""
    where = {"host": "web-1", "port": 22, "user": "vigie", "key": "K", "host_key": "web-1 ssh-ed25519 AAAA"}
    resolved = SSH.resolve({"ssh": where, "argv": ["/bin/echo", "a b"]})
    assert resolved == {"ssh": where | {"host_key": "ssh-ed25519 AAAA"}, "argv": ["/bin/echo", "a b"]}
    with pytest.raises(ArgumentRefused, match="must be an absolute path"):
        SSH.resolve({"ssh": where, "argv": ["echo"]})
    assert shlex.join(["/bin/echo", "a b"]) == "/bin/echo 'a b'"
