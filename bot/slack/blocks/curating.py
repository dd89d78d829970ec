"""What people save as knowledge: the form, what became of it, the way back, and questions to answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.copilot.library import LEAST_WHY, MOST_SERVICE, MOST_TEXT, MOST_TITLE, WRITTEN
from bot.copilot.votes import MOST_REASON
from bot.domain.curation import Question, Removal, Saved
from bot.slack.blocks import inputs, parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock

EVERYBODY, HERE = "everybody", "here"
LANGUAGES = {"en": "English", "fr": "Français"}
_LISTED = 10
_WORDS = {
    "runbook": "Runbook: what to do",
    "incident": "Incident: what happened",
    "note": "Note: good to know",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the form begins with. `place`: public, private or direct; `left_out` in our own words."""

    draft: str
    place: str
    title: str = ""
    text: str = ""
    service: str = ""
    language: str = "en"
    left_out: tuple[str, ...] = ()


def save_view(given: Given) -> Block:
    """The form in which a person makes a text knowledge; nothing is kept before it is submitted."""
    intro = (
        "It enters the knowledge base as *written by a person*, with your name. Others will follow it, so"
        " check it as you would a runbook. Nothing that is saved here ever runs."
    )
    blocks = [parts.note(intro)]
    if given.left_out:
        blocks.append(parts.note(f":warning: Not in it: {parts.escape(', '.join(given.left_out))}."))
    kinds = [(kind, _WORDS[kind]) for kind in WRITTEN]
    blocks.append(_field(inputs.text("title", "Title", 1, MOST_TITLE, initial=parts.visible(given.title))))
    blocks.append(_field(inputs.choice("kind", "What it is", kinds, "note")))
    text = parts.visible(given.text)[:MOST_TEXT]
    blocks.append(
        _field(inputs.text("text", "What others should know", 1, MOST_TEXT, multiline=True, initial=text))
    )
    service = parts.visible(given.service)
    named = _field(inputs.text("service", "Service, if it is about one", 0, MOST_SERVICE, initial=service))
    blocks.append(named | {"optional": True})
    blocks.append(_field(inputs.choice("language", "Language", list(LANGUAGES.items()), given.language)))
    blocks.append(_field(inputs.choice("access", "Who may see it", *_access(given.place))))
    return parts.modal(
        "save_knowledge", "Save as knowledge", "Save", blocks, json.dumps({"draft": given.draft})
    )


def _access(place: str) -> tuple[list[tuple[str, str]], str]:
    """The choices, and the one that stands first: what was said privately stays private unless chosen."""
    if place == "public":
        return [(EVERYBODY, "Everybody in this workspace"), (HERE, "Only this channel")], EVERYBODY
    if place == "direct":
        return [(HERE, "Only me"), (EVERYBODY, "Everybody in this workspace")], HERE
    wide = "Everybody: these words leave this private channel"
    return [(HERE, "Only this channel, which is private"), (EVERYBODY, wide)], HERE


def save_button(value: str) -> list[Block]:
    """What a mention is answered: a form needs somebody to press a button."""
    text = ":book: Check the text in a form; it is saved once you submit that."
    return [
        parts.status(text),
        parts.buttons(parts.button("Save as knowledge…", "save_open", value, "primary")),
    ]


def saved(kept: Saved, removal: Removal | None) -> list[Block]:
    """What a person saved: that it is there, with the way back; or what became of it."""
    who = person(kept.by)
    title = parts.rich(parts.line(parts.run(parts.cut(kept.wording.title, MOST_TITLE + 40), bold=True)))
    if removal is not None:
        return [parts.status(f":book: {who} saved this as knowledge."), title, *taken_out(removal)]
    if kept.problem:
        head = parts.status(f":warning: *It could not be learned*, {who}. Save it again once this is right:")
        return [head, title, parts.foreign_note(kept.problem)]
    readers = "everybody" if not kept.wording.access else "those who may see it alone"
    head = parts.status(f":book: *Saved as knowledge* by {who}: found by {readers} from now on.")
    note = parts.foreign_note(
        f"{kept.wording.kind} · {kept.wording.service or 'no service'} · {kept.document_id}"
    )
    look = parts.button("Open", "document_open", kept.document_id)
    return [head, title, note, parts.buttons(look, take_back_button(kept.document_id))]


