"""Attack B8: errors by the thousand in one log, to promote the attacker's cause."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.domain.evidence import Evidence
from bot.stages.calibrated import capped, sources_of
from bot.stages.diagnose import diagnose_by_similarity
from knowledge.causes.history import History
from knowledge.causes.model import ONE_SOURCE
from tests.unit.diagnosis.builders import INCIDENT, INVENTORY, TOOLS, alert, check, past
from tests.unit.diagnosis.pasts import history, table, text_of

KNOWN = History(history())
OWN = "bad deploy"


def shown(sources: list[Evidence]) -> dict[str, float]:
    """Each cause's confidence as people see it, with past incidents of two causes that search has found."""
    said = sources_of(sources)
    judged = capped(KNOWN.judge(said), len(said))
    pieces = [*sources, past("E8", OWN), past("E9", "stale lock")]
    made = diagnose_by_similarity(INCIDENT, pieces, TOOLS, INVENTORY, judged)
    return {one.cause: one.confidence for one in made.hypotheses}


def flood(texts: int, repeats: int = 1) -> str:
    draw = random.Random(7)  # a draw, not a secret
    return "\n".join([text_of(OWN, "parcels", draw) for _ in range(texts)] * repeats)


def log(text: str, name: str = "shop_log") -> Evidence:
    return replace(check("E5", name, "unclear", 0), text=text)


QUIET = [
    alert(),
    replace(check("E4", "parts", "faulty", 1), text="\n".join(table("parcels", random.Random(3)))),
]


@pytest.mark.attack("B8")
@pytest.mark.parametrize("texts", [1, 3, 30])
def test_volume_in_one_log_is_capped(texts: int) -> None:
    """However much one log says, its cause stays at what one source is worth; a second one lifts it."""
    one = shown([*QUIET, log(flood(texts))])
    assert one.get(OWN, 0.0) <= ONE_SOURCE
    other = replace(QUIET[1], text=flood(1))
    assert shown([QUIET[0], other, log(flood(texts))])[OWN] > one.get(OWN, 0.0)


@pytest.mark.attack("B8")
def test_repeats_gain_nothing_at_all() -> None:
    """The same errors a thousand times, and megabytes of them, change no confidence in the last digit."""
    once = shown([*QUIET, log(flood(1))])
    assert shown([*QUIET, log(flood(1, 1000))]) == once


@pytest.mark.attack("B8")
def test_an_alert_alone_is_one_source() -> None:
    """Many alerts of one sender that say the attacker's cause are worth no more than one source."""
    said = sources_of([alert(f"E{n}", flood(1)) for n in range(50)])
    judged = capped(KNOWN.judge(said), len(said))
    assert max(one.confidence for one in judged.causes) <= ONE_SOURCE
