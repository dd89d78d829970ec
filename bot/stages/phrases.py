"""Our own words of answers and drafts, in English and French; what was recorded is filled in as it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

LANGUAGES = ("en", "fr")


class Say(Protocol):
    """One phrase by its name, filled in."""

    def __call__(self, phrase: str, /, **values: object) -> str: ...


def phrases(language: str) -> Say:
    """The phrases of a language; of English where it is another one."""
    known = _PHRASES["fr" if language == "fr" else "en"]

    def say(phrase: str, /, **values: object) -> str:
        # Replaced, not formatted: what is filled in was written by others and may hold braces.
        text = known[phrase]
        for name, value in values.items():
            text = text.replace(f"<{name}>", str(value))
        return text

    return say


def lasted(span: timedelta) -> str:
    """`45 s`, `12 min`, `3 h`, `2 d`; the same in both languages, but for days."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} d"


_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "opened": "<label> was opened: <title>",
        "fired": "alert <name> fired, <severity>",
        "proposed": "<name> was proposed by <by>",
        "signed": "<by> signed <name>",
        "rejected": "<by> rejected <name>",
        "started": "<name> was started",
        "ended": "<name> ended",
        "exit code": "exit code <code>",
        "outcome fixed": "looked at again: fixed",
        "outcome not fixed": "looked at again: not fixed",
        "outcome cannot tell": "looked at again: it cannot be told",
        "resolved": "<label> was resolved by <by>",
        "took": "<by> took <label>",
        "opened by hand": "<by> opened <label>: <title>",
        "reported": "reported by hand: <title>",
        "said how grave": "<label> is <to> now, says <by>",
        "gave": "<by> gave <label> to <to>",
        "gave back": "<by> gave <label> back: nobody has it",
        "split": "<by> split <label>",
        "merged": "<by> merged <label> into another incident",
        "confirmed the summary": "<by> confirmed the summary of <label>",
        "dismissed as noise": "<by> dismissed <label> as noise",
        "learned": "the summary of <label> came into the knowledge base",
        "its source": "its source",
        "silent": "<label> counts as over: nothing was heard of it any more",
        "a person": "a person",
        "nobody": "nobody yet",
        "critical": "critical",
        "warning": "warning",
        "info": "info",
        "triggered": "triggered",
        "investigating": "being investigated",
        "identified": "identified",
        "mitigating": "being mitigated",
        "monitoring": "being watched",
        "resolved state": "resolved",
        "closed": "closed",
        "a service": "a service without a name",
        "since": "Since <since> (<count>):",
        "nothing since": "Nothing was recorded since <since>.",
        "where it stands": "<label> is <state>, <severity>, for <lasted>: <title>",
        "where it ended": "<label> is over after <lasted>: <title>",
        "who has it": "Has it: <who>.",
        "likely": "Most likely cause so far, not proven: <cause> (<sure>).",
        "not known": "The cause is not known yet.",
        "proven": "Cause: <cause>; the remedy for it was seen to help.",
        "first guess": "The cause is not proven. The first hypothesis was: <cause>.",
        "never known": "The cause is not known.",
        "waits": "<name> waits for a signature.",
        "runs": "<name> is running.",
        "helped": "<name> helped.",
        "did not help": "<name>: <outcome>.",
        "newest": "Newest events:",
        "timeline": "Timeline",
        "summary": "Summary",
        "impact": "Impact",
        "cause": "Cause",
        "response": "What was done",
        "lessons": "What we learned",
        "actions": "What we do next",
        "to write": "(to be written)",
        "no action": "No action was run by Vigie.",
        "update open": "<service> in <environment> has had a problem since <since>. Severity: <severity>.",
        "update over": "The problem of <service> in <environment> is over: <lasted>, from <since> on.",
        "update state": "State: <state>.",
        "update next": "We will write again as soon as there is news.",
        "impact measured": "<service> in <environment>: <lasted> from <since>; <count> alert(s), <severity>.",
        "unbacked": "[not backed by a record]",
        "not asked": "The model was not asked: <why>",
        "no answer": "The model gave no usable answer<why>.",
        "nothing stands": "Nothing of what the model wrote stands on a source; it is left out.",
        "doubted": "<count> sentence(s) stand on no record and are marked: check or delete them.",
        "not read": "could not be read: <why>",
        "no reason": "nobody can tell why.",
        "printed": "the end of its output",
        "printed nothing": "no output",
        "read before": "read <age> s ago, not again",
        "was before": "<now>, was <before> at <at>",
        "as it should be": "as it should be (<bound>)",
        "not as it should be": "not as it should be (<bound>)",
        "at_most": "at most <bound>",
        "at_least": "at least <bound>",
        "equals": "equal to <bound>",
    },
    "fr": {
        "opened": "<label> a été ouvert : <title>",
        "fired": "l'alerte <name> s'est déclenchée, <severity>",
        "proposed": "<name> a été proposée par <by>",
        "signed": "<by> a signé <name>",
        "rejected": "<by> a refusé <name>",
        "started": "<name> a démarré",
        "ended": "<name> est finie",
        "exit code": "code de sortie <code>",
        "outcome fixed": "revérifié : réparé",
        "outcome not fixed": "revérifié : pas réparé",
        "outcome cannot tell": "revérifié : on ne peut pas le dire",
        "resolved": "<label> a été résolu par <by>",
        "took": "<by> a pris <label>",
        "opened by hand": "<by> a ouvert <label> : <title>",
        "reported": "signalé à la main : <title>",
        "said how grave": "<label> passe à <to>, dit <by>",
        "gave": "<by> a donné <label> à <to>",
        "gave back": "<by> a rendu <label> : personne ne l'a",
        "split": "<by> a séparé <label>",
        "merged": "<by> a joint <label> à un autre incident",
        "confirmed the summary": "<by> a confirmé le résumé de <label>",
        "dismissed as noise": "<by> a écarté <label> comme du bruit",
        "learned": "le résumé de <label> est entré dans la base de connaissances",
        "its source": "sa source",
        "silent": "<label> passe pour terminé : on n'en a plus rien entendu",
        "a person": "une personne",
        "nobody": "personne pour l'instant",
        "critical": "critique",
        "warning": "avertissement",
        "info": "information",
        "triggered": "déclenché",
        "investigating": "en cours d'analyse",
        "identified": "identifié",
        "mitigating": "en cours de réparation",
        "monitoring": "sous surveillance",
        "resolved state": "résolu",
        "closed": "clos",
        "a service": "un service sans nom",
        "since": "Depuis <since> (<count>) :",
        "nothing since": "Rien n'a été enregistré depuis <since>.",
        "where it stands": "<label> est <state>, <severity>, depuis <lasted> : <title>",
        "where it ended": "<label> est terminé après <lasted> : <title>",
        "who has it": "S'en occupe : <who>.",
        "likely": "Cause la plus probable à ce stade, non prouvée : <cause> (<sure>).",
        "not known": "La cause n'est pas encore connue.",
        "proven": "Cause : <cause> ; on a vu que son remède a aidé.",
        "first guess": "La cause n'est pas prouvée. La première hypothèse était : <cause>.",
        "never known": "La cause n'est pas connue.",
        "waits": "<name> attend une signature.",
        "runs": "<name> est en cours.",
        "helped": "<name> a aidé.",
        "did not help": "<name> : <outcome>.",
        "newest": "Derniers événements :",
        "timeline": "Chronologie",
        "summary": "Résumé",
        "impact": "Impact",
        "cause": "Cause",
        "response": "Ce qui a été fait",
        "lessons": "Ce que nous avons appris",
        "actions": "Ce que nous allons faire",
        "to write": "(à écrire)",
        "no action": "Vigie n'a exécuté aucune action.",
        "update open": "<service> en <environment> a un problème depuis <since>. Gravité : <severity>.",
        "update over": "Le problème de <service> en <environment> est terminé : <lasted> dès <since>.",
        "update state": "État : <state>.",
        "update next": "Nous écrirons de nouveau dès qu'il y aura du nouveau.",
        "impact measured": "<service>, <environment> : <lasted> dès <since> ; <count> alerte(s), <severity>.",
        "unbacked": "[sans trace enregistrée]",
        "not asked": "Le modèle n'a pas été interrogé : <why>",
        "no answer": "Le modèle n'a pas donné de réponse utilisable<why>.",
        "nothing stands": "Rien de ce que le modèle a écrit ne repose sur une source ; ce n'est pas montré.",
        "doubted": "<count> phrase(s) sans trace enregistrée sont marquées : à vérifier ou à supprimer.",
        "not read": "n'a pas pu être lu : <why>",
        "no reason": "personne ne peut dire pourquoi.",
        "printed": "la fin de sa sortie",
        "printed nothing": "aucune sortie",
        "read before": "lu il y a <age> s, pas relu",
        "was before": "<now>, c'était <before> à <at>",
        "as it should be": "normal (attendu : <bound>)",
        "not as it should be": "anormal (attendu : <bound>)",
        "at_most": "au plus <bound>",
        "at_least": "au moins <bound>",
        "equals": "égal à <bound>",
    },
}
