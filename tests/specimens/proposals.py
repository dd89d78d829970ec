"""The card of a proposal, from being prepared to every end that it can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.copilot.calling import TROUBLE, UNREAD
from bot.domain.proposal import Look, Outcome, ProposalState, Settlement, SignOff
from bot.domain.records import Post
from bot.sign_off.calling import Why
from tests.specimens import values
from tests.specimens.rows import Rows, call
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.voices import Voice

_S = ProposalState
_ONE, _TWO = (values.sign_off(),), (values.sign_off(), values.sign_off(values.N3_B))
_UNPREPARED = {"plan": None, "digest": ""}
RUNS = -1  # in place of an exit code: it has none yet


@dataclass(frozen=True)
class Case:
    """Where a proposal stands: who signed, whether it ran, and what its row says. `reason` is foreign."""

    given: Sequence[SignOff] = ()
    code: int | None = None
    reason: str = ""
    calls: Sequence[Post] = ()
    content: Mapping[str, object] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    stop: bool = False

    def draw(self, voice: Voice) -> Message:
        reason = voice.text(self.reason) if self.reason else ""
        made = values.proposal(voice, **{"reason": reason, **self.row})
        run = None if self.code is None else values.execution(voice, self.code)
        if run and self.code == RUNS:
            run = replace(run, ended_at=None, exit_code=None, output="")
        if run and self.stop:
            run = replace(run, stop_by=values.N3_A.key, stop_at=values.ago(1))
        known = {"pieces": [voice.text("step 1 of 3")], **self.known} if self.known else {}
        rows = Rows(proposals=[made], sign_offs=self.given, execution=run, calls=self.calls, **known)
        return rows.snapshot("proposal", self.content)


_TOO_LONG = "It is too long to be shown whole, so nobody could sign it; put long content in a file."
_TOO_LATE = "The time to sign it is over. Propose it again if it is still wanted."
_CHANGED = "P7 was not run: what would run now is not what was signed; tool, target or policy changed."
_FIXED = {"outcome": Outcome.FIXED, "after": "true"}
_NOT_FIXED = {"outcome": Outcome.NOT_FIXED, "after": "false"}
_CANNOT = {"outcome": Outcome.CANNOT_TELL, "after": "true"}
_FULL = "It waits: 1 of at most 1 at a time run for shop-orders in production."
_REPLACED = "Replaced by P8, with other arguments."
_ASKED = Look(1, 7, values.ON_CALL.key, values.ago(1))
_LOOK = replace(_ASKED, at=values.NOW, told="14 orders", verdict="faulty")
_SAID = Settlement(7, values.N3_A, True, "The lock file is gone, and its holder was killed.", values.NOW)
_CALLS = (
    call(values.N3_A, Why.FIRST, 12),
    call(values.N3_B, Why.NEXT, 7),
    call(values.N3_A, Why.REMINDER, 2),
)
CASES = {
    "being prepared": Case(row=_UNPREPARED),
    "waits": Case(),
    "called": Case(_ONE, calls=[*_CALLS], row={"signatures_needed": 2}),
    "called by many": Case(calls=[*_CALLS] * 15),
    "nobody can be called": Case(content={TROUBLE: "Nobody of N3 may sign it, but who proposed it."}),
    "N3 cannot be read": Case(content={UNREAD: True}),
    "waits for the second": Case(_ONE, row={"signatures_needed": 2}),
    "signed": Case(_ONE, row={"state": _S.SIGNED}),
    "running": Case(_TWO, RUNS, row={"state": _S.EXECUTING}),
    "being verified": Case(_TWO, 0, row={"state": _S.SUCCEEDED}),
    "fixed": Case(_TWO, 0, row={"state": _S.SUCCEEDED, **_FIXED}),
    "not fixed": Case(_ONE, 0, row={"state": _S.SUCCEEDED, **_NOT_FIXED}),
    "failed": Case(_ONE, 2, row={"state": _S.FAILED, **_NOT_FIXED}),
    "running, being stopped": Case(_TWO, RUNS, row={"state": _S.EXECUTING}, stop=True),
    "waits for room": Case(_ONE, reason=_FULL, row={"state": _S.SIGNED}),
    "worse": Case(_ONE, 0, row={"state": _S.SUCCEEDED, "worse": True, **_NOT_FIXED}),
    "replaced": Case(
        reason="Replaced by P8, with other arguments.", row={"state": _S.REJECTED, "replaced_by": 8}
    ),
    "in the dark": Case(_ONE, RUNS, row={"state": _S.UNKNOWN, **_CANNOT}, known={"look": _LOOK}),
    "being looked at": Case(_ONE, RUNS, row={"state": _S.UNKNOWN}, known={"look": _ASKED}),
    "settled": Case(_ONE, RUNS, row={"state": _S.SUCCEEDED}, known={"settlement": _SAID, "look": _LOOK}),
    "unknown": Case(_ONE, row={"state": _S.UNKNOWN, "outcome": Outcome.CANNOT_TELL}),
    "taken back": Case(_ONE, 0, row={"state": _S.SUCCEEDED, "undo_of": 6, **_FIXED}),
    "by standing sign-off": Case(row={"state": _S.SIGNED, "standing": 3}),
    "fixed by standing sign-off": Case((), 0, row={"state": _S.SUCCEEDED, "standing": 3, **_FIXED}),
    "rejected": Case((values.sign_off(signed=False),), row={"state": _S.REJECTED}),
    "expired": Case(reason=_TOO_LATE, row={"state": _S.EXPIRED}),
    "cannot be signed": Case(reason=_TOO_LONG, row={"state": _S.REJECTED, **_UNPREPARED}),
    "not run": Case(_ONE, reason=_CHANGED, row={"state": _S.REJECTED}),
}
STRESSED = {"waits", "failed", "not run", "in the dark"}


def proposals() -> Iterator[Specimen]:
    """Every case; those with the most in them in every voice."""
    for state, case in CASES.items():
        yield from (variants if state in STRESSED else ordinary)("message", "proposal", case.draw, state)
