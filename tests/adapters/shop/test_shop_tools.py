"""The tool scripts refuse what they must, say why, and change nothing then."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.playground.shop.clock import iso_now, start_ticks

if TYPE_CHECKING:
    from tests.adapters.shop.conftest import RunningShop

PROJECT = Path(__file__).resolve().parents[3]
TOOLS = PROJECT / "bot" / "playground" / "tools"
SCRIPTS = sorted(path.name for path in TOOLS.glob("*.py"))


def run(script: str, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run one script as the tool layer does."""
    call = [sys.executable, "-I", str(TOOLS / script), "--folder", str(folder), *args]
    return subprocess.run(call, capture_output=True, text=True, timeout=10, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop's folder without a shop."""
    for name in ("run/connections", "config", "logs", "mail/queue"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def batch(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A living stock count that holds the lock."""
    call = [
        sys.executable,
        "-m",
        "bot.playground.shop.stock_count",
        "--folder",
        str(folder),
        "--seconds",
        "30",
    ]
    with subprocess.Popen(call, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        yield process
        process.kill()


def test_a_lock_whose_holder_lives_is_left_alone(folder: Path, batch: subprocess.Popen[bytes]) -> None:
    """A living holder: exit 3, one line that names the process, and the lock is untouched."""
    lock = folder / "run" / "pool.lock"
    before = lock.read_bytes()
    refused = run("clear_stale_lock.py", folder)
    assert refused.returncode == 3
    assert refused.stderr.count("\n") == 1
    assert f"process {batch.pid}" in refused.stderr
    assert lock.read_bytes() == before
    assert json.loads(run("lock_state.py", folder).stdout)["holder_alive"] is True


def test_a_process_id_given_out_again_is_not_the_holder(folder: Path) -> None:
    """A living process with the holder's id but another start is not the holder: the lock is stale."""
    me = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with me:
        lock = {"pid": me.pid, "taken_at": iso_now(), "start_ticks": start_ticks(me.pid)}
        path = folder / "run" / "pool.lock"
        path.write_text(json.dumps(lock))
        assert run("clear_stale_lock.py", folder).returncode == 3
        path.write_text(json.dumps(lock | {"start_ticks": 1}))
        state = json.loads(run("lock_state.py", folder).stdout)
        assert (state["holder_alive"], state["stale"]) == (False, True)
        assert run("clear_stale_lock.py", folder).returncode == 0
        me.kill()
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"pid": "x", "taken_at": "y"}', "[1]"])
def test_a_lock_that_names_nobody_is_left_alone(folder: Path, text: str) -> None:
    """Who cannot be told may be alive: exit 3, nothing moved, and the check says null."""
    lock = folder / "run" / "pool.lock"
    lock.write_text(text)
    assert run("clear_stale_lock.py", folder).returncode == 3
    assert lock.read_text() == text
    state = json.loads(run("lock_state.py", folder).stdout)
    assert (state["held"], state["holder_alive"], state["stale"]) == (True, None, None)


@pytest.mark.parametrize("script", SCRIPTS)
def test_unknown_arguments_are_refused(folder: Path, script: str) -> None:
    """No script takes an argument that it does not know, nor an abbreviated one: exit 2, nothing done."""
    lines = ["--lines", "5"] if script == "log_tail.py" else []
    files = sorted(folder.rglob("*"))
    for bad in (["--force"], ["extra"], ["--fold", "/"]):
        refused = run(script, folder, *lines, *bad)
        assert refused.returncode == 2, bad
        assert refused.stdout == ""
        assert "error:" in refused.stderr
    assert sorted(folder.rglob("*")) == files


def test_nothing_to_do_is_said_and_nothing_to_undo_refused(folder: Path) -> None:
    """No lock: exit 0 and why; nothing was cleared or restored: both undos exit 3."""
    done = run("clear_stale_lock.py", folder)
    assert (done.returncode, json.loads(done.stdout)["changed"]) == (0, False)
    assert run("put_back_lock.py", folder).returncode == 3
    assert run("put_back_config.py", folder).returncode == 3
    assert run("put_back_mail.py", folder).returncode == 3
    assert json.loads(run("end_leaking_report.py", folder).stdout)["changed"] is False
    assert json.loads(run("parked_mail.py", folder).stdout)["identity"] == "none"
    assert run("restore_last_good_config.py", folder).returncode == 3
    free = json.loads(run("lock_state.py", folder).stdout)
    assert (free["identity"], free["stale"]) == ("free", False)


def test_put_back_never_replaces_a_lock_in_use(folder: Path, batch: subprocess.Popen[bytes]) -> None:
    """The undo waits for a free lock, then gives up with 3 and keeps both files."""
    cleared = folder / "run" / "pool.lock.cleared"
    cleared.write_text("{}")
    assert run("put_back_lock.py", folder).returncode == 3
    assert cleared.exists()
    assert json.loads((folder / "run" / "pool.lock").read_text())["pid"] == batch.pid


def test_only_the_shop_of_this_folder_is_signalled(folder: Path) -> None:
    """A pid file that names another program or another folder's shop: exit 3, no signal, no file changed."""
    config = folder / "config"
    (config / "shop.json").write_text('{"version": "bad"}')
    (config / "shop.last-good.json").write_text('{"version": "good"}')
    elsewhere = ["bot.playground.shop", "--folder", "/elsewhere"]
    for words in ([], elsewhere):
        other = subprocess.Popen([sys.executable, "-c", "input()", *words], stdin=subprocess.PIPE)
        with other:
            (folder / "run" / "shop.pid").write_text(str(other.pid))
            refused = run("restore_last_good_config.py", folder)
            assert refused.returncode == 3
            assert "is not the shop" in refused.stderr
            assert other.poll() is None
            other.kill()
    assert (config / "shop.json").read_text() == '{"version": "bad"}'
    assert not (config / "shop.before-restore.json").exists()


def test_a_restore_is_not_done_twice_and_an_edit_after_it_is_not_lost(shop: RunningShop) -> None:
    """The second restore changes nothing; the undo refuses once somebody has edited the restored file."""
    present = shop.folder / "config" / "shop.json"
    good = present.read_text()
    present.write_text(good.replace("2000", "15"))
    assert shop.said("restore_last_good_config.py")["changed"]
    assert not shop.said("restore_last_good_config.py")["changed"]
    assert "15" in (shop.folder / "config" / "shop.before-restore.json").read_text()
    present.write_text(good.replace("2000", "3000"))
    assert shop.tool("put_back_config.py").returncode == 3
    assert "3000" in present.read_text()


def note(folder: Path, head: str, attempts: int) -> None:
    """What the mailer leaves beside its queue."""
    told = {"head": head, "attempts": attempts, "error": "cannot be read"}
    (folder / "mail" / "mailer.json").write_text(json.dumps(told))


def test_only_a_mail_that_was_tried_three_times_is_parked(folder: Path) -> None:
    """A head that is new, or another one than the mailer tries, is left alone, as is an empty queue."""
    queue = folder / "mail" / "queue"
    assert json.loads(run("park_mail.py", folder).stdout) == {"changed": False, "reason": "no mail waits"}
    for name in ("2-b.json", "3-c.json"):
        (queue / name).write_text("{}")
    assert run("park_mail.py", folder).returncode == 3  # no note of the mailer
    for head, attempts in (("2-b.json", 2), ("1-a.json", 9), ("3-c.json", 9), ("../mailer.json", 9)):
        note(folder, head, attempts)
        assert run("park_mail.py", folder).returncode == 3, (head, attempts)
        assert json.loads(run("mail_head.py", folder).stdout)["stuck"] is False
    assert sorted(entry.name for entry in queue.iterdir()) == ["2-b.json", "3-c.json"]
    (folder / "mail" / "mailer.json").write_text("broken")
    assert json.loads(run("mail_head.py", folder).stdout)["stuck"] is None
    note(folder, "2-b.json", 3)
    assert json.loads(run("mail_head.py", folder).stdout)["stuck"] is True
    assert run("park_mail.py", folder).returncode == 0
    assert [entry.name for entry in queue.iterdir()] == ["3-c.json"]


def test_putting_a_mail_back_stays_in_its_folder(folder: Path) -> None:
    """The undo refuses a name that leads elsewhere and a mail that somebody took away."""
    parked = folder / "mail" / "parked"
    parked.mkdir()
    (folder / "config" / "shop.json").write_text("{}")
    for name in ("../../config/shop.json", "gone.json", ""):
        (parked / ".last").write_text(name)
        assert run("put_back_mail.py", folder).returncode == 3, name
    assert (folder / "config" / "shop.json").exists()
    assert not list((folder / "mail" / "queue").iterdir())


HOLD = """
import json, os, sys, time
from bot.playground.shop.connections import Connections
from pathlib import Path
taken = [Connections(Path(sys.argv[1]), "holder").take() for _ in range(int(sys.argv[2]))]
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("count", [3, 6])
def test_only_a_report_of_this_shop_is_ended(folder: Path, count: int) -> None:
    """Another program is never signalled, however many connections it keeps; a few are no leak at all."""
    call = [sys.executable, "-c", HOLD, str(folder), str(count)]
    with subprocess.Popen(call, cwd=PROJECT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        done = run("end_leaking_report.py", folder)
        assert done.returncode == (3 if count == 6 else 0)
        assert ("no report of this shop" in done.stderr) == (count == 6)
        assert other.poll() is None
        (folder / "run" / "shop.pid").write_text(str(other.pid))
        spared = run("end_leaking_report.py", folder)
        assert json.loads(spared.stdout)["changed"] is False
        assert json.loads(run("leak_state.py", folder).stdout)["leaking"] is False
        assert other.poll() is None
        other.kill()


def test_log_tail_gives_so_many_lines_and_no_more(folder: Path) -> None:
    """1 to 200 lines, across the rotated file; any other number exits 2."""
    (folder / "logs" / "shop.log.1").write_text("".join(f"old {n}\n" for n in range(300)))
    (folder / "logs" / "shop.log").write_text("new 1\nnew 2\n")
    assert run("log_tail.py", folder, "--lines", "3").stdout == "old 299\nnew 1\nnew 2\n"
    assert run("log_tail.py", folder, "--lines", "200").stdout.count("\n") == 200
    for bad in ("0", "201", "-1", "ten", "1e2", "٣"):
        assert run("log_tail.py", folder, "--lines", bad).returncode == 2, bad
