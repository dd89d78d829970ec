"""What is noted of an alert as it comes in: of its text, or of what its sender says in typed fields."""

from __future__ import annotations

NOT_UTF8 = "bytes that are no UTF-8 were replaced"
CUT, SECRET, ALIKE = "a text was cut", "a secret was replaced", "two labels read alike"
CLOCK_AHEAD = "the sender's clock is ahead"
_UNKNOWN_SEVERITY = "unknown severity"
_SHOWN = 40  # characters of a foreign word
# With the names of `knowledge.text.normalising.HIDDEN`.
_OF_TEXT = frozenset({NOT_UTF8, CUT, SECRET, ALIKE, "zero-width", "bidi", "tag", "control"})


def unknown_severity(word: str, taken_as: str) -> str:
    """The flag of an alert whose severity is none that is known."""
    return f"{_UNKNOWN_SEVERITY} '{' '.join(word.split())[:_SHOWN]}', taken as {taken_as}"


def is_of_severity(flag: str) -> bool:
    """Whether it says that the severity is an unknown word."""
    return flag.startswith(_UNKNOWN_SEVERITY)


def is_of_text(flag: str) -> bool:
    """Whether it says that a text was cleaned, and not what is odd about the alert itself."""
    return flag in _OF_TEXT
