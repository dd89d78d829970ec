"""Every modal: those that a button opens (by their key in `VIEWS`), and those that answer a submission."""

from __future__ import annotations

from collections.abc import Iterator

from bot.copilot.signing import Opening
from bot.sign_off.difference import can_be_shown
from bot.sign_off.rendering import fits
from bot.slack.blocks import change as change_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks import signing as signing_blocks
from tests.specimens import values
from tests.specimens.specimen import Specimen, View, ordinary, variants
from tests.specimens.voices import Voice


def modals() -> Iterator[Specimen]:
    """View by view; a new one is one more line here."""
    yield from variants("modal", "sign_open", _sign)
    yield from ordinary("modal", "sign_open", _sign_alone, "alone")
    yield from ordinary(
        "modal", "sign_open", lambda _voice: signing_blocks.waiting_view("One moment"), "waits"
    )
    yield from variants("modal", "sign_open", _refused, "refused late")
    yield from variants("modal", "change_open", _change)
    yield from ordinary("modal", "change_open", _long_change, "too long for a form")
    yield from variants("modal", "change_reject", _reject_change)
    yield from variants("modal", "edit_summary", _summary)
    yield from variants("modal", "open_source:.+", _source)
    yield from variants("modal", "told", _told)


def _sign(voice: Voice) -> View:
    made = values.proposal(voice)
    assert made.plan is not None and fits(made.plan), "what does not fit is never offered to be signed"
    return signing_blocks.sign_view(Opening(made))


def _sign_alone(voice: Voice) -> View:
    """Nobody else has answered, the name looks like another one, and a reason is asked for."""
    warnings = ('"shop-l" looks like "shop-1", another one in the inventory',)
    told = "You are alone: 3 of N3 were called and have not answered."
    return signing_blocks.sign_view(Opening(values.proposal(voice), warnings, True, told, True))


def _waiting(_voice: Voice) -> View:
    return signing_blocks.waiting_view("One moment")


def _refused(voice: Voice) -> View:
    """It took long to read, so a modal was open already."""
    return signing_blocks.refused_view(voice.text("Only N3 may sign; you are not in the group."))


def _long_change(_voice: Voice) -> View:
    return change_blocks.sign_view(values.long_change(), "change-4.diff")


def _reject_change(voice: Voice) -> View:
    return change_blocks.reject_view(values.change(voice))


def _change(voice: Voice) -> View:
    change = values.change(voice)
    assert can_be_shown(change.difference), "what cannot be shown is never offered to be signed"
    return change_blocks.sign_view(change)


def _summary(voice: Voice) -> View:
    return knowledge_blocks.summary_view(values.incident(voice), values.summary(voice))


def _source(voice: Voice) -> View:
    return knowledge_blocks.source_view(values.passage(voice))


def _told(_voice: Voice) -> View:
    """What stands in place of the modal when a signature was refused."""
    reason = "You proposed this, so somebody else of N3 has to sign it."
    return proposal_blocks.told_view("Not signed", f":no_entry: {reason}")
