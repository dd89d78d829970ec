"""What happened in an incident, from recorded rows alone: never from what a model says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.by_hand import NAME
from bot.domain.conversation import Source
from bot.domain.incident import BY_SILENCE, BY_SOURCE, Incident
from bot.domain.proposal import Proposal
from bot.domain.records import AuditEvent
from bot.domain.store import Tx
from bot.stages.phrases import Say, phrases

EVENTS = 60
_WORDS = 160
GRAVE = "said how grave"
# What other rows say better, or what is no event of the incident itself; then what we have words for.
_LEFT_OUT = frozenset({"resolved", "opened", "opened by hand", "took an echo out of an answer"})
_SAID = frozenset({"took", "split", "merged", "confirmed the summary", "dismissed as noise", "learned"})
_TO = frozenset({GRAVE, "gave", "gave back"})

_Event = tuple[datetime, str]


def timeline_of(tx: Tx, incident: Incident, language: str = "en") -> list[Source]:
    """Its events in the order in which they happened, as sources T1, T2, ...; the first and the newest where
    there are too many.
    """
    say = phrases(language)
    how, by = ("opened by hand", _who(incident.opened_by)) if incident.opened_by else ("opened", "")
    events = [(incident.opened_at, say(how, label=incident.label, title=incident.title, by=by))]
    for alert in tx.alerts.of_incident(incident.id):
        if alert.name == NAME:
            # Of the one that opened the incident the first line speaks.
            if alert.summary != incident.title:
                events.append((alert.first_at, say("reported", title=alert.summary)))
            continue
        said = f": {alert.summary}" if alert.summary else ""
        fired = say("fired", name=alert.name, severity=say(alert.severity.word))
        events.append((alert.first_at, f"{fired}{said}"))
    for proposal in tx.proposals.of_incident(incident.id):
        events += _of_proposal(tx, proposal, language)
    for event in tx.audit.events(f"incident {incident.label}"):
        if event.action not in _LEFT_OUT:
            events.append((event.at, _said(event, incident.label, language)))
    if incident.resolved_at is not None:
        events.append((incident.resolved_at, _resolved(incident, say)))
    ordered = sorted(events, key=lambda event: event[0])
    kept = ordered if len(ordered) <= EVENTS else [ordered[0], *ordered[1 - EVENTS :]]
    return [Source(f"T{n}", _short(text), at) for n, (at, text) in enumerate(kept, 1)]


def _resolved(incident: Incident, say: Say) -> str:
    if incident.resolved_by == BY_SILENCE:
        return say("silent", label=incident.label)
    by = say("its source") if incident.resolved_by == BY_SOURCE else incident.resolved_by.partition("/")[2]
    return say("resolved", label=incident.label, by=by or say("a person"))


def _said(event: AuditEvent, label: str, language: str) -> str:
    """What a person did with the incident, in words of ours where there are any."""
    say, who = phrases(language), _who(event.actor)
    if event.action in _TO:
        to = str(event.detail["to"])
        return say(event.action, by=who, label=label, to=say(to) if event.action == GRAVE else _who(to))
    return say(event.action, by=who, label=label) if event.action in _SAID else f"{who} {event.action}"


def _who(key: str) -> str:
    """A person by the id that Slack shows as a name."""
    return key.partition("/")[2] or key


def _of_proposal(tx: Tx, proposal: Proposal, language: str) -> Iterator[_Event]:
    say, name = phrases(language), f"{proposal.label} {proposal.tool}"
    yield proposal.created_at, say("proposed", name=name, by=proposal.proposer.user_id)
    for given in tx.proposals.sign_offs(proposal.id):
        did = "signed" if given.signed else "rejected"
        yield given.at, say(did, by=given.person.user_id, name=name)
    run = tx.proposals.execution(proposal.id)
    if run is None:
        return
    yield run.claimed_at, say("started", name=name)
    if run.ended_at is not None:
        ended = run.problem or say("exit code", code=run.exit_code)
        outcome = f"; {say(f'outcome {proposal.outcome.value}')}" if proposal.outcome else ""
        yield run.ended_at, f"{say('ended', name=name)}, {ended}{outcome}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…"
