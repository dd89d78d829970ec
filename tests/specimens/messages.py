"""Every kind of message in the outbox, drawn as the outbox draws it. A new kind is one more line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from bot.announcements import announce_news
from bot.domain.alert import Kind, Severity
from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.noise import Shown
from bot.domain.proposal import ProposalState
from bot.domain.records import Received
from bot.domain.spending import Spent
from bot.stages import answer
from knowledge.model import SearchResult
from tests.specimens import looks, talking, values
from tests.specimens.alike import alike
from tests.specimens.charts import charts
from tests.specimens.proposals import proposals
from tests.specimens.rows import Rows
from tests.specimens.running import running
from tests.specimens.sentences import SENTENCES
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.voices import Voice

_OVER = {"state": IncidentState.RESOLVED, "resolved_at": values.ago(1)}
_INCIDENTS: Mapping[str, Mapping[str, Any]] = {
    "new": {"state": IncidentState.TRIGGERED, "assignee": "", "severity": Severity.WARNING},
    "again": {"state": IncidentState.IDENTIFIED, "previous": 8},
    "monitoring": {"state": IncidentState.MONITORING, "severity": Severity.INFO},
    "opened by hand": {"opened_by": values.ON_CALL.key, "alerts_received": 1},
    "opened by hand, and joined": {"opened_by": values.ON_CALL.key, "alerts_received": 9},
    "resolved by its source": {**_OVER, "resolved_by": "source"},
    "over by silence": {**_OVER, "resolved_by": "silence"},
    "resolved by a person": {**_OVER, "resolved_by": values.ON_CALL.key},
}


def messages() -> Iterator[Specimen]:
    """Kind by kind."""
    yield from variants("message", "incident", _incident)
    yield from charts()
    for state in _INCIDENTS:
        yield from ordinary("message", "incident", partial(_incident, state=state), state)
    yield from ordinary("message", "incident", partial(_incident, shown=_ABSORBED), "absorbed")
    yield from ordinary("message", "incident", partial(_incident, spent=Spent(5230, 0.0123, 14.2)), "spent")
    yield from ordinary("message", "incident", _alike, "alike")
    yield from variants("message", "news", _news)
    yield from variants("message", "evidence", _evidence)
    yield from variants("message", "diagnosis", _diagnosis)
    yield from ordinary("message", "diagnosis", lambda voice: _diagnosis(voice, model=""), "similar")
    yield from variants("message", "diagnosis", _full_diagnosis, "full")
    yield from variants("message", "investigation", _investigation)
    over = partial(_investigation, over=True)
    yield from ordinary("message", "investigation", over, "over")
    yield from ordinary("message", "investigation", partial(over, stopped=True), "stopped")
    yield from ordinary("message", "investigation", partial(_investigation, stopped=True), "being stopped")
    yield from proposals()
    yield from variants("message", "summary", _summary)
    yield from ordinary("message", "summary", lambda voice: _summary(voice, confirmed=True), "storing")
    yield from ordinary("message", "summary", _learned, "learned")
    yield from variants("message", "answer", _answer)
    yield from talking.messages()
    yield from looks.messages()
    yield from variants("message", "change", _change)
    yield from ordinary("message", "change", lambda voice: _change(voice, values.N3_A), "signed by one")
    for state in ("", "in force", "rejected", "withdrawn"):
        drawn = partial(_settled, state=state)
        yield from ordinary("message", "change", drawn, state or "not known any more")
    yield from variants("message", "review", _review)
    for verdict in ("fine", "should not"):
        yield from ordinary("message", "review", partial(_review, verdict=verdict), verdict)
    yield from running()
    for state, draw in SENTENCES.items():
        yield from variants("message", "text", draw, state)


_ABSORBED = Shown(
    received=214,
    told=3,
    absorbed={Kind.DUPLICATE: 170, Kind.FLAPPING: 31, Kind.JOINED: 4, Kind.MUTED: 4, Kind.HELD: 2},
    held_until=values.ago(-4),
    held=2,
)


def _news(voice: Voice) -> Message:
    rows = Rows()
    announce_news(rows.tx, 12, 40, voice.text("OrdersTurnedAway on shop-orders is new in #12, and critical."))
    return rows.snapshot("news", rows.wanted[-1])


def _incident(
    voice: Voice,
    state: str = "",
    shown: Shown = Shown(),  # noqa: B008  # frozen
    spent: Spent = Spent(),  # noqa: B008  # frozen
) -> Message:
    changes = _INCIDENTS.get(state, {})
    proposed = [values.proposal(voice) for _ in range(voice.many(1, 12))]
    running = [values.proposal(voice, id=8, state=ProposalState.EXECUTING)]
    waiting = {"": proposed, "again": running}.get(state, [])
    rows = Rows(values.incident(voice, **changes), values.alerts(voice), waiting, shown=shown, spent=spent)
    return rows.snapshot("incident")


def _alike(voice: Voice) -> Message:
    return Rows(values.incident(voice), alike()).snapshot("incident")


def _evidence(voice: Voice) -> Message:
    return Rows(evidence=values.evidence(voice)).snapshot("evidence")


def _diagnosis(voice: Voice, model: str = "gpt-5") -> Message:
    made, shown = values.diagnosis(voice, model), values.preview(voice)
    rows = Rows(values.incident(voice), evidence=values.evidence(voice), diagnosis=made, preview=shown)
    return rows.snapshot("diagnosis")


def _full_diagnosis(voice: Voice) -> Message:
    made, shown = values.full_diagnosis(voice), values.preview(voice)
    rows = Rows(values.incident(voice), evidence=values.evidence(voice), diagnosis=made, preview=shown)
    return rows.snapshot("diagnosis")


def _investigation(voice: Voice, *, over: bool = False, stopped: bool = False) -> Message:
    return Rows(investigation=values.investigation(voice, over=over, stopped=stopped)).snapshot(
        "investigation"
    )


def _summary(voice: Voice, *, confirmed: bool = False, document: str = "") -> Message:
    return Rows(summary=values.summary(voice, confirmed, document)).snapshot("summary")


def _learned(voice: Voice) -> Message:
    return _summary(voice, confirmed=True, document="learned/incident-12")


def _answer(voice: Voice) -> Message:
    """The answer to a question, as the stage that answers wants it."""
    question = voice.text("why are orders stuck?", 4000) or "?"
    asked = Received("1", InboxKind.ASK, {"question": question, "user": "U0ONCALL", "channel": "C1"}, None)
    found = values.passages(voice)
    missing = () if found else ("The index is being built; found by words alone.",)
    rows = Rows()
    answer.post(rows.tx, asked, SearchResult(tuple(found), bool(found), missing))
    return rows.snapshot("answer", rows.wanted[-1])


def _settled(_voice: Voice, state: str) -> Message:
    return Rows(state=state).snapshot("change")


def _review(voice: Voice, verdict: str = "") -> Message:
    return Rows(review=values.review(voice, verdict), proposals=[values.proposal(voice)]).snapshot("review")


def _change(voice: Voice, *by: Any) -> Message:  # noqa: ANN401  # people who signed it
    return Rows(change=values.change(voice, by)).snapshot("change")
