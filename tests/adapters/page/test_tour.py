"""The tour's steps and the shop's numbers, as the panel's server side finds them. No browser."""

from typing import Any

import pytest

from bot.playground.faults import FAULTS
from bot.playground.tour import STEPS, Seen, Tour
from bot.playground.vitals import KEPT, Vitals

Json = dict[str, Any]
CARD = "1.000001"


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _button(action: str, value: str = "1") -> Json:
    return {"type": "actions", "elements": [{"type": "button", "action_id": action, "value": value}]}


def _said(ts: str, *blocks: Json, thread: str | None = CARD, bot: bool = True) -> Json:
    message: Json = {"ts": ts, "text": "", "blocks": list(blocks)}
    return message | ({"thread_ts": thread} if thread else {}) | ({"bot_id": "B1"} if bot else {})


def _card() -> Json:
    return _said(CARD, _section("*#1*"), _button("take"), thread=CARD) | {"reply_count": 1}


DIAGNOSIS = _said("2", _section("Diagnosis"), _button("propose", "1:1:0"))
ANSWER = _said("3", _section("<@U1> asked: have we seen this?"))
PROPOSAL = _said("4", _section("P1 · proposed by <@U0ONCALL>"), _button("sign_open"))
SIGNED = _said("4", _section("P1 · proposed by <@U0ONCALL>"), _section("Signed by <@U0N3A>"))
FIXED = _said("4", _section("proposed by, Signed by"), _section("Verification: *fixed*"))
NOT_FIXED = _said("4", _section("proposed by, Signed by"), _section("Verification: *not fixed*"))
DRAFT = _said("5", _section("Summary"), _button("edit_summary"))
LEARNED = _said("5", _section("In the knowledge base as learned/incident-1"))
CITES = _said("6", _section("Diagnosis"), _button("open_source:E1", "learned/incident-1#0"))
REFUSED = "This is not allowed. You proposed this, so somebody else of N3 has to sign it."


def _done(seen: Seen) -> list[str]:
    tour = Tour()
    tour.look(seen)
    return [step["key"] for step in tour.shown(seen) if step["done"]]


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (Seen(broken=["bad_config"]), "break"),
        (Seen([_card()], opened={CARD}), "thread"),
        (Seen([_card(), ANSWER]), "ask"),
        (Seen([_card(), PROPOSAL]), "propose"),
        (Seen([_card()], told=[REFUSED]), "refused"),
        (Seen([_card(), SIGNED]), "sign"),
        (Seen([_card(), FIXED]), "fixed"),
        (Seen([_card(), LEARNED]), "summary"),
        (Seen([_card(), CITES], broken=["bad_config", "bad_config"]), "again"),
    ],
)
def test_a_step_is_done_when_it_happened(seen: Seen, step: str) -> None:
    """Each step has its own sign, and is not done without it."""
    assert step in _done(seen)
    assert step not in _done(Seen([_card(), DIAGNOSIS]))


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (Seen([_card()], opened={"9.9"}), "thread"),
        (Seen([_card(), _said("3", _section("he asked: why"), bot=False)]), "ask"),
        (Seen([_card()], told=["Guests may not sign."]), "refused"),
        (Seen([_card(), NOT_FIXED]), "fixed"),
        (Seen([_card(), CITES], broken=["bad_config", "stale_lock"]), "again"),
        (Seen([_card(), DIAGNOSIS], broken=["bad_config", "bad_config"]), "again"),
    ],
)
def test_what_only_looks_like_a_step_does_not_count(seen: Seen, step: str) -> None:
    """Another thread, a person's words, another refusal, a failed verification, another fault."""
    assert step not in _done(seen)


def test_what_was_done_stays_done() -> None:
    """A proposal that was edited, or a workspace that was tidied, takes nothing back."""
    tour = Tour()
    tour.look(Seen([_card(), PROPOSAL], broken=["bad_config"]))
    tour.look(Seen())
    assert [s["key"] for s in tour.shown(Seen()) if s["done"]] == ["break", "propose"]


def test_each_step_leads_to_its_place() -> None:
    """A place names what is there by now; what is not there yet has none; what is done needs none."""
    seen = Seen([_card(), DIAGNOSIS, PROPOSAL, DRAFT], broken=["bad_config"])
    places = {step.key: step.place(seen) for step in STEPS}
    assert places["break"] == places["again"] == {"fault": "bad_config"}
    assert places["thread"] == {"channel": "C0INCIDENTS", "ts": CARD, "part": ".replies"}
    assert (places["ask"] or {})["write"] == "@Vigie have we seen this before?"
    assert {key: (places[key] or {})["ts"] for key in ("propose", "refused", "sign", "summary")} == {
        "propose": "2",
        "refused": "4",
        "sign": "4",
        "summary": "5",
    }
    assert (places["sign"] or {})["user"] == "U0N3A"
    assert all(step.place(Seen()) is None for step in STEPS if step.key not in ("break", "again"))


def _health(**pool: object) -> Json:
    return {
        "status": "ok",
        "pool": {"queue": 0} | pool,
        "checkout": {"failed_share": 0.0},
        "connections": {"size": 10, "in_use": 1, "refused_share": 0.0},
        "mail": {"queue": 0, "oldest_s": 0.0},
    }


def test_numbers_carry_their_last_two_minutes() -> None:
    """Readings stand in order, a missing answer is a gap, and what is older than two minutes is gone."""
    vitals = Vitals()
    for queue in range(KEPT + 5):
        vitals.take(_health(queue=queue), [])
    vitals.take(None, [])
    vitals.take(_health(queue=7), [])
    waiting = next(n for n in vitals.shown()["numbers"] if n["name"] == "Orders waiting")
    assert waiting["value"] == 7
    assert waiting["history"] == [*range(7, KEPT + 5), None, 7]
    assert len(waiting["history"]) == KEPT


def test_what_is_broken_is_named() -> None:
    """By the fault's title; a shop that does not answer says so and has no numbers."""
    vitals = Vitals()
    vitals.take(_health(), ["bad_config"])
    assert FAULTS["bad_config"].title in vitals.shown()["summary"]
    vitals.take(None, [])
    assert vitals.shown() == {"status": "down", "summary": "The shop does not answer.", "numbers": []}
