"""Which messages an incident has in Slack, by key. A message is wanted here as a row; the outbox sends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.domain.alert import Severity
from bot.domain.curation import Saved
from bot.domain.drafts import Draft, DraftKind
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.records import Post
from bot.domain.store import Tx
from bot.sign_off.calling import Call, Why

INCIDENTS = "incidents"  # the channel by its role; the outbox knows which one it is
N3_CHANNEL = "n3"  # the same one, unless vigie.toml names another for N3
UPDATES = "updates"  # where stakeholders read; only where vigie.toml names it

LONG_OUTPUT = 2500  # characters; what is longer stands in the thread as a file, too

IN_THREAD = (
    "investigation",
    "evidence",
    "diagnosis",
    "summary",
)  # the messages that each incident may have once


def incident_key(incident_id: int) -> str:
    return f"incident:{incident_id}"


def proposal_key(proposal_id: int) -> str:
    return f"proposal:{proposal_id}"


def change_key(offer_id: int) -> str:
    return f"change:{offer_id}"


def announce_incident(tx: Tx, incident_id: int) -> None:
    """The card of the incident: posted once, edited in place from then on."""
    announce_incidents(tx, [incident_id])


def announce_incidents(tx: Tx, incident_ids: Sequence[int]) -> None:
    """Their cards."""
    keys = {incident_key(number): number for number in incident_ids}
    unknown = tx.posts.want_again(keys)
    for key, number in keys.items():
        if key in unknown:
            tx.posts.want(key, INCIDENTS, "incident", number)


def announce_investigation(tx: Tx, incident_id: int) -> None:
    """What is being read, step by step, in the thread: one message, edited in place."""
    _in_thread(tx, incident_id, "investigation")


def announce_evidence(tx: Tx, incident: Incident) -> None:
    """What was found, in the thread."""
    _in_thread(tx, incident.id, "evidence")


def announce_diagnosis(tx: Tx, incident: Incident) -> None:
    """What is probably wrong and what may help, in the thread."""
    _in_thread(tx, incident.id, "diagnosis")


def chart_key(incident_id: int, round_: int, digest: str) -> str:
    """The same for the same points in one round, whatever check brought them."""
    return f"{incident_key(incident_id)}:chart:{round_}:{digest}"


def charts_of_round(tx: Tx, incident: Incident, most: int) -> int:
    """How many charts this round has in the thread, or is to have; `most` or more is `most`."""
    newest = tx.posts.in_thread(INCIDENTS, incident_key(incident.id), "chart", most)
    return sum((post.content or {}).get("round") == incident.rounds for post in newest)


def announce_chart(tx: Tx, incident: Incident, run_id: int, digest: str) -> bool:
    """What a check saw over time, as a picture in the thread; False where it is wanted already.

    A picture is not edited, so wanting it again would show it twice.
    """
    key = chart_key(incident.id, incident.rounds, digest)
    if tx.posts.get(key) is not None:
        return False
    content = {"round": incident.rounds}
    tx.posts.want(key, INCIDENTS, "chart", run_id, incident_key(incident.id), content)
    return True


def announce_summary(tx: Tx, incident_id: int) -> None:
    """The draft of what was learned, then its confirmed text, in the thread."""
    _in_thread(tx, incident_id, "summary")


def announce_proposal(tx: Tx, proposal: Proposal) -> None:
    """Its card in the thread, what N3 were told of it, and the incident's card that mentions it."""
    card = tx.posts.get(proposal_key(proposal.id))
    announce_card(tx, proposal, card.content if card else None)
    announce_direct_copies(tx, "call", proposal.id, proposal_key(proposal.id))
    if proposal.standing is not None:
        announce_direct_copies(tx, "standing_use", proposal.id, proposal_key(proposal.id))
    announce_incident(tx, proposal.incident_id)


def announce_card(tx: Tx, proposal: Proposal, content: Mapping[str, object] | None) -> None:
    """The card of a proposal alone; `content` is what `bot/copilot/calling.py` has to say on it."""
    thread = incident_key(proposal.incident_id)
    tx.posts.want(proposal_key(proposal.id), INCIDENTS, "proposal", proposal.id, thread, content)


def output_key(proposal_id: int) -> str:
    return f"output:{proposal_id}"


