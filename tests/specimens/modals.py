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
from tests.specimens.specimen import Specimen, View, variants
from tests.specimens.voices import Voice


def modals() -> Iterator[Specimen]:
    """View by view; a new one is one more line here."""
    yield from variants("modal", "sign_open", _sign)
    yield from variants("modal", "change_open", _change)
    yield from variants("modal", "edit_summary", _summary)
    yield from variants("modal", "open_source:.+", _source)
    yield from variants("modal", "told", _told)


def _sign(voice: Voice) -> View:
    made = values.proposal(voice)
    assert made.plan is not None and fits(made.plan), "what does not fit is never offered to be signed"
    return signing_blocks.sign_view(Opening(made))


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
