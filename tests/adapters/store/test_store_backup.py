"""Backup and restore: what goes in comes out on either engine; what is wrong in a file is refused whole."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.proposal import ProposalState
from bot.domain.standing import StandingState
from bot.errors import BadInput, StoreNotEmpty, StoreTooNew
from bot.restoring import refuse_unless_empty, restore
from bot.sign_off.audit import first_broken
from bot.store import backup as backup_module
from bot.store import tables as t
from bot.store.database import Store, open_engine, sqlite_url, system_now
from bot.store.houses import KNOWLEDGE, STORE
from bot.store.restore import Backup
from bot.voiding import Voided
from knowledge.base import KnowledgeBase
from knowledge.model import Document
from tests.adapters.store.build import alert, proposal
from tests.adapters.store.filled import DEEP, fill, teach
from tests.postgresql import shared

# What a restore changes on purpose; every other row is exactly as it was.
VOIDED = {"proposals", "incidents", "posts", "adopted", "standing_sign_offs", "audit", "high_water"}


@dataclass
class Place:
    """Where an installation keeps its rows and its documents."""

    engines: dict[str, sa.Engine]

    @property
    def store(self) -> Store:
        return Store(self.engines["store"])

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table, by table."""
        found = {}
        for house in (STORE, KNOWLEDGE):
            with self.engines[house.name].connect() as connection:
                for table in house.shape(house.head):
                    query = sa.select(table).order_by(*table.primary_key.columns)
                    found[table.name] = [tuple(row) for row in connection.execute(query)]
        return found

    def restore(self, file: Path) -> Voided:
        with Backup(file) as opened:
            opened.check()
            return restore(opened, self.engines, system_now())


Make = Callable[[str], Place]


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Make]:
    """An empty place on an engine."""
    made: list[Place] = []

    def make(engine: str) -> Place:
        folder = tmp_path / f"place-{len(made)}"
        folder.mkdir()
        if engine == "postgresql":
            one = open_engine(shared().fresh())
            place = Place({"store": one, "knowledge": one})
        else:
            names = {"store": "vigie.sqlite", "knowledge": "knowledge.sqlite"}
            place = Place({what: open_engine(sqlite_url(folder / name)) for what, name in names.items()})
        made.append(place)
        return place

    yield make
    for place in made:
        for engine in place.engines.values():
            engine.dispose()


