"""Incidents by hand: a person opens one that no alert has, and says how grave it is and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.announcements import announce_gift, announce_incident, announce_rating
from bot.copilot.part import Part
from bot.domain.alert import Decision, Kind, Severity
from bot.domain.by_hand import MOST_DETAILS, MOST_PLACE, MOST_TITLE, Report, Wish
from bot.domain.incident import Incident
from bot.domain.noise import Delivery, Group, Series, Trace
from bot.domain.person import Person
from bot.domain.store import Tx
from bot.errors import Refused, ReportRefused
from bot.sources.text import clean
from bot.triage.fingerprint import fingerprint
from bot.triage.seen import still_at
from bot.triage.traits import traits_of

_MOST = {"title": MOST_TITLE, "details": MOST_DETAILS, "service": MOST_PLACE, "environment": MOST_PLACE}


@dataclass(frozen=True, slots=True)
class Offered:
    """What the form offers: the places that the catalogue knows, and what is open, the newest first."""

    services: Sequence[str]
    environments: Sequence[str]
    open_now: Sequence[Incident]


class ByHand(Part):
    """What people do with incidents beside taking and resolving them."""

    def offered(self) -> Offered:
        """For the form that opens an incident."""
        with self._store.read() as tx:
            tools = self._in_force.tools(tx).values()
            open_now = sorted(tx.incidents.open_now(), key=lambda incident: -incident.id)
        services = {service for tool in tools for service in tool.services}
        environments = {environment for tool in tools for environment in tool.environments}
        return Offered(sorted(services), sorted(environments), open_now)

    def open(self, person: Person, report: Report, event: str = "") -> Incident:
        """Open an incident for what a person saw; it is told and investigated at once, and ends by hand.

        Raises:
            ReportRefused: names the field that cannot be taken.
        """
        with self._once(event) as tx:
            incident = open_by_hand(tx, person, report)
            tx.incidents.start_round(incident.id, 0)
        self._wake("investigate", str(incident.id))
        return incident

    def one(self, incident_id: int) -> Incident:
        """An incident that can be changed.

        Raises:
            Refused: there is none, it is over, or nobody was told of it yet.
        """
        with self._store.read() as tx:
            return _changeable(tx, incident_id)

    def change(self, person: Person, incident_id: int, wish: Wish, event: str = "") -> str:
        """Say how grave an incident is, and who has it; what to tell the person.

        Raises:
            Refused: there is none, it is over, or nobody was told of it yet.
        """
        with self._once(event) as tx:
            old = _changeable(tx, incident_id)
            said = [*_rate(tx, person, old, wish.severity), *_give(tx, person, old, wish.assignee)]
            if not said:
                return f"{old.label} is as it was."
            announce_incident(tx, incident_id)
        return f"{old.label} {' and '.join(said)}."


def open_by_hand(tx: Tx, person: Person, report: Report) -> Incident:
    """An incident that no alert has opened; what fits it later joins it.

    Raises:
        ReportRefused: names the field that cannot be taken.
    """
    flags: set[str] = set()
    report = _cleaned(report, flags)
    incident = tx.incidents.open(report.alert(tx.now, ""), report.title, None, opened_by=person.key)
    alert = replace(report.alert(tx.now, f"report:{incident.id}"), flags=tuple(sorted(flags)))
    mark, traits, now = fingerprint(alert), traits_of(alert), tx.now
    decision = Decision(Kind.OPENED, "A person opened the incident by hand.", incident.id, notifies=True)
    tx.alerts.add([Delivery(alert, mark, decision, incident.id, now)])
    tx.alerts.count("decided:opened")
    tx.incidents.joined([(incident.id, alert.severity, 1)])
    series = Series(
        mark,
        alert.status,
        alert.severity,
        began_at=now,
        last_at=now,
        incident=incident.id,
        starts_at=now,
        fires=(now,),
        name=alert.name,
        source=alert.source,
    )
    marks = [still_at(mark), *([f"service:{traits.service}"] if traits.service else [])]
    group = Group.told_now(incident.id, traits.environment, alert.severity, alert.name, marks, now)
    trace = Trace(traits.name, traits.service, "", "", now)
    traces = {(incident.id, trace.place): trace} if traits.service else {}
    tx.triage.save([(series, 1)], [replace(group, firing=1)], traces, {})
    tx.triage.touch()
    detail = {"service": report.service, "severity": report.severity.word}
    tx.audit.append(person.key, "opened by hand", f"incident {incident.label}", detail)
    announce_incident(tx, incident.id)
    return incident


def _cleaned(report: Report, flags: set[str]) -> Report:
    """Without what looks like a secret; everything but the details on one line."""
    texts = {}
    for field, most in _MOST.items():
        text = clean(getattr(report, field).strip(), flags)
        texts[field] = text if field == "details" else " ".join(text.split())
        if len(texts[field]) > most:
            raise ReportRefused(f"Write at most {most} characters here.", field)
    if not texts["title"]:
        raise ReportRefused("Say in a few words what is wrong.", "title")
    return Report(severity=report.severity, **texts)


def _rate(tx: Tx, person: Person, old: Incident, severity: Severity | None) -> list[str]:
    if severity is None or severity is old.severity:
        return []
    tx.incidents.rate(old.id, severity)
    detail = {"from": old.severity.word, "to": severity.word}
    event = tx.audit.append(person.key, "said how grave", f"incident {old.label}", detail)
    announce_rating(tx, old, severity, person, event.seq)
    return [f"is {severity.word} now"]


def _give(tx: Tx, person: Person, old: Incident, assignee: str | None) -> list[str]:
    if assignee is None or assignee == old.assignee:
        return []
    tx.incidents.assign(old.id, assignee)
    did = "gave" if assignee else "gave back"
    event = tx.audit.append(person.key, did, f"incident {old.label}", {"to": assignee})
    for key in dict.fromkeys(filter(None, (assignee, old.assignee))):
        if key != person.key:
            announce_gift(tx, old, Person.from_key(key), person, assignee, event.seq)
    return [f"is <@{Person.from_key(assignee).user_id}>'s now" if assignee else "is nobody's now"]


def _changeable(tx: Tx, incident_id: int) -> Incident:
    incident = tx.incidents.get(incident_id)
    if incident is None:
        raise Refused(f"No incident has the number {incident_id}; `/vigie status` lists what is open.")
    if not incident.state.is_open:
        raise Refused(f"{incident.label} is {incident.state.value}; it is changed no more.")
    if incident.held:
        raise Refused(f"{incident.label} is held and nobody knows of it yet: *This should have paged* tells.")
    return incident
