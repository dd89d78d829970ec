"""Standing sign-offs in Slack: the card, the list, each use, and the modal that shows all that is signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from bot.copilot.standing import Listed
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.standing import StandingSignOff, StandingState
from bot.sign_off.standing_rendering import parts as plan_parts
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import part_blocks
from bot.slack.blocks.times import clock, span

_ICONS = {
    StandingState.PROPOSED: ":memo:",
    StandingState.IN_FORCE: ":robot_face:",
    StandingState.SUSPENDED: ":raised_hand:",
}
_LINES, _NAMED = 12, 10
_OUTCOMES = {
    Outcome.FIXED: ":white_check_mark: *fixed*",
    Outcome.NOT_FIXED: ":x: *not fixed*",
    Outcome.CANNOT_TELL: ":grey_question: *cannot tell*",
}


def card(one: Listed, now: datetime) -> list[Block]:
    """What it would do and when, where it stands, and what can be done about it."""
    standing, terms = one.standing, one.standing.terms
    blocks = [parts.status(f"{_icon(standing)} *Standing sign-off {standing.label}* · {line(one, now)}")]
    blocks.append(parts.rich(parts.line(parts.run(terms.tool, bold=True), parts.run(f"  {standing.why}"))))
    shown = [part for part in plan_parts(standing.plan) if part.label in _ESSENTIAL]
    text = "\n".join(f"{part.label}: {parts.cut(part.text, 700)}" for part in shown)
    blocks.append(parts.rich(parts.preformatted(text)))
    blocks.append(parts.note(f"Proposed by <@{standing.proposer.user_id}>{_signed(one)}"))
    if standing.reason:
        blocks.append(parts.foreign_note(standing.reason))
    if standing.state.can_be_signed:
        missing = max(0, one.needed - len(one.signed))
        who = f"{missing} N3 signature(s) needed; not from who proposed it."
        blocks.append(parts.note(who))
    return [*blocks, *_choices(standing)]


_ESSENTIAL = ("When this alert fires", "What runs", "Only if this holds just before", "How often")


def listing(every: Sequence[Listed], now: datetime) -> list[Block]:
    """All of them, shortly; those that matter first."""
    if not every:
        how = "`/vigie standing new` proposes one, from an action that verifiably helped."
        return [parts.status(f"*Nothing runs by itself.* {how}")]
    blocks = [parts.status("*Standing sign-offs*: what runs by itself, by whose signature")]
    for one in every[:_LINES]:
        blocks += short(one, now)
    if len(every) > _LINES:
        blocks.append(parts.note(f"and {len(every) - _LINES} more, all older"))
    return blocks


def short(one: Listed, now: datetime) -> list[Block]:
    """One of a list: a line of our own, what fires it, and its buttons."""
    standing = one.standing
    return [
        parts.status(f"{_icon(standing)} *{standing.label}* · {line(one, now)}"),
        parts.foreign_note(parts.cut(_when(standing), 300)),
        *_choices(standing),
    ]


def line(one: Listed, now: datetime) -> str:
    """State, tool, uses, last use and end, in our own words; a tool's name holds nothing that comes alive."""
    standing, terms = one.standing, one.standing.terms
    tool = parts.escape(parts.short(terms.tool.replace("`", "'"), 60))
    last = f"last {clock(one.uses.last)}" if one.uses.last else "never used"
    used = f"{one.uses.in_all} of {terms.in_all} uses, {one.uses.last_hour} of {terms.per_hour} in this hour"
    said = f"*{standing.state.value}* · `{tool}` · {used} · {last}"
    if standing.state is StandingState.PROPOSED:
        return f"{said} · sign before {clock(standing.sign_by)}"
    if standing.state.is_over:
        return said
    left = span(terms.ends_at - now)
    return f"{said} · ends {clock(terms.ends_at)}, in {left}"


def sheet(one: Listed, sign: bool) -> Block:
    """The modal with everything that the digest covers; with `sign` its submit button signs exactly that."""
    standing = one.standing
    intro = "This is all of it. What is not written here never runs by it." if sign else "As it was signed."
    blocks = [parts.status(f"*{standing.label}* · *{standing.state.value}*. {intro}")]
    if sign:
        rest = "Each use is judged anew: freeze, limits, pre-condition, who signed, catalogue and policy."
        blocks.append(parts.note(f"From now on it runs without asking anybody. {rest}"))
    for part in plan_parts(standing.plan):
        blocks += part_blocks(part)
    blocks.append(parts.note(f"Digest `{standing.digest}`"))
    view: Block = {
        "type": "modal",
        "title": {"type": "plain_text", "text": f"Standing sign-off {standing.label}"[: parts.TITLE]},
        "close": {"type": "plain_text", "text": "Not now" if sign else "Close"},
        "blocks": blocks,
    }
    if sign:
        view |= {
            "callback_id": "standing",
            "submit": {"type": "plain_text", "text": "Sign"},
            "private_metadata": json.dumps({"standing": standing.id, "digest": standing.digest}),
        }
    return view


