"""A chart as a message: the points of a check's run, drawn from the rows of the moment when it is sent."""

from __future__ import annotations

from dataclasses import replace

from bot.charts import drawing
from bot.charts.view import View
from bot.domain.chart import Chart, apart
from bot.domain.evidence import Evidence
from bot.domain.records import CheckRun, Post
from bot.domain.store import Tx
from bot.in_force import InForce
from bot.slack.blocks import chart as chart_blocks
from bot.slack.blocks.parts import Block
from bot.slack.uploads import File
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact


def view_of(tx: Tx, in_force: InForce, post: Post) -> tuple[View, str] | None:
    """What it shows, and its evidence id; None where its check is no evidence any more, or has no points."""
    run = tx.checks.get(post.subject)
    if run is None or run.result is None:
        return None
    _, chart = apart(run.result.output)
    evidence = _evidence(tx, run)
    if chart is None or evidence is None:
        return None
    return _view(tx, in_force, run, chart), evidence.id


def drawn(view: View, evidence: str) -> tuple[str, list[Block]]:
    """The words and the comment."""
    return f"{evidence}: {view.title}", chart_blocks.comment(view, evidence)


def file_of(view: View, evidence: str) -> File:
    """The picture with its words. It takes some ten milliseconds of processor time."""
    return File(
        drawing.png(view),
        chart_blocks.title(view, evidence),
        chart_blocks.alt_text(view),
        blocks=tuple(chart_blocks.comment(view, evidence)),
    )


def _evidence(tx: Tx, run: CheckRun) -> Evidence | None:
    """The piece that came of it; a later round has others, under the same numbers."""
    pieces = tx.diagnoses.evidence(run.incident_id)
    return next((piece for piece in pieces if piece.source == f"check:{run.id}"), None)


def _view(tx: Tx, in_force: InForce, run: CheckRun, chart: Chart) -> View:
    assert run.result is not None
    tool = in_force.tools(tx).get(run.tool)
    alerts = tx.alerts.of_incident(run.incident_id)
    lines = tuple(replace(line, name=_clean(line.name)) for line in chart.lines)
    return View(
        replace(chart, lines=lines),
        tool.title if tool else run.tool,
        run.result.unit,
        tool.reads.healthy if tool and tool.reads else None,
        min((alert.began_at or alert.first_at for alert in alerts), default=None),
    )


def _clean(name: str) -> str:
    """Labels may hold what nobody should read, like all that a check gives."""
    clean = redact(normalise(name)[0])
    return "" if clean.private_key else clean.text
