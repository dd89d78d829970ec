"""One spelling for one text: NFKC, nothing that hides or reorders text, and names taken apart."""

from __future__ import annotations

import re
import unicodedata

# Each class of hidden character with its name for reports. All are removed.
HIDDEN: dict[str, re.Pattern[str]] = {
    "zero-width": re.compile(
        "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2064\u206a-\u206f"
        "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0100-\U000e01ef]"
    ),
    "bidi": re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]"),
    "tag": re.compile("[\U000e0000-\U000e007f]"),
    "control": re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ufff9-\ufffb]"),
}
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zà-ÿ])")


def normalise(text: str) -> tuple[str, tuple[str, ...]]:
    """The text in NFKC with \\n line ends and nothing hidden, and the names of the classes that were
    removed.
    """
    if text.isascii() and text.isprintable():
        return text, ()  # nothing of that is in it, as in most texts
    text = (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\x85", "\n")
        .replace("\u2028", "\n")
        .replace("\u2029", "\n")
    )
    text = _ANSI.sub("", text)
    # A lone surrogate cannot be stored as UTF-8.
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = unicodedata.normalize("NFKC", text)
    found = []
    for name, pattern in HIDDEN.items():
        text, times = pattern.subn("", text)
        if times:
            found.append(name)
    # Removing a character may bring a letter and its accent together.
    return unicodedata.normalize("NFKC", text), tuple(found)


def split_names(text: str) -> str:
    """`KubePodCrashLooping` and `disk_full` as words: "Kube Pod Crash Looping", "disk full"."""
    return _CAMEL.sub(" ", text).replace("_", " ")
