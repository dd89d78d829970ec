"""What people do for the knowledge base: saving, taking back, votes, questions, and documents to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from bot.domain.curation import Finding, Origin, Question, Removal, Saved, Votes, Wording
from bot.slack.blocks import curating as blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import upkeep as upkeep_blocks
from bot.slack.blocks.curating import Given
from knowledge.model import Document
from knowledge.upkeep import Kept
from tests.specimens import values
from tests.specimens.desk import Desk
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, View, ordinary, variants
from tests.specimens.voices import ORDINARY, Voice

_ID, _ANSWER = (
    "runbooks/mail-relay",
    "Restart the relay once its queue has been saved; the password is in the vault.",
)
_REASONS = (
    "last looked at 412 days ago, wanted every 180",
    "it was cited, and another cause was confirmed, in #12",
)


def curation() -> Iterator[Specimen]:
    """Message by message, modal by modal."""
    yield from variants("message", "saved", _saved)
    yield from ordinary("message", "saved", partial(_saved, problem="title: is empty."), "not learned")
    yield from ordinary("message", "saved", partial(_saved, access=("C0PRIVATE",)), "for a few")
    yield from variants("message", "saved", partial(_saved, out=True), "taken back")
    yield from ordinary("message", "summary", _summary_taken_back, "taken back")
    yield from variants("message", "stale", _stale)
    yield from ordinary("message", "stale", partial(_stale, settled=2), "settled")
    yield from ordinary("message", "stale", partial(_stale, group="S0TEAM"), "of a group")
    for place in ("public", "private", "direct"):
        yield from variants("modal", "save_knowledge", partial(_form, place=place), place)
    yield from variants(
        "modal", "take_back_open", lambda v: blocks.take_back_view(_id(v), v.text("A"), "import")
    )
    yield from variants("modal", "vote_why", lambda v: blocks.why_view(_id(v)))
    yield from variants("modal", "document_open", _document)
    yield from ordinary("modal", "document_open", partial(_document, finding=None), "nothing to do")
    yield from ordinary("modal", "document_open", partial(_document, out=True), "taken back")
    yield from variants("modal", "open_source:.+", _source, "with its document")
    yield from variants("command", "questions", _questions)
    yield from variants("command", "stale", _listing)
    yield from ordinary(
        "command", "questions", lambda v: _message(blocks.dismissed(_question(v))), "dismissed"
    )
    yield from ordinary(
        "command", "questions", lambda _v: _message(blocks.save_button("1.2:1.3")), "remember"
    )


def kept(voice: Voice, **changes: Any) -> Kept:  # noqa: ANN401  # fields of Kept, by name
    """A runbook that somebody looked at long ago."""
    owner, service = voice.text("team-mail", 300), voice.text("mail", 300)
    made = Kept(
        id=_id(voice),
        title=voice.text("Mail relay", 2000),
        kind="runbook",
        service=service,
        owner=owner,
        origin="import",
        version="abcd1234",
        access=(),
        reviewed=date(2025, 1, 13),
        reviewed_by=values.N3_A.key,
        review_every=180,
        written=date(2025, 1, 1),
    )
    return replace(made, **changes)


def _id(voice: Voice) -> str:
    return voice.word(_ID, 400)


def _removal(voice: Voice) -> Removal:
    why = voice.text("It is wrong since the relay moved.", 500)
    return Removal(
        2, _id(voice), voice.text("Mail relay"), values.N3_A.key, why, values.ago(3), values.ago(2)
    )


def _made(voice: Voice, **changes: Any) -> Saved:  # noqa: ANN401  # fields of Saved, by name
    access = changes.pop("access", ())
    wording = Wording(
        voice.text("Mail relay", 150), "note", voice.text(_ANSWER), voice.text("mail", 100), "en", access
    )
    known = Saved(
        3, _id(voice), wording, values.ON_CALL.key, values.ago(9), Origin("C1", "1.2"), values.ago(8)
    )
    return replace(known, **changes)


def _saved(voice: Voice, *, out: bool = False, **changes: Any) -> Message:  # noqa: ANN401  # as `_made`
    rows = Rows(saved=_made(voice, **changes), removal=_removal(voice) if out else None)
    return rows.snapshot("saved")


def _summary_taken_back(voice: Voice) -> Message:
    summary = values.summary(voice, True, "learned/incident-12")
    return Rows(summary=summary, removal=_removal(voice)).snapshot("summary")


def finding(voice: Voice, number: int = 0) -> Finding:
    """Why a document is to be looked at."""
    id = f"{voice.word(_ID, 390)}-{number}"
    return Finding(id, voice.text("Mail relay", 2000), _REASONS, values.ON_CALL.user_id, values.ago(2000))


def _stale(voice: Voice, *, settled: int = 0, group: str = "") -> Message:
    found = [finding(voice, number) for number in range(voice.many(3, 8) or 1)]
    later = replace(found[-1], later_until=values.ago(-40_000))
    rows = Rows(stale=[*found[settled:-1], later], digest={one.document_id: one.title for one in found})
    return rows.snapshot("stale", {"group": group})


def _listing(voice: Voice) -> Message:
    return Desk(stale=[finding(voice, number) for number in range(voice.many(3, 40))]).answer("stale")


def _question(voice: Voice, number: int = 1) -> Question:
    text = voice.text("how is the mail relay restarted?", 500)
    return Question(number, text, (), number, values.ago(900), values.ago(9), values.ON_CALL.key)


def _questions(voice: Voice) -> Message:
    return Desk(gaps=[_question(voice, number + 1) for number in range(voice.many(3, 40))]).answer(
        "questions"
    )


def _form(voice: Voice, place: str) -> View:
    text, left = voice.text(_ANSWER, 3000), ("2 message(s) of bots",) if voice is not ORDINARY else ()
    title, service = voice.text("Mail relay", 80), voice.text("mail", 100)
    return blocks.save_view(Given("draft:1.2", place, title, text, service, "fr", left))


def _document(voice: Voice, *, finding: Finding | None = finding(ORDINARY), out: bool = False) -> View:  # noqa: B008
    document = Document(_id(voice), voice.text("Mail relay", 2000), "runbook", voice.text(_ANSWER, 30_000))
    votes = Votes(3, 4, tuple(voice.text("The path is wrong.", 300) for _ in range(voice.many(2, 5))))
    removal = _removal(voice) if out else None
    return upkeep_blocks.document_view(document, kept(voice), votes, finding, removal)


def _source(voice: Voice) -> View:
    return knowledge_blocks.source_view(
        values.passage(voice), values.NOW.date(), kept(voice, access=("C1",)), True
    )


def _message(drawn: list[dict[str, Any]]) -> Message:
    return Message("/vigie questions", parts.within_limits(drawn))