def announce_output(tx: Tx, proposal: Proposal) -> None:
    """What an action prints, in the thread of its incident: it grows while the action runs."""
    thread = incident_key(proposal.incident_id)
    tx.posts.want(output_key(proposal.id), INCIDENTS, "output", proposal.id, thread)


def announce_output_end(tx: Tx, proposal: Proposal, output: str) -> None:
    """What was shown while it ran is shown to its end; all of a long output is there as a file."""
    if tx.posts.get(output_key(proposal.id)) is not None:
        announce_output(tx, proposal)
    if len(output) > LONG_OUTPUT:
        thread = incident_key(proposal.incident_id)
        tx.posts.want(f"output_file:{proposal.id}", INCIDENTS, "output_file", proposal.id, thread)


def announce_worse(tx: Tx, proposal: Proposal) -> None:
    """It is worse than before the action: the undo that was signed with it is offered in the thread."""
    thread = incident_key(proposal.incident_id)
    tx.posts.want(f"worse:{proposal.id}", INCIDENTS, "worse", proposal.id, thread)


def announce_undo_proposed(tx: Tx, proposal: Proposal) -> None:
    """What offered the undo of an action offers it no more."""
    announce_proposal(tx, proposal)
    if offer := tx.posts.get(f"worse:{proposal.id}"):
        _again(tx, offer)


def announce_undo_failed(tx: Tx, proposal: Proposal, people: Iterable[Person]) -> None:
    """A compensating action failed: nothing more is offered, N3 are told in the thread and directly."""
    text = (
        f":rotating_light: *{proposal.label}*, which was to take back P{proposal.undo_of}, did not do so."
        " *Vigie stops here*: it offers nothing more by itself. N3, look at the target."
    )
    thread = incident_key(proposal.incident_id)
    content = {"text": text, "foreign": proposal.after}
    tx.posts.want(
        f"undo_failed:{proposal.id}", INCIDENTS, "text", proposal.incident_id, thread, content=content
    )
    for person in people:
        key = f"undo_failed:{proposal.id}:{person.user_id}"
        content = {"text": f"{text} It is incident *#{proposal.incident_id}*.", "foreign": proposal.after}
        tx.posts.want(key, person.user_id, "text", content=content)


def freeze_key(number: int) -> str:
    return f"frozen:{number}"


def announce_freeze(tx: Tx, number: int, shown: str, reason: str) -> None:
    """Execution is frozen; `shown` names who did it, and what still runs is listed with its button."""
    content = {"by": shown, "reason": reason}
    tx.posts.want(freeze_key(number), INCIDENTS, "freeze", number, content=content)


def announce_freeze_again(tx: Tx) -> None:
    """What ran when it was frozen may have ended since; the message about the freeze says what still does."""
    for frozen in tx.n3.freezes():
        post = tx.posts.get(freeze_key(frozen.id))
        if post is not None:
            _again(tx, post)


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


def announce_rating(tx: Tx, before: Incident, severity: Severity, by: Person, event: int) -> None:
    """A person said how grave it is: in its thread, and where it rose in the channel, too."""
    text = (
        f"*{before.label}* is *{severity.word}* now and was *{before.severity.word}*, says <@{by.user_id}>."
    )
    rose = severity > before.severity
    icon, kind = (":rotating_light:", "news") if rose else (":arrow_down:", "text")
    key = incident_key(before.id)
    content = {"text": f"{icon} {text}"}
    tx.posts.want(f"{key}:rated:{event}", INCIDENTS, kind, before.id, key, content)


def announce_gift(tx: Tx, incident: Incident, to: Person, by: Person, assignee: str, event: int) -> None:
    """Who has an incident now, and who had it, are told directly when somebody else decided that."""
    if to.key == assignee:
        text = f":point_right: <@{by.user_id}> gave you *{incident.label}*."
    else:
        now = f"<@{Person.from_key(assignee).user_id}>'s" if assignee else "nobody's"
        text = f":information_source: *{incident.label}* was yours and is {now} now, by <@{by.user_id}>."
    content = {"text": text, "foreign": incident.title}
    tx.posts.want(f"given:{incident.id}:{event}:{to.user_id}", to.user_id, "text", content=content)


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
    announce_direct_copies(tx, "change", offer_id, change_key(offer_id))


