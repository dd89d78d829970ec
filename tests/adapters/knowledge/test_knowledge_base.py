"""The knowledge base over its real tables and its lexical index."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from knowledge.base import KnowledgeBase
from knowledge.documents import engine_for
from knowledge.embeddings.choice import Choice
from knowledge.errors import DocumentQuarantined, DocumentRefused, KnowledgeBusy
from knowledge.migrations import VERSION_TABLE
from knowledge.model import Document, Query
from knowledge.tables import metadata

Open = Callable[..., KnowledgeBase]


def _with(field: str, value: str | tuple[str, ...]) -> Document:
    """The document below with one field changed."""
    values: dict[str, Any] = {field: value}
    return replace(LOCK, **values)


LOCK = Document("incidents/7", "Lock left behind", "incident", "The lock file stayed.", origin="resolution")
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----"


def test_ids_are_paths_below_the_root(shop: Path, open_base: Open) -> None:
    """A folder's own name is no part of an id; a single file's folder is its root."""
    base = open_base()
    report = base.ingest([shop])
    assert {one.document_id for one in report.added} == {document.id for document in base.documents()}
    assert base.document("runbooks/stale-lock") is not None
    assert base.ingest([shop / "runbooks" / "disk-full.md"]).added[0].document_id == "disk-full"


def test_a_dry_run_writes_nothing(shop: Path, open_base: Open) -> None:
    """The report says what would be; the tables stay empty."""
    base = open_base()
    assert len(base.ingest([shop], dry_run=True).added) == 5
    assert base.documents() == []


def test_only_what_changed_is_reported_changed(shop: Path, open_base: Open) -> None:
    """Every file is in exactly one place of the report, in each of three runs."""
    base = open_base()
    assert len(base.ingest([shop]).added) == 5
    path = shop / "runbooks" / "disk-full.md"
    path.write_text(path.read_text() + "\nOr grow the volume.\n")
    (shop / "incidents" / "certificate.md").unlink()
    report = base.ingest([shop], delete_missing=True)
    assert [one.document_id for one in report.changed] == ["runbooks/disk-full"]
    assert [one.document_id for one in report.removed] == ["incidents/certificate"]
    assert len(report.unchanged) == 3
    assert base.document("incidents/certificate") is None


def test_a_missing_file_never_removes_what_people_wrote(shop: Path, open_base: Open) -> None:
    """`delete_missing` touches imported documents of these folders only."""
    base = open_base()
    base.add(LOCK)
    base.add(replace(LOCK, id="elsewhere", origin="import", source="/another/place.md"))
    base.ingest([shop], delete_missing=True)
    assert base.document("incidents/7") is not None
    assert base.document("elsewhere") is not None


def test_an_import_does_not_overwrite_what_people_wrote(tmp_path: Path, open_base: Open) -> None:
    """A file whose id a person's document has is refused by name."""
    base = open_base()
    base.add(replace(LOCK, id="note", origin="person"))
    (tmp_path / "note.md").write_text("# Other\n\ntext")
    assert "origin" in base.ingest([tmp_path / "note.md"]).failed[0].reason
    held = base.document("note")
    assert held is not None
    assert held.text == LOCK.text


def test_one_bad_file_does_not_stop_the_batch(shop: Path, open_base: Open, tmp_path: Path) -> None:
    """Wrong front matter, a private key, a wrong path: each named with its reason, the rest ingested."""
    (shop / "bad.md").write_text("---\nkind: howto\n---\ntext")
    (shop / "key.md").write_text(f"# Key\n\n{PRIVATE_KEY}")
    (shop / "latin.md").write_bytes(b"caf\xe9")
    (tmp_path / "outside.md").write_text("# Outside")
    (shop / "link.md").symlink_to(tmp_path / "outside.md")
    report = open_base().ingest([shop, tmp_path / "nowhere"])
    assert len(report.added) == 5
    reasons = {one.document_id or one.path: one.reason for one in report.failed}
    assert "runbook, incident, postmortem" in reasons["bad"]
    assert "UTF-8" in reasons["latin"]
    assert "check the path" in reasons[str(tmp_path / "nowhere")]
    assert "revoke it" in report.quarantined[0].reason


def test_two_files_of_one_id_are_named(tmp_path: Path, open_base: Open) -> None:
    """The second is refused, not silently taken for a change."""
    (tmp_path / "a.md").write_text("# One")
    (tmp_path / "a.markdown").write_text("# Two")
    report = open_base().ingest([tmp_path])
    assert len(report.added) == 1
    assert "same id" in report.failed[0].reason


