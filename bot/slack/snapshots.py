"""Draws a message from the rows of this moment, so that what is sent is never older than what is known."""

from __future__ import annotations

from collections.abc import Callable

from bot.announcements import call_of, calls_of, incident_key
from bot.copilot.aftermath import aftermath_of
from bot.copilot.calling import TROUBLE, UNREAD
from bot.copilot.changes import change_of, rejection_of
from bot.copilot.home import home_of
from bot.copilot.homes import person_of
from bot.copilot.overview import overview_of
from bot.copilot.regrouping import of_proposals
from bot.copilot.standing import listed
from bot.domain.proposal import ProposalState
from bot.domain.records import Post
from bot.domain.store import Store, Tx
from bot.errors import Refused
from bot.in_force import InForce
from bot.membership import known_n3
from bot.sign_off.quorum import may_sign
from bot.slack import charts
from bot.slack.blocks import calling as calling_blocks
from bot.slack.blocks import change as change_blocks
from bot.slack.blocks import conversation as conversation_blocks
from bot.slack.blocks import curating as curating_blocks
from bot.slack.blocks import diagnosis as diagnosis_blocks
from bot.slack.blocks import draft as draft_blocks
from bot.slack.blocks import home as home_blocks
from bot.slack.blocks import incident as incident_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import mute as mute_blocks
from bot.slack.blocks import noise as noise_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks import regrouping as regrouping_blocks
from bot.slack.blocks import review as review_blocks
from bot.slack.blocks import running as running_blocks
from bot.slack.blocks import standing as standing_blocks
from bot.slack.blocks import upkeep as upkeep_blocks
from bot.slack.blocks.parts import Block
from bot.slack.uploads import File

_EXECUTING = ProposalState.EXECUTING


