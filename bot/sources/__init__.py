"""Where alerts come from. A new source is a file with a pure `parse`, a line in `SOURCES`, and its cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain.alert import Alert
from bot.sources import alertmanager

Parse = Callable[[object, datetime], list[Alert]]

SOURCES: dict[str, Parse] = {
    "alertmanager": alertmanager.parse,
}
