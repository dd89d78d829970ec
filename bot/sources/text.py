"""Foreign text on its way in: invisible characters out and flagged, secrets replaced, length bounded."""

from __future__ import annotations

from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact

MAX_CHARACTERS = 4000


def clean(text: str, flags: set[str]) -> str:
    """The text as it may be stored and shown; what was found in it is added to `flags`."""
    cut = text[:MAX_CHARACTERS]
    if len(text) > MAX_CHARACTERS:
        flags.add("a text was cut")
    plain, found = normalise(cut.replace("\x00", "\ufffd"))
    flags.update(found)
    redacted = redact(plain)
    if redacted.text != plain:
        flags.add("a secret was replaced")
    return redacted.text
