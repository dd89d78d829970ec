"""JSON that others wrote: nested without end it is as little JSON as with a comma too many."""

from __future__ import annotations

import json
from typing import Any


def parsed(text: str) -> Any:  # noqa: ANN401  # it may hold anything
    """What the text says.

    Raises:
        ValueError: it is no JSON, or nested too deeply to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
