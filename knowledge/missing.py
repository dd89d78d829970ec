"""What could not be searched, in words: English where it is found, French for who asked in French."""

from __future__ import annotations

import re

NOT_WARM = "vector search is not ready: the model is still loading; the answer rests on words alone"
NOT_OWNER = "vector search is not ready: another process owns the index; the answer rests on words alone"
SWITCHED_OFF = "vector search is switched off in vigie.toml; the answer rests on words alone"
CLOSED = "vector search is not ready: the knowledge base is closed"
INCOMPLETE = "vector search is incomplete: {} passages are not in the index yet"
CHANGING = "vector search is being changed: {} passages are still to be embedded {}"
FAILED = "vector search is not ready: {}; the answer rests on words alone"

_WORDS_ALONE = "la réponse ne repose que sur les mots"
_FRENCH = {
    NOT_WARM: f"la recherche par vecteurs n'est pas prête : le modèle se charge encore ; {_WORDS_ALONE}",
    NOT_OWNER: f"la recherche par vecteurs n'est pas prête : un autre processus a l'index ; {_WORDS_ALONE}",
    SWITCHED_OFF: f"la recherche par vecteurs est désactivée dans vigie.toml ; {_WORDS_ALONE}",
    CLOSED: "la recherche par vecteurs n'est pas prête : la base de connaissances est fermée",
    INCOMPLETE: "la recherche par vecteurs est incomplète : {} passages ne sont pas encore dans l'index",
    CHANGING: "la recherche par vecteurs change : {} passages sont encore à traiter ({})",
    FAILED: f"la recherche par vecteurs n'est pas prête : {{}} ; {_WORDS_ALONE}",
}


def in_language(missing: str, language: str) -> str:
    """The sentence in the asker's language; as it is where it is none of ours."""
    for english, french in _FRENCH.items() if language == "fr" else ():
        found = re.fullmatch(re.escape(english).replace(r"\{\}", "(.*)"), missing)
        if found:
            return french.format(*found.groups())
    return missing
