"""What people do for the knowledge base, on a real store and a real base: kept, found, taken back, told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.commands import documents
from bot.commands.curation import questions
from bot.domain.curation import Origin, QuestionState, Saved, Strike, StrikeKind, UpkeepRule, Wording
from bot.domain.person import Person
from bot.errors import AlreadyDone, Refused, WordingRefused
from bot.stages import curate
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.migrate import upgrade
from knowledge.base import KnowledgeBase
from knowledge.chunking import Piece
from knowledge.model import Document, Query
from tests.desk import N3_A, Desk
from tests.whitelist import write_config

ON_CALL, OWNER = Person("T1", "U0ONCALL"), Person("T1", "U0OWNER")
ANSWER = "Drain the mail relay first, then restart it: its queue is lost otherwise."
RELAY = Wording("Mail relay", "note", ANSWER)
HERE = Origin("C1", "1.1")
POOL = "Remove the lock of the order pool."
RUNBOOK = Document("runbooks/pool", "Order pool", "runbook", POOL, owner="U0OWNER")


class Shelved(Desk):
    """A desk with a knowledge base, and the steps that the lifecycle would do."""

    def __init__(self, path: Path) -> None:
        self.base = KnowledgeBase.open(path / "knowledge", owner=True, vectors=False)
        super().__init__(path, self.base)

    def save(self, wording: Wording = RELAY, event: str = "e1", question: int | None = None) -> Saved:
        made = self.copilot.library.save(ON_CALL, wording, replace(HERE, question=question), event)
        curate.keep(self.store, self.base, made.id)
        return made

    def forget(self) -> None:
        with self.store.read() as tx:
            waiting = tx.library.to_forget()
        for number in waiting:
            curate.forget(self.store, self.base, number)

    def keep(self) -> None:
        with self.store.read() as tx:
            waiting = tx.library.to_keep()
        for number in waiting:
            curate.keep(self.store, self.base, number)

    def finds(self, words: str = "restart the mail relay", *seen_by: str) -> list[str]:
        found = self.base.search(Query(words, seen_by=frozenset(seen_by)), 5)
        return [one.document_id for one in found.passages] if found.fits else []

    def audited(self) -> list[str]:
        with self.store.read() as tx:
            return [event.action for event in tx.audit.events()]

    def passage(self, words: str = "restart the mail relay") -> str:
        return self.base.search(Query(words), 1).passages[0].id


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    yield made
    made.base.close()


def test_what_is_saved_is_found_until_it_is_taken_back_and_once_it_is_learned_again(desk: Shelved) -> None:
    """Each step is audited and has a message wanted; a second press and a second event change nothing."""
    made = desk.save()
    library = desk.copilot.library
    with pytest.raises(AlreadyDone):
        library.save(ON_CALL, RELAY, HERE, "e1")
    assert desk.finds() == [made.document_id] == ["saved/1-mail-relay"]
    library.take_back(N3_A, made.document_id, "it is wrong")
    with pytest.raises(Refused, match="already"):
        library.take_back(ON_CALL, made.document_id, "me too, wrong")
    desk.forget()
    assert desk.finds() == []
    desk.keep()  # what is taken out is not kept again by itself
    assert desk.finds() == []
    library.learn_again(ON_CALL, 1)
    with pytest.raises(Refused, match="already"):
        library.learn_again(ON_CALL, 1)
    desk.keep()
    assert desk.finds() == [made.document_id]
    (post,) = desk.posts("saved:")
    assert (post.channel, post.thread_of, post.wanted) == ("C1", "ts:1.1", 4)
    out, back = "took out of the knowledge base", "put back into the knowledge base"
    told = ["saved knowledge", "learned", out, back]
    assert [action for action in desk.audited() if action in told] == [*told, "learned"]


@pytest.mark.parametrize("when", ["before", "while"])
def test_what_is_taken_back_before_it_was_learned_never_stays(desk: Shelved, when: str) -> None:
    """Whatever comes first, the row of who took it back wins."""
    made = desk.copilot.library.save(ON_CALL, RELAY, HERE, "e1")
    add = desk.base.add

    def take_out() -> None:
        with desk.store.begin() as tx:
            tx.library.take_out(made.document_id, "Mail relay", ON_CALL.key, "it is wrong")

    class Racing:
        """The base, and a person who is quicker than it."""

        search, remove = desk.base.search, desk.base.remove
        causes, first_passages = desk.base.causes, desk.base.first_passages

        @staticmethod
        def add(document: Document) -> str:
            take_out()
            return add(document)

    if when == "before":
        take_out()
    curate.keep(desk.store, Racing(), made.id)
    assert "learned" not in desk.audited()
    desk.forget()
    desk.keep()
    assert desk.finds() == []


def test_a_secret_never_reaches_a_row_and_a_key_nothing_at_all(desk: Shelved) -> None:
    """Redacted before the row is written; a private key is refused with the form's field."""
    desk.save(replace(RELAY, text=f"{ANSWER} The login is password=hunter22hunter."))
    key = "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"
    with pytest.raises(WordingRefused) as refused:
        desk.save(replace(RELAY, text=f"{ANSWER}\n{key}"), "e2")
    assert refused.value.field == "text"
    with desk.engine.connect() as connection:
        rows = [str(row) for row in connection.execute(sa.text("SELECT * FROM saved_documents"))]
    assert len(rows) == 1 and "hunter22" not in rows[0]
    assert "hunter22" not in str(desk.base.document("saved/1-mail-relay"))


