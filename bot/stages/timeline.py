"""What happened in an incident, from recorded rows alone: never from what a model says."""

from __future__ import annotations

from datetime import datetime

from bot.domain.conversation import Source
from bot.domain.incident import Incident
from bot.domain.proposal import Proposal
from bot.domain.store import Tx

EVENTS = 60
_WORDS = 160
# What the audit log says of an incident that other rows say better.
_LEFT_OUT = frozenset({"resolved", "opened by hand"})


def timeline_of(tx: Tx, incident: Incident) -> list[Source]:
    """Its events in the order in which they happened, as sources T1, T2, ...; the newest where there are
    too many.
    """
    events = [(incident.opened_at, f"{incident.label} was opened: {incident.title}")]
    for alert in tx.alerts.of_incident(incident.id):
        said = f": {alert.summary}" if alert.summary else ""
        events.append((alert.first_at, f"alert {alert.name} fired, {alert.severity.word}{said}"))
    for proposal in tx.proposals.of_incident(incident.id):
        events += _of_proposal(tx, proposal)
    for event in tx.audit.events(f"incident {incident.label}"):
        if event.action not in _LEFT_OUT:
            who = event.actor.partition("/")[2] or event.actor
            events.append((event.at, f"{who} {event.action}"))
    if incident.resolved_at is not None:
        by = "its source" if incident.resolved_by == "source" else incident.resolved_by.partition("/")[2]
        events.append((incident.resolved_at, f"{incident.label} was resolved by {by or 'a person'}"))
    ordered = sorted(events, key=lambda event: event[0])[-EVENTS:]
    return [Source(f"T{n}", _short(text), at) for n, (at, text) in enumerate(ordered, 1)]


def _of_proposal(tx: Tx, proposal: Proposal) -> list[tuple[datetime, str]]:
    name = f"{proposal.label} {proposal.tool}"
    events: list[tuple[datetime, str]] = [
        (proposal.created_at, f"{name} was proposed by {proposal.proposer.user_id}")
    ]
    for given in tx.proposals.sign_offs(proposal.id):
        events.append((given.at, f"{given.person.user_id} {'signed' if given.signed else 'rejected'} {name}"))
    run = tx.proposals.execution(proposal.id)
    if run is not None:
        events.append((run.claimed_at, f"{name} was started"))
        if run.ended_at is not None:
            ended = run.problem or f"exit code {run.exit_code}"
            outcome = f"; verified: {proposal.outcome.value}" if proposal.outcome else ""
            events.append((run.ended_at, f"{name} ended, {ended}{outcome}"))
    return events


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…"
