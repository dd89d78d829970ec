"""Sentences of our own in the channel, each announced by the product's own code."""

from __future__ import annotations

from bot.announcements import announce_echo, announce_rise, announce_undo_failed
from bot.copilot.refusals import announce_refused
from bot.domain.alert import Severity
from bot.domain.senders import Refused
from bot.membership import note_membership
from bot.sign_off.policy import Policy
from bot.tools.in_force import CATALOGUE, adopt_or_offer
from tests.specimens import values
from tests.specimens.rows import Rows
from tests.specimens.specimen import Draw, Message
from tests.specimens.voices import Voice


def _rise(_voice: Voice) -> Message:
    rows = Rows()
    announce_rise(rows.tx, 12, Severity.CRITICAL)
    return rows.announced()


def _echo(voice: Voice) -> Message:
    rows = Rows()
    announce_echo(rows.tx, 12, 41, ("instructions", voice.text("github token")))
    return rows.announced()


def _undo_failed(voice: Voice) -> Message:
    rows = Rows()
    made = values.proposal(voice, undo_of=6, after=voice.text("9 orders"))
    announce_undo_failed(rows.tx, made, [values.N3_A])
    return rows.announced()


def _first_n3(_voice: Voice) -> Message:
    rows = Rows(is_first=True)
    note_membership(rows.tx, frozenset({values.N3_A, values.N3_B}), Policy())
    return rows.announced()


def _joined(_voice: Voice) -> Message:
    rows = Rows()
    note_membership(rows.tx, frozenset({values.N3_B}), Policy())
    return rows.announced()


def _adopted(_voice: Voice) -> Message:
    rows = Rows(is_first=True)
    adopt_or_offer(rows.tx, CATALOGUE, "{}")
    return rows.announced()


def _refused(voice: Voice) -> Message:
    rows = Rows()
    why = f"alerts[3].labels.{voice.text('alertname')}: it is missing; without it the alert has no name."
    announce_refused(rows.tx, Refused("alertmanager", values.ago(2), why, 31, voice.many(1, 31), None))
    return rows.announced()


SENTENCES: dict[str, Draw] = {
    "rise": _rise,
    "an echo": _echo,
    "an undo failed": _undo_failed,
    "first N3": _first_n3,
    "joined N3": _joined,
    "adopted": _adopted,
    "refused alerts": _refused,
}
