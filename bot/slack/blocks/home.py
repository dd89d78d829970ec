"""A person's Home: what waits for N3 on top, then what is theirs, and what nobody has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from bot.copilot.home import Home, OpenChange, Some, T, ToReview, ToSign
from bot.copilot.overview import HeldNow
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.slack.blocks import parts, review, running
from bot.slack.blocks.by_hand import OPEN
from bot.slack.blocks.parts import Block
from bot.slack.blocks.standing import short as standing_short
from bot.slack.blocks.times import clock, span

_TITLE = 300
_SLACK = re.compile(r"https://[a-z0-9-]+(\.enterprise)?\.slack(-gov)?\.com/")
_ENDED = {
    ProposalState.REJECTED: "was *rejected*",
    ProposalState.EXPIRED: "*expired* unsigned or unused: propose it again if it is still wanted",
    ProposalState.FAILED: "*failed*",
    ProposalState.UNKNOWN: ":warning: *may or may not have taken effect*: look first, it is not repeated",
}


def link(workspace_url: str, channel_id: str, ts: str) -> str:
    """Where a message stands, as an address of Slack's own; empty where the workspace is not Slack's."""
    if not _SLACK.fullmatch(workspace_url) or not channel_id or not ts:
        return ""
    return f"{workspace_url}archives/{channel_id}/p{ts.replace('.', '')}"


def view(home: Home, now: datetime, links: Mapping[int, str]) -> Block:
    """The Home; `links` gives the address of an incident's card by its number, empty where there is none."""

    def name(incident_id: int) -> str:
        address = links.get(incident_id, "")
        return f"<{address}|#{incident_id}>" if address else f"#{incident_id}"

    def incident_with(take: bool) -> Callable[[Incident], list[Block]]:
        return lambda incident: _incident(incident, name, take)

    blocks = _switch(home)
    if home.is_n3:
        blocks += _section("Waits for N3's signature", home.to_sign, lambda one: _to_sign(one, now, name))
        if not home.to_sign:
            blocks.append(parts.status("Nothing waits for a signature."))
        blocks += _section("Changes that wait for N3", home.changes, lambda one: _change(one, now))
        blocks += _section("Signed alone, to look at", home.reviews, lambda one: _review(one, name))
        blocks += _section("New in N3", home.newcomers, _newcomer)
        blocks += _section("Runs by itself", home.standing, lambda one: standing_short(one, now))
    blocks += _section("Waits for me", home.errands, lambda one: _errand(one, now, name))
    blocks += _section("Summaries to confirm", home.drafts, lambda one: _draft(one, name))
    blocks += _section("My incidents", home.mine, incident_with(False))
    if not home.mine:
        blocks += [parts.header("My incidents"), parts.status("You have none.")]
    blocks += _section("Open, and nobody has it", home.nobody, incident_with(True))
    if not home.nobody:
        blocks.append(parts.note("No open incident is without somebody."))
    blocks.append(parts.buttons(OPEN))
    blocks += _section("Held: it may clear by itself", home.held, _held)
    blocks += [parts.divider(), parts.note("`/vigie help` says what else there is.")]
    return {"type": "home", "blocks": parts.within_view(blocks)}


def closed_view() -> Block:
    """What guests and people of other workspaces find."""
    return {
        "type": "home",
        "blocks": [parts.status("Guests and people of other workspaces can look, but not use Vigie.")],
    }


def _section(title: str, some: Some[T], draw: Callable[[T], list[Block]]) -> list[Block]:
    if not some:
        return []
    blocks = [parts.header(title)]
    for one in some.shown:
        blocks += draw(one)
    if some.more:
        blocks.append(parts.note(f"and {some.more} more"))
    return blocks


def _switch(home: Home) -> list[Block]:
    if home.freeze is None:
        free = ":unlock: Execution is not frozen. Anyone may stop what is new."
        return [parts.status_with(free, running.freeze_button())]
    how = "Lift it with `/vigie unfreeze`." if home.is_n3 else "Only N3 can lift it."
    text = f":lock: *Execution is frozen* since {clock(home.freeze.at)} by {_actor(home.freeze.by)}. {how}"
    said = [parts.foreign_note(parts.cut(home.freeze.reason, _TITLE))] if home.freeze.reason else []
    if home.is_n3:
        lift = parts.button("Lift the freeze", "unfreeze", "all")
        return [parts.status_with(text, lift), *said]
    return [parts.status(text), *said]


