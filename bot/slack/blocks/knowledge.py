"""Answers with their sources, the source itself, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.domain.curation import Removal
from bot.domain.incident import Incident
from bot.domain.records import Summary
from bot.slack.blocks import parts
from bot.slack.blocks.curating import take_back_button, taken_out
from bot.slack.blocks.parts import Block
from bot.slack.blocks.upkeep import ORIGINS, facts
from bot.slack.blocks.votes import vote_buttons
from knowledge.model import Passage
from knowledge.text.commands import dangers
from knowledge.upkeep import Kept


def answer(content: Mapping[str, Any]) -> list[Block]:
    """The passages that answer a question, or that nothing fits."""
    return [*asked(content), *passages(content)]


def asked(content: Mapping[str, Any]) -> list[Block]:
    """Who asked what, and what could not be searched."""
    verb = "a demandé :" if content.get("language") == "fr" else "asked:"
    blocks = [
        parts.note(f"<@{content['user']}> {verb}"),
        parts.foreign(f"“{parts.cut(content['question'], 500)}”"),
    ]
    return [*blocks, *(parts.foreign_note(missing) for missing in content["missing"])]


def passages(content: Mapping[str, Any]) -> list[Block]:
    """Each passage with the button that opens its source."""
    found = content["passages"]
    if not found:
        language = "fr" if content.get("language") == "fr" else "en"
        is_answered = any(content.get(part) for part in ("said", "listed", "decided", "actions"))
        return [parts.status(_NOTHING[language] + ("" if is_answered else _KEPT[language]))]
    blocks = []
    for number, passage in enumerate(found, 1):
        title, heading = parts.cut(f"{number}. {passage['title']}", 160), parts.cut(passage["heading"], 240)
        blocks.append(
            parts.rich(
                parts.line(parts.run(title, bold=True), parts.run(f"  {heading}")),
                parts.preformatted(passage["text"], 700),
            )
        )
        blocks += warnings(passage["text"])
        blocks.append(parts.note(f"{passage['kind']} · {ORIGINS.get(passage['origin'], 'imported')}"))
        look = parts.button("Open the source", f"open_source:{number}", passage["id"])
        blocks.append(parts.buttons(look, *vote_buttons(str(number), passage["id"])))
    return blocks


_NOTHING = {
    "en": "*Nothing in the knowledge base fits.* Try an alert's name or other words.",
    "fr": "*Rien dans la base de connaissances ne correspond.* Essayez le nom d'une alerte ou d'autres mots.",
}
_KEPT = {
    "en": " The question is kept: `/vigie questions` lists what has no answer yet.",
    "fr": " La question est gardée : `/vigie questions` montre ce qui est resté sans réponse.",
}


def source_view(passage: Passage, today: date, kept: Kept | None = None, vote: bool | None = None) -> Block:
    """A modal with the exact passage that was cited, and what is known of its document `today`.

    `vote`: whether the reader has called it useful.
    """
    heading = " › ".join(passage.heading) or passage.title
    blocks = [parts.header(heading)]
    blocks.append(parts.foreign_note(f"{passage.place} · version {passage.version}, as it was cited"))
    blocks += facts(kept) if kept is not None else _facts(passage)
    ended = passage.outdated(today)
    if passage.superseded:
        blocks.append(parts.note(":warning: The document has changed since; this is what was cited."))
    elif ended:
        blocks.append(parts.foreign_note(f"Out of date: {ended}. Nothing is proposed because of it."))
    blocks += [*warnings(passage.text), parts.rich(parts.preformatted(passage.text))]
    choices = vote_buttons("source", passage.id)
    if kept is not None:
        choices.append(parts.button("Whole document", "document_open", kept.id))
        choices += [] if kept.origin == "import" else [take_back_button(kept.id)]
    if vote is not None:
        blocks.append(parts.note(f"You said: *{'useful' if vote else 'not useful'}*. You may change it."))
    blocks.append(parts.buttons(*choices))
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": parts.short(passage.title, parts.TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": blocks,
    }


def warnings(text: str) -> list[Block]:
    """What commands in a document would do, said by us beside it; Vigie itself never runs its text."""
    found = dangers(text)
    if not found:
        return []
    what = f"A command in this text {', and one '.join(found)}."
    return [parts.note(f":warning: {what} Vigie never runs it. Do not copy it before N3 has read it.")]


def _facts(passage: Passage) -> list[Block]:
    """What the passage itself knows of its document, which is no longer there."""
    looked = f"last review {passage.reviewed}" if passage.reviewed else "never reviewed"
    owner = f"service {passage.service or 'none'} · owner {passage.owner or 'nobody'}"
    return [
        parts.note(f"{ORIGINS.get(passage.origin, 'imported')} · {looked}"),
        parts.foreign_note(f"{passage.kind} · {passage.document_id} · {owner}"),
    ]


def summary(kept: Summary, removal: Removal | None = None) -> list[Block]:
    """The draft with its button, or what was confirmed and where it went."""
    if kept.confirmed_at is None:
        intro = (
            "*Summary, drafted from recorded events.* Edit and confirm it, and it enters the knowledge base."
        )
        edit = parts.button("Edit and confirm", "edit_summary", str(kept.incident_id), "primary")
        more = parts.button("Draft a postmortem", "draft_postmortem", str(kept.incident_id))
        return [parts.status(intro), parts.rich(parts.preformatted(kept.text)), parts.buttons(edit, more)]
    who = kept.confirmed_by.partition("/")[2]
    where = (
        f"It is in the knowledge base as `{kept.document_id}`." if kept.document_id else "It is being stored."
    )
    blocks = [
        parts.status(f"*Summary, confirmed by <@{who}>.* {where}"),
        parts.rich(parts.preformatted(kept.text)),
    ]
    if removal is not None:
        blocks[0] = parts.status(f"*Summary, confirmed by <@{who}>.*")
        return [*blocks, *taken_out(removal)]
    if not kept.document_id:
        return blocks
    look = parts.button("Open", "document_open", kept.document_id)
    return [*blocks, parts.buttons(look, take_back_button(kept.document_id))]


def summary_view(incident: Incident, kept: Summary) -> Block:
    """The modal in which a person edits the draft, and the cause that votes when it happens again."""
    field = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    field |= {"initial_value": parts.cut(kept.text, parts.SECTION)}
    label = {"type": "plain_text", "text": "What others should know next time"}
    cause = {"type": "plain_text_input", "action_id": "text", "max_length": 60}
    if kept.cause:
        cause |= {"initial_value": parts.short(kept.cause, 60)}
    cause_label = {
        "type": "plain_text",
        "text": "Cause in a short name, such as stale-lock; empty if not known",
    }
    return {
        "type": "modal",
        "callback_id": "summary",
        "title": {"type": "plain_text", "text": f"Summary of {incident.label}"},
        "submit": {"type": "plain_text", "text": "Confirm"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "private_metadata": str(incident.id),
        "blocks": [
            {"type": "input", "block_id": "summary", "label": label, "element": field},
            {
                "type": "input",
                "block_id": "cause",
                "label": cause_label,
                "element": cause,
                "optional": True,
            },
        ],
    }


def found(
    passages: Sequence[Passage], fits: bool, missing: Sequence[str], words: str, why: str = ""
) -> list[Block]:
    """What `/vigie search` shows: the same passages, for the asker alone, and why they fit or none does."""
    shown = [
        {
            "id": p.id,
            "title": p.title,
            "heading": " › ".join(p.heading),
            "text": p.text,
            "kind": p.kind,
            "origin": p.origin,
        }
        for p in (passages if fits else ())
    ]
    blocks = answer({"user": "", "question": words, "missing": list(missing), "passages": shown})[1:]
    return [*blocks, parts.foreign_note(f"Why: {why}.")] if why else blocks
