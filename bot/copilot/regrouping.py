"""Split and merge: people move series between incidents, and can take it back. Proposals stay in place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.announcements import INCIDENTS, announce_incident, announce_rise, incident_key
from bot.copilot.part import Part, resolve
from bot.domain.incident import BY_SOURCE, Incident, IncidentState
from bot.domain.noise import Group, Held, Trace
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.quiet import Regroup, Regrouping, StoredAlert
from bot.domain.store import Tx
from bot.errors import Refused
from bot.triage.seen import still_at
from bot.triage.traits import traits_of

MOST_SERIES, MOST_REMEMBERED = 100, 10_000
UNDO_WITHIN = timedelta(hours=24)
MERGED = "merged:"
"""What stands before the number of the incident that another one became part of, as who resolved it."""


class Regroupings(Part):
    """Split, merge, and take back."""

    def series(self, incident_id: int) -> tuple[Incident, list[StoredAlert]]:
        """An open incident with the first delivery of each of its series.

        Raises:
            Refused: it is not open.
        """
        with self._store.read() as tx:
            return _open(tx, incident_id), tx.deliveries.series_of(incident_id, MOST_SERIES)

    def targets(self, incident_id: int) -> tuple[Incident, list[Incident]]:
        """An open incident, and the open ones that it can be merged into, those that moved last first.

        Raises:
            Refused: it is not open.
        """
        with self._store.read() as tx:
            others = [other for other in tx.incidents.open_now() if other.id != incident_id]
            return _open(tx, incident_id), sorted(others, key=lambda i: i.changed_at, reverse=True)

    def split(
        self, person: Person, incident_id: int, fingerprints: Sequence[str], event: str = ""
    ) -> Incident:
        """Chosen series become an incident of their own, which is told and investigated at once.

        Raises:
            Refused: the incident is not open, or these are not some of its series but not all.
        """
        with self._once(event) as tx:
            made = split(tx, person.key, _open(tx, incident_id), fingerprints)
        self._wake("investigate", str(made.id))
        return made

    def merge(self, person: Person, source: int, target: int, event: str = "") -> str:
        """All of an open incident becomes part of another open one; what to say to the person.

        Raises:
            Refused: one of them is not open, or they are the same.
        """
        with self._once(event) as tx:
            if source == target:
                raise Refused("An incident cannot be merged into itself.")
            made = merge(tx, person.key, _open(tx, source), _open(tx, target))
            said = f"#{made.source} is part of #{made.target} now.{of_proposals(tx, made.source)}"
        self._wake("investigate", str(target))
        return said

    def undo(self, person: Person, regrouping_id: int, event: str = "") -> str:
        """Take a split or a merge back; what to say to the person.

        Raises:
            Refused: it was taken back, is too long ago, or an incident of it is over.
        """
        with self._once(event) as tx:
            made = tx.regroupings.get(regrouping_id)
            if made is None or made.undone_at is not None:
                raise Refused("That was taken back already.")
            if tx.now - made.at > UNDO_WITHIN:
                raise Refused("That is more than a day ago: split or merge what is open now instead.")
            undo(tx, person.key, made)
        self._wake("investigate", str(made.source))
        return f"#{made.source} and #{made.target} are as they were before."


def split(tx: Tx, by: str, incident: Incident, fingerprints: Sequence[str]) -> Incident:
    """See `Regroupings.split`; within the caller's transaction."""
    chosen, known = set(fingerprints), tx.regroupings.fingerprints(incident.id)
    moved = [fingerprint for fingerprint in known if fingerprint in chosen]
    if not moved or chosen - set(known):
        raise Refused(f"These alerts are not (all) of {incident.label} any more; open the form again.")
    if len(moved) == len(known):
        raise Refused("All of its alerts were chosen: nothing would be left to split from.")
    first = next(one for one in tx.deliveries.series_of(incident.id, 10_000) if one.fingerprint in chosen)
    alert = first.alert()
    made = tx.incidents.open(alert, alert.summary or alert.name, None)
    for hold in tx.triage.waiting(moved):
        # The new incident is told now, with all that is in it.
        tx.triage.end_hold(hold, Held.TOLD)
        tx.alerts.told(hold.alert_id)
    _move(tx, moved, incident.id, made.id)
    tx.incidents.start_round(made.id, 0)
    note = tx.regroupings.add(Regroup.SPLIT, incident.id, made.id, moved, incident.state.value, by)
    detail = {"into": made.label, "series": len(moved)}
    tx.audit.append(by, "split", f"incident {incident.label}", detail)
    tx.audit.append(by, "opened", f"incident {made.label}", {"reason": f"Split from {incident.label}."})
    _announce(tx, note)
    if tx.regroupings.firing(incident.id) == 0:
        resolve(tx, incident.id, BY_SOURCE)
    return made


