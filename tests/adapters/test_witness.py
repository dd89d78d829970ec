"""The witness in its folder: one key, one line a head, and an alarm when the log is not what it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.records import Post
from bot.errors import Misconfigured
from bot.sign_off.heads import KEY_MADE, is_signed_by
from bot.store import tables as t
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.only_grows import unguard
from bot.witness import BROKEN, Witness
from bot.witness_folder import WitnessFolder
from tests.postgresql import shared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    with opened.begin() as tx:
        tx.audit.append("vigie", "started", "store")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    return WitnessFolder(tmp_path / "audit")


def witness(store: Store, folder: WitnessFolder, hours: float = 6) -> Witness:
    """One that has begun."""
    made = Witness(store, folder, timedelta(hours=hours))
    made.begin()
    return made


def posts(store: Store) -> list[Post]:
    with store.read() as tx:
        return tx.posts.unsent()


def write(store: Store, count: int = 1) -> None:
    for _ in range(count):
        with store.begin() as tx:
            tx.audit.append("vigie", "did", "thing")


def cut(store: Store, seq: int) -> None:
    """Everything from that event on is gone."""
    with store._engine.begin() as connection:
        unguard(connection, "audit")
        connection.execute(sa.delete(t.audit).where(t.audit.c.seq >= seq))


def test_it_signs_what_is_new_and_says_its_key_once(store: Store, folder: WitnessFolder) -> None:
    """The same head is not signed twice; a start anew makes no new key, and posts no more heads."""
    one = witness(store, folder)
    assert one.sign() is not None and one.sign() is None
    write(store)
    head = witness(store, folder).sign()
    assert head is not None and len(folder.lines()) == 2
    (public,) = folder.public().values()
    assert is_signed_by(head, public) and folder.newest()[0] == head
    assert [post.key.rpartition(":")[0] for post in posts(store)] == ["audit:key", "audit:head:1"]
    with store.read() as tx:
        assert len(tx.audit.acted(KEY_MADE)) == 1


def test_every_head_is_posted_where_that_is_asked_for(store: Store, folder: WitnessFolder) -> None:
    """post_every_hours = 0."""
    made = witness(store, folder, hours=0)
    for _ in range(3):
        write(store)
        made.sign()
    assert sum(post.key.startswith("audit:head:") for post in posts(store)) == 3


@pytest.mark.attack("R4")
def test_a_cut_off_end_freezes_and_is_told_once(store: Store, folder: WitnessFolder) -> None:
    """While it runs, without anybody who asks: nothing more runs, N3 are told; the file of heads goes on."""
    made = witness(store, folder)
    write(store, 5)
    made.sign()
    cut(store, 4)
    for _ in range(3):
        write(store)
        made.sign()
    with store.read() as tx:
        freeze, (event,) = tx.n3.freeze(), tx.audit.acted(BROKEN)
    assert freeze is not None and "cut off or rolled back" in str(event.detail["problem"])
    assert sum(post.key.startswith("audit:broken:") for post in posts(store)) == 1
    assert len(folder.lines()) == 4


def test_an_event_changed_since_the_newest_head_is_noticed(store: Store, folder: WitnessFolder) -> None:
    """What came since is recomputed at each head."""
    made = witness(store, folder)
    made.sign()
    write(store, 2)
    with store._engine.begin() as connection:
        unguard(connection, "audit")
        connection.execute(sa.update(t.audit).where(t.audit.c.seq == 3).values(actor="T1/UMALLORY"))
    made.sign()
    with store.read() as tx:
        (event,) = tx.audit.acted(BROKEN)
    assert event.detail["problem"] == "event 3: its content was changed after it was written"


def test_a_folder_that_takes_nothing_is_told(store: Store, folder: WitnessFolder) -> None:
    """It is an error each time, one message a day, and the head follows once there is room."""
    made = witness(store, folder)
    folder.heads.symlink_to(folder.heads.parent / "unmounted" / "heads.jsonl")
    for _ in range(2):
        with pytest.raises(OSError):
            made.sign()
    assert sum(post.key.startswith("audit:unwritten:") for post in posts(store)) == 1
    (folder.heads.parent / "unmounted").mkdir()
    assert made.sign() is not None


def test_a_key_that_others_can_read_is_refused(store: Store, folder: WitnessFolder, tmp_path: Path) -> None:
    """With what to do about it; and a file that is no key, too."""
    witness(store, folder)
    key = tmp_path / "audit" / "head.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        witness(store, folder)
    key.chmod(0o600)
    key.write_text("no key")
    with pytest.raises(Misconfigured, match="cannot be read"):
        witness(store, folder)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_log(engine: str, change: str, tmp_path: Path) -> None:
    """Neither an update nor a deletion, on either engine; PostgreSQL does not empty it either."""
    url = shared().fresh() if engine == "postgresql" else sqlite_url(tmp_path / "s.sqlite")
    store = Store.open(url)
    write(store, 2)
    emptied = ["TRUNCATE audit"] if engine == "postgresql" else []
    for statement in (change, *emptied):
        with (
            pytest.raises(sa.exc.DBAPIError, match="audit only grows"),
            open_engine(url).begin() as connection,
        ):
            connection.execute(sa.text(statement))
    write(store)
    with store.read() as tx:
        assert tx.audit.newest() == 3
    store.close()


def _run(url: str, statement: str) -> None:
    with open_engine(url).begin() as connection:
        connection.execute(sa.text(statement))
