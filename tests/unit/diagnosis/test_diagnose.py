"""The stage around the model: what is dropped, completed, cut and said, whoever wrote the diagnosis."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.diagnosis import Diagnosis, Hypothesis, Method, Quote, Remedy
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.investigation import Desk
from bot.domain.tool import Expectation, Tool, Use
from bot.errors import ModelUnavailable
from bot.stages.diagnose import diagnose
from tests.unit.diagnosis.builders import (
    DEPTH,
    INCIDENT,
    INVENTORY,
    TOOLS,
    alert,
    check,
    past,
    tool,
    validate,
)

EVIDENCE = (alert(), past("E2", "dead worker"))
SAID = (Quote("E1", "Orders wait"), Quote("E2", "What happened."))
SOUND = Hypothesis("dead worker", "It is dead.", 0.7, ("E1", "E2"), quotes=SAID)
WEIGHED = replace(SOUND, confidence=0.65, sources=2, claimed=0.7, earned=0.65)


class Answering:
    """A diagnostician that gives what it was made with: a diagnosis, or an error; or takes its time."""

    def __init__(self, given: Diagnosis | ModelUnavailable, wait_s: float = 0.0) -> None:
        self._given = given
        self._wait_s = wait_s

    async def diagnose(
        self,
        incident: Incident,
        evidence: Sequence[Evidence],
        tools: Sequence[Tool],
        desk: Desk | None = None,
    ) -> Diagnosis:
        await asyncio.sleep(self._wait_s)
        if isinstance(self._given, ModelUnavailable):
            raise self._given
        return self._given


async def of(model: Answering | None, deadline_s: float = 5.0) -> Diagnosis:
    return await diagnose(INCIDENT, EVIDENCE, TOOLS, INVENTORY, model, deadline_s, validate)


def said(*remedies: Remedy, hypotheses: tuple[Hypothesis, ...] = (SOUND,)) -> Answering:
    return Answering(Diagnosis(Method.MODEL, hypotheses, remedies))


def remedy(tool: str, **arguments: object) -> Remedy:
    return Remedy(tool, arguments, "because", ("E2",))


async def test_the_model_is_asked_first() -> None:
    """A sound answer of the model is what is shown, labelled as such and without a caveat."""
    found = await of(said(remedy("restart_worker", worker="orders-worker")))
    assert found.method is Method.MODEL
    assert found.hypotheses == (WEIGHED,)
    assert found.remedies[0].arguments == {"worker": "orders-worker"}
    assert found.caveats == ()


async def test_without_a_model_similar_incidents_speak_and_there_is_no_caveat() -> None:
    """No model configured is a normal way to run."""
    found = await of(None)
    assert (found.method, found.caveats) == (Method.SIMILAR, ())
    assert found.hypotheses[0].cause == "dead worker"


async def test_a_slow_model_is_left_at_the_deadline() -> None:
    """The fallback names the time that was waited."""
    found = await of(Answering(Diagnosis(Method.MODEL), wait_s=5), deadline_s=0.05)
    assert found.method is Method.SIMILAR
    assert found.caveats == (
        "The model did not answer within 0.05 s; this comes from similar incidents alone.",
    )


async def test_an_unavailable_model_is_named_with_its_reason() -> None:
    """The fallback carries the reason as one short line."""
    found = await of(Answering(ModelUnavailable("Its endpoint answered HTTP 500.\n" + "x" * 900)))
    assert found.method is Method.SIMILAR
    assert found.caveats[0].startswith("The model gave no usable answer (Its endpoint answered HTTP 500. xxx")
    assert len(found.caveats[0]) < 300


async def test_what_cites_nothing_known_is_dropped() -> None:
    """A hypothesis or remedy with an unknown citation goes; an unknown contradiction only loses itself."""
    loose = Hypothesis("aliens", "Seen.", 0.9, ("E99",))
    kept = Hypothesis("dead worker", "It is.", 0.5, ("E1",), contradicted_by=("E2", "E77"))
    found = await of(said(Remedy("restart_worker", {}, "so", ("E98",)), hypotheses=(loose, kept)))
    assert [h.cause for h in found.hypotheses] == ["dead worker"]
    assert found.hypotheses[0].contradicted_by == ("E2",)
    assert [r.why for r in found.remedies] == ["Linked by “Incident of E2”. The model does not name it."]
    assert "2 statement(s) were rejected" in found.caveats[0]


async def test_left_out_arguments_come_from_the_inventory() -> None:
    """The model never sees the inventory, so what it leaves out is filled in by us."""
    found = await of(said(remedy("restart_worker")))
    assert found.remedies[0].arguments == {"worker": "orders-worker"}


@pytest.mark.parametrize(
    ("proposed", "caveat"),
    [
        (remedy("queue_depth"), "has no such action"),
        (remedy("purge_queue", older_than_h=2), "what was read does not lead to it"),
        (remedy("restart_worker", worker="root"), "its arguments follow from the catalogue"),
        (
            remedy("restart_worker", worker="mail-worker", force=True),
            "its arguments follow from the catalogue",
        ),
    ],
)
async def test_what_nothing_leads_to_is_words(proposed: Remedy, caveat: str) -> None:
    """A check, an action that nothing links, another target: the offer stays, and the reason is said."""
    found = await of(said(proposed))
    assert [(r.tool, r.arguments) for r in found.remedies] == [
        ("restart_worker", {"worker": "orders-worker"})
    ]
    assert len(found.caveats) == 1
    assert caveat in found.caveats[0]
    assert found.hypotheses == (WEIGHED,)


@pytest.mark.parametrize(
    ("hours", "offered"), [(2, True), (0, False), (99, False), ("2", False), (True, False), (None, False)]
)
async def test_the_model_fills_in_what_the_catalogue_leaves_open(hours: object, offered: bool) -> None:
    """Of an action that a document links, within the catalogue's bounds; otherwise it is words."""
    known = [alert(), past("E2", "dead worker", actions=["purge_queue"])]
    asked = remedy("purge_queue", **({} if hours is None else {"older_than_h": hours}))
    found = await diagnose(INCIDENT, known, TOOLS, INVENTORY, said(asked), 5, validate)
    assert [r.arguments for r in found.remedies] == ([{"older_than_h": 2}] if offered else [])
    assert bool(found.caveats) is not offered


