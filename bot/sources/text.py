"""Foreign text on its way in: invisible characters out and flagged, secrets replaced, length bounded."""

from __future__ import annotations

from functools import lru_cache

from bot.domain.flags import CUT, SECRET
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact, redact_value

MAX_CHARACTERS = 4000
_SHORTEST = 4  # no shorter value is taken for a password
_PLAIN = 20  # letters and digits alone, shorter than any secret that is known by its shape
_SHORT, _KEPT = 200, 8192  # names and values of labels come again and again: about 3 MB are kept of them


def clean(text: str, flags: set[str]) -> str:
    """The text as it may be stored and shown; what was found in it is added to `flags`."""
    if len(text) < _PLAIN and text.isascii() and text.isalnum():
        return text
    cleaned, found = _kept(text) if len(text) <= _SHORT else _cleaned(text)
    flags.update(found)
    return cleaned


def clean_value(name: str, value: str, flags: set[str]) -> str:
    """A cleaned value that is kept apart from its name, as a label's is: `password` and what stands in it."""
    found = value if len(value) < _SHORTEST else redact_value(name, value)
    if found != value:
        flags.add(SECRET)
    return found


def _cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    cut = text[:MAX_CHARACTERS]
    plain, found = normalise(cut.replace("\x00", "\ufffd"))
    redacted = redact(plain)
    if len(text) > MAX_CHARACTERS:
        found += (CUT,)
    if redacted.text != plain:
        found += (SECRET,)
    return redacted.text, found


_kept = lru_cache(_KEPT)(_cleaned)
