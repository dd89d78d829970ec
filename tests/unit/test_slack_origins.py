"""The Slack ids that the audit log gets: from whatever Slack sends, and never anything that is no id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.origins import ids_of, with_origin
from tests.unit.plans import json_values

USER = {"id": "U1", "team_id": "T1"}
BODIES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "command": (
        {"team_id": "T1", "user_id": "U1", "channel_id": "C1"},
        {"team": "T1", "user": "U1", "channel": "C1"},
    ),
    "button": (
        {"user": USER, "channel": {"id": "C1"}, "message": {"ts": "1.5"}, "container": {"message_ts": "1.5"}},
        {"team": "T1", "user": "U1", "channel": "C1", "message": "1.5"},
    ),
    "ephemeral's button": (
        {"user": USER, "container": {"channel_id": "C1", "message_ts": "1.5"}},
        {"team": "T1", "user": "U1", "channel": "C1", "message": "1.5"},
    ),
    "event": (
        {"team_id": "T1", "event": {"user": "U1", "channel": "C1", "ts": "1.5"}},
        {"team": "T1", "user": "U1", "channel": "C1", "message": "1.5"},
    ),
    "form": (
        {
            "user": USER,
            "view": {
                "id": "V1",
                "private_metadata": json.dumps({"proposal": 1, "from": {"channel": "C1", "message": "1.5"}}),
            },
        },
        {"team": "T1", "user": "U1", "channel": "C1", "message": "1.5", "view": "V1"},
    ),
    "form of ours that was tampered with": (
        {"user": USER, "view": {"id": "V1", "private_metadata": '{"from": {"channel": "<!here>"}}'}},
        {"team": "T1", "user": "U1", "view": "V1"},
    ),
}


@pytest.mark.parametrize("kind", BODIES)
def test_the_ids_of_what_was_done(kind: str) -> None:
    """Team, user, channel, message and view, as far as there are any."""
    body, ids = BODIES[kind]
    assert ids_of(body) == ids


@given(
    st.dictionaries(st.sampled_from(["user", "event", "view", "container", "channel", "team"]), json_values)
)
def test_nonsense_has_no_ids(body: dict[str, object]) -> None:
    """Whatever is in it: no error, and nothing but ids."""
    assert all(value.replace(".", "").isalnum() for value in ids_of(body).values())


def test_a_form_remembers_the_message_that_it_was_opened_from() -> None:
    """Only where it carries something already, and without changing that."""
    body = BODIES["button"][0]
    view = with_origin({"private_metadata": '{"proposal": 7}'}, body)
    assert json.loads(view["private_metadata"]) == {
        "proposal": 7,
        "from": {"channel": "C1", "message": "1.5"},
    }
    for metadata in ("12", "", "[1]"):
        assert with_origin({"private_metadata": metadata}, body) == {"private_metadata": metadata}
