"""The card of an incident and its evidence."""

from __future__ import annotations

from collections.abc import Sequence

from bot.copilot.regrouping import MERGED
from bot.domain.alert import Kind, Severity
from bot.domain.by_hand import NAME
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.flags import is_of_text
from bot.domain.incident import BY_SILENCE, BY_SOURCE, Incident, IncidentState
from bot.domain.noise import Shown
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import MOST_ALERTS, SeenAlert
from bot.domain.spending import Spent
from bot.slack.blocks import fresh, parts
from bot.slack.blocks.fired import LINES, alike, fired
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock

_ICONS = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.WARNING: ":warning:",
    Severity.INFO: ":information_source:",
}
_ABSORBED = {
    Kind.OPENED: "opened it",
    Kind.JOINED: "joined",
    Kind.DUPLICATE: "repeated",
    Kind.HELD: "held",
    Kind.MUTED: "muted",
    Kind.FLAPPING: "flapping",
    Kind.HEARTBEAT: "heartbeats",
    Kind.RESOLVED: "over",
}
_EVIDENCE_LINES, _SOURCES = 20, 8
_PLACE, _DETAILS, _REPORTS, _WAITING = 300, 500, 3, 12


def card(
    incident: Incident,
    alerts: Sequence[SeenAlert],
    proposals: Sequence[Proposal],
    shown: Shown | None = None,
    spent: Spent = Spent(),  # noqa: B008  # frozen
    currency: str = "",
) -> list[Block]:
    """One message per incident, edited in place: severity, what fired, since when, state, who has it."""
    icon = _ICONS[incident.severity] if incident.state.is_open else ":white_check_mark:"
    who = f"<@{Person.from_key(incident.assignee).user_id}>" if incident.assignee else "nobody yet"
    since = f"{'since' if incident.state.is_open else 'opened'} {clock(incident.opened_at)}"
    line = f"{icon} *{incident.label}* · *{incident.severity.word}* · *{incident.state.value}* · {since}"
    blocks = [parts.status(f"{line}\nHas it: {who}"), parts.header(incident.title)]
    place = f"Service {incident.service or '?'} in {incident.environment or '?'}"
    blocks.append(parts.foreign_note(parts.cut(place, _PLACE)))
    alerts, reports = _told_apart(alerts)
    blocks += [parts.foreign_note(parts.cut(report.description, _DETAILS)) for report in reports[:_REPORTS]]
    blocks += fired(alerts)
    blocks.append(parts.note(_counts(incident, alerts)))
    if shown is not None and _absorbed(shown):
        blocks.append(parts.note(_absorbed(shown)))
    if spent.tokens:
        blocks.append(parts.note(_used(spent, currency)))
    blocks += _flagged(alerts)
    waiting = [p for p in proposals if not p.state.is_over]
    if waiting:
        more = [f"{len(waiting) - _WAITING} more"] if len(waiting) > _WAITING else []
        blocks.append(parts.note(" · ".join([*map(_waiting, waiting[:_WAITING]), *more])))
    if incident.state.is_open:
        take = parts.button("I take it", "take", str(incident.id))
        every = parts.button("All alerts…", "absorbed_open", str(incident.id))
        done = parts.button("Resolve", "resolve", str(incident.id))
        join = parts.button("Catch me up", "draft_catchup", str(incident.id))
        tell = parts.button("Status update…", "draft_update", str(incident.id))
        change = parts.button("Change…", "incident_change", str(incident.id))
        blocks.append(parts.buttons(take, done, change, every, join, tell))
    return blocks


def evidence(pieces: Sequence[Evidence]) -> list[Block]:
    """What was found, each piece with its number."""
    asked = [piece for piece in pieces if piece.is_of_a_question]
    pieces = [piece for piece in pieces if not piece.is_of_a_question]
    if not pieces:
        return [parts.status("*No evidence* was found."), *fresh.kept(asked)]
    blocks = [parts.status("*Evidence*")]
    shown = pieces[:_EVIDENCE_LINES]
    blocks.append(parts.rich(parts.listing([_evidence_runs(piece) for piece in shown])))
    sources = [piece for piece in shown if piece.kind is EvidenceKind.PASSAGE]
    if sources:
        blocks.append(parts.buttons(*(open_button(piece) for piece in sources[:_SOURCES])))
    if len(pieces) > len(shown):
        blocks.append(parts.note(f"_{parts.counted(len(pieces) - len(shown), 'more piece')} not shown._"))
    return blocks + fresh.kept(asked)