def full(place: Place, folder: Path) -> dict[str, int]:
    """Fill a place; ids of its proposals."""
    ids = fill(Store.ready(place.engines["store"]))
    teach(folder / "documents", place.engines["knowledge"].url.render_as_string(hide_password=False))
    return ids


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a filled SQLite place, to be damaged in copies."""
    folder = tmp_path_factory.mktemp("backup")
    place = Place({n: open_engine(sqlite_url(folder / f"{n}.sqlite")) for n in ("store", "knowledge")})
    full(place, folder)
    made = folder / "good.backup"
    backup_module.write(place.engines, made, "0.1.0", datetime.now(UTC))
    return made


@pytest.mark.parametrize("before", ["sqlite", "postgresql"])
@pytest.mark.parametrize("after", ["sqlite", "postgresql"])
def test_what_goes_in_comes_out(before: str, after: str, make_place: Make, tmp_path: Path) -> None:
    """Every row of every table with its types, from either engine into either; new rows go on counting."""
    old, new = make_place(before), make_place(after)
    full(old, tmp_path)
    file = tmp_path / "b.backup"
    manifest = backup_module.write(old.engines, file, "0.1.0", system_now())
    wanted = old.rows()
    assert manifest.rows == sum(len(rows) for rows in wanted.values())
    assert [name for name, rows in wanted.items() if not rows] == []  # something of every kind was there
    new.restore(file)
    found = new.rows()
    found["counters"] = [row for row in found["counters"] if not row[0].startswith("numbers:")]
    assert {name: found[name] for name in found.keys() - VOIDED} == {
        name: wanted[name] for name in wanted.keys() - VOIDED
    }
    assert found["audit"][: len(wanted["audit"])] == wanted["audit"]
    with new.store.begin() as tx:
        # Above whatever was numbered after the backup and lost: Slack still shows cards with those numbers.
        assert tx.incidents.open(alert(), "the next", None).id == len(wanted["incidents"]) + 10_001
        assert proposal(tx).id == len(wanted["proposals"]) + 10_001
        assert first_broken(tx.audit.events()) is None
    url = new.engines["knowledge"].url.render_as_string(hide_password=False)
    base = KnowledgeBase.open(tmp_path / "again", owner=False, url=url)
    assert [document.id for document in base.documents()] == ["b", "runbooks/a"]
    assert base.add(Document("runbooks/b", "B", "runbook", "## B\n\nNew.\n")) == "added"
    base.close()


@pytest.mark.attack("R10")
@pytest.mark.parametrize("after", ["sqlite", "postgresql"])
def test_whatever_could_run_by_an_old_signature_is_over(after: str, file: Path, make_place: Make) -> None:
    """Waiting and signed ones are expired, what ran is unknown; signatures of offers and standing ones go."""
    place = make_place(after)
    voided = place.restore(file)
    with place.store.read() as tx:
        states = [p.state for p in tx.proposals.in_states(*ProposalState)]
        due = [p.id for p in tx.proposals.to_verify()]
        (event,) = [event for event in tx.audit.events() if event.action == "restored"]
    unknown, expired, done = ProposalState.UNKNOWN, ProposalState.EXPIRED, ProposalState.SUCCEEDED
    assert states == [expired, expired, unknown, done]
    assert (voided.expired, voided.unknown, voided.offers, voided.standing) == (("P1", "P2"), ("P3",), 1, 1)
    assert due == [3]
    assert event.detail["expired"] == ["P1", "P2"]
    with place.store.read() as tx:
        (standing,) = tx.standing.every()
    assert (standing.state, standing.uses_left, standing.plan) == (StandingState.VOID, 0, {"deep": DEEP})
    with place.engines["store"].connect() as connection:
        by = connection.execute(sa.select(t.adopted.c.by).where(t.adopted.c.state == "offered")).scalars()
        assert list(by) == [[]]


def test_messages_that_may_be_in_slack_are_looked_for_first(file: Path, make_place: Make) -> None:
    """What was not sent then is in doubt; so is what open work is going to want; what was sent is left."""
    place = make_place("sqlite")
    assert place.restore(file).in_doubt == 1
    with place.store.begin() as tx:
        doubt = {post.key: post.in_doubt for post in tx.posts.unsent()}
        assert doubt.pop("unsent")
        assert any(key.startswith("restored:") for key in doubt)
        sent = tx.posts.get("sent")
        assert sent is not None and (sent.ts, sent.in_doubt, sent.sent) == ("1.5", False, 1)
        for key in ("incident:4:diagnosis", "answer:message:C1:2.5"):
            foreseen = tx.posts.get(key)
            assert foreseen is not None and foreseen.in_doubt
            assert key not in doubt
        tx.posts.want("incident:4:diagnosis", "incidents", "diagnosis", 4, "incident:4")
        wanted = {post.key: post for post in tx.posts.unsent()}["incident:4:diagnosis"]
        assert (wanted.wanted, wanted.in_doubt) == (1, True)


@pytest.mark.parametrize("after", ["sqlite", "postgresql"])
def test_nothing_is_overwritten(after: str, file: Path, make_place: Make) -> None:
    """A store or knowledge base with anything in it is left as it is; one with empty tables will do."""
    place = make_place(after)
    Store.ready(place.engines["store"])
    place.restore(file)
    before = place.rows()
    with Backup(file) as opened:
        for way in (refuse_unless_empty, lambda b, e: restore(b, e, system_now())):
            with pytest.raises(StoreNotEmpty):
                way(opened, place.engines)
    assert place.rows() == before


@pytest.mark.parametrize("after", ["sqlite", "postgresql"])
def test_a_restore_that_fails_leaves_nothing(
    after: str, file: Path, make_place: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks off in the last table: no row and no table of it is there, and it can be done again."""
    place = make_place(after)
    keep = Backup.rows

    def rows(self: Backup, house: str, part: backup_module.Part) -> Iterator[dict[str, object]]:
        if part.table == "knowledge_passages":
            raise OSError("the disk is gone")
        return keep(self, house, part)

    monkeypatch.setattr(Backup, "rows", rows)
    with pytest.raises(OSError, match="the disk is gone"):
        place.restore(file)
    for engine in place.engines.values():
        assert sa.inspect(engine).get_table_names() == []
    monkeypatch.undo()
    place.restore(file)


def test_a_backup_is_of_one_moment(make_place: Make, tmp_path: Path, engine_name: str) -> None:
    """Writers go on all the while: what was committed together is in it together, and the chain holds."""
    place = make_place(engine_name)
    store, stop = Store.ready(place.engines["store"]), threading.Event()

    def write() -> None:
        while not stop.is_set():
            with store.begin() as tx:
                tx.alerts.count("decided:opened")
                tx.audit.append("vigie", "counted", "row")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            file = tmp_path / f"{number}.backup"
            backup_module.write({"store": place.engines["store"]}, file, "0.1.0", system_now())
            with Backup(file) as opened:
                opened.check()
                parts = {part.table: part for part in opened.manifest.houses["store"].parts}
                counted = sum(float(str(row["value"])) for row in opened.rows("store", parts["counters"]))
                assert counted == parts["audit"].rows
    finally:
        stop.set()
        writer.join(10)


