"""The answer to a question: what stands on a source, what does not, and where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.blocks import fresh, knowledge, parts
from bot.slack.blocks.parts import Block

Content = Mapping[str, Any]
_BESIDE_READINGS = 2
_SENTENCES, _SOURCES, _EVENTS, _ACTIONS, _DECISION = 12, 8, 20, 3, 500
_WORDS = {
    "en": {
        "looking": ":hourglass_flowing_sand: The model is writing; this message will say more.",
        "writing": "The model is writing",
        "nothing": "No answer found",
        "said": "*Answer of the model*, each sentence with its source",
        "doubted": "*Nothing backs this*: the model says it without a source that holds it",
        "cited": "Sources",
        "decided": "*What was decided of its alerts, and why*",
        "since": "*Recorded since {since}*",
        "nothing since": "*Nothing was recorded since {since}.*",
        "action": "*The catalogue has this*: it only runs once N3 have signed it · risk {risk}",
    },
    "fr": {
        "looking": ":hourglass_flowing_sand: Le modèle écrit ; ce message en dira plus.",
        "writing": "Le modèle écrit",
        "nothing": "Pas de réponse trouvée",
        "said": "*Réponse du modèle*, chaque phrase avec sa source",
        "doubted": "*Rien n'appuie ceci* : le modèle le dit sans source qui le porte",
        "cited": "Sources",
        "decided": "*Ce qui a été décidé de ses alertes, et pourquoi* (les raisons telles qu'enregistrées)",
        "since": "*Enregistré depuis {since}*",
        "nothing since": "*Rien n'a été enregistré depuis {since}.*",
        "action": "*Le catalogue a ceci* : rien ne s'exécute avant la signature de N3 · risque {risk}",
    },
}


def headline(content: Content) -> str:
    """What a notification says."""
    if content.get("said"):
        return str(content["said"][0]["text"])
    if told := fresh.headline(content):
        return told
    if content.get("decided"):
        return str(content["decided"][0]["text"])
    words = _WORDS["fr" if content.get("language") == "fr" else "en"]
    if content["passages"]:
        return parts.counted(len(content["passages"]), "passage")
    if content.get("listed"):
        return words["since"].format(since=content["since"]).strip("*")
    return words["writing"] if content.get("looking") else words["nothing"]


def answer(content: Content) -> list[Block]:
    """Who asked what, what is known, and passages where nothing better answers."""
    words = _WORDS["fr" if content.get("language") == "fr" else "en"]
    blocks = knowledge.asked(content) + fresh.blocks(content)
    if content.get("looking"):
        blocks.append(parts.note(words["looking"]))
    if content.get("note"):
        blocks.append(parts.foreign_note(content["note"]))
    if content.get("said"):
        blocks += _said(content, words)
    else:
        blocks += _decided(content, words)
        if content.get("since") and (content["listed"] or not content.get("decided")):
            blocks += _listed(content, words)
    blocks += _actions(content.get("actions", []), words)
    is_answered = any(content.get(part) for part in ("listed", "decided", "fresh", "reading"))
    if not content.get("said") and (content["passages"] or not is_answered):
        # What was just read answers first; a long list below it would push it out of sight.
        is_beside = content.get("fresh") or content.get("decided")
        most = _BESIDE_READINGS if is_beside else len(content["passages"])
        blocks += knowledge.passages({**content, "passages": content["passages"][:most]})
    return blocks


def _said(content: Content, words: Mapping[str, str]) -> list[Block]:
    said, doubted, cited = content["said"], content["doubted"], content["cited"]
    blocks = [
        parts.status(words["said"]),
        parts.rich(*(parts.line(*_sentence(one)) for one in said[:_SENTENCES])),
    ]
    if doubted:
        lines = parts.listing([parts.run(parts.cut(text, 400))] for text in doubted[:_SENTENCES])
        blocks += [parts.status(words["doubted"]), parts.rich(lines)]
    shown = parts.listing(_event(source) for source in cited[:_SOURCES])
    blocks.append(parts.rich(parts.line(parts.run(words["cited"], bold=True)), shown))
    opened = [source for source in cited[:_SOURCES] if source["opens"]]
    if opened:
        buttons = (parts.button(s["id"], f"open_source:{s['id']}", s["opens"]) for s in opened)
        blocks.append(parts.buttons(*buttons))
    return blocks


def _sentence(one: Content) -> list[Block]:
    runs = [parts.run(parts.cut(one["text"], 500))]
    for name in one["citations"][:6]:
        runs += [parts.run(" "), parts.run(name, code=True)]
    return runs


def _decided(content: Content, words: Mapping[str, str]) -> list[Block]:
    """What became of alerts, and why."""
    lines: Sequence[Content] = content.get("decided", [])
    if not lines:
        return []
    shown = parts.listing(_event(source, _DECISION) for source in lines[:_EVENTS])
    return [parts.status(words["decided"]), parts.rich(shown)]


def _listed(content: Content, words: Mapping[str, str]) -> list[Block]:
    events: Sequence[Content] = content["listed"]
    if not events:
        return [parts.status(words["nothing since"].format(since=content["since"]))]
    shown = parts.listing(_event(source) for source in events[:_EVENTS])
    return [parts.status(words["since"].format(since=content["since"])), parts.rich(shown)]


def _event(source: Content, most: int = 160) -> list[Block]:
    when = f" {source['at']}" if source["at"] else ""
    text = " ".join(str(source["text"]).split())
    return [parts.run(source["id"], code=True), parts.run(f"{when} {parts.cut(text, most)}")]


def _actions(actions: Sequence[Content], words: Mapping[str, str]) -> list[Block]:
    blocks = []
    for action in actions[:_ACTIONS]:
        propose = parts.button("Propose…", "run_open", action["value"])
        blocks += [
            parts.status_with(words["action"].format(risk=action["risk"]), propose),
            parts.rich(
                parts.line(
                    parts.run(parts.cut(action["title"], 160), bold=True),
                    parts.run(f"\n{parts.cut(action['does'], 300)}"),
                )
            ),
        ]
    return blocks
