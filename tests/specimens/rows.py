"""A story as rows: what `Snapshots` and the announcements read and want, served from values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any, cast

from bot.copilot.changes import Change
from bot.domain.curation import Finding, Removal, Saved
from bot.domain.diagnosis import Diagnosis
from bot.domain.drafts import Draft
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.investigation import Investigation
from bot.domain.mute import Mute
from bot.domain.noise import Shown
from bot.domain.person import Person
from bot.domain.proposal import Execution, Look, Proposal, Settlement, SignOff
from bot.domain.quiet import Correction, Regrouping, StoredAlert
from bot.domain.records import FILES, MOST_ALERTS, Adopted, CheckRun, Post, Review, SeenAlert, Summary
from bot.domain.spending import Spent
from bot.domain.store import Store, Tx
from bot.domain.tool import Tool
from bot.in_force import InForce, Preview
from bot.sign_off.calling import Why
from bot.sign_off.policy import Policy
from bot.slack.snapshots import Snapshots
from tests.specimens import values
from tests.specimens.specimen import Message
from tests.specimens.voices import ORDINARY

_ADOPTED = Adopted(1, "catalogue", "e" * 64, '{"catalogue.yaml": "risk: low"}', values.NOW, ())


@dataclass(frozen=True)
class Rows:
    """What the rows of one message say; a part that is left out is not there."""

    incident: Incident | None = None
    alerts: Sequence[SeenAlert] = ()
    proposals: Sequence[Proposal] = ()
    sign_offs: Sequence[SignOff] = ()
    execution: Execution | None = None
    evidence: Sequence[Evidence] = ()
    diagnosis: Diagnosis | None = None
    investigation: Investigation | None = None
    preview: Preview | None = None
    summary: Summary | None = None
    change: Change | None = None
    review: Review | None = None
    state: str = ""
    is_first: bool = False
    shown: Shown = field(default_factory=Shown)
    spent: Spent = field(default_factory=Spent)
    calls: Sequence[Post] = ()
    pieces: Sequence[str] = ()
    look: Look | None = None
    settlement: Settlement | None = None
    is_frozen: bool = True
    mute: Mute | None = None
    regrouping: Regrouping | None = None
    correction: Correction | None = None
    delivery: StoredAlert | None = None
    saved: Saved | None = None
    removal: Removal | None = None
    stale: Sequence[Finding] = ()
    digest: Mapping[str, str] = field(default_factory=dict)
    draft: Draft | None = None
    check: CheckRun | None = None
    tools: Mapping[str, Tool] = field(default_factory=dict)
    wanted: list[Mapping[str, object]] = field(default_factory=list)

    @property
    def tx(self) -> Tx:
        """The transaction that reads them; what is announced through it is kept in `wanted`."""
        given = SimpleNamespace
        proposal = self.proposals[0] if self.proposals else None
        diagnoses = {"evidence": self.evidence, "latest": self.diagnosis, "last_round": 1}
        records = {
            "now": values.NOW,
            "incidents": given(get=lambda _id: self.incident),
            "alerts": given(
                of_incident=lambda _id, limit=MOST_ALERTS: list(self.alerts[:limit]),
                shown=lambda _id: self.shown,
            ),
            "proposals": given(
                get=lambda _id: proposal,
                of_incident=lambda _id: list(self.proposals),
                in_states=lambda *_states: list(self.proposals),
                sign_offs=lambda _id: list(self.sign_offs),
                execution=lambda _id: self.execution,
            ),
            "diagnoses": given(**{name: lambda _id, value=value: value for name, value in diagnoses.items()}),
            "investigations": given(get=lambda _id: self.investigation),
            "executions": given(pieces=lambda _id: list(self.pieces)),
            "settling": given(last_look=lambda _id: self.look, settlement=lambda _id: self.settlement),
            "summaries": given(get=lambda _id: self.summary),
            "n3": self._n3(),
            "standing": given(move=lambda *_row, **_values: True),
            "exchanges": given(spent_on=lambda _id: self.spent, currency=lambda: "EUR"),
            "reviews": given(get=lambda _id: self.review),
            "audit": given(
                append=lambda *_event: given(seq=1), events=lambda _subject: iter(_rejected(self.state))
            ),
            "checks": given(get=lambda _id: self.check),
            "drafts": given(get=lambda _id: self.draft),
            "mutes": given(get=lambda _id: self.mute),
            "regroupings": given(get=lambda _id: self.regrouping),
            "corrections": given(get=lambda _id: self.correction),
            "deliveries": given(
                get=lambda _id: self.delivery, muted_by=lambda _id: 37, told_of=lambda _id: 3
            ),
            "library": given(saved=lambda _id: self.saved, removal_of=lambda _id: self.removal),
            "gaps": given(note=_nothing),
            "upkeep": given(documents_of=lambda _id: dict(self.digest), findings=lambda: list(self.stale)),
            "posts": given(
                want=self._want,
                get=lambda _key: None,
                about=lambda kind, _id, _after: self.calls if kind == "call" else [],
            ),
        }
        return cast(Tx, given(**records))

    def _n3(self) -> SimpleNamespace:
        return SimpleNamespace(
            offered=lambda _id: self.change and self.change.offer,
            change=lambda _id: (
                replace(values.change(ORDINARY).offer, state=self.state) if self.state else None
            ),
            rejected=lambda _what, _digest: None,
            adopted=lambda _what: None if self.is_first else _ADOPTED,
            is_new=lambda: self.is_first,
            groups=dict,
            known=lambda: {values.N3_A: None, values.N3_B: None} if self.is_first else {},
            **dict.fromkeys(("joined", "left", "adopt"), _nothing),
            set_freeze=lambda *_by: 12,
            freezes=lambda: [SimpleNamespace(id=12)] if self.is_frozen else [],
            withdraw=lambda _what, _digest: [],
        )

    @contextmanager
    def read(self) -> Iterator[Tx]:
        yield self.tx

    def snapshot(self, kind: str, content: Mapping[str, object] | None = None) -> Message:
        """The message as the outbox sends it."""
        return _render(self, kind, content)

    def announced(self, kind: str = "text") -> Message:
        """The sentence, or the message of that kind, that was announced last."""
        return self.snapshot(kind, self.wanted[-1])

    def _want(self, *place: object, content: Mapping[str, object] | None = None, **_row: object) -> None:
        given = content or next((part for part in place if isinstance(part, Mapping)), None)
        if given is not None:  # what is drawn from other rows brings no words of its own
            self.wanted.append(given)


def _rejected(state: str) -> list[Any]:
    """What the audit log says of a change that was rejected."""
    detail = {"change": 4, "reason": "The maximum is far too high for one worker."}
    given = SimpleNamespace(action="rejected the catalogue", actor=values.N3_B.key, detail=detail)
    return [given] if state == "rejected" else []


def _nothing(*_values: object) -> None:
    """What is written besides a message is of no interest here."""


def call(person: Person, why: Why, minutes: float) -> Post:
    """A direct message to somebody of N3, as a row."""
    content = {"person": person.key, "why": why.value, "at": values.ago(minutes).isoformat()}
    return _post("call", content)


def _render(rows: Rows, kind: str, content: Mapping[str, object] | None) -> Message:
    policy = Policy(change_signatures=rows.change.needed if rows.change else 1)
    shown = rows.change.difference if rows.change else ""
    in_force = SimpleNamespace(
        preview=lambda *_call: rows.preview,
        policy=lambda _tx: policy,
        tools=lambda _tx: rows.tools,
        difference=lambda *_contents: shown,
    )
    snapshots, post = Snapshots(cast(Store, rows), cast(InForce, in_force)), _post(kind, content)
    drawn = snapshots.render(post)
    assert drawn is not None, kind
    return Message(*drawn, file=snapshots.file(post, drawn[0]) if kind in FILES else None)


def _post(kind: str, content: Mapping[str, object] | None) -> Post:
    """A message that waits for its first sending; columns that a drawing never reads are empty."""
    known = {"id": 1, "key": kind, "channel": "incidents", "kind": kind, "subject": 12, "content": content}
    row: dict[str, Any] = {column.name: known.get(column.name) for column in fields(Post)}
    return Post(**(row | {"sent": 0}))
