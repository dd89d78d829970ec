"""Proposals, sign-offs and executions; every change of state is a compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.incident import IncidentState
from bot.domain.person import Person
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState, SignOff
from bot.domain.records import NewProposal
from bot.domain.tool import Risk
from bot.store import tables as t
from bot.store.records import Records
from bot.store.standing import take_use


class Proposals(Records):
    def leave_gap(self, by: int) -> None:
        """The next proposals have numbers that none had before, even where some were lost."""
        self._leave_gap(t.proposals, by)

    def add(self, new: NewProposal) -> Proposal:
        """A new proposal in state proposed; it cannot be signed before it is prepared."""
        inserted = self._connection.execute(
            sa.insert(t.proposals).values(
                **self._numbered(t.proposals),
                incident_id=new.incident_id,
                tool=new.tool,
                arguments=dict(new.arguments),
                proposer=new.proposer.key,
                state=ProposalState.PROPOSED.value,
                risk=new.risk.value,
                signatures_needed=new.signatures_needed,
                created_at=self._now,
                sign_by=self._now + new.time_to_sign,
                why=new.why,
                undo_of=new.undo_of,
                standing=new.standing,
            )
        )
        assert inserted.inserted_primary_key is not None
        proposal = self.get(int(inserted.inserted_primary_key[0]))
        assert proposal is not None
        return proposal

    def get(self, proposal_id: int) -> Proposal | None:
        row = self._connection.execute(sa.select(t.proposals).where(t.proposals.c.id == proposal_id)).first()
        return None if row is None else _proposal(row)

    def of_incident(self, incident_id: int) -> list[Proposal]:
        return self._where(t.proposals.c.incident_id == incident_id)

    def in_states(self, *states: ProposalState) -> list[Proposal]:
        return self._where(t.proposals.c.state.in_([state.value for state in states]))

    def of_open_incidents(self) -> list[Proposal]:
        """All proposals of incidents that are neither resolved nor closed."""
        states = [state.value for state in IncidentState if state.is_open]
        incidents = sa.select(t.incidents.c.id).where(t.incidents.c.state.in_(states))
        return self._where(t.proposals.c.incident_id.in_(incidents))

    def _where(self, condition: sa.ColumnElement[bool]) -> list[Proposal]:
        query = sa.select(t.proposals).where(condition).order_by(t.proposals.c.id)
        return [_proposal(row) for row in self._connection.execute(query)]

    def prepared(self, proposal_id: int, plan: Mapping[str, object], digest: str, before: str) -> bool:
        """Store what would run, once; from now on it can be signed under this digest."""
        return self._set(
            proposal_id,
            (ProposalState.PROPOSED,),
            {"plan": dict(plan), "digest": digest, "before": before},
            t.proposals.c.digest == "",
        )

    def move(
        self, proposal_id: int, sources: Sequence[ProposalState], state: ProposalState, **values: object
    ) -> bool:
        """Go from one of `sources` to `state`; True for exactly one caller."""
        return self._set(proposal_id, sources, {"state": state.value} | values)

    def _set(
        self,
        proposal_id: int,
        sources: Sequence[ProposalState],
        values: Mapping[str, object],
        *conditions: sa.ColumnElement[bool],
    ) -> bool:
        changed = self._connection.execute(
            sa.update(t.proposals)
            .where(
                t.proposals.c.id == proposal_id,
                t.proposals.c.state.in_([source.value for source in sources]),
                *conditions,
            )
            .values(values)
        )
        return changed.rowcount == 1

    def note_before(self, proposal_id: int, before: str, verdict: str = "") -> None:
        """The value that verification compares with, read just before acting."""
        self._connection.execute(
            sa.update(t.proposals)
            .where(t.proposals.c.id == proposal_id)
            .values(before=before, before_verdict=verdict)
        )

    def verify_after(self, proposal_id: int, settle_s: float) -> None:
        """Verification is due once the action had `settle_s` seconds to settle."""
        due = self._now + timedelta(seconds=settle_s)
        self._connection.execute(
            sa.update(t.proposals).where(t.proposals.c.id == proposal_id).values(verify_at=due)
        )

    def verified(self, proposal_id: int, after: str, outcome: Outcome, worse: bool = False) -> bool:
        """Write what verification found, once; `worse`: than it was before."""
        changed = self._connection.execute(
            sa.update(t.proposals)
            .where(t.proposals.c.id == proposal_id, t.proposals.c.outcome.is_(None))
            .values(after=after, outcome=outcome.value, worse=worse, verify_at=None)
        )
        return changed.rowcount == 1

    def reopen(self, proposal_id: int) -> None:
        """Verification is due again, as more is known of how it ended."""
        self._connection.execute(
            sa.update(t.proposals)
            .where(t.proposals.c.id == proposal_id)
            .values(outcome=None, worse=False, after="", verify_at=self._now)
        )

    def to_verify(self) -> list[Proposal]:
        """Proposals whose action ended and whose time to settle is over."""
        return self._where(
            sa.and_(t.proposals.c.verify_at.is_not(None), t.proposals.c.verify_at <= self._now)
        )

    def next_at(self) -> datetime | None:
        """When the next of them is to be verified, or its time to sign or to execute is over."""
        c = t.proposals.c
        waiting = {ProposalState.PROPOSED.value: c.sign_by, ProposalState.SIGNED.value: c.execute_by}
        at = sa.case(waiting, value=c.state, else_=c.verify_at)
        query = sa.select(sa.func.min(at)).where(sa.or_(c.state.in_(waiting), c.verify_at.is_not(None)))
        found: datetime | None = self._connection.execute(query).scalar_one()
        return found

    def sign(self, sign_off: SignOff) -> bool:
        """Add a signature or a rejection; False when this person has given it already."""
        known = self._connection.execute(
            sa.select(t.sign_offs.c.id).where(
                t.sign_offs.c.proposal_id == sign_off.proposal_id,
                t.sign_offs.c.person == sign_off.person.key,
                t.sign_offs.c.signed == sign_off.signed,
            )
        ).first()
        if known is not None:
            return False
        self._connection.execute(
            sa.insert(t.sign_offs).values(
                proposal_id=sign_off.proposal_id,
                person=sign_off.person.key,
                digest=sign_off.digest,
                signed=sign_off.signed,
                at=sign_off.at,
                reason=sign_off.reason,
                alone=sign_off.alone,
            )
        )
        return True

    def sign_alone(self, sign_off: SignOff) -> None:
        """Note that a signature is given as the only one, whether its giver has signed before or not."""
        if self.sign(sign_off):
            return
        self._connection.execute(
            sa.update(t.sign_offs)
            .where(
                t.sign_offs.c.proposal_id == sign_off.proposal_id,
                t.sign_offs.c.person == sign_off.person.key,
                t.sign_offs.c.signed.is_(True),
            )
            .values(digest=sign_off.digest, at=sign_off.at, reason=sign_off.reason, alone=True)
        )

    def sign_offs(self, proposal_id: int) -> list[SignOff]:
        query = (
            sa.select(t.sign_offs).where(t.sign_offs.c.proposal_id == proposal_id).order_by(t.sign_offs.c.id)
        )
        return [
            SignOff(
                row.proposal_id,
                Person.from_key(row.person),
                row.digest,
                row.signed,
                row.at,
                row.reason,
                row.alone,
            )
            for row in self._connection.execute(query)
        ]

    def claim(self, proposal_id: int, fence: str) -> bool:
        """Claim the only execution of a signed proposal; the intent is a row before anything is touched.

        Under a standing sign-off it takes one of its uses, and is not claimed where none is left.
        """
        standing = self._standing_of(proposal_id)
        if standing is not None and not take_use(self._connection, standing, self._now):
            return False
        if not self.move(proposal_id, (ProposalState.SIGNED,), ProposalState.EXECUTING, reason=""):
            return False
        self._connection.execute(
            sa.insert(t.executions).values(
                proposal_id=proposal_id, standing_sign_off_id=standing, fence=fence, claimed_at=self._now
            )
        )
        return True

    def _standing_of(self, proposal_id: int) -> int | None:
        """The standing sign-off by which a signed proposal runs."""
        signed = sa.and_(t.proposals.c.id == proposal_id, t.proposals.c.state == ProposalState.SIGNED.value)
        return self._connection.execute(sa.select(t.proposals.c.standing).where(signed)).scalar()

    def finish(self, execution: Execution) -> bool:
        """Write how an execution ended; only the holder of its fence can."""
        changed = self._connection.execute(
            sa.update(t.executions)
            .where(
                t.executions.c.proposal_id == execution.proposal_id,
                t.executions.c.fence == execution.fence,
                t.executions.c.ended_at.is_(None),
            )
            .values(
                ended_at=self._now,
                exit_code=execution.exit_code,
                output=execution.output,
                problem=execution.problem,
            )
        )
        return changed.rowcount == 1

    def execution(self, proposal_id: int) -> Execution | None:
        row = self._connection.execute(
            sa.select(t.executions).where(t.executions.c.proposal_id == proposal_id)
        ).first()
        if row is None:
            return None
        values = dict(row._mapping)
        values.pop("standing_sign_off_id")
        return Execution(**values)


def _proposal(row: Row[Any]) -> Proposal:
    values = dict(row._mapping)
    values.pop("verify_at")
    values["proposer"] = Person.from_key(row.proposer)
    values["state"] = ProposalState(row.state)
    values["risk"] = Risk(row.risk)
    values["outcome"] = None if row.outcome is None else Outcome(row.outcome)
    return Proposal(**values)
