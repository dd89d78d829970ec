"""What is noted of an alert as it comes in, as people read it: of its text, and what else is odd."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.domain.alert import AlertStatus, Kind, Severity
from bot.domain.flags import ALIKE, CLOCK_AHEAD, CUT, NOT_UTF8, SECRET, is_of_text, unknown_severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.quiet import StoredAlert
from bot.domain.records import SeenAlert
from bot.slack.blocks import incident as incident_blocks
from bot.slack.blocks import noise as noise_blocks
from knowledge.text.normalising import HIDDEN
from tests.unit.plans import NOW

_INCIDENT = Incident(7, "Load", "shop", "test", Severity.WARNING, IncidentState.TRIGGERED, NOW, NOW)
_SEEN = SeenAlert(1, "Load", Severity.WARNING, AlertStatus.FIRING, "It is high", "", {}, {}, (), NOW, 1)


def test_what_is_odd_about_an_alert_is_said_apart_from_what_was_taken_out_of_its_text() -> None:
    """A clock that is ahead is no text; a sender's own word is never read as markup."""
    odd = unknown_severity("*signed* <@U0N3A>", "warning")
    flagged = replace(_SEEN, flags=("bidi", CLOCK_AHEAD, odd, "2 more alerts were left out by the sender"))
    blocks = incident_blocks.card(_INCIDENT, [flagged, replace(_SEEN, flags=("a text was cut",))], [])
    said = [block["elements"][0] for block in blocks if block["type"] == "context"]
    assert "Taken out of the alert's text: a text was cut, bidi." in said[-2]["text"]
    assert said[-1]["type"] == "plain_text"
    for flag in (CLOCK_AHEAD, odd, "2 more alerts were left out by the sender"):
        assert flag in said[-1]["text"] and flag not in said[-2]["text"]
    only = incident_blocks.card(_INCIDENT, [replace(_SEEN, flags=(CLOCK_AHEAD,))], [])
    assert "Taken out" not in str(only) and CLOCK_AHEAD in str(only)


def test_every_class_of_hidden_characters_is_a_flag_of_the_text() -> None:
    """What the cleaning of texts calls by name is told as such."""
    assert all(is_of_text(name) for name in (*HIDDEN, CUT, SECRET, ALIKE, NOT_UTF8))


def test_all_alerts_say_what_was_noted_of_each() -> None:
    """As the card does: the list of what was absorbed has the flags beside the reason."""
    odd = unknown_severity("apocalyptic", "warning")
    body = {"name": "Load", "severity": 2, "flags": [odd]}
    one = StoredAlert(1, NOW, "0" * 32, 7, Kind.HELD, "It is held.", body)
    said = json.dumps(noise_blocks.reason_view([one]))
    assert "It is held. Noted of it: unknown severity 'apocalyptic', taken as warning." in said
    assert "Noted" not in json.dumps(noise_blocks.reason_view([replace(one, body=body | {"flags": []})]))
