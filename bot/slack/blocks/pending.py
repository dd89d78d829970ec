"""What waits for N3, and what runs: each with its age and its buttons, the most urgent first."""

from __future__ import annotations

from datetime import datetime

from bot.copilot.overview import Overview, Waiting
from bot.copilot.standing import Listed
from bot.domain.proposal import Proposal
from bot.domain.records import Adopted
from bot.slack.blocks import parts, review, running
from bot.slack.blocks.incident import clock, span
from bot.slack.blocks.parts import Block
from bot.slack.blocks.standing import line as standing_line

_PROPOSALS, _CHANGES, _DARK, _REVIEWS = 10, 5, 4, 3


def pending(seen: Overview) -> list[Block]:
    """All of it; what does not fit is counted."""
    switch = parts.button("Lift the freeze", "unfreeze", "all") if seen.freeze else running.freeze_button()
    word = ":lock: *Execution is frozen.*" if seen.freeze else "*What waits and what runs*"
    blocks = [parts.status_with(word, switch)]
    blocks += running.still_running(seen.running)[:9] if seen.running else []
    for proposal in seen.dark[:_DARK]:
        blocks += _dark(proposal)
    blocks += _more(len(seen.dark) - _DARK)
    for waiting in seen.waiting[:_PROPOSALS]:
        blocks += _proposal(waiting, seen.now)
    blocks += _more(len(seen.waiting) - _PROPOSALS)
    for change in seen.changes[:_CHANGES]:
        blocks.append(_change(change, seen))
    blocks += _more(len(seen.changes) - _CHANGES)
    standing = [one for one in seen.standing if one.standing.state.can_be_signed]
    blocks += [_standing(one, seen.now) for one in standing[:_CHANGES]]
    blocks += _more(len(standing) - _CHANGES)
    if not seen.waiting and not seen.changes and not standing:
        blocks.append(parts.status("Nothing waits for a signature."))
    for one, proposal in seen.reviews[:_REVIEWS]:
        blocks += [*review.line(one, proposal, f"#{proposal.incident_id}"), review.judging_buttons(one)]
    blocks += _more(len(seen.reviews) - _REVIEWS)
    return blocks


def pending_line(waiting: Waiting, now: datetime) -> str:
    """One proposal as a line of our own words: a tool's name holds nothing that Slack would act on."""
    p = waiting.proposal
    if now >= p.sign_by:
        left = "the time is over"
    else:
        left = f"*{span(p.sign_by - now)} left*, until {clock(p.sign_by)}"
    given = f"{len(waiting.signed)} of {p.signatures_needed} signed"
    tool = parts.escape(parts.short(p.tool.replace("`", "'"), 60))
    return f"*{p.label}* · `{tool}` · #{p.incident_id} · waits {span(now - p.created_at)} · {left} · {given}"


def _proposal(waiting: Waiting, now: datetime) -> list[Block]:
    value, line = str(waiting.proposal.id), parts.status(pending_line(waiting, now))
    reject = parts.button("Reject", "reject", value, "danger")
    if not waiting.proposal.digest:
        return [line, parts.buttons(reject)]
    return [line, parts.buttons(parts.button("Sign…", "sign_open", value, "primary"), reject)]


def _change(change: Adopted, seen: Overview) -> Block:
    given = f"{len(change.by)} of {seen.policy.change_signatures} signed"
    own = f"*Change {change.id}* of the {change.what} · waits {span(seen.now - change.at)} · {given}"
    return parts.status_with(own, parts.button("See all and sign…", "change_open", str(change.id)))


def _standing(one: Listed, now: datetime) -> Block:
    given = f"{len(one.signed)} of {one.needed} signed"
    own = f"*{one.standing.label}* · standing sign-off · {standing_line(one, now)} · {given}"
    return parts.status_with(own, parts.button("See all and sign…", "standing_open", str(one.standing.id)))


def _dark(proposal: Proposal) -> list[Block]:
    text = (
        f":warning: *{proposal.label}* for #{proposal.incident_id}: nobody saw how it ended. N3 settles it."
    )
    return [parts.status(text), parts.buttons(*running.settling_buttons(proposal))]


def _more(count: int) -> list[Block]:
    return [parts.note(f"and {count} more")] if count > 0 else []
