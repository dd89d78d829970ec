"""What was noted of an alert as it came in."""

from __future__ import annotations

from bot.domain.flags import unknown_severity
from tests.specimens.voices import Voice


def flags(voice: Voice) -> tuple[str, ...]:
    """An odd severity where there is anything at all; a hostile text was cleaned besides."""
    odd = (unknown_severity(voice.text("apocalyptic"), "warning"),) if voice.name != "empty" else ()
    return (*odd, "bidi", "zero-width") if voice.name == "hostile" else odd
