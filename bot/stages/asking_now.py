"""What a question is about: how things are now, what was, or what no check reads; in two languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from bot.stages.language import asks_what_happened, language_of, since_of
from knowledge import question_words
from knowledge.glossary import standard

_NOW = re.compile(
    r"\b(still|now|currently|right now|at the moment|any ?more|no longer|yet|toujours|encore|maintenant"
    r"|actuellement|en ce moment|a present|ne \w+ plus|n \w+ plus"
    r"|recheck|(?:check|look|read) (?:it )?again|reverifie[rz]?|regarde[rz]? (?:de nouveau|a nouveau))\b"
)
_PAST = re.compile(
    r"\b(was|were|had|happened|yesterday|last (?:night|week|month|time|year)|ago|earlier|before|ever"
    r"|history|started|began|have we|seen|etait|etaient|avait|avaient|hier|avant|deja|auparavant|historique"
    r"|a (?:commence|debute)|la derniere fois|a t (?:il|elle|on)|avons nous|vu)\b"
)
# Who, when and how to, and what is written, are told by people and documents, not by a check.
_ELSEWHERE = re.compile(
    r"^(?:and |et )?(?:who|whom|whose|when|where|qui|quand|ou) "
    r"|\bhow (?:do|does|can|could|should|to)\b|\bcomment (?!va|vont|est|sont|se porte)"
    r"|\bon call\b|\bd astreinte\b|\b(?:runbook|playbook|procedure|document(?:ation)?|postmortem)s?\b"
)
# Words by which people ask how things are, without saying which thing.
_STATES = (
    "alert alive back bad better break broken dead down failing failed fails fine firing fix fixed good green"
    " healthy improving ok okay over recovered red repaired situation state status up well work working worse"
    " alerte ameliore bien casse degrade empire etat fini fonctionne mal marche mieux panne persiste pire"
    " repare resolu retabli revenu sain stable va"
)
_SHORT = ("ok", "up")
_SAY_NOTHING = (
    "look read recheck reverifie reverifier regarde nouveau"
    " service system incident problem issue check thing things one many much number count still now currently"
    " moment anymore longer yet again going get getting all everything really also toujours encore maintenant"
    " actuellement present plus probleme systeme tout bien vraiment aussi jour normal"
    " the and for not with from this that its isn are aren les des une dans sur pour pas avec aux par"
)


@dataclass(frozen=True, slots=True)
class About:
    """`named`: stems of the things that it names. `words`: these, the service, and how things are.

    `is_state`: it asks how things are, and names none of them. `is_now`: it may help to look.
    """

    named: frozenset[str]
    words: frozenset[str]
    is_state: bool
    is_now: bool


def about(question: str, now: datetime, service: str) -> About:
    """What a question asks for; about a time that is over, nothing can be looked at."""
    text = plain(question)
    says_now = _NOW.search(text) is not None
    is_past = asks_what_happened(question) or since_of(question, now) is not None or _PAST.search(text)
    words = stems(question, language_of(question), _silent())
    named = words - _states() - stems(service, "en")
    asks_how = says_now or bool(words & _states())
    is_now = _ELSEWHERE.search(text) is None and (says_now or not is_past)
    return About(named, words, is_state=asks_how and not named, is_now=is_now)


def stems(text: str, language: str, but: Collection[str] = ()) -> frozenset[str]:
    """What a text's words have in common with their other forms, French ones also by their English names.

    `but`: words that are left out, whole, in small letters without accents.
    """
    said = f"{text} {standard().gloss(text, 'fr')}" if language == "fr" else text
    words = (word for word in plain(said).split() if len(word) > 2 or word in _SHORT)
    return frozenset(_stem(word) for word in words if _singular(word) not in but)


def plain(text: str) -> str:
    """Small letters without accents or punctuation."""
    seen = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", " ", "".join(c for c in seen if not unicodedata.combining(c))).strip()


def _stem(word: str) -> str:
    return _singular(word)[:5]


def _singular(word: str) -> str:
    return word.rstrip("s") if len(word) > 3 else word


@cache
def _states() -> frozenset[str]:
    return stems(_STATES, "fr")


@cache
def _silent() -> frozenset[str]:
    """Words that name nothing, but for those that ask how things are."""
    asking = " ".join([*question_words.ENGLISH, *question_words.FRENCH, _SAY_NOTHING])
    return frozenset(map(_singular, plain(asking).split())) - frozenset(_STATES.split())
