"""Which messages an incident has in Slack, by key. A message is wanted here as a row; the outbox sends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.records import Post
from bot.domain.store import Tx
from bot.sign_off.calling import Call, Why

INCIDENTS = "incidents"  # the channel by its role; the outbox knows which one it is

IN_THREAD = ("evidence", "diagnosis", "summary")  # the messages that each incident may have once


def incident_key(incident_id: int) -> str:
    return f"incident:{incident_id}"


def proposal_key(proposal_id: int) -> str:
    return f"proposal:{proposal_id}"


def change_key(offer_id: int) -> str:
    return f"change:{offer_id}"


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
    """Its card in the thread, what N3 were told of it, and the incident's card that mentions it."""
    card = tx.posts.get(proposal_key(proposal.id))
    announce_card(tx, proposal, card.content if card else None)
    for post in tx.posts.about("call", proposal.id, proposal_key(proposal.id)):
        _again(tx, post)
    announce_incident(tx, proposal.incident_id)


def announce_card(tx: Tx, proposal: Proposal, content: Mapping[str, object] | None) -> None:
    """The card of a proposal alone; `content` is what `bot/copilot/calling.py` has to say on it."""
    thread = incident_key(proposal.incident_id)
    tx.posts.want(proposal_key(proposal.id), INCIDENTS, "proposal", proposal.id, thread, content)


def announce_call(tx: Tx, proposal: Proposal, call: Call) -> None:
    """Tell somebody of N3 by direct message that a signature waits; its key makes it once for each reason."""
    key = f"call:{proposal.id}:{call.person.user_id}"
    key = f"{key}:reminder" if call.why is Why.REMINDER else key
    content = {"person": call.person.key, "why": call.why.value, "at": call.at.isoformat()}
    tx.posts.want(key, call.person.user_id, "call", proposal.id, content=content)


def calls_of(tx: Tx, proposal_id: int) -> list[Call]:
    """Who was told of a proposal, why and when, in that order."""
    return [call_of(post) for post in tx.posts.about("call", proposal_id, proposal_key(proposal_id))]


def call_of(post: Post) -> Call:
    """The call that a direct message is."""
    content = post.content or {}
    at = datetime.fromisoformat(str(content["at"]))
    person, why = Person.from_key(str(content["person"])), Why(str(content["why"]))
    return Call(person, why, at, reached=post.sent >= 0)


def announce_unreached(tx: Tx, call: Post) -> None:
    """Slack refuses to tell somebody who was called: the card says so, and the next one is called."""
    card = tx.posts.get(proposal_key(call.subject))
    if card is not None:
        _again(tx, card)


def rise_key(incident_id: int, severity: Severity) -> str:
    return f"{incident_key(incident_id)}:rise:{severity.word}"


def announce_rise(tx: Tx, incident_id: int, severity: Severity) -> None:
    """A rise in severity breaks through: Slack tells nobody of an edit, so it is a message of its own."""
    text = f":rotating_light: *#{incident_id}* rose to *{severity.word}*."
    announce_text(tx, rise_key(incident_id, severity), text)


def announce_news(tx: Tx, incident_id: int, alert_id: int, why: str) -> None:
    """Something new in a known incident breaks through: a reply in its thread that the channel sees too."""
    key = incident_key(incident_id)
    content = {"text": f":bell: *#{incident_id}* has something new.", "foreign": why}
    tx.posts.want(f"{key}:news:{alert_id}", INCIDENTS, "news", incident_id, key, content=content)


def announce_second_way(tx: Tx, incident_id: int, text: str, because: str) -> None:
    """By which other ways the incident was told and why, in its thread: it is there once Slack is back."""
    key = incident_key(incident_id)
    tx.posts.want(
        f"{key}:second_way", INCIDENTS, "text", incident_id, key, {"text": text, "foreign": because}
    )


def announce_change(tx: Tx, offer_id: int) -> None:
    """A changed catalogue or policy that waits for N3, and what became of it, to whomever was told of it."""
    tx.posts.want(change_key(offer_id), INCIDENTS, "change", offer_id)
    for post in tx.posts.about("change", offer_id, change_key(offer_id)):
        _again(tx, post)


def announce_change_to(tx: Tx, offer_id: int, person: Person) -> None:
    """The same by direct message to somebody of N3, once."""
    content = {"person": person.key}
    key = f"{change_key(offer_id)}:{person.user_id}"
    tx.posts.want(key, person.user_id, "change", offer_id, content=content)


def told_of_change(tx: Tx, offer_id: int) -> list[Person]:
    """Who was told of a change by direct message."""
    posts = tx.posts.about("change", offer_id, change_key(offer_id))
    return [Person.from_key(str((post.content or {})["person"])) for post in posts]


def announce_text(tx: Tx, key: str, text: str, foreign: str = "") -> None:
    """A sentence of our own in the channel; `foreign` are somebody's words, shown as they are."""
    tx.posts.want(key, INCIDENTS, "text", content={"text": text, "foreign": foreign})


def _again(tx: Tx, post: Post) -> None:
    """Edit a message in place: what it shows may have changed, why it was sent has not."""
    tx.posts.want(post.key, post.channel, post.kind, post.subject, post.thread_of, post.content)


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
            tx.posts.foresee(rise_key(incident.id, severity), INCIDENTS, "text")


def _in_thread(tx: Tx, incident_id: int, kind: str) -> None:
    key = f"{incident_key(incident_id)}:{kind}"
    tx.posts.want(key, INCIDENTS, kind, incident_id, incident_key(incident_id))
