"""What a process says when it ends by an error that nobody expected: where, and no secret."""

from __future__ import annotations

import contextlib
import resource
import sys
import threading
from types import TracebackType


def guard() -> None:
    """From now on tracebacks lose their secrets, and no core dump keeps the memory with its tokens."""
    sys.excepthook = _end
    threading.excepthook = lambda told: _end(told.exc_type, told.exc_value, told.exc_traceback)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    import traceback

    from knowledge.text.redaction import redact, without_private_keys

    told = "".join(traceback.format_exception(kind, error, trace))
    with contextlib.suppress(OSError):
        sys.stderr.write(redact(without_private_keys(told)).text)
