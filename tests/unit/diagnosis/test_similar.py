"""Similar incidents vote for a cause: shares, doubt, checks, abstaining, and what follows for remedies."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.diagnosis import Method, resolve_citations
from bot.domain.evidence import Evidence
from bot.domain.tool import Argument
from bot.stages.diagnose import diagnose_by_similarity, suggest_arguments
from tests.unit.diagnosis.builders import (
    INCIDENT,
    INVENTORY,
    TOOLS,
    alert,
    check,
    past,
    runbook,
    tool,
)


def test_votes_are_shares_with_doubt() -> None:
    """More votes for a cause give more confidence, and it never reaches certainty, not even unanimously."""
    one = diagnose_by_similarity(INCIDENT, [past("E1", "dead worker")], TOOLS, INVENTORY)
    three = [past(f"E{n}", "dead worker") for n in (1, 2, 3)]
    many = diagnose_by_similarity(INCIDENT, three, TOOLS, INVENTORY)
    split = diagnose_by_similarity(INCIDENT, [*three, past("E4", "full disk")], TOOLS, INVENTORY)
    assert many.method is Method.SIMILAR
    assert one.hypotheses[0].confidence < many.hypotheses[0].confidence < 1
    assert [h.cause for h in split.hypotheses] == ["dead worker", "full disk"]
    assert split.hypotheses[0].confidence < many.hypotheses[0].confidence
    assert sum(h.confidence for h in split.hypotheses) < 1
    assert many.hypotheses[0].citations == ("E1", "E2", "E3")


def test_same_service_and_exact_alert_weigh_more() -> None:
    """At equal scores the incident of this service, and that of this very alert, comes first."""
    other = past("E2", "full disk", service="mail")
    mine = past("E3", "dead worker")
    exact = past("E4", "bad deploy", alerts=["OrdersStuck"])
    found = diagnose_by_similarity(INCIDENT, [alert(), other, mine, exact], TOOLS, INVENTORY)
    assert [h.cause for h in found.hypotheses] == ["bad deploy", "dead worker", "full disk"]
    near = past("E4", "bad deploy", alerts=["OrdersStuckLong"])
    found = diagnose_by_similarity(INCIDENT, [alert(), mine, near], TOOLS, INVENTORY)
    assert found.hypotheses[0].confidence == found.hypotheses[1].confidence


def test_a_document_votes_once() -> None:
    """Many passages of one document are one vote, so that length does not win."""
    pieces = [past(f"E{n}", "full disk", document="incidents/long") for n in range(1, 6)]
    found = diagnose_by_similarity(INCIDENT, [*pieces, past("E9", "dead worker", 0.9)], TOOLS, INVENTORY)
    assert found.hypotheses[0].cause == "dead worker"


@pytest.mark.parametrize(
    ("pieces", "gap"),
    [
        ([alert()], "Nothing of the knowledge base was found"),
        ([alert(), past("E2", "dead worker", 0.1)], "fits too badly"),
        ([alert(), past("E2", "dead worker", math.nan)], "fits too badly"),
        ([alert(), past("E2", "")], "No past incident with a known cause"),
        ([alert(), runbook()], "No past incident with a known cause"),
    ],
)
def test_abstains(pieces: list[Evidence], gap: str) -> None:
    """Without a fitting past incident there is no hypothesis and no remedy; the gap says what is missing."""
    found = diagnose_by_similarity(INCIDENT, pieces, TOOLS, INVENTORY)
    assert found.hypotheses == ()
    assert found.remedies == ()
    assert len(found.gaps) == 1
    assert gap in found.gaps[0]


def test_a_precondition_that_holds_supports() -> None:
    """The check behind a linked action is cited as support, and weighs for the cause."""
    votes = [past("E2", "dead worker"), past("E3", "full disk", actions=["purge_queue"])]
    found = diagnose_by_similarity(
        INCIDENT, [*votes, check("E4", "queue_depth", "faulty", 140)], TOOLS, INVENTORY
    )
    lead, other = found.hypotheses
    assert (lead.cause, lead.citations, lead.contradicted_by) == ("dead worker", ("E2", "E4"), ())
    assert lead.confidence > other.confidence
    assert found.remedies[0].citations == ("E2", "E4")
    assert "140 orders" in lead.statement


def test_a_precondition_that_does_not_hold_contradicts() -> None:
    """The cause loses confidence to one that prevails; what a runbook links is not proposed, and why not."""
    votes = [
        past("E2", "dead worker"),
        *(past(f"E{n}", "full disk", actions=[]) for n in (5, 6)),
        runbook(),
    ]
    free = diagnose_by_similarity(INCIDENT, votes[:1], TOOLS, INVENTORY)
    barred = diagnose_by_similarity(
        INCIDENT, [*votes, check("E4", "queue_depth", "healthy", 3)], TOOLS, INVENTORY
    )
    assert [r.tool for r in free.remedies] == ["restart_worker"]
    assert barred.remedies == ()
    assert [h.cause for h in barred.hypotheses] == ["full disk", "dead worker"]
    assert barred.hypotheses[1].contradicted_by == ("E4",)
    assert barred.hypotheses[1].confidence < free.hypotheses[0].confidence / 2
    assert any("restart_worker is not proposed" in gap and "3 orders" in gap for gap in barred.gaps)


@pytest.mark.parametrize("symptom", [(), (check("E5", "worker_alive", "faulty", False),)])
@pytest.mark.parametrize(
    "others",
    [
        (),
        (past("E3", "full disk", actions=[]),),
        (past("E3", "dead worker"), past("E6", "dead worker"), past("E7", "dead worker")),
        (past("E3", "full disk", actions=[]), past("E6", "bad deploy", actions=[]), runbook()),
    ],
)
def test_resemblance_that_checks_do_not_bear_out_names_no_cause(
    others: tuple[Evidence, ...], symptom: tuple[Evidence, ...]
) -> None:
    """A refuted cause, none backed, none that prevails: no hypothesis, remedy or step; what was considered.

    That the trouble is there (the symptom's check) backs no cause; however often the refuted one was right.
    """
    pieces = [alert(), past("E2", "dead worker"), *others, *symptom, check("E4", "queue_depth", "healthy", 3)]
    found = diagnose_by_similarity(INCIDENT, pieces, TOOLS, INVENTORY)
    assert (found.hypotheses, found.remedies, found.advice) == ((), (), ())
    assert found.gaps[0].startswith("Nothing fits")
    assert any("dead worker (E2" in gap and "3 orders (E4)" in gap for gap in found.gaps)
    assert sum("No check speaks for" in gap for gap in found.gaps) == len(
        {p.facts["cause"] for p in others} - {"", "dead worker"}
    )


def test_the_runbook_of_the_leading_cause_is_quoted() -> None:
    """A lookalike's runbook that ranks higher gives no steps and no remedy while the lead cites its own."""
    other = runbook("E7", "1. Purge it.", document="runbooks/other", score=0.9, actions=["purge_queue"])
    pieces = [alert(), past("E2", "dead worker"), other, runbook(), check("E4", "queue_depth", "faulty", 140)]
    found = diagnose_by_similarity(INCIDENT, pieces, TOOLS, INVENTORY)
    assert "E8" in found.advice[0]
    assert not any("purge_queue" in line for line in found.advice)


def test_a_check_that_could_not_tell_decides_nothing() -> None:
    """Unknown neither supports nor contradicts nor bars, whatever value comes with it."""
    vote = past("E2", "dead worker")
    found = diagnose_by_similarity(
        INCIDENT, [vote, check("E4", "queue_depth", "unknown", 0)], TOOLS, INVENTORY
    )
    assert [r.tool for r in found.remedies] == ["restart_worker"]
    assert "E4" not in (*found.hypotheses[0].citations, *found.hypotheses[0].contradicted_by)


def test_the_newest_run_of_a_check_counts() -> None:
    """An older run of the same check says nothing any more."""
    pieces = [
        past("E2", "dead worker"),
        check("E4", "queue_depth", "faulty", 140, minutes=5),
        check("E5", "queue_depth", "healthy", 3, minutes=1),
    ]
    found = diagnose_by_similarity(INCIDENT, pieces, TOOLS, INVENTORY)
    assert "E4" in found.hypotheses[0].citations
    assert found.hypotheses[0].contradicted_by == ()


def test_the_verifying_check_speaks_for_when_faulty() -> None:
    """Faulty shows the fault that the action mends; healthy speaks against the cause, but bars nothing."""
    vote = past("E2", "dead worker")
    faulty = diagnose_by_similarity(
        INCIDENT, [vote, check("E4", "worker_alive", "faulty", False)], TOOLS, INVENTORY
    )
    healthy = diagnose_by_similarity(
        INCIDENT, [vote, check("E4", "worker_alive", "healthy", True)], TOOLS, INVENTORY
    )
    assert "E4" in faulty.hypotheses[0].citations
    assert healthy.hypotheses[0].contradicted_by == ("E4",)
    assert [r.tool for r in healthy.remedies] == ["restart_worker"]


def test_runbook_steps_become_advice_with_its_name() -> None:
    """The numbered list of the best runbook is quoted, and the runbook is named with its citation."""
    found = diagnose_by_similarity(
        INCIDENT, [alert(), past("E2", "dead worker"), runbook()], TOOLS, INVENTORY
    )
    assert found.advice[:3] == (
        "Runbook “Orders are stuck”, section “Repair” (E8):",
        "1. Look at the queue.",
        "2. Restart the worker.",
    )
    assert "E8" in found.hypotheses[0].citations


def test_a_step_is_quoted_whole() -> None:
    """A step that is wrapped in its document is one line of advice; what stands after it is no part of it."""
    text = "1. Look at the queue,\n   then at\n  the log.\n2. Restart.\n\n   An aside.\nThe end."
    found = diagnose_by_similarity(
        INCIDENT, [alert(), past("E2", "dead worker"), runbook("E8", text)], TOOLS, INVENTORY
    )
    assert found.advice[1:3] == ("1. Look at the queue, then at the log.", "2. Restart.")
    assert not any("aside" in line or "The end" in line for line in found.advice)


def test_an_action_that_needs_a_person_is_said_in_words() -> None:
    """Where an argument cannot be derived, nothing is guessed: the action is named in the advice."""
    found = diagnose_by_similarity(
        INCIDENT, [past("E2", "old orders", actions=["purge_queue"])], TOOLS, INVENTORY
    )
    assert found.remedies == ()
    assert any("purge_queue" in line and "E2" in line for line in found.advice)


def test_only_catalogue_actions_for_this_incident() -> None:
    """Checks, unknown names and actions for another service or environment are never remedies."""
    foreign = tool("restart_mail", services=("mail",))
    staging = tool("restart_staging", environments=("staging",))
    linked = ["queue_depth", "rm_rf", "restart_mail", "restart_staging", "restart_worker"]
    found = diagnose_by_similarity(
        INCIDENT, [past("E2", "dead worker", actions=linked)], [*TOOLS, foreign, staging], INVENTORY
    )
    assert [r.tool for r in found.remedies] == ["restart_worker"]


def test_at_most_three_remedies() -> None:
    """What is linked beyond three is said in words."""
    tools = [tool(f"act_{n}") for n in range(5)]
    found = diagnose_by_similarity(
        INCIDENT, [past("E2", "dead worker", actions=[t.name for t in tools])], tools, {}
    )
    assert [r.tool for r in found.remedies] == ["act_0", "act_1", "act_2"]
    assert [line.split()[0] for line in found.advice] == ["act_3", "act_4"]


REFERENCE = Argument("worker", "reference", inventory="workers")


@pytest.mark.parametrize(
    ("argument", "rows", "expected"),
    [
        (REFERENCE, {"a": {"services": ["orders"]}, "b": {"services": ["mail"]}}, "a"),
        (REFERENCE, {"a": {"services": ["orders"]}, "b": {"services": ["orders"]}}, None),
        (REFERENCE, {"a": {}}, "a"),
        (REFERENCE, {"a": {}, "b": {}}, None),
        (REFERENCE, {"a": {"services": ["mail"]}}, None),
        (REFERENCE, {}, None),
        (Argument("worker", "enum", choices=("only",)), {}, "only"),
        (Argument("worker", "enum", choices=("a", "b")), {}, None),
        (Argument("worker", "enum", choices=("a", "b"), default="b"), {}, "b"),
        (Argument("worker", "integer", minimum=1, maximum=9), {}, None),
        (Argument("worker", "boolean", default=False), {}, False),
    ],
)
def test_arguments_are_derived_or_left_to_a_person(
    argument: Argument, rows: dict[str, dict[str, object]], expected: object
) -> None:
    """Defaults, the only choice and the only fitting row are taken; all else needs a person."""
    found = suggest_arguments(replace(TOOLS[0], arguments=(argument,)), INCIDENT, {"workers": rows})
    assert found == (None if expected is None else {"worker": expected})


@given(
    st.lists(
        st.builds(
            past,
            st.sampled_from([f"E{n}" for n in range(20)]),
            st.sampled_from(["dead worker", "Dead  Worker", "full disk", ""]),
            st.floats(),
            service=st.sampled_from(["orders", "mail", None, 3]),
            alerts=st.one_of(st.none(), st.lists(st.text(), max_size=2), st.just(["OrdersStuck"])),
            actions=st.one_of(st.none(), st.lists(st.sampled_from(["restart_worker", "x"]), max_size=2)),
        ),
        max_size=8,
        unique_by=lambda piece: piece.id,
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_is_found_it_is_grounded_and_unsure(pieces: list[Evidence], random: object) -> None:
    """Every statement cites what is there, confidence stays below 0.95, order means nothing."""
    found = diagnose_by_similarity(INCIDENT, pieces, TOOLS, INVENTORY)
    assert resolve_citations(found, {piece.id for piece in pieces}) == found
    assert all(0 < h.confidence <= 0.95 for h in found.hypotheses)
    assert bool(found.hypotheses) or bool(found.gaps)
    shuffled = list(pieces)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert diagnose_by_similarity(INCIDENT, shuffled, TOOLS, INVENTORY) == found
