"""A story as rows: what `Snapshots` and the announcements read and want, served from values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from types import SimpleNamespace
from typing import Any, cast

from bot.copilot.changes import Change
from bot.domain.diagnosis import Diagnosis
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.mute import Mute
from bot.domain.noise import Shown
from bot.domain.person import Person
from bot.domain.proposal import Execution, Proposal, SignOff
from bot.domain.quiet import Correction, Regrouping, StoredAlert
from bot.domain.records import MOST_ALERTS, Adopted, Post, SeenAlert, Summary
from bot.domain.store import Store, Tx
from bot.in_force import InForce, Preview
from bot.sign_off.calling import Why
from bot.sign_off.policy import Policy
from bot.slack.snapshots import Snapshots
from tests.specimens import values
from tests.specimens.specimen import Message

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
    preview: Preview | None = None
    summary: Summary | None = None
    change: Change | None = None
    is_first: bool = False
    shown: Shown = field(default_factory=Shown)
    calls: Sequence[Post] = ()
    mute: Mute | None = None
    regrouping: Regrouping | None = None
    correction: Correction | None = None
    delivery: StoredAlert | None = None
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
            "summaries": given(get=lambda _id: self.summary),
            "n3": given(
                offered=lambda _id: self.change and self.change.offer,
                adopted=lambda _what: None if self.is_first else _ADOPTED,
                is_new=lambda: self.is_first,
                known=lambda: {values.N3_A: None, values.N3_B: None} if self.is_first else {},
                **dict.fromkeys(("joined", "left", "set_freeze", "adopt"), _nothing),
                withdraw=lambda _what, _digest: [],
            ),
            "mutes": given(get=lambda _id: self.mute),
            "regroupings": given(get=lambda _id: self.regrouping),
            "corrections": given(get=lambda _id: self.correction),
            "deliveries": given(
                get=lambda _id: self.delivery, muted_by=lambda _id: 37, told_of=lambda _id: 3
            ),
            "audit": given(append=lambda *_event: given(seq=1), events=lambda _subject: iter(())),
            "posts": given(
                want=self._want,
                get=lambda _key: None,
                about=lambda kind, _id, _after: self.calls if kind == "call" else [],
            ),
        }
        return cast(Tx, given(**records))

    @contextmanager
    def read(self) -> Iterator[Tx]:
        yield self.tx

    def snapshot(self, kind: str, content: Mapping[str, object] | None = None) -> Message:
        """The message as the outbox sends it."""
        return _render(self, kind, content)

    def announced(self) -> Message:
        """The sentence that was announced last."""
        return self.snapshot("text", self.wanted[-1])

    def _want(self, *_place: object, content: Mapping[str, object], **_row: object) -> None:
        self.wanted.append(content)


def _nothing(*_values: object) -> None:
    """What is written besides a message is of no interest here."""


def call(person: Person, why: Why, minutes: float) -> Post:
    """A direct message to somebody of N3, as a row."""
    content = {"person": person.key, "why": why.value, "at": values.ago(minutes).isoformat()}
    return _post("call", content)


def _render(rows: Rows, kind: str, content: Mapping[str, object] | None) -> Message:
    policy = Policy(change_signatures=rows.change.needed if rows.change else 1)
    in_force = SimpleNamespace(preview=lambda *_call: rows.preview, policy=lambda _tx: policy)
    drawn = Snapshots(cast(Store, rows), cast(InForce, in_force)).render(_post(kind, content))
    assert drawn is not None, kind
    return Message(*drawn)


def _post(kind: str, content: Mapping[str, object] | None) -> Post:
    """A message that waits for its first sending; columns that a drawing never reads are empty."""
    known = {"id": 1, "key": kind, "channel": "incidents", "kind": kind, "subject": 12, "content": content}
    row: dict[str, Any] = {column.name: known.get(column.name) for column in fields(Post)}
    return Post(**(row | {"sent": 0}))
