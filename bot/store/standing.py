"""Standing sign-offs, who signed them, and how often they were used; a use is taken by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from bot.domain.alert import AlertStatus, Severity
from bot.domain.person import Person
from bot.domain.proposal import Outcome, ProposalState, SignOff
from bot.domain.standing import (
    By,
    NewStanding,
    Pattern,
    StandingSignOff,
    StandingState,
    Terms,
    Trigger,
    TypedAlert,
    Uses,
)
from bot.domain.tool import Risk
from bot.sign_off.standing import hour_before
from bot.store import tables as t
from bot.store.records import Records
from bot.store.standing_tables import standing_signatures as signatures

_NEWEST = 50  # deliveries of one alert in one incident that are looked at
_given = t.standing_sign_offs


class Standing(Records):
    def leave_gap(self, by: int) -> None:
        """The next ones have numbers that none had before, even where some were lost."""
        self._leave_gap(_given, by)

    def add(self, new: NewStanding) -> StandingSignOff:
        """A new one in state proposed."""
        terms = new.terms
        inserted = self._connection.execute(
            sa.insert(_given).values(
                **self._numbered(_given),
                tool=terms.tool,
                trigger=_trigger_json(terms.trigger),
                arguments={name: _pattern_json(pattern) for name, pattern in terms.arguments.items()},
                services=list(terms.services),
                environments=list(terms.environments),
                uses_per_hour=terms.per_hour,
                uses=terms.in_all,
                uses_left=terms.in_all,
                ends_at=terms.ends_at,
                given_by=[],
                state=StandingState.PROPOSED.value,
                risk=new.risk.value,
                proposer=new.proposer.key,
                why=new.why,
                created_at=self._now,
                sign_by=new.sign_by,
                digest=new.digest,
                plan=dict(new.plan),
                basis=new.basis,
                from_proposal=new.from_proposal,
            )
        )
        assert inserted.inserted_primary_key is not None
        made = self.get(int(inserted.inserted_primary_key[0]))
        assert made is not None
        return made

    def get(self, standing_id: int) -> StandingSignOff | None:
        row = self._connection.execute(sa.select(_given).where(_given.c.id == standing_id)).first()
        return None if row is None else _standing(row)

    def every(self) -> list[StandingSignOff]:
        """All that were ever proposed, newest first."""
        query = sa.select(_given).where(_given.c.plan.is_not(None)).order_by(_given.c.id.desc())
        return [_standing(row) for row in self._connection.execute(query)]

    def in_states(self, *states: StandingState) -> list[StandingSignOff]:
        """Those in any of these states, oldest first."""
        wanted = _given.c.state.in_([state.value for state in states])
        query = sa.select(_given).where(wanted).order_by(_given.c.id)
        return [_standing(row) for row in self._connection.execute(query)]

    def move(
        self, standing_id: int, sources: Sequence[StandingState], state: StandingState, **values: object
    ) -> bool:
        """Go from one of `sources` to `state`; True for exactly one caller."""
        changed = self._connection.execute(
            sa.update(_given)
            .where(_given.c.id == standing_id, _given.c.state.in_([source.value for source in sources]))
            .values(state=state.value, **values)
        )
        return changed.rowcount == 1

    def rebuilt(self, standing_id: int, digest: str, plan: Mapping[str, object], basis: str) -> bool:
        """What waits for signatures is something else by now: those given so far are void."""
        waits = [state.value for state in StandingState if state.can_be_signed]
        changed = self._connection.execute(
            sa.update(_given)
            .where(_given.c.id == standing_id, _given.c.state.in_(waits))
            .values(digest=digest, plan=dict(plan), basis=basis, given_by=[], round=_given.c.round + 1)
        )
        return changed.rowcount == 1

    def based_on(self, standing_id: int, basis: str) -> None:
        """Catalogue or policy changed, and nothing of it that this one rests on."""
        self._connection.execute(sa.update(_given).where(_given.c.id == standing_id).values(basis=basis))

    def sign(self, standing: StandingSignOff, person: Person, signed: bool, reason: str = "") -> bool:
        """Add a signature or a rejection of this round; False when this person has given it already."""
        same = (
            signatures.c.standing_id == standing.id,
            signatures.c.round == standing.round,
            signatures.c.person == person.key,
            signatures.c.signed == signed,
        )
        if self._connection.execute(sa.select(signatures.c.id).where(*same)).first() is not None:
            return False
        self._connection.execute(
            sa.insert(signatures).values(
                standing_id=standing.id,
                round=standing.round,
                person=person.key,
                digest=standing.digest,
                signed=signed,
                at=self._now,
                reason=reason,
            )
        )
        return True

    def sign_offs(self, standing: StandingSignOff) -> list[SignOff]:
        """The signatures and rejections of its newest round; each names the standing sign-off's number."""
        query = (
            sa.select(signatures)
            .where(signatures.c.standing_id == standing.id, signatures.c.round == standing.round)
            .order_by(signatures.c.id)
        )
        return [
            SignOff(row.standing_id, Person.from_key(row.person), row.digest, row.signed, row.at, row.reason)
            for row in self._connection.execute(query)
        ]

    def uses(self, standing_id: int) -> Uses:
        """Counted from the executions that were claimed by it."""
        runs = t.executions
        recent = sa.case((runs.c.claimed_at > hour_before(self._now), 1), else_=0)
        query = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(recent), 0), sa.func.max(runs.c.claimed_at)
        ).where(runs.c.standing_sign_off_id == standing_id)
        in_all, last_hour, last = self._connection.execute(query).one()
        return Uses(int(in_all), int(last_hour), last)

    def not_well(self, standing_id: int) -> list[int]:
        """The numbers of its proposals that are under way, or that did not end as a verified fix."""
        c, states = t.proposals.c, ProposalState
        under_way = sa.and_(c.state == states.SUCCEEDED.value, c.outcome.is_(None))
        started = c.state.in_([states.EXECUTING.value, states.FAILED.value, states.UNKNOWN.value])
        bad = c.outcome.in_([Outcome.NOT_FIXED.value, Outcome.CANNOT_TELL.value])
        query = sa.select(c.id).where(c.standing == standing_id, sa.or_(under_way, started, bad))
        return list(self._connection.execute(query.order_by(c.id)).scalars())

    def deliveries(self, incident_id: int, source: str, name: str, since: datetime) -> list[TypedAlert]:
        """The newest deliveries of one alert within an incident."""
        body = t.alerts.c.body
        return self._deliveries(
            t.alerts.c.incident_id == incident_id,
            t.alerts.c.received_at >= since,
            body["source"].as_string() == source,
            body["name"].as_string() == name,
        )

    def kinds_of_alert(self, incident_id: int) -> list[TypedAlert]:
        """The newest deliveries of an incident, whatever the alert."""
        return self._deliveries(t.alerts.c.incident_id == incident_id)

    def _deliveries(self, *conditions: sa.ColumnElement[bool]) -> list[TypedAlert]:
        query = (
            sa.select(t.alerts.c.id, t.alerts.c.body, t.alerts.c.received_at, t.series.c.status)
            .join(t.series, t.series.c.fingerprint == t.alerts.c.fingerprint)
            .where(*conditions)
            .order_by(t.alerts.c.id.desc())
            .limit(_NEWEST)
        )
        return [_delivery(row) for row in self._connection.execute(query)]

    def void(self) -> int:
        """End every one; how many there were."""
        void = StandingState.VOID.value
        ended = sa.update(_given).where(_given.c.state != void).values(state=void, uses_left=0)
        return self._connection.execute(ended).rowcount


