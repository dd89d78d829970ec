"""What may deceive the eye of who signs: letters of other scripts, hidden ones, and names that look alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

MOST = 12
"""So many warnings are shown at most; how many more there are is said."""

# Letters of other scripts that are drawn like Latin ones, and Latin ones and digits drawn like each other.
_CYRILLIC = dict(zip("аеорсухіјѕԁһԛԝѵкмнтв", "aeopcyxijsdhqwvkmhtb", strict=True))
_GREEK = dict(zip("αεικνορτυχ", "aeikvoptux", strict=True))
_ALIKE = str.maketrans({**_CYRILLIC, **_GREEK, "0": "o"})
_THIN = str.maketrans(dict.fromkeys("1i|", "l"))


def warnings_of(plan: Mapping[str, object], known: Iterable[str] = ()) -> tuple[str, ...]:
    """One sentence of printable ASCII for everything in a plan that may be taken for something else.

    `known` are the names of the inventory: a value that looks like another of them is told with it.
    """
    target = plan.get("target")
    shown = {"arguments": plan.get("arguments"), "target": target, "call": plan.get("call")}
    found: dict[str, None] = {}
    names = list(known)
    for value in _texts(shown):
        for warning in (*strange(value), *_look_alikes(value, names)):
            found.setdefault(warning)
    every = tuple(found)
    more = (f"and {len(every) - MOST} more of this kind",) if len(every) > MOST else ()
    return (*every[:MOST], *more)


def strange(text: str) -> list[str]:
    """What is not plain ASCII in a text, character by character, and whether it mixes scripts."""
    odd = list(dict.fromkeys(character for character in text if not " " <= character <= "~"))
    if not odd:
        return []
    told = ", ".join(f"U+{ord(character):04X} {_name(character)}" for character in odd[:8])
    scripts = sorted({script for character in text if (script := _script(character))})
    mixed = f"; it mixes {' and '.join(scripts)}" if len(scripts) > 1 else ""
    more = f" and {len(odd) - 8} more" if len(odd) > 8 else ""
    return [f"{quoted(text)} holds {told}{more}{mixed}"]


def skeleton(text: str) -> str:
    """The same for two texts that may be taken for each other."""
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn", "Cc"))
    return seen.casefold().translate(_ALIKE).translate(_THIN).replace("rn", "m").replace("vv", "w")


def nearest_alike(text: str, known: Iterable[str]) -> str:
    """The known name that a text looks like without being it; empty where there is none."""
    drawn = skeleton(text)
    return next((name for name in known if name != text and skeleton(name) == drawn), "")


def quoted(text: str) -> str:
    """The text in quotes, every character that is not printable ASCII by its code point."""
    escaped = "".join(c if " " <= c <= "~" and c != "\\" else f"\\u{{{ord(c):x}}}" for c in text[:80])
    return f'"{escaped}"' + ("..." if len(text) > 80 else "")


def _look_alikes(value: str, known: Iterable[str]) -> list[str]:
    other = nearest_alike(value, known)
    return [f"{quoted(value)} looks like {quoted(other)}, another one in the inventory"] if other else []


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _script(character: str) -> str:
    """The script of a letter, by the first word of its name in Unicode; empty for what is no letter."""
    return _name(character).split(" ")[0] if character.isalpha() else ""


def _name(character: str) -> str:
    return unicodedata.name(character, "without a name")
