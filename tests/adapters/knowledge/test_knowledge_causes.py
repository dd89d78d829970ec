"""The past incidents of the knowledge base judge: only those one may see, as they stand, never themselves."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from knowledge.base import KnowledgeBase
from knowledge.causes.model import NOTHING
from knowledge.model import Document
from tests.adapters.knowledge.conftest import Open
from tests.unit.diagnosis.pasts import history, text_of

SECRET = "expired certificate"


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """Two incidents of each cause; those of one cause are for one channel."""
    return [
        Document(
            f"incidents/{one.id.replace(' ', '-')}",
            "Parcels wait",
            "incident",
            one.text,
            cause=one.cause,
            access=("C0SEC",) if one.cause == SECRET else (),
        )
        for one in history(each=2)
    ]


@pytest.fixture
def base(open_base: Open, documents: list[Document]) -> KnowledgeBase:
    one: KnowledgeBase = open_base()
    one.add(Document("runbooks/a", "Parcels", "runbook", "Not an incident.", cause=SECRET))
    for document in documents:
        one.add(document)
    return one


def asked(cause: str) -> list[str]:
    return [text_of(cause, "search", random.Random(5))]  # a draw, not a secret


@pytest.mark.attack("C7")
def test_incidents_that_one_may_not_see_do_not_count(base: KnowledgeBase) -> None:
    """Neither their cause nor their name reaches others; the channel itself and the operator have them."""
    others = base.causes(asked(SECRET), frozenset({"C0OTHER"}))
    assert SECRET not in [one.cause for one in others.causes]
    for seen_by in (frozenset({"C0SEC"}), None):
        assert base.causes(asked(SECRET), seen_by).causes[0].cause == SECRET
    assert base.causes(asked("full disk"), frozenset()).causes[0].cause == "full disk"


def test_what_changes_counts_at_once(base: KnowledgeBase, documents: list[Document]) -> None:
    """A corrected cause, an added and a removed incident, and one that is left out."""
    first = documents[0]
    assert base.causes(asked(first.cause), None).causes[0].cause == first.cause
    for one in documents[:2]:
        base.add(replace(one, cause="corrected"))
    assert base.causes(asked(first.cause), None).causes[0].cause == "corrected"
    base.remove(documents[1].id)
    left = base.causes(asked(first.cause), None, without=first.id)
    assert "corrected" not in [one.cause for one in left.causes]
    assert base.first_passages([first.id, "not/there"]).keys() == {first.id}


def test_without_past_incidents_nothing_is_known(open_base: Open) -> None:
    """An empty base judges nothing, and costs nothing."""
    assert open_base().causes(asked("full disk"), None) == NOTHING
