"""Answers in words, and drafts: as a direct message, as a form, as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.domain.alert import Kind, Severity
from bot.domain.conversation import Source
from bot.domain.drafts import Draft, DraftKind
from bot.domain.inbox import InboxKind
from bot.domain.quiet import Tally
from bot.domain.records import Received
from bot.domain.tool import Risk
from bot.slack.blocks import draft as draft_blocks
from bot.stages import answer
from bot.stages.answered import Asked, Words, content_of
from bot.stages.backing import NO_SOURCE, Judged
from bot.stages.decided import lines_of
from bot.stages.telling import draft as draft_of
from bot.stages.telling import story_of
from knowledge.model import SearchResult
from tests.specimens import values
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, View, ordinary, variants
from tests.specimens.voices import ORDINARY, Voice

NOTE = "2 sentence(s) stand on no record and are marked: check or delete them."


_WHYS = (
    (Kind.OPENED, "Nothing open explains it. It is critical."),
    (Kind.DUPLICATE, "It repeats an alert of #12 that still fires."),
    (
        Kind.HELD,
        "People are told at 12:06:00 UTC if it still fires: it mostly clears by itself.",
    ),
    (Kind.FLAPPING, "It began 4 times within the hour. People know of it."),
)


def messages() -> Iterator[Specimen]:
    """Answers with and without a model, then drafts before and after they are posted."""
    yield from variants("message", "answer", _words, "in words")
    yield from ordinary("message", "answer", partial(_words, language="fr"), "in French")
    yield from ordinary("message", "answer", partial(_words, said=False, looking=True), "the model writes")
    yield from variants("message", "answer", partial(_words, said=False), "since noon")
    yield from ordinary("message", "answer", partial(_words, said=False, listed=False), "nothing since")
    yield from variants("message", "answer", _decided, "what was decided")
    yield from ordinary("message", "answer", partial(_decided, language="fr"), "what was decided in French")
    yield from variants("message", "draft", _draft)
    yield from ordinary("message", "draft", partial(_draft, model="gpt-5", note=NOTE), "by a model")
    yield from ordinary("message", "draft", partial(_draft, posted=True), "posted")
    for kind in DraftKind:
        yield from variants("message", "drafted", partial(_posted, kind=kind), kind.value)


def modals() -> Iterator[Specimen]:
    """The form in which a draft is edited."""
    yield from variants("modal", "draft_open", _form)
    yield from ordinary("modal", "draft_open", partial(_form, kind=DraftKind.UPDATE), "to a channel")


def _words(
    voice: Voice, language: str = "en", said: bool = True, looking: bool = False, listed: bool = True
) -> Message:
    """What changed since noon, and whether to clear the lock."""
    question = voice.text("what changed since noon? should we clear the stale lock?", 4000) or "?"
    payload = {"question": question, "user": "U0ONCALL", "channel": "C1"}
    sources = [
        Source("T1", voice.text("#12 was opened: orders stand still", 400), values.ago(14)),
        Source("T2", voice.text("alert OrderQueueGrows fired, critical", 400), values.ago(9)),
        Source("E4", voice.text(values.LOCK), values.ago(9), "passage", "incidents/orders-stuck#0@abcd1234"),
    ]
    lines = (values.LOCK, "The queue has grown since.")
    judged = [Judged(voice.text(line, 500) or "-", ("E4", "T2")) for line in lines]
    judged += [Judged(voice.text("It is safe to clear it.", 500) or "-", (), NO_SOURCE)]
    asked = Asked(
        Received("1", InboxKind.ASK, payload, None),
        values.incident(voice),
        language,
        "incidents",
        sources,
        actions=[replace(values.tool(voice), risk=Risk.LOW)],
        listed=sources[:2] * (voice.many(1, 10) or 1) if listed else [],
        since="2026-03-01 12:00 UTC",
    )
    words = Words(judged * (voice.many(1, 8) or 1), "gpt-5", "answer@0123456789ab") if said else Words()
    found = values.passages(voice)
    rows = Rows()
    content = content_of(asked, None if looking else words)
    answer.post(rows.tx, asked.received, SearchResult(tuple(found), bool(found)), content)
    return rows.snapshot("answer", rows.wanted[-1])


def _decided(voice: Voice, language: str = "en") -> Message:
    """Why alerts of an incident were not told."""
    tallies = [
        Tally(
            kind,
            voice.text(why) or ".",
            voice.word("HighLatency"),
            Severity.WARNING,
            n + 1,
            n,
            not n,
            False,
        )
        for n, (kind, why) in enumerate(_WHYS * voice.many(1, 8))
    ]
    rows = Rows()
    payload = {"question": voice.text("why was HighLatency not told?", 4000) or "?", "user": "U0ONCALL"}
    received = Received("1", InboxKind.ASK, payload | {"channel": "C1"}, None)
    told = lines_of(tallies, "why were alerts not told?", language)
    asked = Asked(received, values.incident(voice), language, "incidents", told, decided=told)
    answer.post(rows.tx, received, SearchResult((), False), content_of(asked, Words()))
    return rows.snapshot("answer", rows.wanted[-1])


def _made(voice: Voice, kind: DraftKind = DraftKind.POSTMORTEM, **changes: object) -> Draft:
    """The draft that rows alone give."""
    rows = Rows(
        values.incident(voice),
        values.alerts(voice),
        [values.proposal(voice)],
        [values.sign_off()],
        diagnosis=values.diagnosis(voice),
    )
    incident = values.incident(voice)
    text = draft_of(kind, story_of(rows.tx, incident, "en"))
    made = Draft(5, kind, 12, values.ON_CALL, "en", text, "", "", "", values.ago(1))
    return replace(made, **changes)  # type: ignore[arg-type]


def _draft(voice: Voice, model: str = "", note: str = "", posted: bool = False) -> Message:
    made = _made(voice, model=model, note=note)
    if posted:
        made = replace(made, posted_at=values.NOW, posted_by=values.ON_CALL.key)
    return Rows(draft=made).snapshot("draft")


def _posted(voice: Voice, kind: DraftKind) -> Message:
    made = _made(voice, kind, posted_at=values.NOW, posted_by=values.ON_CALL.key)
    return Rows(draft=made).snapshot("drafted")


def _form(voice: Voice, kind: DraftKind = DraftKind.POSTMORTEM) -> View:
    return draft_blocks.form(_made(voice, kind), to_channel=voice is ORDINARY)
