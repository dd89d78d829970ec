"""Answers with their sources, the source itself, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.incident import Incident
from bot.domain.records import Summary
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from knowledge.model import Passage
from knowledge.text.commands import dangers

_ORIGINS = {"import": "imported", "person": "written by a person", "resolution": "learned from an incident"}


def answer(content: Mapping[str, Any]) -> list[Block]:
    """The passages that answer a question, or that nothing fits."""
    asker = f"<@{content['user']}> asked:"
    blocks = [parts.note(asker), parts.foreign(f"“{parts.cut(content['question'], 500)}”")]
    blocks += [parts.foreign_note(missing) for missing in content["missing"]]
    passages = content["passages"]
    if not passages:
        nothing = "*Nothing in the knowledge base fits.* Try an alert's name or other words."
        return [*blocks, parts.status(nothing)]
    for number, passage in enumerate(passages, 1):
        title, heading = parts.cut(f"{number}. {passage['title']}", 160), parts.cut(passage["heading"], 240)
        blocks.append(
            parts.rich(
                parts.line(parts.run(title, bold=True), parts.run(f"  {heading}")),
                parts.preformatted(passage["text"], 700),
            )
        )
        blocks += warnings(passage["text"])
        blocks.append(parts.note(f"{passage['kind']} · {_ORIGINS.get(passage['origin'], 'imported')}"))
        blocks.append(parts.buttons(parts.button("Open the source", f"open_source:{number}", passage["id"])))
    return blocks


def source_view(passage: Passage) -> Block:
    """A modal with the exact passage that was cited."""
    heading = " › ".join(passage.heading) or passage.title
    kind = f"{passage.kind} · {_ORIGINS.get(passage.origin, 'imported')} · {_looked_at(passage)}"
    blocks = [parts.header(heading), parts.note(kind)]
    if passage.service or passage.owner:
        blocks.append(parts.foreign_note(f"Service {passage.service or '?'}, owner {passage.owner or '?'}"))
    blocks.append(parts.foreign_note(f"{passage.document_id} · {passage.place} · version {passage.version}"))
    if passage.superseded:
        blocks.append(parts.note(":warning: The document has changed since; this is what was cited."))
    ended = passage.outdated(datetime.now(UTC).date())
    if ended and not passage.superseded:
        blocks.append(parts.foreign_note(f"Out of date: {ended}. Nothing is proposed because of it."))
    blocks += [*warnings(passage.text), parts.rich(parts.preformatted(passage.text))]
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


def _looked_at(passage: Passage) -> str:
    return f"reviewed {passage.reviewed:%Y-%m-%d}" if passage.reviewed else "never reviewed"


def summary(kept: Summary) -> list[Block]:
    """The draft with its button, or what was confirmed and where it went."""
    if kept.confirmed_at is None:
        intro = (
            "*Summary, drafted from recorded events.* Edit and confirm it, and it enters the knowledge base."
        )
        edit = parts.button("Edit and confirm", "edit_summary", str(kept.incident_id), "primary")
        return [parts.status(intro), parts.rich(parts.preformatted(kept.text)), parts.buttons(edit)]
    who = kept.confirmed_by.partition("/")[2]
    where = (
        f"It is in the knowledge base as `{kept.document_id}`." if kept.document_id else "It is being stored."
    )
    return [
        parts.status(f"*Summary, confirmed by <@{who}>.* {where}"),
        parts.rich(parts.preformatted(kept.text)),
    ]


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


def found(passages: Sequence[Passage], fits: bool, missing: Sequence[str], words: str) -> list[Block]:
    """What `/vigie search` shows: the same passages, for the asker alone."""
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
    return answer({"user": "", "question": words, "missing": list(missing), "passages": shown})[1:]