def announce_change_to(tx: Tx, offer_id: int, person: Person) -> None:
    """The same by direct message to somebody of N3, once."""
    content = {"person": person.key}
    key = f"{change_key(offer_id)}:{person.user_id}"
    tx.posts.want(key, person.user_id, "change", offer_id, content=content)


def told_of_change(tx: Tx, offer_id: int) -> list[Person]:
    """Who was told of a change by direct message."""
    posts = tx.posts.about("change", offer_id, change_key(offer_id))
    return [Person.from_key(str((post.content or {})["person"])) for post in posts]


def review_key(proposal_id: int) -> str:
    return f"review:{proposal_id}"


def announce_review(tx: Tx, proposal_id: int) -> None:
    """What one N3 signed alone, for others to look at; edited once somebody has."""
    tx.posts.want(review_key(proposal_id), N3_CHANNEL, "review", proposal_id)


def announce_echo(tx: Tx, incident_id: int | None, exchange: int, found: Sequence[str]) -> None:
    """A model repeated its instructions or a secret, which was taken out: N3 are told, once an incident."""
    where = f"*#{incident_id}*" if incident_id else "a question outside of incidents"
    text = (
        f":warning: *A model repeated what it must not* in an answer for {where}. Vigie took it out before"
        f" anybody saw it. N3: look at exchange {exchange} by `vigie transcript {incident_id or 0}`."
    )
    key = f"echo:{incident_id}" if incident_id else f"echo:exchange:{exchange}"
    content = {"text": text, "foreign": ", ".join(found)}
    if tx.posts.get(key) is None:
        tx.posts.want(key, N3_CHANNEL, "text", content=content)


def announce_draft(tx: Tx, draft: Draft, *, to_channel: bool = False) -> None:
    """A draft, by direct message to whoever asked for it; in the thread once they have posted it.

    `to_channel`: a status update goes to the channel of updates as well.
    """
    tx.posts.want(f"draft:{draft.id}", draft.person.user_id, "draft", draft.id)
    if draft.posted_at is None:
        return
    thread = incident_key(draft.incident_id)
    tx.posts.want(f"drafted:{draft.id}", INCIDENTS, "drafted", draft.id, thread)
    if to_channel and draft.kind is DraftKind.UPDATE:
        tx.posts.want(f"drafted:{draft.id}:updates", UPDATES, "drafted", draft.id)


def announce_text(tx: Tx, key: str, text: str, foreign: str = "") -> None:
    """A sentence of our own in the channel; `foreign` are somebody's words, shown as they are."""
    tx.posts.want(key, INCIDENTS, "text", content={"text": text, "foreign": foreign})


def announce_direct_copies(tx: Tx, kind: str, subject: int, after: str) -> None:
    """Edit what was sent of a kind about a subject after its card, to whomever it went."""
    for post in tx.posts.about(kind, subject, after):
        _again(tx, post)


def _again(tx: Tx, post: Post) -> None:
    """Edit a message in place: what it shows may have changed, why it was sent has not."""
    tx.posts.want(post.key, post.channel, post.kind, post.subject, post.thread_of, post.content)


def saved_key(saved_id: int) -> str:
    return f"saved:{saved_id}"


def announce_saved(tx: Tx, saved: Saved) -> None:
    """What a person saved is in the knowledge base, and how to take it back; where it was saved."""
    thread = f"ts:{saved.origin.thread_ts}" if saved.origin.thread_ts else ""
    tx.posts.want(saved_key(saved.id), saved.origin.channel, "saved", saved.id, thread)


def stale_key(digest_id: int) -> str:
    return f"stale:{digest_id}"


def announce_stale(tx: Tx, digest_id: int, addressee: str) -> None:
    """Documents that somebody should look at, to their owner; a user group is told where N3 is."""
    is_group = addressee.startswith("S")
    content = {"group": addressee} if is_group else {}
    channel = N3_CHANNEL if is_group else addressee
    tx.posts.want(stale_key(digest_id), channel, "stale", digest_id, content=content)


def announce_stale_again(tx: Tx, document_id: str) -> None:
    """The digests that name a document say what became of it."""
    for number in tx.upkeep.digests_of(document_id):
        if (post := tx.posts.get(stale_key(number))) is not None:
            _again(tx, post)


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
