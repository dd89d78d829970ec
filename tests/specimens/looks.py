"""What a question had read, just now: in the answer while it is read and after, and beside the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.inbox import InboxKind
from bot.domain.records import Received
from bot.domain.tool import Expectation, Reading, ToolKind
from bot.stages import answer, resting
from bot.stages.answered import Asked, Words, content_of
from bot.stages.backing import Judged
from bot.stages.fitting_checks import Wanted
from bot.stages.fresh import Fresh
from knowledge.model import SearchResult
from tests.specimens import values
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.voices import Voice

PROBLEM = "it ended with exit code 1."


def messages() -> Iterator[Specimen]:
    """Answers that looked, and the evidence that came of it."""
    yield from variants("message", "answer", _looked, "with fresh readings")
    yield from ordinary("message", "answer", partial(_looked, language="fr"), "with fresh readings in French")
    yield from ordinary("message", "answer", partial(_looked, said=True), "with fresh readings and words")
    yield from variants("message", "answer", partial(_looked, reading=True), "while checks are read")
    yield from ordinary("message", "answer", partial(_looked, refused=True), "when nothing could be read")
    yield from variants("message", "evidence", _kept, "with what questions read")


def _looked(
    voice: Voice,
    language: str = "en",
    said: bool = False,
    reading: bool = False,
    refused: bool = False,
) -> Message:
    """Is the queue still growing? A value with what it was, one that is old, a log, one that failed."""
    question = "is the queue still growing?" if language == "en" else "la file grossit-elle encore ?"
    payload = {"question": voice.text(question, 4000) or "?", "user": "U0ONCALL", "channel": "C1"}
    fresh = [] if reading else _fresh(voice)
    if refused:
        fresh = [Fresh(one.wanted, None, problem="executor: it does not answer.") for one in fresh[:1]]
    wanted = [one.wanted for one in _fresh(voice)] if reading else []
    asked = Asked(
        Received("1", InboxKind.ASK, payload, None),
        values.incident(voice),
        language,
        "incidents",
        resting.of_fresh(fresh, []),
        wanted=wanted,
        fresh=fresh,
    )
    words = Words([Judged("The queue has grown since.", ("R1",))], "gpt-5", "answer@0123456789ab")
    rows = Rows()
    content = content_of(asked, words if said else Words())
    answer.post(rows.tx, asked.received, SearchResult((), False), content)
    return rows.snapshot("answer", rows.wanted[-1])


def _fresh(voice: Voice) -> list[Fresh]:
    pieces = _pieces(voice)
    if not pieces:
        return []
    queue, mails, log, cache = pieces[:4]
    before = replace(queue, id="E2", at=values.ago(14), facts=queue.facts | {"value": 30})
    log_check = _wanted(voice, "The end of the log")
    return [
        Fresh(_wanted(voice, "Orders waiting in the pool"), queue, before=before),
        Fresh(_wanted(voice, "Mails that wait", "mail-1"), mails, age_s=12),
        Fresh(replace(log_check, tool=replace(log_check.tool, reads=None)), log),
        Fresh(_wanted(voice, "Does the cache answer?"), cache, problem=voice.text(PROBLEM)),
    ] * (voice.many(1, 2) or 1)


def _pieces(voice: Voice) -> list[Evidence]:
    """What four checks gave, or what a long incident has by now."""
    value: dict[str, object] = {"value": voice.text("47", 400), "unit": voice.text("orders", 400)}
    nothing: dict[str, object] = {"value": None, "unit": "", "verdict": "unknown"}
    texts: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("shop_pool", "47 orders", value | {"verdict": "faulty"}),
        ("shop_mail", "3 mails", {"value": 3, "unit": "mails", "verdict": "healthy"}),
        ("shop_log", "see its output\nERROR no worker is free\nERROR the lock is held", nothing),
        ("shop_cache", f"It could not be read: {PROBLEM}\nno route to the host", nothing),
    )
    made = []
    for number in range(voice.many(len(texts), 60)):
        tool, text, facts = texts[number % len(texts)]
        facts = {"tool": tool, **facts}
        source, at = f"check:{number + 1}", values.NOW
        said = voice.text(text)
        made.append(Evidence(f"R{number + 1}", EvidenceKind.CHECK, tool, said, source, at, "d" * 64, facts))
    return made


def _wanted(voice: Voice, title: str, row: str = "") -> Wanted:
    made = values.tool(voice, ToolKind.CHECK)
    reads = Reading("/value", Expectation("at_most", 8), "orders")
    tool = replace(made, title=voice.text(title, 500) or "Check", reads=reads)
    return Wanted(tool, {}, voice.text(row, 300) if row else "")


def _kept(voice: Voice) -> Message:
    return Rows(evidence=[*values.evidence(voice), *_pieces(voice)]).snapshot("evidence")