def test_what_was_saved_for_a_channel_is_found_there_alone(desk: Shelved) -> None:
    """The limit goes with the document, and who has it opened is asked again."""
    made = desk.save(replace(RELAY, access=("C1",)))
    assert desk.finds("restart the mail relay", "C1", "U9") == [made.document_id]
    assert desk.finds("restart the mail relay", "C2", "U9") == []
    kept = desk.base.upkeep.of(made.document_id)
    assert kept is not None
    may_open = desk.copilot.upkeep.may_open
    assert may_open(kept, {"C1", "U9"}) and may_open(kept, {"D1", ON_CALL.user_id})
    assert not may_open(kept, {"C2", "U9"})
    with desk.store.begin() as tx:  # a limit by a role is known by its channel's id
        tx.posts.want("k", "incidents", "text", content={"text": "x"})
        tx.posts.sent(tx.posts.unsent()[-1], "C0INC", "1.2")
    role = replace(kept, access=("incidents",), owner="")
    assert may_open(role, {"C0INC"}) and not may_open(role, {"C1"})


def test_what_was_imported_is_taken_out_by_n3_alone_each_time_it_comes(desk: Shelved) -> None:
    """It is the team's own; ingested again it may be taken out again, and cannot be learned by a button."""
    take_back = desk.copilot.library.take_back
    desk.base.add(RUNBOOK)
    with pytest.raises(Refused, match="only N3"):
        take_back(ON_CALL, RUNBOOK.id, "it is wrong")
    for number in (1, 2):
        desk.base.add(RUNBOOK)
        take_back(N3_A, RUNBOOK.id, "it is wrong")
        desk.forget()
        assert desk.base.document(RUNBOOK.id) is None
        with pytest.raises(Refused, match="ingest"):
            desk.copilot.library.learn_again(N3_A, number)
    with pytest.raises(Refused, match="not in the knowledge base"):
        take_back(N3_A, RUNBOOK.id, "it is wrong")


def test_a_person_counts_once_and_for_the_version_that_they_read(desk: Shelved) -> None:
    """Votes of many passages and many presses are one person; a new version begins anew; search hears it."""
    made, votes = desk.save(), desk.copilot.votes
    passage = desk.passage()
    desk.now = datetime.now(UTC)
    assert votes.usefulness() == {}
    votes.vote(ON_CALL, passage, False)
    alone = votes.usefulness()[made.document_id]
    assert votes.vote(ON_CALL, passage, False).startswith("You said so before")
    assert votes.usefulness()[made.document_id] == alone < 0
    votes.vote(N3_A, passage, False, "the password=hunter22hunter is wrong")
    assert votes.usefulness()[made.document_id] < alone
    with desk.store.read() as tx:
        said = tx.library.votes()[made.document_id]
    assert (said.useful, said.not_useful) == (0, 2) and "hunter22" not in said.reasons[0]
    assert "place of what you said" in votes.vote(N3_A, passage, True)
    assert votes.usefulness() == {made.document_id: 0.0}
    with pytest.raises(Refused):
        votes.vote(ON_CALL, "saved/1-mail-relay#9@none", True)
    with desk.base._engine.begin() as connection:
        connection.execute(sa.text("UPDATE knowledge_documents SET written = '2999-01-01'"))
    desk.begin_anew()
    assert desk.copilot.votes.usefulness() == {}
    desk.run("DROP TABLE passage_votes")
    desk.begin_anew()
    assert desk.copilot.votes.usefulness() == {}  # search goes on


def test_a_question_in_vain_is_kept_until_something_answers_it(desk: Shelved) -> None:
    """Asked again it counts, others do not learn of it, secrets stay out; a document that fits settles it."""
    gaps = desk.copilot.gaps
    for words in ("restart the mail relay", "How is the MAIL relay restart?"):
        gaps.missed(words, ["C1"], ON_CALL)
    gaps.missed("restart the mail relay", [], ON_CALL)
    gaps.missed("is password=hunter22hunter the one of the vault", ["C3"], ON_CALL)
    gaps.missed("???", [], ON_CALL)
    assert [(one.asked, one.access) for one in gaps.seen({"C1"})] == [(2, ("C1",)), (1, ())]
    assert [one.access for one in gaps.seen({"C2"})] == [()]
    assert "hunter22" not in gaps.seen({"C3"})[0].text
    with pytest.raises(Refused):
        gaps.one(1, {"C2"})
    gaps.look()
    assert len(gaps.seen({"C1"})) == 2
    gaps.dismiss(ON_CALL, 1, {"C1"})
    with pytest.raises(Refused):
        gaps.dismiss(ON_CALL, 1, {"C1"})
    gaps.reopen(ON_CALL, 1, {"C1"})
    desk.save(replace(RELAY, access=("C1",)))
    desk.now += timedelta(minutes=1)
    gaps.look()
    assert [one.access for one in gaps.seen({"C1"})] == [()]  # who may not see the answer still waits
    with desk.store.read() as tx:
        answered = tx.gaps.get(1)
    assert answered is not None and answered.state is QuestionState.ANSWERED
    open_to_all = gaps.seen({"C2"})[0].id
    desk.save(replace(RELAY, access=("C1",)), "e2", open_to_all)
    assert [one.id for one in gaps.seen({"C2"})] == [open_to_all]  # that answer is not for all who asked
    desk.save(RELAY, "e3", open_to_all)
    assert gaps.seen({"C1"}) == []


