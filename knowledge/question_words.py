"""The words of a question that name nothing: they must not speak against a document that lacks them.

The lists are the closed classes of the two grammars, written out from them: interrogatives, personal pronouns
and possessives, auxiliary verbs, and what is said to be polite. Articles and prepositions are left to the
stemmers' own lists.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")

ENGLISH = frozenset(
    _WORD.findall(
        "what which who whom whose when where why how "
        "i me my mine we us our ours you your yours he him his she her hers its them theirs "
        "am are was were been being do does did doing done have has had having can could may might must "
        "shall should "
        "would ought don doesn didn isn aren wasn weren won couldn shouldn wouldn haven hasn hadn ll ve re "
        "there here these those some any please thanks"
    )
)
FRENCH = frozenset(
    _WORD.findall(
        "comment pourquoi quand quoi quel quelle quels quelles qui que combien lequel laquelle lesquels "
        "lesquelles "
        "je tu il elle on nous vous ils elles me te se lui leur leurs eux moi toi soi mon ma mes ton ta tes "
        "son sa ses "
        "notre nos votre vos ce cet cette ces cela ça ceci "
        "suis es est sommes êtes sont était étaient été être ai as a avons avez ont avait avaient avoir "
        "peux peut pouvons pouvez peuvent pouvoir dois doit devons devez doivent devoir faut fais fait faire "
        "veux veut voulons voulez plaît plait svp merci"
    )
)


def telling(text: str, language: str) -> str:
    """The text without its question words; as it is where nothing else would be left.

    Those of the text's own language are taken out, and whatever it begins with of either: "Quand purger
    Redis?" is too short to be known as French.
    """
    first = _WORD.search(text)
    start = first.start() if first else 0

    def kept(found: re.Match[str]) -> str:
        word = found[0].lower()
        own = FRENCH if language == "fr" else ENGLISH
        is_asked = word in own or (found.start() == start and word in ENGLISH | FRENCH)
        return " " if is_asked and not _is_short_name(found[0]) else found[0]

    left = _WORD.sub(kept, text)
    return left if _WORD.search(left) else text


def _is_short_name(word: str) -> bool:
    """US, AI and ES are names."""
    return len(word) == 2 and word.isupper()