def open_button(piece: Evidence) -> Block:
    """Opens the exact source of a piece of evidence."""
    return parts.button(f"{piece.id}: {piece.title}", f"open_source:{piece.id}", piece.source)


def _told_apart(alerts: Sequence[SeenAlert]) -> tuple[list[SeenAlert], list[SeenAlert]]:
    """The alerts of systems, and what people reported beyond the title."""
    reports = [alert for alert in alerts if alert.name == NAME and alert.description]
    return [alert for alert in alerts if alert.name != NAME], reports


def _flagged(alerts: Sequence[SeenAlert]) -> list[Block]:
    """What had to be done to their texts; and apart from it, as it may hold their words, what else is odd."""
    flags = sorted({flag for alert in alerts for flag in alert.flags})
    of_text = [flag for flag in flags if is_of_text(flag)]
    others = "; ".join(flag for flag in flags if not is_of_text(flag))
    blocks = []
    if of_text:
        blocks.append(
            parts.note(f":warning: Taken out of the alert's text: {parts.escape(', '.join(of_text))}.")
        )
    if others:
        blocks.append(parts.foreign_note(f"Noted of the alert: {others}."))
    return blocks


def _counts(incident: Incident, alerts: Sequence[SeenAlert]) -> str:
    least = " or more" if len(alerts) >= MOST_ALERTS else ""
    text = f"{parts.counted(incident.alerts_received, 'alert')} received, {len(alerts)}{least} different"
    if incident.opened_by:
        by = f"Opened by <@{Person.from_key(incident.opened_by).user_id}>"
        received = incident.alerts_received - 1
        text = f"{by} · {parts.counted(received, 'alert')} joined it" if received > 0 else by
    if len(alike(alerts)) > LINES:
        text += f", the first {LINES} shown"
    if incident.previous:
        text += f" · it fired before as #{incident.previous}"
    if incident.state is IncidentState.RESOLVED and incident.resolved_at:
        text += _ended(incident.resolved_by, clock(incident.resolved_at))
    return text


def _ended(by: str, when: str) -> str:
    """By whom it was resolved, or of which other incident it is part now."""
    if by.startswith(MERGED):
        return f" · part of #{by.removeprefix(MERGED)} since {when}"
    if by == BY_SILENCE:
        return f" · counts as over since {when}, as nothing is heard of it"
    who = "its source" if by == BY_SOURCE else f"<@{Person.from_key(by).user_id}>"
    return f" · resolved {when} by {who}"


def _absorbed(shown: Shown) -> str:
    """How much of it people were told of, and where the rest is; empty where there is no rest."""
    if shown.received <= shown.told and not shown.held:
        return ""
    rest = [f"{many} {_ABSORBED[kind]}" for kind, many in sorted(shown.absorbed.items())]
    text = f"{parts.counted(shown.received, 'alert')}: {', '.join([f'{shown.told} told', *rest])}"
    if shown.held and shown.held_until is not None:
        text += f" · {shown.held} waiting until {clock(shown.held_until)} at least"
    return text


def _used(spent: Spent, currency: str) -> str:
    """What models have used for it."""
    cost = f", {spent.money:.4f} {currency}" if spent.money else ""
    return f"Models so far: {parts.counted(spent.tokens, 'token')}{cost}, {spent.seconds:.0f} s"


def _waiting(proposal: Proposal) -> str:
    what = {
        ProposalState.PROPOSED: "waits for a signature" if proposal.digest else "is being prepared",
        ProposalState.SIGNED: "is signed",
        ProposalState.EXECUTING: "is running",
    }
    return f"{proposal.label} {what[proposal.state]}"


def _evidence_runs(piece: Evidence) -> list[Block]:
    if piece.kind is EvidenceKind.CHECK:
        said = piece.text.partition("\n")[0]
    elif piece.kind is EvidenceKind.ALERT:
        said = "; ".join(filter(None, (str(piece.facts.get("where", "")), piece.text.partition("\n")[0])))
    else:
        said = f"{piece.facts.get('kind', 'document')}"
    return [
        parts.run(piece.id, code=True),
        parts.run(f" {parts.cut(piece.title, 120)}: {parts.cut(said or 'fired', 200)}"),
    ]
