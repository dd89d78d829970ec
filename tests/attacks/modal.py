"""Reads a modal for signing as a person does: headings, and the boxes below each."""

from __future__ import annotations

import re
from typing import Any


def shown_in(view: dict[str, Any]) -> dict[str, str]:
    """The modal's parts by label: headings are bold sections, the boxes below them belong to them, whole."""
    found: dict[str, str] = {}
    label = ""
    for block in view["blocks"]:
        if block["type"] == "section" and (bold := re.fullmatch(r"\*(.+)\*", block["text"]["text"])):
            label = bold[1]
            found[label] = ""
        elif block["type"] == "rich_text" and label:
            found[label] += "".join(run["text"] for box in block["elements"] for run in box["elements"])
    return found