def test_passage_ids_resolve_for_ever(shop: Path, open_base: Open) -> None:
    """A cited passage is found again word for word after its document changed, and is gone with its
    document.
    """
    base = open_base()
    base.ingest([shop])
    cited = base.search(Query("lock file of a dead owner")).passages[0]
    assert cited.id.startswith("runbooks/stale-lock#1@")
    assert base.passage(cited.id) == replace(cited, score=0.0)
    path = shop / "runbooks" / "stale-lock.md"
    before = path.read_text()
    path.write_text(before.replace("Remove the lock file", "Move the lock file away"))
    base.ingest([shop])
    old = base.passage(cited.id)
    assert old is not None
    assert (old.text, old.superseded) == (cited.text, True)
    assert all(not one.superseded for one in base.search(Query("lock file of a dead owner")).passages)
    path.write_text(before)
    base.ingest([shop])
    back = base.passage(cited.id)
    assert back is not None
    assert not back.superseded
    assert base.remove("runbooks/stale-lock")
    assert base.passage(cited.id) is None
    assert not base.remove("runbooks/stale-lock")


def test_words_answer_without_a_model_and_say_so(shop: Path, open_base: Open, tmp_path: Path) -> None:
    """With no weights there the right runbook is still found; `missing` names what is away and what to do."""
    base = open_base(embedder=None, choice=Choice(weights=tmp_path / "no-weights"))
    base.ingest([shop])
    cold = base.search(Query("the worker pool waits for a lock file"))
    assert cold.passages[0].document_id == "runbooks/stale-lock"
    assert cold.fits
    assert "loading" in cold.missing[0]
    base.warm()
    said = base.search(Query("the worker pool waits for a lock file"))
    assert said.passages == cold.passages
    assert "install the locked model requirements" in said.missing[0]
    assert base.index_pending() == 0


def test_french_is_found_by_its_word_stems(shop: Path, open_base: Open) -> None:
    """Another form of the French words finds the French incident."""
    base = open_base()
    base.ingest([shop])
    found = base.search(Query("commande bloquée, tâche retenue par verrous abandonnés"))
    assert found.passages[0].document_id == "incidents/verrou-mars"


def test_the_exact_alert_name_wins(shop: Path, open_base: Open) -> None:
    """Text about something else does not outweigh the alert's own name, typed or met in the text."""
    base = open_base()
    base.ingest([shop])
    text = "certificate of the payment gateway expired, TLS errors"
    assert base.search(Query(text)).passages[0].document_id == "incidents/certificate"
    named = base.search(Query(text, alert_name="DiskFull"))
    assert named.passages[0].document_id == "runbooks/disk-full"
    assert (
        base.search(Query("DiskFull on volume pg-0 of host 3")).passages[0].document_id
        == "runbooks/disk-full"
    )
    assert base.search(Query("something odd", alert_name="DiskFull")).fits


def test_the_same_service_tips_the_scale(open_base: Open) -> None:
    """Of two like documents the one of the alert's service comes first."""
    base = open_base()
    for service in ("alpha", "beta"):
        base.add(Document(f"r/{service}", f"Slow {service}", "runbook", "Answers are slow.", service=service))
    for service in ("alpha", "beta"):
        assert base.search(Query("answers are slow", service=service)).passages[0].service == service


def test_kinds_restrict(shop: Path, open_base: Open) -> None:
    """Only documents of the kinds asked for are found."""
    base = open_base()
    base.ingest([shop])
    found = base.search(Query("lock worker orders configuration disk", kinds=("incident",)))
    assert {one.kind for one in found.passages} == {"incident"}


@pytest.mark.parametrize(
    "text", ["how do I bake sourdough bread", "", "   ", "42", '+-&|!(){}[]^"~*?:\\/', "\u200b" * 9]
)
def test_nothing_fits(shop: Path, open_base: Open, text: str) -> None:
    """Another topic, or no words at all, fits nothing."""
    base = open_base()
    assert not base.search(Query(text)).fits
    base.ingest([shop])
    assert not base.search(Query(text)).fits


def test_a_few_shared_words_do_not_make_it_fit(shop: Path, open_base: Open) -> None:
    """By words alone, a question of another topic finds something near and says that it does not fit."""
    base = open_base()
    base.ingest([shop])
    found = base.search(Query("the owner of the free parking space sold his red bicycle yesterday"))
    assert found.passages
    assert not found.fits


def test_adding_the_same_again_changes_nothing(open_base: Open) -> None:
    """The answers of `add` tell what happened."""
    base = open_base()
    answers = [
        base.add(LOCK),
        base.add(LOCK),
        base.add(replace(LOCK, source="x")),
        base.add(replace(LOCK, cause="y")),
    ]
    assert answers == ["added", "unchanged", "unchanged", "changed"]


def test_one_document_does_not_take_all_places(open_base: Open) -> None:
    """At most two passages of a document; copies of a passage count once."""
    base = open_base()
    sections = "\n\n".join(f"## Part {n}\n\n" + f"lock number {n} waits " * 80 for n in range(6))
    base.add(Document("big", "Locks", "runbook", sections))
    base.add(Document("a", "Lock copy", "runbook", "The lock waits for its owner who has died."))
    base.add(Document("b", "Lock copy", "runbook", "The lock waits for its owner who has died."))
    found = [one.document_id for one in base.search(Query("lock waits"), k=10).passages]
    assert found.count("big") == 2
    assert found.count("a") + found.count("b") == 1


