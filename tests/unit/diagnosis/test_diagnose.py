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
from bot.domain.tool import Tool
from bot.errors import ModelUnavailable
from bot.stages.diagnose import diagnose
from tests.unit.diagnosis.builders import INCIDENT, INVENTORY, TOOLS, alert, past, validate

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
    assert found.remedies == ()
    assert "2 statement(s) were rejected" in found.caveats[0]


async def test_left_out_arguments_come_from_the_inventory() -> None:
    """The model never sees the inventory, so what it leaves out is filled in by us."""
    found = await of(said(remedy("restart_worker")))
    assert found.remedies[0].arguments == {"worker": "orders-worker"}


@pytest.mark.parametrize(
    ("proposed", "caveat"),
    [
        (remedy("queue_depth"), "has no such action"),
        (remedy("restart_worker", worker="root"), "no such row"),
        (remedy("restart_worker", worker="orders-worker", force=True), "force"),
        (remedy("purge_queue"), "older_than_h"),
    ],
)
async def test_remedies_that_do_not_validate_are_refused(proposed: Remedy, caveat: str) -> None:
    """A check, an unknown row, an extra or a missing argument: refused with the reason, and nothing else."""
    found = await of(said(proposed))
    assert found.remedies == ()
    assert len(found.caveats) == 1
    assert "refused" in found.caveats[0]
    assert caveat in found.caveats[0]
    assert found.hypotheses == (WEIGHED,)


async def test_twenty_remedies_become_three() -> None:
    """The rest is named in the caveats and cannot be pressed."""
    found = await of(said(*[remedy("restart_worker")] * 20))
    assert len(found.remedies) == 3
    assert "at most 3" in found.caveats[0]


@pytest.mark.parametrize(
    ("given", "shown"), [(7.0, 0.65), (1.0, 0.65), (-1.0, 0.0), (math.nan, 0.0), (math.inf, 0.0), (0.4, 0.4)]
)
async def test_confidence_stays_a_share(given: float, shown: float) -> None:
    """Nobody is ever told that something is certain."""
    found = await of(said(hypotheses=(Hypothesis("c", "s", given, ("E1",), quotes=SAID),)))
    assert found.hypotheses[0].confidence == shown


async def test_text_is_one_short_visible_line() -> None:
    """Line ends, invisible and reversing characters and sheer length never reach a reader."""
    nasty = "a\u202eb\n\x1b[31m*Signed by N3*\u200b" + "x" * 5000
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