def test_its_owner_hears_of_a_stale_runbook_once_a_week_until_somebody_looked(desk: Shelved) -> None:
    """Told after a day, not again within a week; only its owner or N3 says that it is right, and it ends."""
    desk.base.add(replace(RUNBOOK, reviewed=(desk.now - timedelta(days=400)).date()))
    upkeep = desk.copilot.upkeep
    upkeep.look()
    assert [one.document_id for one in upkeep.seen(())] == [RUNBOOK.id]
    assert desk.posts("stale:") == []
    for _day in range(5):
        desk.now += timedelta(days=1)
        upkeep.look()
    (post,) = desk.posts("stale:")
    assert post.channel == "U0OWNER"
    with pytest.raises(Refused, match="owner"):
        upkeep.still_right(ON_CALL, RUNBOOK.id)
    assert "28 days" in upkeep.later(N3_A, RUNBOOK.id)
    for _week in range(5):
        desk.now += timedelta(days=7)
        upkeep.look()
    assert len(desk.posts("stale:")) == 2
    upkeep.still_right(N3_A, RUNBOOK.id)
    desk.now += timedelta(days=30)
    upkeep.look()
    assert upkeep.seen(()) == [] and len(desk.posts("stale:")) == 2
    kept = desk.base.upkeep.of(RUNBOOK.id)
    assert kept is not None and kept.reviewed_by == N3_A.key
    desk.base.add(replace(RUNBOOK, text="Another text for the order pool, with other words."))
    assert desk.base.upkeep.of(RUNBOOK.id) is not None


def test_cut_anew_a_document_is_no_younger(desk: Shelved) -> None:
    """`--rebuild` is no new version: its age and the reviews stay."""
    desk.base.add(RUNBOOK)
    with desk.base._engine.begin() as connection:
        connection.execute(sa.text("UPDATE knowledge_documents SET written = '2020-01-01'"))
    desk.base._store.write(RUNBOOK, [Piece((), RUNBOOK.text, 1, 1)], again=True)
    kept = desk.base.upkeep.of(RUNBOOK.id)
    assert kept is not None and kept.written is not None and kept.written.year == 2020
    assert kept.due(UpkeepRule().every_days) is not None


def test_the_command_line_says_what_is_stale_and_who_removed_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`documents list --stale` names the reasons, with or without a store; `remove --why` leaves a trace."""
    write_config(tmp_path)
    config, data = tmp_path / "vigie.toml", tmp_path / "data"
    old = datetime.now(UTC).date() - timedelta(days=400)
    with KnowledgeBase.open(data / "knowledge", owner=True, vectors=False) as base:
        base.add(replace(RUNBOOK, reviewed=old))
        base.add(replace(RUNBOOK, id="runbooks/new", reviewed=datetime.now(UTC).date(), text="Another one."))

    def stale() -> dict[str, list[str]]:
        assert documents.list_them(config, stale=True, as_json=True) == 0
        found = json.loads(capsys.readouterr().out.splitlines()[-1])["documents"]
        return {one["id"]: one["stale"] for one in found}

    assert stale() == {RUNBOOK.id: ["last looked at 400 days ago, wanted every 180"]}
    assert questions(config) == 1
    engine = open_engine(sqlite_url(data / "vigie.sqlite"))
    upgrade(engine)
    store = Store(engine, lambda: datetime.now(UTC))
    with store.begin() as tx:
        tx.upkeep.strike([Strike(RUNBOOK.id, 7, StrikeKind.ACTION_FAILED, "fix", tx.now)])
        tx.gaps.note("how?", [], ON_CALL.key)
    assert "did not help in #7" in stale()[RUNBOOK.id][1]
    assert questions(config) == 0
    assert documents.remove(config, [RUNBOOK.id], why="password=hunter22hunter is gone") == 0
    with store.read() as tx:
        removal, event = tx.library.removal_of(RUNBOOK.id), list(tx.audit.events())[-1]
    assert removal is not None and removal.done_at is not None and "hunter22" not in removal.why
    assert event.actor.endswith("at the command line") and event.subject == RUNBOOK.id
