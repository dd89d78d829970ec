"""Every modal: those that a button opens (by their key in `VIEWS`), and those that answer a submission."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bot.copilot.aftermath import Aftermath
from bot.copilot.by_hand import Offered
from bot.copilot.signing import Opening
from bot.domain.proposal import Look
from bot.sign_off.difference import can_be_shown
from bot.sign_off.rendering import fits
from bot.slack.blocks import by_hand as by_hand_blocks
from bot.slack.blocks import change as change_blocks
from bot.slack.blocks import diagnosis as diagnosis_blocks
from bot.slack.blocks import forms as form_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks import running as running_blocks
from bot.slack.blocks import signing as signing_blocks
from tests.specimens import talking, values
from tests.specimens.running import dark, run
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
    yield from talking.modals()
    yield from variants("modal", "diagnosis_open", _diagnosis)
    yield from variants("modal", "run_open", _run)
    yield from ordinary("modal", "run_open", lambda voice: _run(voice, settled=True), "for an incident")
    yield from variants("modal", "edit_open", _edit)
    yield from variants("modal", "choose_action", _choose)
    yield from variants("modal", "incident_open", _open_incident)
    yield from ordinary("modal", "incident_open", lambda voice: _open_incident(voice, known=False), "unknown")
    yield from ordinary("modal", "incident_open", _opened, "opened")
    yield from variants(
        "modal", "incident_change", lambda voice: by_hand_blocks.change_view(values.incident(voice))
    )
    for key, took_effect in (("settle_open:yes", True), ("settle_open:no", False)):
        yield from variants("modal", key, partial(_settle, took_effect=took_effect))


def _sign(voice: Voice) -> View:
    made = values.proposal(voice)
    assert made.plan is not None and fits(made.plan), "what does not fit is never offered to be signed"
    return signing_blocks.sign_view(Opening(made))


def _diagnosis(voice: Voice) -> View:
    return diagnosis_blocks.details_view(
        values.full_diagnosis(voice), values.evidence(voice), values.incident(voice)
    )


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
    return knowledge_blocks.source_view(values.passage(voice), values.NOW.date())


def _run(voice: Voice, *, settled: bool = False) -> View:
    return form_blocks.form(values.form(voice, incident=values.incident(voice) if settled else None))


def _edit(voice: Voice) -> View:
    """The form of a proposal, with what was proposed filled in."""
    given = {"shop": "shop-1", "how": "softly", "at_most": 4, "note": voice.text("as asked"), "force": True}
    made = values.proposal(voice, arguments=given)
    return form_blocks.form(values.form(voice, incident=values.incident(voice), edits=made))


def _choose(voice: Voice) -> View:
    tools = [values.tool(voice)] * max(1, voice.many(2, 120))
    return form_blocks.chooser(values.incident(voice) if tools else None, tools)


def _open_incident(voice: Voice, *, known: bool = True) -> View:
    services = [voice.text("shop-orders", 60), voice.text("shop-carts", 60)] if known else []
    offered = Offered(services, ["production", "staging"] if known else [], [values.incident(voice)] * 5)
    return by_hand_blocks.open_view(
        offered, voice.text("Checkout is slow"), voice.text("Three customers called.")
    )


def _opened(voice: Voice) -> View:
    return by_hand_blocks.opened_view(values.incident(voice))


def _settle(voice: Voice, *, took_effect: bool) -> View:
    look = Look(1, 7, values.ON_CALL.key, values.ago(1), values.NOW, voice.text("14 orders"), "faulty")
    known = Aftermath(voice.text("step 1 of 3"), look=look)
    return running_blocks.settle_view(dark(voice), run(voice), known, took_effect)


def _told(_voice: Voice) -> View:
    """What stands in place of the modal when a signature was refused."""
    reason = "You proposed this, so somebody else of N3 has to sign it."
    return proposal_blocks.told_view("Not signed", f":no_entry: {reason}")