def take_use(connection: Connection, standing_id: int, now: datetime) -> bool:
    """Take one of its uses, if any is left in all and in this hour: one statement, no two share one."""
    runs = t.executions
    recent = sa.select(sa.func.count()).where(
        runs.c.standing_sign_off_id == standing_id, runs.c.claimed_at > hour_before(now)
    )
    changed = connection.execute(
        sa.update(_given)
        .where(
            _given.c.id == standing_id,
            _given.c.state == StandingState.IN_FORCE.value,
            _given.c.ends_at > now,
            _given.c.uses_left > 0,
            recent.scalar_subquery() < _given.c.uses_per_hour,
        )
        .values(uses_left=_given.c.uses_left - 1)
    )
    return changed.rowcount == 1


def _standing(row: Row[Any]) -> StandingSignOff:
    patterns = {name: _pattern(raw) for name, raw in row.arguments.items()}
    trigger = Trigger(
        row.trigger["source"],
        row.trigger["name"],
        Severity[row.trigger["severity"].upper()],
        row.trigger["labels"],
    )
    services, environments = tuple(row.services), tuple(row.environments)
    in_all, per_hour = row.uses, row.uses_per_hour
    terms = Terms(row.tool, patterns, services, environments, trigger, per_hour, in_all, row.ends_at)
    kept = ("id", "why", "created_at", "sign_by", "round", "active_at", "uses_left", "reason", "digest")
    return StandingSignOff(
        terms=terms,
        risk=Risk(row.risk),
        proposer=Person.from_key(row.proposer),
        state=StandingState(row.state),
        plan=row.plan,
        basis=row.basis,
        given_by=tuple(row.given_by),
        from_proposal=row.from_proposal,
        **{name: row._mapping[name] for name in kept},
    )


def _delivery(row: Row[*tuple[Any, ...]]) -> TypedAlert:
    body = row.body
    return TypedAlert(
        id=row.id,
        source=body["source"],
        name=body["name"],
        status=AlertStatus(body["status"]),
        severity=Severity(body["severity"]),
        service=body["service"],
        environment=body["environment"],
        labels=body["labels"],
        flags=tuple(body["flags"]),
        received_at=row.received_at,
        firing=row.status == AlertStatus.FIRING.value,
    )


def _trigger_json(trigger: Trigger) -> dict[str, object]:
    labels, severity = dict(trigger.labels), trigger.severity.word
    return {"source": trigger.source, "name": trigger.name, "severity": severity, "labels": labels}


def _pattern_json(pattern: Pattern) -> dict[str, object]:
    return {"among": list(pattern.among), "by": pattern.by.value}


def _pattern(raw: dict[str, Any]) -> Pattern:
    return Pattern(tuple(raw["among"]), By(raw["by"]))
