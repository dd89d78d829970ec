"""Drafts what was learned from recorded events alone; a person edits and confirms it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.diagnosis import Diagnosis
from bot.domain.incident import Incident
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.records import SeenAlert


def draft(
    incident: Incident,
    alerts: Sequence[SeenAlert],
    diagnosis: Diagnosis | None,
    proposals: Sequence[Proposal],
) -> str:
    """The summary's text, in Markdown: what happened, what it looked like, what helped, what did not."""
    lines = ["## What happened", "", _happened(incident), "", "## What it looked like", ""]
    lines += [f"- {alert.name}: {alert.summary or alert.description}" for alert in alerts] or [
        "- nothing fired"
    ]
    lines += ["", "## Cause", "", _cause(diagnosis, proposals), "", "## What helped", ""]
    lines += [_did(p) for p in proposals if p.outcome is Outcome.FIXED] or ["- no action of Vigie"]
    rest = [_did(p) for p in proposals if _was_run(p) and p.outcome is not Outcome.FIXED]
    if rest:
        lines += ["", "## What did not help", "", *rest]
    return "\n".join(lines) + "\n"


def cause_of(diagnosis: Diagnosis | None, proposals: Sequence[Proposal]) -> str:
    """The cause to record: the first hypothesis, but only where its remedy was verified as fixing it."""
    if diagnosis is None or not diagnosis.hypotheses:
        return ""
    fixed = {proposal.tool for proposal in proposals if proposal.outcome is Outcome.FIXED}
    return diagnosis.hypotheses[0].cause if fixed & {r.tool for r in diagnosis.remedies} else ""


def _happened(incident: Incident) -> str:
    ended = incident.resolved_at
    by = "its source reported the end" if incident.resolved_by == "source" else "a person resolved it"
    lasted = f", {_minutes(incident)} later {by}" if ended else ""
    return f"{incident.service}: opened on {incident.opened_at:%Y-%m-%d at %H:%M} UTC{lasted}."


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
    return f"- {proposal.tool}: {outcome}{values}"


def _was_run(proposal: Proposal) -> bool:
    return proposal.state in (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