def test_a_backup_is_private_and_overwrites_nothing(make_place: Make, tmp_path: Path) -> None:
    """Mode 600; an existing file stays as it is; what fails leaves nothing behind."""
    place = make_place("sqlite")
    full(place, tmp_path)
    target = tmp_path / "out"
    target.mkdir()
    backup_module.write(place.engines, target / "a", "0.1.0", system_now())
    assert (target / "a").stat().st_mode & 0o777 == 0o600
    content = (target / "a").read_bytes()
    with pytest.raises(BadInput, match="is there already"):
        backup_module.write(place.engines, target / "a", "0.1.0", system_now())
    assert (target / "a").read_bytes() == content
    with pytest.raises(BadInput, match="cannot be written"):
        backup_module.write(place.engines, target / "none" / "b", "0.1.0", system_now())
    with place.engines["store"].begin() as connection:
        connection.execute(sa.text("DROP TABLE summaries"))
    with pytest.raises(sa.exc.OperationalError):
        backup_module.write(place.engines, target / "c", "0.1.0", system_now())
    assert [path.name for path in target.iterdir()] == ["a"]


# -- what is wrong in a file


def changed(file: Path, folder: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of the backup with other parts."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    made = folder / "changed.backup"
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made


def sealed(parts: dict[str, bytes], name: str, content: bytes) -> None:
    """Put in another content and have the manifest agree, as somebody would who means it."""
    manifest = json.loads(parts["manifest.json"])
    house, table = name.removesuffix(".jsonl").split("/")
    for part in manifest["houses"][house]["parts"]:
        if part["table"] == table:
            part["sha256"] = hashlib.sha256(content).hexdigest()
            part["bytes"], part["rows"] = len(content), content.count(b"\n")
    parts[name], parts["manifest.json"] = content, json.dumps(manifest).encode()


def _flip(parts: dict[str, bytes]) -> None:
    parts["store/alerts.jsonl"] = parts["store/alerts.jsonl"].replace(b"orders", b"0rders")


def _lose(parts: dict[str, bytes]) -> None:
    del parts["knowledge/knowledge_documents.jsonl"]


def _audit(parts: dict[str, bytes]) -> None:
    sealed(parts, "store/audit.jsonl", parts["store/audit.jsonl"].replace(b"noted", b"N0ted"))


def _cut_chain(parts: dict[str, bytes]) -> None:
    sealed(parts, "store/audit.jsonl", b"")


def _policy(parts: dict[str, bytes]) -> None:
    content = parts["store/adopted.jsonl"].replace(b'"{}"', b'"{1}"', 1)
    sealed(parts, "store/adopted.jsonl", content)


def _columns(parts: dict[str, bytes]) -> None:
    parts["manifest.json"] = parts["manifest.json"].replace(b'"fence"', b'"fenze"')


def _format(parts: dict[str, bytes]) -> None:
    parts["manifest.json"] = parts["manifest.json"].replace(b'"format": 1', b'"format": 2')


WRONG = [
    (_flip, "alerts.jsonl is not what its manifest says"),
    (_lose, "knowledge_documents.jsonl cannot be read"),
    (_audit, "audit chain is broken at event 1"),
    (_cut_chain, "does not end where its manifest says"),
    (_policy, "is not the text under its digest"),
    (_columns, "tables are not those of store revision"),
    (_format, "has format 2"),
]


@pytest.mark.parametrize("change, words", WRONG, ids=[change.__name__ for change, _ in WRONG])
def test_what_is_wrong_is_refused(
    change: Callable[[dict[str, bytes]], None], words: str, file: Path, tmp_path: Path
) -> None:
    """Damage and tampering are named, before a row is written."""
    with Backup(changed(file, tmp_path, change)) as opened, pytest.raises(BadInput, match=words):
        opened.check()


def test_a_backup_of_a_newer_vigie_is_refused(file: Path, tmp_path: Path) -> None:
    """Its tables are not known here."""

    def newer(parts: dict[str, bytes]) -> None:
        old = f'"revision": "{STORE.head}"'.encode()
        parts["manifest.json"] = parts["manifest.json"].replace(old, b'"revision": "9999"', 1)

    with Backup(changed(file, tmp_path, newer)) as opened, pytest.raises(StoreTooNew, match="9999"):
        opened.check()


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "zip"]
)
def test_what_is_no_backup_is_refused(content: bytes, tmp_path: Path) -> None:
    """One sentence, whatever it is; a file that is not there likewise."""
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a backup of Vigie"):
        Backup(path)
    with pytest.raises(BadInput, match="cannot be read"):
        Backup(tmp_path / "nowhere")


def test_a_backup_that_was_cut_off_is_refused(file: Path, tmp_path: Path) -> None:
    """The manifest stands last, so half a copy has none."""
    path = tmp_path / "half"
    path.write_bytes(file.read_bytes()[:-400])
    with pytest.raises(BadInput, match="was cut off"):
        Backup(path)
