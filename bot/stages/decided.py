"""Why alerts of an incident were not told, and how many: what was decided of each, as rows have it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.alert import Kind
from bot.domain.conversation import Source
from bot.domain.incident import Incident
from bot.domain.quiet import Tally, plain_reason
from bot.domain.store import Tx
from bot.stages.asking_now import plain
from bot.stages.phrases import Say, phrases
from bot.stages.words import inert

LINES = 10
_NAME, _REASON = 80, 400
_NOT_TOLD = re.compile(
    r"\b(?:not|never|t|nobody|nothing|no one|pas|jamais|personne|rien)\b.{0,40}"
    r"\b(?:told|tell|notif\w+|pag(?:e|ed|ing)|ping(?:ed)?|alerted|warned|announced|shown|posted"
    r"|signale\w*|previen\w*|prevenu\w*|averti\w*|annonce\w*|remonte\w*|affiche\w*|alertee?s)\b"
)
_ABSORBED = re.compile(
    r"\b(?:absorb\w*|suppress\w*|dedup\w*|held|muted?|silenced?|damped|hidden|flap\w*|dropped|swallowed"
    r"|retenu\w*|masque\w*|supprime\w*|filtre\w*|sourdine|ignore\w*|cache\w*)\b"
)
_ASKS = re.compile(
    r"\b(?:why|how (?:many|much|come)|which|what|pourquoi|combien|quel\w*|comment|est ce que|qu est ce)\b"
)
_ALERTS = re.compile(r"\b(?:alerts?|alertes?|deliver\w+|notifications?)\b")


def asks_why_quiet(question: str, names: Sequence[str]) -> bool:
    """Whether it asks what became of alerts that people were not told of; `names` are the incident's."""
    text = plain(question)
    if _ASKS.search(text) is None:
        return False
    if _NOT_TOLD.search(text):
        return True
    is_of_alerts = _ALERTS.search(text) is not None or bool(_named(text, names))
    return is_of_alerts and _ABSORBED.search(text) is not None


def decided(tx: Tx, incident: Incident, question: str, language: str) -> list[Source]:
    """The sum and each decision with its reason, what absorbed most first; nothing where it is not asked for.

    Where the question names alerts of the incident, the decisions are theirs alone.
    """
    if not asks_why_quiet(question, ()) and not _ABSORBED.search(plain(question)):
        return []
    tallies = tx.deliveries.tallies_of(incident.id)
    asks = tallies and asks_why_quiet(question, sorted({tally.name for tally in tallies}))
    return lines_of(tallies, question, language) if asks else []


def lines_of(tallies: Sequence[Tally], question: str, language: str) -> list[Source]:
    """The answer from what was counted."""
    say = phrases(language)
    named = _named(plain(question), sorted({tally.name for tally in tallies}))
    lines = [_line(tally, say) for tally in _together(tallies) if tally.name in named or not named]
    told = [_sum(tallies, say), *lines[:LINES]]
    if len(lines) > LINES:
        told.append(say("more decisions", count=len(lines) - LINES))
    return [Source(f"D{n}", text, None, "decision") for n, text in enumerate(told, 1)]


def _sum(tallies: Sequence[Tally], say: Say) -> str:
    quiet: dict[Kind, int] = {}
    for tally in tallies:
        if not tally.told:
            quiet[tally.decision] = quiet.get(tally.decision, 0) + tally.count
    received, absorbed = sum(tally.count for tally in tallies), sum(quiet.values())
    rest = ", ".join(f"{many} {say(f'was {kind.value}')}" for kind, many in sorted(quiet.items()))
    return say("absorbed", absorbed=absorbed, received=received, rest=f" ({rest})" if rest else "")


def _together(tallies: Sequence[Tally]) -> list[Tally]:
    """Those that differ in the numbers of their reasons alone as one, with the newest reason."""
    found: dict[tuple[str, Kind, bool, str], tuple[Tally, int]] = {}
    for tally in sorted(tallies, key=lambda one: one.newest):
        key = tally.name, tally.decision, tally.told, plain_reason(tally.reason)
        found[key] = tally, found.get(key, (tally, 0))[1] + tally.count
    counted = [replace(tally, count=many) for tally, many in found.values()]
    return sorted(counted, key=lambda one: (one.told, -one.count, one.name))


def _line(tally: Tally, say: Say) -> str:
    how = say("was told") if tally.told else say(f"was {tally.decision.value}")
    name, reason = inert(tally.name, _NAME), inert(tally.reason, _REASON)
    return f"{tally.count} × {name}, {say(tally.severity.word)}, {how}: {reason}"


def _named(text: str, names: Sequence[str]) -> set[str]:
    """The alerts that the question names, however it writes them."""
    return {name for name in names if plain(name) and f" {plain(name)} " in f" {text} "}
