"""Drafts what was learned from recorded events alone; a person edits and confirms it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.diagnosis import Diagnosis
from bot.domain.incident import BY_SILENCE, BY_SOURCE, Incident
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import SeenAlert

# So that a draft always fits the field in which it is edited (3,000 characters).
_LINES, _CHARACTERS = 4, 120


def draft(
    incident: Incident,
    alerts: Sequence[SeenAlert],
    diagnosis: Diagnosis | None,
    proposals: Sequence[Proposal],
) -> str:
    """The summary's text, in Markdown: what happened, what it looked like, what helped, what did not."""
    lines = ["## What happened", "", _happened(incident), "", "## What it looked like", ""]
    lines += [_looked(alert) for alert in alerts[:_LINES]] or ["- nothing fired"]
    lines += ["", "## Cause", "", _cause(diagnosis, proposals), "", "## What helped", ""]
    helped = [_did(p) for p in proposals if p.helped]
    lines += helped[:_LINES] or ["- no action of Vigie"]
    rest = [_did(p) for p in proposals if _was_run(p) and not p.helped][:_LINES]
    if rest:
        lines += ["", "## What did not help", "", *rest]
    return "\n".join(lines) + "\n"


def cause_of(diagnosis: Diagnosis | None, proposals: Sequence[Proposal]) -> str:
    """The cause to record: a hypothesis, only where a remedy on the same evidence was verified as a fix."""
    if diagnosis is None:
        return ""
    fixed = {proposal.tool for proposal in proposals if proposal.helped}
    grounds = {cited for r in diagnosis.remedies if r.tool in fixed for cited in r.citations}
    return next((h.cause for h in diagnosis.hypotheses if grounds & set(h.citations)), "")


_ENDS = {BY_SOURCE: "its source reported the end", BY_SILENCE: "nothing was heard of it any more"}


def _looked(alert: SeenAlert) -> str:
    said = alert.summary or alert.description
    return f"- {alert.name[:80]}: {said[:_CHARACTERS]}"


def _happened(incident: Incident) -> str:
    ended = incident.resolved_at
    by = _ENDS.get(incident.resolved_by, "a person resolved it")
    lasted = f", {_minutes(incident)} later {by}" if ended else ""
    where = incident.service or "A service without a name"
    return f"{where}: opened on {incident.opened_at:%Y-%m-%d at %H:%M} UTC{lasted}."


def _minutes(incident: Incident) -> str:
    assert incident.resolved_at is not None
    seconds = int((incident.resolved_at - incident.opened_at).total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def _cause(diagnosis: Diagnosis | None, proposals: Sequence[Proposal]) -> str:
    cause = cause_of(diagnosis, proposals)
    if cause:
        return f"{cause}, as the remedy for it was verified."
    if diagnosis and diagnosis.hypotheses:
        return f"Not proven. The first hypothesis was: {diagnosis.hypotheses[0].cause}."
    return "Not known."


def _did(proposal: Proposal) -> str:
    outcome = proposal.outcome.value if proposal.outcome else "not verified"
    values = f" ({proposal.before} before, {proposal.after} after)" if proposal.after else ""
    return f"- {proposal.tool}: {outcome}{values[:_CHARACTERS]}"


def _was_run(proposal: Proposal) -> bool:
    return proposal.state in (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