def merge(tx: Tx, by: str, source: Incident, target: Incident) -> Regrouping:
    """See `Regroupings.merge`; within the caller's transaction."""
    moved = tx.regroupings.fingerprints(source.id)
    _move(tx, moved, source.id, target.id)
    tx.incidents.move(source.id, IncidentState.RESOLVED, f"{MERGED}{target.id}")
    note = tx.regroupings.add(Regroup.MERGED, source.id, target.id, moved, source.state.value, by)
    if source.assignee and not target.assignee:
        tx.incidents.assign(target.id, source.assignee)
    if target.may_be_investigated_again:
        tx.incidents.start_round(target.id, target.rounds)
    tx.audit.append(by, "merged", f"incident {source.label}", {"into": target.label, "series": len(moved)})
    if source.severity > target.severity:
        announce_rise(tx, target.id, source.severity)
    _announce(tx, note)
    return note


def undo(tx: Tx, by: str, made: Regrouping) -> None:
    """Move the series back; an incident that was split off ends, one that was merged goes on."""
    target = _open(tx, made.target)
    if not tx.regroupings.undo(made.id, by):
        raise Refused("That was taken back already.")
    if made.kind is Regroup.SPLIT:
        merge(tx, by, target, _open(tx, made.source))
    else:
        tx.regroupings.reopen(made.source, IncidentState(made.before))
        _move(tx, made.moved, made.target, made.source)
    tx.audit.append(
        by, f"took back: {made.kind.value}", f"incident #{made.source}", {"other": f"#{made.target}"}
    )
    _announce(tx, made)


def of_proposals(tx: Tx, incident_id: int) -> str:
    """What a merge means for proposals that are not over: they stay what they are, and where they are."""
    waiting = [p for p in tx.proposals.of_incident(incident_id) if not p.state.is_over]
    return f" {_named(waiting)} in the thread of #{incident_id}, and valid as shown there." if waiting else ""


def regrouping_key(regrouping_id: int, incident_id: int) -> str:
    return f"regrouping:{regrouping_id}:{incident_id}"


def _named(proposals: Sequence[Proposal]) -> str:
    labels = ", ".join(p.label for p in proposals[:10])
    return f"{labels} {'stays' if len(proposals) == 1 else 'stay'}"


def _move(tx: Tx, fingerprints: Sequence[str], source: int, target: int) -> None:
    """Deliveries, series and what triage remembers of them go from one incident to the other."""
    tx.regroupings.move(fingerprints, source, target)
    for incident_id in (source, target):
        tx.regroupings.recount(incident_id)
    series = tx.deliveries.series_of(target, MOST_REMEMBERED)
    traces: dict[tuple[int, tuple[str, str, str, str]], Trace | None] = {}
    kept = {_trace(one).place for one in tx.deliveries.series_of(source, MOST_REMEMBERED)}
    for trace in map(_trace, series):
        traces[target, trace.place] = trace
        if trace.place not in kept:
            traces[source, trace.place] = None
    tx.triage.save([], _group(tx, target, series), traces, {})
    tx.triage.retie(fingerprints, target)


def _trace(one: StoredAlert) -> Trace:
    traits = traits_of(one.alert())
    return Trace(traits.name, traits.service, traits.host, traits.unit, one.received_at)


def _group(tx: Tx, incident_id: int, series: Sequence[StoredAlert]) -> list[Group]:
    """What triage is to know of an incident that it did not open itself; nothing where it knows it."""
    row = tx.incidents.get(incident_id)
    if row is None or not series or any(g.incident == incident_id for g in tx.triage.remembered().groups):
        return []
    traits = traits_of(series[0].alert())
    marks = [f"service:{trace.service or trace.host}" for trace in map(_trace, series)]
    marks += [still_at(one.fingerprint) for one in series]
    return [Group.told_now(incident_id, traits.environment, row.severity, traits.name, marks, tx.now)]


def _announce(tx: Tx, made: Regrouping) -> None:
    """Both cards, and a pointer in each thread; the button to take it back stands in both."""
    for incident_id in (made.source, made.target):
        announce_incident(tx, incident_id)
        key, thread = regrouping_key(made.id, incident_id), incident_key(incident_id)
        tx.posts.want(key, INCIDENTS, "regrouping", made.id, thread, {"incident": incident_id})


def _open(tx: Tx, incident_id: int) -> Incident:
    incident = tx.incidents.get(incident_id)
    if incident is None or not incident.state.is_open:
        into = tx.regroupings.merged_into(incident_id)
        raise Refused(f"#{incident_id} is part of #{into}." if into else f"#{incident_id} is not open.")
    return incident