class Snapshots:
    """Renders a post by its kind; None means that its subject is gone and nothing is to be sent."""

    def __init__(
        self, store: Store, in_force: InForce, workspace_url: Callable[[], str] = lambda: ""
    ) -> None:
        self._store = store
        self._in_force = in_force
        self._workspace_url = workspace_url

    def render(self, post: Post) -> tuple[str, list[Block]] | None:
        """The plain text for notifications, and the blocks."""
        draw = {
            "incident": self._incident,
            "evidence": self._evidence,
            "investigation": self._investigation,
            "diagnosis": self._diagnosis,
            "proposal": self._proposal,
            "summary": self._summary,
            "answer": self._answer,
            "draft": self._draft,
            "drafted": self._drafted,
            "text": self._text,
            "news": self._text,
            "change": self._change,
            "review": self._review,
            "call": self._call,
            "output": self._output,
            "output_file": self._output_file,
            "chart": self._chart,
            "worse": self._worse,
            "freeze": self._freeze,
            "standing": self._standing,
            "standing_use": self._standing_use,
            "mute": self._mute,
            "regrouping": self._regrouping,
            "correction": self._correction,
            "saved": self._saved,
            "stale": self._stale,
        }[post.kind]
        with self._store.read() as tx:
            drawn = draw(tx, post)
        if drawn is None:
            return None
        text, blocks = drawn
        return parts.fallback(text), parts.within_limits(blocks)

    def home(self, post: Post) -> Block:
        """The view that is somebody's Home."""
        with self._store.read() as tx:
            seen = overview_of(tx, self._in_force)
            home = home_of(seen, person_of(post))
            links = {number: self._link(tx, number) for number in home.incidents}
        return home_blocks.view(home, seen.now, links)

    def _link(self, tx: Tx, incident_id: int) -> str:
        card = tx.posts.get(incident_key(incident_id))
        return home_blocks.link(self._workspace_url(), card.channel_id, card.ts) if card else ""

    def _incident(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        incident = tx.incidents.get(post.subject)
        if incident is None:
            return None
        alerts, proposals = tx.alerts.of_incident(incident.id), tx.proposals.of_incident(incident.id)
        text = f"{incident.label} {incident.severity.word}, {incident.state.value}: {incident.title}"
        shown = tx.alerts.shown(incident.id)
        spent, currency = tx.exchanges.spent_on(incident.id), tx.exchanges.currency()
        return text, incident_blocks.card(incident, alerts, proposals, shown, spent, currency)

    def _evidence(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        pieces = tx.diagnoses.evidence(post.subject)
        return f"Evidence: {parts.counted(len(pieces), 'piece')}", incident_blocks.evidence(pieces)

    def _investigation(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        known = tx.investigations.get(post.subject)
        if known is None:
            return None
        text = "Investigating" if known.ended_at is None else "Investigated"
        return f"{text}: {parts.counted(len(known.steps), 'step')}", diagnosis_blocks.investigation(known)

    def _diagnosis(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        incident, made = tx.incidents.get(post.subject), tx.diagnoses.latest(post.subject)
        if incident is None or made is None:
            return None
        previews = [self._in_force.preview(tx, incident, r.tool, r.arguments) for r in made.remedies]
        pieces = tx.diagnoses.evidence(incident.id)
        round_ = tx.diagnoses.last_round(incident.id)
        first = made.hypotheses[0].cause if made.hypotheses else "not enough evidence"
        return f"Diagnosis: {first}", diagnosis_blocks.diagnosis(made, pieces, previews, incident, round_)

    def _proposal(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        proposal = tx.proposals.get(post.subject)
        if proposal is None:
            return None
        content = post.content or {}
        trouble = calling_blocks.UNREAD if content.get(UNREAD) else str(content.get(TROUBLE, ""))
        given, run = tx.proposals.sign_offs(proposal.id), tx.proposals.execution(proposal.id)
        known = aftermath_of(tx, proposal.id)
        blocks = proposal_blocks.card(proposal, given, run, calls_of(tx, proposal.id), trouble, known)
        return f"{proposal.label} {proposal.tool}: {proposal.state.value}", blocks

    def _call(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        proposal = tx.proposals.get(post.subject)
        incident = tx.incidents.get(proposal.incident_id) if proposal else None
        if (
            proposal is None
            or incident is None
            or (proposal.state is not ProposalState.PROPOSED and _untold(post))
        ):
            return None
        call, given = call_of(post), tx.proposals.sign_offs(proposal.id)
        n3, policy = known_n3(tx), self._in_force.policy(tx)
        refusal = may_sign(proposal, call.person, n3, policy, tx.now)
        blocks = calling_blocks.call(
            call, proposal, incident, given, "" if refusal.allowed else refusal.reason
        )
        return calling_blocks.headline(call, proposal), blocks

    def _output(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        proposal, run = tx.proposals.get(post.subject), tx.proposals.execution(post.subject)
        if proposal is None or run is None:
            return None
        text = aftermath_of(tx, proposal.id).output
        return f"{proposal.label} prints", running_blocks.output(proposal, run, text)

    def _output_file(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        """What stands beside the file; its content is read by `file`."""
        run = tx.proposals.execution(post.subject)
        if run is None or not run.output:
            return None
        size = parts.counted(len(run.output), "character")
        text = f"The whole output of P{post.subject}, {size}"
        return text, [parts.note(text)]

    def _chart(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        """What stands beside the picture; that is drawn by `file`."""
        found = charts.view_of(tx, self._in_force, post)
        return charts.drawn(*found) if found else None

    def file(self, post: Post, comment: str) -> File | None:
        """What is uploaded for a post of one of the kinds `FILES`; None where its subject is gone."""
        with self._store.read() as tx:
            if post.kind == "chart":
                found = charts.view_of(tx, self._in_force, post)
            else:
                run = tx.proposals.execution(post.subject)
                return File(run.output, comment=comment) if run else None
        return charts.file_of(*found) if found else None

    def _worse(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        proposal = tx.proposals.get(post.subject)
        if proposal is None:
            return None
        known = aftermath_of(tx, proposal.id)
        return f"{proposal.label} made it worse", running_blocks.worse(proposal, known)

    def _freeze(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        content = post.content or {}
        by, reason = str(content["by"]), str(content.get("reason", ""))
        under_way = [(p, tx.proposals.execution(p.id)) for p in tx.proposals.in_states(_EXECUTING)]
        is_frozen = any(freeze.id == post.subject for freeze in tx.n3.freezes())
        return f"Execution is frozen by {by}", running_blocks.frozen(by, reason, under_way, is_frozen)

    def _summary(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        kept = tx.summaries.get(post.subject)
        if kept is None:
            return None
        removal = tx.library.removal_of(kept.document_id) if kept.document_id else None
        return "Summary", knowledge_blocks.summary(kept, removal)

    def _saved(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        kept = tx.library.saved(post.subject)
        if kept is None:
            return None
        blocks = curating_blocks.saved(kept, tx.library.removal_of(kept.document_id))
        return f"Saved as knowledge: {kept.wording.title}", blocks

    def _stale(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        documents = tx.upkeep.documents_of(post.subject)
        found = {one.document_id: one for one in tx.upkeep.findings() if one.document_id in documents}
        group = str((post.content or {}).get("group", ""))
        text = f"{parts.counted(len(documents), 'document')} to look at again"
        return text, upkeep_blocks.digest(documents, found, group)

    def _answer(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        content = post.content or {}
        return conversation_blocks.headline(content), conversation_blocks.answer(content)

    def _draft(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        draft = tx.drafts.get(post.subject)
        if draft is None:
            return None
        return draft_blocks.headline(draft), draft_blocks.for_one(draft)

    def _drafted(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        draft = tx.drafts.get(post.subject)
        if draft is None or draft.posted_at is None:
            return None
        return draft_blocks.headline(draft), draft_blocks.posted(draft)

    def _change(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        try:
            change = change_of(tx, self._in_force, post.subject)
        except Refused:
            if post.content and _untold(post):
                return None
            offer = tx.n3.change(post.subject)
            by, reason = rejection_of(tx, offer) if offer else ("", "")
            blocks = change_blocks.settled(post.subject, offer, by, reason)
            return f"Change {post.subject}", blocks
        return f"A change of the {change.offer.what} waits for N3", change_blocks.card(change)

    def _review(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        review, proposal = tx.reviews.get(post.subject), tx.proposals.get(post.subject)
        if review is None or proposal is None:
            return None
        text = f"{proposal.label} was signed by one N3 alone: was that right?"
        return text, review_blocks.card(review, proposal)

    def _standing(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        standing = tx.standing.get(post.subject)
        if standing is None or (standing.state.is_over and post.content and _untold(post)):
            return None
        one = listed(tx, standing, known_n3(tx), self._in_force.policy(tx))
        return f"Standing sign-off {standing.label}: {standing.state.value}", standing_blocks.card(
            one, tx.now
        )

    def _standing_use(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        proposal = tx.proposals.get(post.subject)
        standing = tx.standing.get(proposal.standing) if proposal and proposal.standing else None
        if proposal is None or standing is None:
            return None
        text = f"{standing.label} is used: {proposal.label} {proposal.state.value}"
        return text, standing_blocks.use(proposal, standing)

    def _mute(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        mute = tx.mutes.get(post.subject)
        if mute is None:
            return None
        blocks = mute_blocks.card(mute, tx.now, tx.deliveries.muted_by(mute.id))
        return f"{mute.label} mutes alerts: {mute.reason}", blocks

    def _regrouping(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        made = tx.regroupings.get(post.subject)
        if made is None:
            return None
        here = int(str((post.content or {})["incident"]))
        text = f"#{made.source} and #{made.target}: {made.kind.value}"
        return text, regrouping_blocks.note(made, here, of_proposals(tx, made.source))

    def _correction(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        made = tx.corrections.get(post.subject)
        if made is None:
            return None
        return "This should have paged", noise_blocks.correction(made, tx.deliveries.get(made.alert_id))

    def _text(self, tx: Tx, post: Post) -> tuple[str, list[Block]] | None:
        content = post.content or {}
        text, foreign = str(content["text"]), str(content.get("foreign", ""))
        blocks = [parts.status(text), *([parts.foreign_note(foreign)] if foreign else [])]
        # What wakes somebody says what it is about, without a look at the channel.
        return f"{text} {foreign}".strip(), blocks + parts.again(content.get("again"))


def _untold(post: Post) -> bool:
    """Slack never took it, so there is nothing to take back."""
    return not post.ts and not post.in_doubt
