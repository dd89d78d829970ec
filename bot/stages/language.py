"""In which language somebody asks, English or French, and since when they want to know."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_WORD = re.compile(r"[^\W\d_]+")
_FRENCH_WORDS = (
    "le la les des du de un une est sont que quoi qui pourquoi depuis et si on ça cela quel quelle quels"
    " comment dans pour sur pas nous avons avez il elle ont été a au aux avec ce cette quand où fait"
    " résume résumé résumer midi minuit hier matin soir"
    " changé passé panne redémarrer redémarrait bilan moi se quelles"
)
_ENGLISH_WORDS = (
    "the a an is are was were what why who when where how since and if we it this that which do does did has"
    " have had in for on not of to with changed happened noon midnight yesterday morning catch me up summary"
    " restart should could would can any there"
)
_FRENCH, _ENGLISH = frozenset(_FRENCH_WORDS.split()), frozenset(_ENGLISH_WORDS.split())


def language_of(text: str) -> str:
    """ "fr" or "en", by the small words of each; English where neither tells."""
    words = [word.lower() for word in _WORD.findall(text)]
    french = sum(word in _FRENCH for word in words) + sum(any(c in "éèêàùçœ" for c in w) for w in words)
    english = sum(word in _ENGLISH for word in words)
    return "fr" if french > english else "en"


def content_words(text: str) -> frozenset[str]:
    """The words that say what a text is about, each by its first letters, so that forms of one word meet."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(word[:5] for word in words if len(word) > 3 and word not in _FRENCH | _ENGLISH)


_HAPPENED = re.compile(
    r"(?i)\bwhat (?:has |have |was |were |did )?(?:happened|changed|been done|done|tried|we do|we try)\b"
    r"|\bwhat(?:'s| is) (?:new|going on)\b"
    r"|qu'est-ce qui (?:s'est passé|a changé)|que s'est-il passé|qu'a-t-on (?:fait|essayé)|quoi de neuf"
)


def asks_what_happened(text: str) -> bool:
    """Whether the question is about events, whenever they were."""
    return _HAPPENED.search(text.replace("\u2019", "'")) is not None


_SINCE = re.compile(r"(?i)\b(?:since|after|depuis|après)\s+(?P<what>.{1,40})")
_CLOCK = re.compile(r"(?P<hour>[01]?\d|2[0-3])\s*(?:[:h]\s*(?P<minute>[0-5]\d)|h\b|\s?(?P<half>am|pm)\b)")
_AGO = re.compile(r"(?:the last |les )?(?P<count>\d{1,4})\s*(?P<unit>min|h(?:ou|eu)?r|day|jour|h\b)")
_NAMED = {
    "noon": 12,
    "midday": 12,
    "midi": 12,
    "midnight": 0,
    "minuit": 0,
    "this morning": 6,
    "ce matin": 6,
}
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "j": timedelta(days=1)}


def since_of(text: str, now: datetime) -> datetime | None:
    """The moment after a "since" or "depuis", in UTC and never after `now`; None where there is none."""
    found = _SINCE.search(text)
    if found is None:
        return None
    what = found["what"].lower()
    if ago := _AGO.match(what):
        return now - int(ago["count"]) * _UNITS[ago["unit"][0]]
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if what.startswith(("yesterday", "hier")):
        return today - timedelta(days=1)
    at = next((timedelta(hours=hour) for name, hour in _NAMED.items() if what.startswith(name)), None)
    if at is None and (clock := _CLOCK.match(what)):
        hour = int(clock["hour"]) % 12 + 12 * (clock["half"] == "pm") if clock["half"] else int(clock["hour"])
        at = timedelta(hours=hour, minutes=int(clock["minute"] or 0))
    if at is None:
        return None
    return today + at if today + at <= now else today + at - timedelta(days=1)
