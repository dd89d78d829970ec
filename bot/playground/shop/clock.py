"""The two times the shop writes down: an instant as text, and the start of a process in kernel ticks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path


def iso_now() -> str:
    """The present instant, UTC, to the millisecond, as `2026-01-31T09:15:00.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_since(instant: str) -> float:
    """Seconds from an instant written by `iso_now` until now, never negative; ValueError for other text."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(instant)).total_seconds())


def start_ticks(pid: int) -> int | None:
    """Start of a living process in clock ticks since boot; None when it is gone or only a zombie is left.

    With the process id it names one process for good: the kernel gives ids out again, start times not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
