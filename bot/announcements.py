"""Which messages an incident has in Slack, by key. A message is wanted here as a row; the outbox sends it."""

from __future__ import annotations

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.proposal import Proposal
from bot.domain.store import Tx

INCIDENTS = "incidents"  # the channel by its role; the outbox knows which one it is

IN_THREAD = ("evidence", "diagnosis", "summary")  # the messages that each incident may have once


def incident_key(incident_id: int) -> str:
    return f"incident:{incident_id}"


def announce_incident(tx: Tx, incident_id: int) -> None:
    """The card of the incident: posted once, edited in place from then on."""
    tx.posts.want(incident_key(incident_id), INCIDENTS, "incident", incident_id)


def announce_evidence(tx: Tx, incident: Incident) -> None:
    """What was found, in the thread."""
    _in_thread(tx, incident.id, "evidence")


def announce_diagnosis(tx: Tx, incident: Incident) -> None:
    """What is probably wrong and what may help, in the thread."""
    _in_thread(tx, incident.id, "diagnosis")


def announce_summary(tx: Tx, incident_id: int) -> None:
    """The draft of what was learned, then its confirmed text, in the thread."""
    _in_thread(tx, incident_id, "summary")


def announce_proposal(tx: Tx, proposal: Proposal) -> None:
    """The card of a proposal in its incident's thread, and the incident's card that mentions it."""
    thread = incident_key(proposal.incident_id)
    tx.posts.want(f"proposal:{proposal.id}", INCIDENTS, "proposal", proposal.id, thread)
    announce_incident(tx, proposal.incident_id)


def announce_rise(tx: Tx, incident_id: int, severity: Severity) -> None:
    """A rise in severity breaks through: Slack tells nobody of an edit, so it is a message of its own."""
    text = f":rotating_light: *#{incident_id}* rose to *{severity.word}*."
    announce_text(tx, _rise_key(incident_id, severity), text)


def announce_change(tx: Tx, offer_id: int) -> None:
    """A changed catalogue or policy that waits for N3, and what became of it."""
    tx.posts.want(f"change:{offer_id}", INCIDENTS, "change", offer_id)


def announce_text(tx: Tx, key: str, text: str, foreign: str = "") -> None:
    """A sentence of our own in the channel; `foreign` are somebody's words, shown as they are."""
    tx.posts.want(key, INCIDENTS, "text", content={"text": text, "foreign": foreign})


def answer_key(question: str) -> str:
    """The answer to the question that the inbox keeps under this key."""
    return f"answer:{question}"


def foresee_incident(tx: Tx, incident: Incident) -> None:
    """Slack may have every message that this incident can still get: each is looked for before it is sent."""
    thread = incident_key(incident.id)
    for kind in IN_THREAD:
        tx.posts.foresee(f"{thread}:{kind}", INCIDENTS, kind, incident.id, thread)
    for severity in Severity:
        if severity > incident.severity:
            tx.posts.foresee(_rise_key(incident.id, severity), INCIDENTS, "text")


def _rise_key(incident_id: int, severity: Severity) -> str:
    return f"{incident_key(incident_id)}:rise:{severity.word}"


def _in_thread(tx: Tx, incident_id: int, kind: str) -> None:
    key = f"{incident_key(incident_id)}:{kind}"
    tx.posts.want(key, INCIDENTS, kind, incident_id, incident_key(incident_id))