def take_back_button(document_id: str, origin: str = "person") -> Block:
    """What was imported is the team's own: only N3 takes it out."""
    label = "Take it out (N3)…" if origin == "import" else "Take it back…"
    return parts.button(label, "take_back_open", document_id)


def taken_out(removal: Removal) -> list[Block]:
    """Who took it out, when and why, and how it is learned again."""
    who = person(removal.by)
    text = (
        f":leftwards_arrow_with_hook: *Taken back* by {who} on {clock(removal.at)}. It is not found any more."
    )
    again = parts.button("Learn again", "learn_again", str(removal.id))
    return [parts.status(text), parts.foreign_note(f"Why: {removal.why}"), parts.buttons(again)]


def take_back_view(document_id: str, title: str, origin: str) -> Block:
    """Asks why before it leaves the knowledge base."""
    back = "ingesting it again" if origin == "import" else "*Learn again* where it was told"
    blocks = [
        parts.status(f"It leaves search and answers at once. The way back is {back}."),
        parts.foreign(parts.cut(title, 300)),
        parts.foreign_note(document_id),
        _field(inputs.text("why", "Why?", LEAST_WHY, 300, hint="Others read it where it was told.")),
    ]
    return parts.modal(
        "take_back", "Take it back", "Take it back", blocks, json.dumps({"document": document_id})
    )


def why_view(passage_id: str) -> Block:
    """After a vote: what is wrong with it, for those who can mend it."""
    why = inputs.text("why", "What is wrong with it?", 0, MOST_REASON, hint="Its owner reads it.")
    blocks = [parts.status("It is noted: *not useful*. You may say why."), _field(why) | {"optional": True}]
    return parts.modal("vote_why", "Not useful", "Send", blocks, json.dumps({"passage": passage_id}))


def questions(found: Sequence[Question]) -> list[Block]:
    """What was asked and not answered, the most asked first."""
    if not found:
        return [
            parts.status(":white_check_mark: *Every question found something.* None waits for an answer.")
        ]
    blocks = [
        parts.status(f"*{parts.counted(len(found), 'question')} without an answer*, the most asked first")
    ]
    for one in found[:_LISTED]:
        often = "once" if one.asked == 1 else f"{one.asked} times"
        blocks.append(parts.note(f"Asked {often}, last by {person(one.last_by)} on {clock(one.last_at)}"))
        blocks.append(parts.foreign(parts.cut(one.text, 500)))
        write = parts.button("Write the answer…", "question_write", str(one.id), "primary")
        blocks.append(parts.buttons(write, parts.button("Dismiss", "question_dismiss", str(one.id))))
    if len(found) > _LISTED:
        blocks.append(parts.note(f"and {len(found) - _LISTED} more; `vigie documents questions` lists all"))
    return blocks


def dismissed(question: Question) -> list[Block]:
    """Said to who dismissed it, with the way back."""
    undo = parts.buttons(parts.button("Undo", "question_reopen", str(question.id)))
    return [parts.status("*Dismissed.*"), parts.foreign_note(parts.cut(question.text, 300)), undo]


def person(key: str) -> str:
    """Who did it; a name of the command line is shown as it is, without what Slack would read."""
    user = key.rpartition("/")[2]
    if user.isascii() and user.isalnum() and user.isupper():
        return f"<@{user}>"
    return f"`{parts.escape(key).replace('`', '')}`" if key else "somebody"


def _field(block: Block) -> Block:
    """Forms here carry what is entered under one name, `text`."""
    return block | {"element": block["element"] | {"action_id": "text"}}
