"""What a metric query shows: a picture with its words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from bot.domain.chart import chart_of, with_chart
from bot.domain.evidence import EvidenceKind
from bot.domain.records import CheckRun
from bot.domain.tool import CheckResult, Expectation, Reading, ToolKind, Verdict
from tests.specimens import values
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, variants
from tests.specimens.voices import ORDINARY, Voice

MINUTES = 30


def charts() -> Iterator[Specimen]:
    yield from variants("message", "chart", _chart)


def _chart(voice: Voice) -> Message:
    """Three queues, of which one grows; hundreds of them where it is huge."""
    end = values.NOW.timestamp()
    start = end - 60 * MINUTES
    names = [voice.word(name) for name in ("orders", "mail", "billing")] * max(voice.many(1, 200), 1)
    pods = [{"pod": f"pod-{n}"} if len(names) > 3 else {} for n in range(len(names))]
    series = [
        ({"queue": name, **pods[n]}, [(start + 60 * m, _depth(n, m)) for m in range(MINUTES + 1)])
        for n, name in enumerate(names)
    ]
    made = chart_of(series, start, end, 60, "max")
    assert made is not None
    result = CheckResult("queues", Verdict.FAULTY, 93, voice.text("orders"), "", "")
    run = CheckRun(12, 12, "queues", {}, values.NOW, replace(result, output=with_chart("{}", made, 16_384)))
    expect = Expectation("at_most", 40)
    tool = replace(
        values.tool(voice, ToolKind.CHECK),
        title=voice.text("Orders that wait"),
        reads=Reading("/value", expect),
    )
    piece = replace(values.evidence(ORDINARY)[0], id="E3", kind=EvidenceKind.CHECK, source="check:12")
    rows = Rows(check=run, evidence=[piece], alerts=values.alerts(voice), tools={"queues": tool})
    return rows.snapshot("chart")


def _depth(queue: int, minute: int) -> float:
    calm = 12 + 6 * queue % 17 + 3 * math.sin(minute * (queue + 1) / 3)
    return calm + (5 * max(0, minute - 14) if queue == 0 else 0)
