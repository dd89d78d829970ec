"""Forms about incidents by hand: opening one, and saying how grave it is and who has it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.copilot.by_hand import Offered
from bot.domain.alert import Severity
from bot.domain.by_hand import MOST_DETAILS, MOST_PLACE, MOST_TITLE
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.slack.blocks import inputs, parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import told_view

NONE = "none of these"
OPEN = parts.button("Open an incident…", "incident_open", "new")
_OPEN_NOW, _ABOUT = 3, 150
_SEVERITIES = {
    Severity.CRITICAL: "critical: people suffer from it now",
    Severity.WARNING: "warning: it will get worse, or few notice it",
    Severity.INFO: "info: worth an eye",
}


def open_view(offered: Offered, title: str = "", details: str = "") -> Block:
    """The form that opens an incident; what is open now stands above it, as it may be the same."""
    blocks = _same(offered.open_now)
    blocks += [
        inputs.text("title", "What is wrong?", 3, MOST_TITLE, initial=parts.visible(title)),
        _severity(Severity.WARNING),
        _place("service", "Service", offered.services, _named(offered.services, title)),
        _place("environment", "Environment", offered.environments, _likely(offered.environments)),
        inputs.text(
            "details",
            "What else do you know?",
            0,
            MOST_DETAILS,
            multiline=True,
            initial=parts.visible(details),
            optional=True,
        ),
        parts.note("It is told in the channel for incidents and investigated at once. A person resolves it."),
    ]
    return parts.modal("open_incident", "Open an incident", "Open", blocks)


def opened_view(incident: Incident) -> Block:
    """That it is open, and where."""
    where = "Its card is in the channel for incidents: *I take it* stands there"
    return told_view("It is open", f":white_check_mark: *{incident.label}* is open. {where}.")


def change_view(incident: Incident) -> Block:
    """How grave it is, and who has it."""
    who = Person.from_key(incident.assignee).user_id if incident.assignee else ""
    blocks = [
        parts.foreign_note(parts.cut(incident.title, _ABOUT)),
        _severity(incident.severity),
        inputs.person("assignee", "Who has it", who, optional=True),
        parts.note("A rise is told in the channel. Who is given it, and who had it, hear of it directly."),
    ]
    return parts.modal("change_incident", f"Change {incident.label}", "Change", blocks, str(incident.id))


def open_button(title: str) -> list[Block]:
    """What words are answered that ask for an incident: a form needs somebody to press a button."""
    titled = OPEN | {"value": parts.short(title, MOST_TITLE)} if title else OPEN
    return [parts.status("An incident, by a form:"), parts.buttons(titled)]


def _same(open_now: Sequence[Incident]) -> list[Block]:
    if not open_now:
        return []
    more = len(open_now) - _OPEN_NOW
    head = f"*Open now*: is it one of these{f', or of {more} more' if more > 0 else ''}?"
    lines = [parts.cut(f"{one.label} {one.title}", _ABOUT) for one in open_now[:_OPEN_NOW]]
    return [parts.note(head), *(parts.foreign_note(line) for line in lines)]


def _severity(now: Severity) -> Block:
    options = [(severity.word, text) for severity, text in _SEVERITIES.items()]
    return inputs.choice("severity", "How grave is it?", options, now.word)


def _place(block_id: str, label: str, known: Sequence[str], likely: str) -> Block:
    """One that the catalogue knows; it decides which checks are run and which actions are offered."""
    if not inputs.fits([*known, NONE]) or not known:
        hint = "Exactly as alerts call it. It decides which tools may be used."
        return inputs.text(block_id, label, 0, MOST_PLACE, hint=hint, optional=True)
    return inputs.choice(block_id, label, [(one, one) for one in [*known, NONE]], likely)


def _named(services: Sequence[str], title: str) -> str:
    """The service that the title names, the longest where it names several."""
    return max((one for one in services if one.lower() in title.lower()), key=len, default="")


def _likely(environments: Sequence[str]) -> str:
    """The only one, or production; else it is for the person to say."""
    if len(environments) == 1:
        return environments[0]
    return next((one for one in environments if one.lower().startswith("prod")), "")
