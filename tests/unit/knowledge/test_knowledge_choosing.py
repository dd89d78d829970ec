"""Which documents and passages win beside their text: names, services, dates, votes, copies, and sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge.bonus import EXACT_NAME, RECENT, SAME_SERVICE, USEFUL, bonus, freshness, usefulness
from knowledge.choosing import PER_SOURCE, choose
from knowledge.glossary import Glossary
from knowledge.lexical import About
from knowledge.model import Passage, Query
from knowledge.question import understand

ABOUT = About("d#1@v", "runbook", "orders", frozenset({"stale lock", "orderworkersstuck"}))


def worth(about: About, text: str = "workers wait", alert: str = "", service: str = "") -> float:
    return bonus(understand(Query(text, alert, service), Glossary()), about)


def test_the_exact_name_counts_more_than_any_text() -> None:
    """As the alert's own field, in any case; in the text it counts less, and a near miss not at all."""
    assert worth(ABOUT, alert="OrderWorkersSTUCK") == EXACT_NAME
    assert 0 < worth(ABOUT, "see OrderWorkersStuck") < EXACT_NAME
    assert worth(ABOUT, alert="OrderWorkersStuckTwice") == 0


@pytest.mark.attack("C3")
def test_a_document_that_names_every_alert_is_about_none() -> None:
    """A list of a thousand names wins next to nothing by them."""
    stuffed = replace(ABOUT, names=frozenset({"orderworkersstuck", *(f"alert{n}" for n in range(1000))}))
    assert worth(stuffed, alert="OrderWorkersStuck") < EXACT_NAME / 50


def test_the_service_counts_and_no_service_is_nobodys() -> None:
    """Two documents without a service are not of the same one."""
    assert worth(ABOUT, service="Orders") == SAME_SERVICE
    assert worth(replace(ABOUT, service="")) == 0


def test_votes_count_within_bounds() -> None:
    """What is stored is never trusted to be between -1 and 1, nor to be a number."""
    votes = {"up": 1.0, "flood": 1e9, "down": -5.0, "nan": float("nan")}
    assert usefulness(votes, "up") == usefulness(votes, "flood") == USEFUL
    assert usefulness(votes, "down") == -USEFUL
    assert usefulness(votes, "nan") == usefulness(votes, "unknown") == 0


def test_the_newest_counts_a_little_and_a_date_of_the_future_no_more() -> None:
    """Measured against the newest of those compared, whatever today is."""
    fresh = freshness([("new", date(2026, 5, 1)), ("old", date(2021, 5, 1)), ("none", None)])
    assert fresh["new"] == RECENT and 0 < fresh["old"] < RECENT / 10 and "none" not in fresh
    assert freshness([("none", None)]) == {}


def passages(sources: dict[str, list[str]]) -> tuple[dict[str, Passage], dict[str, About]]:
    """Passages of documents by their source, best first, each with a text of its own."""
    found: dict[str, Passage] = {}
    about: dict[str, About] = {}
    for source, documents in sources.items():
        for document in documents:
            id = f"{document}#1@v"
            text = " ".join(f"{document}{n}" for n in range(20))
            found[id] = Passage(id, document, document, "runbook", (), text, "1", "v")
            about[document] = About(id, "runbook", "", frozenset(), source=source)
    return found, about


def chosen(sources: dict[str, list[str]], scores: dict[str, float], k: int) -> list[str]:
    found, about = passages(sources)
    order = sorted(scores, key=lambda id: -scores[id])
    shown = choose(order, scores, dict.fromkeys(found, 1.0), about.get, lambda ids: found, k)
    return [passage.document_id for passage in shown]


@pytest.mark.attack("C3")
def test_one_source_does_not_take_all_places() -> None:
    """Ten documents of one folder leave room for what two others say, in the order of their worth."""
    flood = [f"a{n}" for n in range(10)]
    scores = {**{id: 3.0 - n / 10 for n, id in enumerate(flood)}, "b": 0.5, "c": 0.4}
    shown = chosen({"A": flood, "B": ["b"], "C": ["c"]}, scores, 5)
    assert shown == ["a0", "a1", "a2", "b", "c"]
    assert len([id for id in shown if id in flood]) == PER_SOURCE * 5


def test_a_source_alone_may_fill_the_list() -> None:
    """Also where the others are worse than what is usually found."""
    flood = [f"a{n}" for n in range(10)]
    scores = {**{id: 3.0 - n / 10 for n, id in enumerate(flood)}, "b": -0.5}
    assert chosen({"A": flood, "B": ["b"]}, scores, 5) == flood[:5]


def test_near_copies_collapse_and_templates_do_not() -> None:
    """The same words under the same title are shown once; under another title they are another answer."""
    found, about = passages({"A": ["a", "copy", "other"]})
    text = found["a#1@v"].text
    found["copy#1@v"] = replace(found["copy#1@v"], title="a", text=f"{text} end")
    found["other#1@v"] = replace(found["other#1@v"], text=text)
    scores = {"a": 3.0, "copy": 2.0, "other": 1.0}
    shown = choose(list(scores), scores, dict.fromkeys(found, 1.0), about.get, lambda ids: found, 5)
    assert [passage.document_id for passage in shown] == ["a", "other"]
