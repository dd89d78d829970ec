"""Tells whether a sentence says that something was done or allowed: what only a recorded event can show.

A log may say that somebody approved, a model may say that it ran something. Both are words.
"""

from __future__ import annotations

import re

_DONE = (
    r"run|ran|executed|launched|started|restarted|stopped|killed|cleared|deleted|dropped|purged|flushed|applied"
    r"|rolled|reverted|deployed|scaled|fixed|repaired|resolved|closed|acknowledged|muted|silenced|signed|approved"
    r"|authori[sz]ed|undone|undid|triggered|performed|carried"
)
_DOING = (
    r"running|executing|launching|starting|restarting|stopping|killing|clearing|deleting|applying|rolling"
    r"|reverting|deploying|scaling|fixing|signing|approving|muting"
)
_FAIT = (
    r"lancé|exécuté|démarré|redémarré|arrêté|tué|vidé|supprimé|effacé|purgé|appliqué|annulé|déployé|augmenté|corrigé"
    r"|réparé|résolu|clos|fermé|acquitté|signé|approuvé|autorisé|déclenché|effectué|validé"
)
_WHO = r"(?:n[123]|on-?call|astreinte|experts?|vigie|somebody|someone|everybody|quelqu'un|l'équipe|the team)"
_ALLOWED = (
    r"(?:signed|signed off|approved|authori[sz]ed|agreed|signé|approuvé|autorisé|validé|approval|sign-?off)"
)
_DEEDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:i|we)(?:['’]ve| have| had)?(?: \w+ly| already| just| now| been)* (?:{_DONE})\b",
        rf"\b(?:i|we)(?:['’]m| am|['’]re| are)(?: now| already| just)* (?:{_DOING})\b",
        rf"\b(?:j['’]ai|nous avons|on a)(?: déjà| bien| tout juste)* (?:{_FAIT})",
        rf"\b{_ALLOWED}\w*\b.{{0,40}}\b{_WHO}\b",
        rf"\b{_WHO}\b.{{0,40}}\b{_ALLOWED}",
    )
)


def tells_of_a_deed(sentence: str) -> bool:
    """Whether it says that its writer did something, or that people allowed something."""
    return any(pattern.search(sentence) for pattern in _DEEDS)
