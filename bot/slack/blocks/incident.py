"""The card of an incident, its evidence and its diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

from bot.copilot.regrouping import MERGED
from bot.domain.alert import AlertStatus, Severity
from bot.domain.diagnosis import Diagnosis, Hypothesis
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.noise import Shown
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import MOST_ALERTS, SeenAlert
from bot.domain.spending import Spent
from bot.in_force import Preview
from bot.slack.blocks import parts
from bot.slack.blocks.knowledge import warnings
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock
from bot.slack.blocks.votes import vote_buttons

_ICONS = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.WARNING: ":warning:",
    Severity.INFO: ":information_source:",
}
_EVIDENCE_LINES, _SOURCES, _ALERTS, _CITATIONS, _VOTED = 20, 8, 8, 8, 5
# Few enough that the remedies below them, and their buttons, always fit the message.
_HYPOTHESES = 4


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
    blocks.append(parts.foreign_note(f"Service {incident.service or '?'} in {incident.environment or '?'}"))
    if alerts:
        blocks.append(parts.rich(parts.listing([_alert_runs(*same) for same in _alike(alerts)[:_ALERTS]])))
    named = dict.fromkeys(filter(None, (alert.annotations.get("runbook_url") for alert in alerts)))
    if named:
        blocks.append(parts.foreign_note(f"Runbook named by the alert: {', '.join(list(named)[:3])}"))
    blocks.append(parts.note(_counts(incident, alerts)))
    if shown is not None and _absorbed(shown):
        blocks.append(parts.note(_absorbed(shown)))
    if spent.tokens:
        blocks.append(parts.note(_used(spent, currency)))
    flags = sorted({flag for alert in alerts for flag in alert.flags})
    if flags:
        blocks.append(
            parts.note(f":warning: Taken out of the alert's text: {parts.escape(', '.join(flags))}.")
        )
    waiting = [p for p in proposals if not p.state.is_over]
    if waiting:
        blocks.append(parts.note(" · ".join(_waiting(p) for p in waiting)))
    if incident.state.is_open:
        take = parts.button("I take it", "take", str(incident.id))
        every = parts.button("All alerts…", "absorbed_open", str(incident.id))
        done = parts.button("Resolve", "resolve", str(incident.id))
        join = parts.button("Catch me up", "draft_catchup", str(incident.id))
        tell = parts.button("Status update…", "draft_update", str(incident.id))
        blocks.append(parts.buttons(take, done, every, join, tell))
    return blocks


def evidence(pieces: Sequence[Evidence]) -> list[Block]:
    """What was found, each piece with its number."""
    if not pieces:
        return [parts.status("*No evidence* was found.")]
    blocks = [parts.status("*Evidence*")]
    shown = pieces[:_EVIDENCE_LINES]
    blocks.append(parts.rich(parts.listing([_evidence_runs(piece) for piece in shown])))
    sources = [piece for piece in shown if piece.kind is EvidenceKind.PASSAGE]
    if sources:
        blocks.append(parts.buttons(*(open_button(piece) for piece in sources[:_SOURCES])))
    if len(pieces) > len(shown):
        blocks.append(parts.note(f"_{parts.counted(len(pieces) - len(shown), 'more piece')} not shown._"))
    return blocks


def diagnosis(
    made: Diagnosis,
    pieces: Sequence[Evidence],
    previews: Sequence[Preview | None],
    incident: Incident,
    round_: int,
) -> list[Block]:
    """Ranked hypotheses with citations, what is missing, and remedies with all that they would do."""
    how = "the model" if made.model else "similar incidents, without a model"
    blocks = [parts.status(f"*Diagnosis* from {how}")]
    blocks += [parts.foreign_note(caveat) for caveat in made.caveats]
    if not made.hypotheses:
        blocks.append(parts.status("*Not enough evidence* to name a cause."))
    by_id = {piece.id: piece for piece in pieces}
    for rank, hypothesis in enumerate(made.hypotheses[:_HYPOTHESES], 1):
        blocks += _hypothesis(rank, hypothesis, by_id)
    blocks += _votes(made.hypotheses[:_HYPOTHESES], by_id)
    left_out = len(made.hypotheses) - _HYPOTHESES
    if left_out > 0:
        what = parts.counted(left_out, "less likely cause")
        blocks.append(parts.note(f"_{what} not shown._"))
    for index, remedy in enumerate(made.remedies):
        preview = previews[index] if index < len(previews) else None
        if preview is not None:
            value = f"{incident.id}:{round_}:{index}"
            blocks += _remedy(preview, remedy.why, value)
    if made.gaps:
        gaps = [parts.prose(parts.cut(gap, 300)) for gap in made.gaps]
        blocks.append(parts.rich(parts.line(parts.run("Missing", bold=True)), parts.listing(gaps)))
    if made.advice:
        steps = [parts.prose(parts.cut(step, 300)) for step in made.advice[:8]]
        heading = parts.line(parts.run("From the runbook", bold=True), parts.run(", for a person to do"))
        blocks.append(parts.rich(heading, parts.listing(steps)))
        blocks += warnings("\n".join(made.advice))
    return blocks


def _votes(hypotheses: Sequence[Hypothesis], by_id: dict[str, Evidence]) -> list[Block]:
    """Was it useful? For the passages that the diagnosis rests on most, each once."""
    cited = dict.fromkeys(name for one in hypotheses for name in one.citations if name in by_id)
    sources = {by_id[name].source: by_id[name] for name in cited}
    passages = [piece for piece in sources.values() if piece.kind is EvidenceKind.PASSAGE]
    blocks = []
    for piece in passages[:_VOTED]:
        yes, no = vote_buttons(piece.id, piece.source)
        yes["text"]["text"], no["text"]["text"] = f"{piece.id} useful", f"{piece.id} not useful"
        blocks += [yes, no]
    return [parts.note("Did these passages help?"), parts.buttons(*blocks)] if blocks else []


def open_button(piece: Evidence) -> Block:
    """Opens the exact source of a piece of evidence."""
    return parts.button(f"{piece.id}: {piece.title}", f"open_source:{piece.id}", piece.source)


def _alike(alerts: Sequence[SeenAlert]) -> list[tuple[SeenAlert, int]]:
    """Alerts that would read alike, once with how many there are, in the order in which they came."""
    found: dict[tuple[str, str, AlertStatus], tuple[SeenAlert, int]] = {}
    for alert in alerts:
        key = alert.name, alert.summary or alert.description, alert.status
        first, count = found.get(key, (alert, 0))
        found[key] = first, count + 1
    return list(found.values())


def _alert_runs(alert: SeenAlert, count: int) -> list[Block]:
    often = f" × {count}" if count > 1 else ""
    ended = " (over)" if alert.status is AlertStatus.RESOLVED else ""
    text = f"{often}  {parts.cut(alert.summary or alert.description, 300)}{ended}"
    return [parts.run(parts.cut(alert.name, 120), bold=True), parts.run(text)]


def _counts(incident: Incident, alerts: Sequence[SeenAlert]) -> str:
    least = " or more" if len(alerts) >= MOST_ALERTS else ""
    text = f"{parts.counted(incident.alerts_received, 'alert')} received, {len(alerts)}{least} different"
    if len(_alike(alerts)) > _ALERTS:
        text += f", the first {_ALERTS} shown"
    if incident.previous:
        text += f" · it fired before as #{incident.previous}"
    if incident.state is IncidentState.RESOLVED and incident.resolved_at:
        text += _ended(incident.resolved_by, clock(incident.resolved_at))
    return text


def _ended(by: str, when: str) -> str:
    """By whom it was resolved, or of which other incident it is part now."""
    if by.startswith(MERGED):
        return f" · part of #{by.removeprefix(MERGED)} since {when}"
    who = "its source" if by == "source" else f"<@{Person.from_key(by).user_id}>"
    return f" · resolved {when} by {who}"


def _absorbed(shown: Shown) -> str:
    """How much of it people were told of, and where the rest is; empty where there is no rest."""
    if shown.received <= shown.told and not shown.held:
        return ""
    text = f"{parts.counted(shown.received, 'alert')}, {shown.told} shown"
    if shown.flapping:
        text += f" · {shown.flapping} of alerts that flap"
    if shown.muted:
        text += f" · {shown.muted} under maintenance"
    if shown.held and shown.held_until is not None:
        text += f" · {shown.held} held until {clock(shown.held_until)} at least"
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
        said = "fired"
    else:
        said = f"{piece.facts.get('kind', 'document')}"
    return [parts.run(piece.id, code=True), parts.run(parts.cut(f" {piece.title}: {said}", 200))]


def _hypothesis(rank: int, hypothesis: Hypothesis, by_id: dict[str, Evidence]) -> list[Block]:
    percent = f"  {hypothesis.confidence:.0%}  "
    # Cited twice is shown once: Slack refuses a message with two buttons of one name.
    citations = list(dict.fromkeys(hypothesis.citations))
    runs = [
        parts.run(f"{rank}. "),
        parts.run(parts.cut(hypothesis.cause, 120), bold=True),
        parts.run(percent),
        *parts.prose(parts.cut(hypothesis.statement, 400)),
    ]
    for cited_id in citations[:_CITATIONS]:
        runs += [parts.run(" "), parts.run(cited_id, code=True)]
    if len(citations) > _CITATIONS:
        runs.append(parts.run(f" and {len(citations) - _CITATIONS} more"))
    blocks = [parts.rich(parts.line(*runs))]
    cited = [by_id[name] for name in citations if name in by_id]
    sources = [piece for piece in cited if piece.kind is EvidenceKind.PASSAGE]
    if sources:
        blocks.append(parts.buttons(*(open_button(piece) for piece in sources[:5])))
    return blocks


def _remedy(preview: Preview, why: str, value: str) -> list[Block]:
    lines = "\n".join(f"{label}: {text}" for label, text in preview.lines)
    return [
        parts.divider(),
        parts.status(f"*Remedy* · risk {preview.risk}"),
        parts.rich(
            parts.line(parts.run(preview.title, bold=True), parts.run(f"\n{parts.cut(why, 300)}")),
            parts.preformatted(lines, 1500),
        ),
        parts.buttons(parts.button("Propose", "propose", value, "primary")),
    ]
