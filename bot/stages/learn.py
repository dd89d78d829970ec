"""Turns a confirmed summary into a document of the knowledge base."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.curation import learned_id
from bot.domain.incident import Incident
from bot.domain.proposal import Proposal
from bot.domain.records import SeenAlert, Summary
from knowledge.model import Document


def document_of(
    incident: Incident,
    summary: Summary,
    alerts: Sequence[SeenAlert],
    proposals: Sequence[Proposal],
) -> Document:
    """The past incident, marked as learned from a resolution, with the actions that verifiably helped."""
    actions = [p.tool for p in proposals if p.helped]
    return Document(
        id=learned_id(incident.id),
        title=incident.title,
        kind="incident",
        text=summary.text,
        service=incident.service,
        alerts=tuple(dict.fromkeys(alert.name for alert in alerts)),
        cause=summary.cause,
        actions=tuple(dict.fromkeys(actions)),
        origin="resolution",
        source=f"incident {incident.id}",
    )