def _actor(key: str) -> str:
    return f"<@{Person.from_key(key).user_id}>" if "/" in key else f"`{parts.escape(key)}`"


def _incident(incident: Incident, name: Callable[[int], str], take: bool) -> list[Block]:
    own = f"*{name(incident.id)}* · *{incident.severity.word}* · {incident.state.value}"
    value = str(incident.id)
    button = parts.button("I take it", "take", value) if take else parts.button("Resolve", "resolve", value)
    return [
        parts.status_with(f"{own} · since {clock(incident.opened_at)}", button),
        parts.foreign_note(parts.cut(f"{incident.title} ({_place(incident)})", _TITLE)),
    ]


def _place(incident: Incident) -> str:
    return f"{incident.service or '?'} in {incident.environment or '?'}"


def _held(one: HeldNow) -> list[Block]:
    incident = one.incident
    own = f"*#{incident.id}* · *{incident.severity.word}* · nobody is told before {clock(one.until)}"
    button = parts.button("This should have paged", "should_have_paged", str(one.alert_id))
    return [
        parts.status_with(f"{own}, and only if it fires still", button),
        parts.foreign_note(parts.cut(f"{incident.title} ({_place(incident)})", _TITLE)),
    ]


def _to_sign(one: ToSign, now: datetime, name: Callable[[int], str]) -> list[Block]:
    proposal = one.proposal
    times = f"waits {span(now - proposal.created_at)} · *{span(proposal.sign_by - now)} left*"
    given = f"{one.signed} of {proposal.signatures_needed} signed"
    what = f"*{proposal.label}* for {name(proposal.incident_id)} · risk *{proposal.risk.value}*"
    button = parts.button("Sign…", "sign_open", str(proposal.id), "primary")
    about = parts.cut(f"{proposal.tool}: {one.title}", _TITLE)
    return [_unless(one.refusal, f"{what} · {times} · {given}", button), parts.foreign_note(about)]


def _change(one: OpenChange, now: datetime) -> list[Block]:
    given = f"{one.signed} of {one.needed} signed"
    own = f"*Change {one.id}* of the {one.what} · waits {span(now - one.at)} · {given}"
    return [
        _unless(one.refusal, own, parts.button("See all and sign…", "change_open", str(one.id), "primary"))
    ]


def _review(one: ToReview, name: Callable[[int], str]) -> list[Block]:
    lines = review.line(one.review, one.proposal, name(one.proposal.incident_id))
    last = parts.status(f"_{one.refusal}_") if one.refusal else review.judging_buttons(one.review)
    return [*lines, last]


def _unless(refusal: str, text: str, button: Block) -> Block:
    """A line with its button, or with the reason why there is none."""
    return parts.status(f"{text}\n_{refusal}_") if refusal else parts.status_with(text, button)


def _newcomer(one: tuple[Person, datetime]) -> list[Block]:
    person, until = one
    return [parts.note(f"<@{person.user_id}> joined and may sign from {clock(until)}")]


def _errand(proposal: Proposal, now: datetime, name: Callable[[int], str]) -> list[Block]:
    if proposal.state is ProposalState.PROPOSED:
        what = f"waits for a signature, {span(proposal.sign_by - now)} left"
    else:
        what = _ENDED[proposal.state]
    about = parts.cut(": ".join(filter(None, (proposal.tool, proposal.reason))), _TITLE)
    return [
        parts.status(f"*{proposal.label}* for {name(proposal.incident_id)} {what}"),
        parts.foreign_note(about),
    ]


def _draft(incident: Incident, name: Callable[[int], str]) -> list[Block]:
    button = parts.button("Edit and confirm", "edit_summary", str(incident.id), "primary")
    return [
        parts.status_with(f"*{name(incident.id)}* is resolved; its summary waits for you", button),
        parts.foreign_note(parts.cut(incident.title, _TITLE)),
    ]
