"""What stands beside the picture of a metric: its evidence id, and in words what it shows."""

from __future__ import annotations

from bot.charts import words
from bot.charts.view import View
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

_TITLE = 100


def comment(view: View, evidence: str) -> list[Block]:
    """All of it rich text: names of series are foreign. Slack takes nothing else beside a file."""
    said = words.told(view)
    elements = [parts.line(parts.run(f"{evidence} ", bold=True), parts.run(said.head))]
    elements.append(parts.listing([[parts.run(line)] for line in said.lines]))
    if said.notes:
        elements.append(parts.line(parts.run(" ".join(said.notes))))
    return [parts.rich(*elements)]


def title(view: View, evidence: str) -> str:
    """The title of the file: plain text."""
    return parts.short(parts.visible(f"{evidence} {' '.join(view.title.split())}".strip()), _TITLE)


def alt_text(view: View) -> str:
    """What is read out in place of the picture."""
    return parts.visible(words.alt_text(view))