def revoke_view(standing: StandingSignOff) -> Block:
    """The modal that asks why; with its submit nothing more runs by it."""
    field = {"type": "plain_text_input", "action_id": "text", "max_length": 300, "min_length": 3}
    label = {"type": "plain_text", "text": "Why"}
    text = f"*{standing.label}* ends at once and for good. What has started already goes on."
    return {
        "type": "modal",
        "callback_id": "standing_revoke",
        "title": {"type": "plain_text", "text": f"Revoke {standing.label}"},
        "submit": {"type": "plain_text", "text": "Revoke"},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps({"standing": standing.id}),
        "blocks": [
            parts.status(text),
            {"type": "input", "block_id": "why", "label": label, "element": field},
        ],
    }


def use(proposal: Proposal, standing: StandingSignOff) -> list[Block]:
    """One use, edited in place as it goes on."""
    state = proposal.state.value
    text = (
        f":robot_face: *{standing.label}* is used for *#{proposal.incident_id}*: {proposal.label} · *{state}*"
    )
    blocks = [parts.status(text), parts.rich(parts.line(parts.run(proposal.tool, bold=True)))]
    if proposal.reason:
        blocks.append(parts.foreign_note(proposal.reason))
    if proposal.outcome is not None:
        blocks.append(parts.note(f"Verification: {_OUTCOMES[proposal.outcome]}"))
    elif proposal.state is ProposalState.UNKNOWN:
        blocks.append(parts.note(":warning: It is not known whether it took effect."))
    return [*blocks, *_choices(standing)]


def revoke_button(standing_id: int) -> Block:
    """Ends it; whoever presses it is asked why, and must be N3."""
    return parts.button(f"Revoke S{standing_id}…", "standing_revoke", str(standing_id), "danger")


def candidates(proposals: Sequence[Proposal]) -> list[Block]:
    """Actions that helped, each with the button that opens the form."""
    if not proposals:
        return [parts.status("*Nothing to begin with.* An action has to help, verifiably, before it can.")]
    blocks = [
        parts.status("*Which of these should be done by itself next time?* Each has helped, verifiably.")
    ]
    for one in proposals[:_NAMED]:
        button = parts.button("Do this by itself…", "standing_new", str(one.id))
        blocks.append(parts.status_with(f"*{one.label}* for *#{one.incident_id}*", button))
        blocks.append(parts.foreign_note(parts.cut(f"{one.tool}: {one.why}", 200)))
    return blocks


def _choices(standing: StandingSignOff) -> list[Block]:
    value = str(standing.id)
    found = []
    if standing.state.can_be_signed:
        word = "Sign anew…" if standing.state is StandingState.SUSPENDED else "See all and sign…"
        found.append(parts.button(word, "standing_open", value, "primary"))
    else:
        found.append(parts.button("See all", "standing_look", value))
    if standing.state is StandingState.PROPOSED:
        found.append(parts.button("Reject", "standing_reject", value, "danger"))
    elif not standing.state.is_over:
        found.append(revoke_button(standing.id))
    return [parts.buttons(*found)]


def _icon(standing: StandingSignOff) -> str:
    return _ICONS.get(standing.state, ":no_entry:")


def _when(standing: StandingSignOff) -> str:
    trigger = standing.terms.trigger
    where = f"{', '.join(standing.terms.services)} in {', '.join(standing.terms.environments)}"
    return f"{trigger.name} from {trigger.source}, {trigger.severity.word} at least, for {where}"


def _signed(one: Listed) -> str:
    people = [f"<@{person.user_id}>" for person in one.signed[:_NAMED]]
    given = [f"<@{Person.from_key(key).user_id}>" for key in one.standing.given_by[:_NAMED]]
    if one.standing.state is StandingState.IN_FORCE:
        return f" · given by {', '.join(given)}"
    return f" · signed by {', '.join(people)}" if people else ""
