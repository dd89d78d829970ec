"""Structured logs on standard error: readable at a terminal, one JSON object a line elsewhere. No line holds
a secret, neither ours nor those of libraries.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Mapping
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from knowledge.text.redaction import redact, redact_value, without_private_keys


def configure() -> None:
    """Set logging up once, at the start of a process."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Clean("%(levelname)s %(name)s %(message)s"))
    at_terminal = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if at_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing(sys.stderr))),
    )


class _Unfailing:
    """Standard error that loses lines rather than raise: on a full disk no loop may end by its log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


class _Clean(logging.Formatter):
    """The lines of libraries, with their tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return _cleaned(super().format(record))


def _without_secrets(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    return {key: _inert(value, key) for key, value in event.items()}


def _inert(value: object, name: str = "") -> object:
    """The value without secrets, also where it holds others; what is no plain value becomes its words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_cleaned(str(key)): _inert(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_inert(one) for one in value]
    text = value if isinstance(value, str) else str(value)
    return redact_value(name, _cleaned(text))


def _cleaned(text: str) -> str:
    return redact(without_private_keys(text)).text
