"""Ids and timestamps as Slack makes them: unguessable, and timestamps that never repeat or go back."""

import secrets
import string
import time

_LETTERS = string.ascii_uppercase + string.digits


def random_id(prefix: str, length: int = 10) -> str:
    """A prefix followed by `length` random capitals and digits."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


def envelope_id() -> str:
    """A random id in the shape of a UUID."""
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


class Timestamps:
    """Message timestamps: seconds and six digits, unique and rising within one workspace."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """The next timestamp, as text."""
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
