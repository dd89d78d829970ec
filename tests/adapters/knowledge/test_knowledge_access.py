"""A document for a few is not looked at for others: not its words, not its vectors, not after the fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.base import KnowledgeBase
from knowledge.errors import DocumentRefused
from knowledge.index import VectorIndex
from knowledge.ingest import limited
from knowledge.lexical import LexicalIndex
from knowledge.model import Document, Query
from tests.adapters.knowledge.conftest import Open

OPEN = Document("a/open", "Relay restart", "runbook", "Restart the mail relay when the queue grows.")
SECRET = Document(
    "s/secret",
    "Relay breach",
    "runbook",
    "The mail relay queue grows in a breach.",
    access=("C0SEC", "U0N3A"),
)
QUESTION = "mail relay queue grows"


@pytest.fixture
def base(open_base: Open) -> KnowledgeBase:
    """One document for everybody, one for a channel and a person, and the index of both."""
    one: KnowledgeBase = open_base()
    one.add(OPEN)
    one.add(SECRET)
    one.warm()
    one.index_pending()
    return one


def found(base: KnowledgeBase, seen_by: frozenset[str] | None) -> set[str]:
    return {passage.document_id for passage in base.search(Query(QUESTION, seen_by=seen_by)).passages}


@pytest.mark.attack("C7")
@pytest.mark.parametrize("readers", [frozenset(), frozenset({"C0OTHER"}), frozenset({"C0SE", "c0sec", "*"})])
def test_who_is_not_named_sees_nothing_of_it(base: KnowledgeBase, readers: frozenset[str]) -> None:
    """Nobody, another channel, and names that are nearly right."""
    assert found(base, readers) == {"a/open"}


@pytest.mark.attack("C7")
@pytest.mark.parametrize("readers", [frozenset({"C0SEC"}), frozenset({"U0N3A", "C0OTHER"}), None])
def test_who_is_named_sees_it(base: KnowledgeBase, readers: frozenset[str] | None) -> None:
    """The channel, the person, and the operator of the host."""
    assert found(base, readers) == {"a/open", "s/secret"}


@pytest.mark.attack("C7")
def test_the_limit_holds_before_anything_is_ranked(
    base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the two indexes bring for others never holds it, so that it cannot crowd out what may be seen."""
    brought: list[str] = []
    for kind, names in ((LexicalIndex, ("documents", "windows")), (VectorIndex, ("query",))):
        for name in names:
            plain = getattr(kind, name)

            def spied(self: object, *given: object, _plain: object = plain, **named: object) -> object:
                hits = _plain(self, *given, **named)  # type: ignore[operator]  # the method that was there
                brought.extend(
                    str(hit) for hit in (hits if isinstance(hits, dict) else [id for id, _ in hits])
                )
                return hits

            monkeypatch.setattr(kind, name, spied)
    base.search(Query(QUESTION, seen_by=frozenset({"C0OTHER"})))
    assert brought and not [one for one in brought if "secret" in one]


@pytest.mark.attack("C7")
def test_a_document_that_becomes_secret_is_gone_for_others(base: KnowledgeBase) -> None:
    """From the next question on, in words and in vectors."""
    base.add(Document(OPEN.id, OPEN.title, OPEN.kind, OPEN.text, access=("C0SEC",)))
    base.index_pending()
    assert found(base, frozenset({"C0OTHER"})) == set()
    assert found(base, frozenset({"C0SEC"})) == {"a/open", "s/secret"}


def test_a_folder_limits_what_lies_in_it(open_base: Open, tmp_path: Path) -> None:
    """Whatever its files say; a file may narrow it and not widen it."""
    folder = tmp_path / "docs"
    (folder / "s").mkdir(parents=True)
    (folder / "s" / "plain.md").write_text("# Plain\n\nmail relay queue grows\n")
    (folder / "s" / "narrow.md").write_text(
        "---\naccess: [U0N3A, C0OTHER]\n---\n# Narrow\n\nmail relay queue grows\n"
    )
    (folder / "s" / "wide.md").write_text("---\naccess: [C0OTHER]\n---\n# Wide\n\nmail relay queue grows\n")
    base = open_base(limits={"s": ("C0SEC", "U0N3A")})
    report = base.ingest([folder])
    access = {document.id: document.access for document in base.documents()}
    assert access == {"s/plain": ("C0SEC", "U0N3A"), "s/narrow": ("U0N3A",)}
    assert "names nobody of C0SEC, U0N3A" in report.failed[0].reason


def test_a_limit_is_of_a_folder_and_not_of_a_beginning() -> None:
    """`s` limits s/x and not secrets/x."""
    limits = {"s": ("C0SEC",)}
    assert limited(Document("secrets/x", "t", "runbook", "t"), limits).access == ()
    assert limited(Document("s/x", "t", "runbook", "t"), limits).access == ("C0SEC",)
    with pytest.raises(DocumentRefused):
        limited(Document("s/x", "t", "runbook", "t", access=("C1",)), limits)


@pytest.mark.attack("C7")
def test_a_reader_may_count_as_a_team(base: KnowledgeBase) -> None:
    """Who belongs is asked before anything is searched, with those that limits name; what is unknown is
    said.
    """
    base.add(Document("t/team", "Relay drill", "runbook", "mail relay queue grows", access=("mail-team",)))
    asked: list[tuple[frozenset[str], frozenset[str]]] = []

    def belongs(readers: frozenset[str], named: frozenset[str]) -> tuple[frozenset[str], str]:
        asked.append((readers, named))
        return (frozenset({"mail-team"}) if "U0MAIL" in readers else frozenset(), "a group is unknown")

    base.belongs = belongs
    assert found(base, frozenset({"U0MAIL"})) == {"a/open", "t/team"}
    assert found(base, frozenset({"U0OTHER"})) == {"a/open"}
    assert asked[0] == (frozenset({"U0MAIL"}), frozenset({"C0SEC", "U0N3A", "mail-team"}))
    assert "a group is unknown" in base.search(Query(QUESTION, seen_by=frozenset({"U0MAIL"}))).missing
    asked.clear()
    assert found(base, None) == {"a/open", "s/secret", "t/team"}
    assert asked == []