def test_another_process_writes_beside_the_owner(shop: Path, open_base: Open) -> None:
    """What a second base writes, the owner finds at once; removal too."""
    owner, other = open_base(), open_base(owner=False)
    assert other.ingest([shop]).added
    assert owner.search(Query("expired certificate")).passages[0].document_id == "incidents/certificate"
    other.remove("incidents/certificate")
    assert all(one.service != "payments" for one in owner.search(Query("expired certificate")).passages)
    assert "another process owns" in other.search(Query("disk")).missing[0]


def test_a_second_owner_is_refused(open_base: Open) -> None:
    """The refusal names the holder and the way out; after a close the folder is free."""
    first = open_base()
    with pytest.raises(KnowledgeBusy, match="owner=False"):
        open_base()
    first.close()
    open_base()


def test_bad_documents_are_refused_by_field(open_base: Open) -> None:
    """Ids, kinds, titles and private keys are checked wherever a document comes from."""
    base = open_base()
    wrong = {
        "id": ["", "a#1", "a@b", " a", "x" * 999, "ghp_" + "a" * 36],
        "kind": ["howto"],
        "title": [" "],
        "origin": ["x"],
    }
    for field, values in wrong.items():
        for value in values:
            with pytest.raises(DocumentRefused) as caught:
                base.add(_with(field, value))
            assert caught.value.field == field
    with pytest.raises(DocumentQuarantined):
        base.add(replace(LOCK, cause=PRIVATE_KEY))
    assert base.documents() == []


def test_hidden_characters_do_not_reach_the_tables(open_base: Open) -> None:
    """Text is kept normalised, so that a secret cut by a zero-width space is seen too."""
    base = open_base()
    base.add(replace(LOCK, text="pass\u200bword: hunter\u200b2hunter \u202eevil"))
    held = base.document(LOCK.id)
    assert held is not None
    assert held.text == "password: [redacted: password value] evil"


WORD = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=20, max_size=30)
FIELDS = ("title", "text", "service", "owner", "cause", "source", "alerts", "actions")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORD, shape=st.integers(0, 6), field=st.sampled_from(FIELDS))
def test_a_planted_secret_never_reaches_the_tables(
    tmp_path: Path, open_base: Open, word: str, shape: int, field: str
) -> None:
    """Whatever its shape and field, no byte of a secret is in any file of the folder or in an answer."""
    shapes = (
        "xoxb-{}",
        "ghp_{}",
        "sk-{}",
        "password={}",
        "redis://:{}@cache:6379",
        "Authorization: Bearer {}2",
        "client_secret: '{}'",
    )
    text = f"before {shapes[shape].format(word)} after"
    with open_base(folder=tmp_path / "secrets", owner=False) as base:
        value = (text,) if field in ("alerts", "actions") else text
        base.add(_with(field, value))
        assert word not in str(base.search(Query("lock before after")))
        for path in (tmp_path / "secrets").rglob("*"):
            if path.is_file():
                assert word.encode() not in path.read_bytes()


def test_interrupted_halfway_and_run_again_gives_the_same(
    shop: Path, open_base: Open, tmp_path: Path
) -> None:
    """A batch cut after two documents and repeated leaves the same passages as one that was never cut."""

    class Cut(Exception):
        """Stands for the process being stopped."""

    def cut(done: int, _all: int, _path: str) -> None:
        if done == 2:
            raise Cut

    halved, whole = open_base(), open_base(folder=tmp_path / "whole")
    with pytest.raises(Cut):
        halved.ingest([shop], progress=cut)
    assert len(halved.documents()) == 2
    report = halved.ingest([shop])
    assert (len(report.added), len(report.unchanged)) == (3, 2)
    whole.ingest([shop])
    assert halved.documents() == whole.documents()
    question = Query("lock file")
    assert halved.search(question).passages == whole.search(question).passages


def test_many_threads_write_and_search(open_base: Open) -> None:
    """Concurrent adds and searches lose nothing and raise nothing."""
    base, problems = open_base(), []

    def work(number: int) -> None:
        try:
            for part in range(5):
                base.add(replace(LOCK, id=f"t/{number}-{part}", text=f"lock {number} {part}"))
                base.search(Query("lock"))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(base.documents()) == 20
    assert len(base.search(Query("lock"), k=50).passages) > 0


def test_the_migrations_make_the_tables(tmp_path: Path, open_base: Open) -> None:
    """What Alembic creates is what the code declares, with a version table of its own; PostgreSQL takes it
    too.
    """
    open_base().close()
    engine = engine_for(f"sqlite:///{tmp_path / 'data' / 'knowledge.sqlite'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert sa.inspect(connection).has_table(VERSION_TABLE)
    engine.dispose()
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves this one untyped
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))


def test_removed_text_does_not_linger(tmp_path: Path, open_base: Open) -> None:
    """After a removal and a checkpoint the file holds nothing of the text."""
    base = open_base(owner=False)
    base.add(replace(LOCK, text="unmistakable words here"))
    base.remove(LOCK.id)
    base.close()
    path = tmp_path / "data" / "knowledge.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"unmistakable" not in path.read_bytes()