async def test_one_action_is_offered_once() -> None:
    """Named twenty times it is there once, with the first reason."""
    found = await of(said(*[remedy("restart_worker")] * 20))
    assert [(r.tool, r.why) for r in found.remedies] == [("restart_worker", "because")]


def _many(count: int) -> list[Tool]:
    """Actions whose own precondition is the depth of the queue."""
    before = Use("queue_depth", expect=Expectation("at_least", 100))
    return [tool(f"act_{n}", precondition=before) for n in range(count)] + [DEPTH]


@pytest.mark.parametrize("named", [(), ("act_0",), ("act_4", "act_3"), ("act_2", "act_1", "act_0", "act_4")])
async def test_the_model_orders_the_offer_and_does_not_choose_it(named: tuple[str, ...]) -> None:
    """Three are offered, whichever it names: those whose precondition was read to hold."""
    found = await diagnose(
        INCIDENT,
        [alert(), check("E2", "queue_depth", "faulty", 140)],
        _many(5),
        INVENTORY,
        said(*map(remedy, named), hypotheses=()),
        5,
        validate,
    )
    offered = [r.tool for r in found.remedies]
    assert sorted(offered) == ["act_0", "act_1", "act_2"]
    assert offered[: len(set(named) & set(offered))] == [name for name in named if name in offered]


async def test_a_precondition_that_does_not_hold_offers_nothing() -> None:
    """What the model reads or says of it does not help."""
    known = [alert(), check("E2", "queue_depth", "healthy", 3)]
    asked = said(remedy("act_0"), hypotheses=())
    found = await diagnose(INCIDENT, known, _many(1), INVENTORY, asked, 5, validate)
    assert found.remedies == ()


@pytest.mark.parametrize(
    ("given", "shown"), [(7.0, 0.65), (1.0, 0.65), (-1.0, 0.0), (math.nan, 0.0), (math.inf, 0.0), (0.4, 0.4)]
)
async def test_confidence_stays_a_share(given: float, shown: float) -> None:
    """Nobody is ever told that something is certain."""
    found = await of(said(hypotheses=(Hypothesis("c", "s", given, ("E1",), quotes=SAID),)))
    assert found.hypotheses[0].confidence == shown


async def test_text_is_one_short_visible_line() -> None:
    """Line ends, invisible and reversing characters and sheer length never reach a reader."""
    nasty = "a\u202eb\n\x1b[31m*All is well*\u200b" + "x" * 5000
    given = Diagnosis(
        Method.MODEL,
        (Hypothesis(nasty, nasty, 0.5, ("E1",), component=nasty),) * 30,
        advice=(nasty,) * 30,
        gaps=(nasty,) * 30,
    )
    found = await of(Answering(given))
    texts = [*found.advice, *found.gaps]
    texts += [text for h in found.hypotheses for text in (h.cause, h.statement, h.component)]
    assert len(found.hypotheses) == 5
    assert max(map(len, texts)) <= 600
    assert len(found.advice) == len(found.gaps) == 12
    assert not any(c in text for text in texts for c in "\u202e\n\x1b\u200b")
