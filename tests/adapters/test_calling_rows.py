"""Calls and Homes as rows: told once whatever happens, said on the card, drawn within a budget."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.announcements import calls_of
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.errors import MembershipUnknown
from bot.sign_off.calling import Why
from bot.sign_off.policy import Policy
from bot.tools.in_force import POLICY, adopt_or_offer
from tests.desk import LATE, N3_A, N3_B, ON_CALL, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.group.people = frozenset({N3_A, N3_B})
    made.copilot.signing.look_at_n3()
    return made


def told(desk: Desk, proposal: Proposal) -> list[tuple[Person, Why]]:
    with desk.store.read() as tx:
        return [(call.person, call.why) for call in calls_of(tx, proposal.id)]


def card(desk: Desk, proposal: Proposal) -> dict[str, object]:
    """What the card says beside its row."""
    with desk.store.read() as tx:
        post = tx.posts.get(f"proposal:{proposal.id}")
    assert post is not None
    return dict(post.content or {})


def test_a_call_is_made_once_however_often_it_is_started(desk: Desk) -> None:
    """Sweeps, repeats after a crash and a second sweep of the same moment: one row, one audit event."""
    proposal = desk.proposal()
    with desk.store.read() as tx:
        assert desk.copilot.calling.due(tx) == ["call:1:0"]
    for _ in range(3):
        desk.copilot.calling.call(proposal.id)
        desk.sweep()
    assert len(told(desk, proposal)) == 1
    with desk.store.read() as tx:
        assert [event.subject for event in tx.audit.events() if event.action == "called"] == ["P1"]
        assert desk.copilot.calling.due(tx) == []


def test_the_next_one_and_the_reminders_follow(desk: Desk) -> None:
    """Five minutes of silence: the other one; five minutes before the end: both once more."""
    proposal = desk.proposal()
    for _ in range(31):
        desk.sweep()
        desk.now += timedelta(minutes=1)
    whys = [why for _, why in told(desk, proposal)]
    assert whys == [Why.FIRST, Why.NEXT, Why.REMINDER, Why.REMINDER]
    assert {person for person, _ in told(desk, proposal)} == {N3_A, N3_B}
    assert len({post.key for post in desk.posts("call:1:")}) == 4
    # Proposed, then three times somebody was called: each is an edit of the card.
    assert [post.wanted for post in desk.posts("proposal:1")] == [4]


def test_every_message_is_edited_once_it_is_decided(desk: Desk) -> None:
    """A rejection wants the card and each message of it anew; who got which message stays the same."""
    proposal = desk.proposal(needed=2)
    desk.sweep()
    before = {post.key: (post.wanted, post.content) for post in desk.posts("call:")}
    desk.copilot.signing.reject(N3_A, proposal.id)
    after = {post.key: (post.wanted, post.content) for post in desk.posts("call:")}
    assert after == {key: (wanted + 1, content) for key, (wanted, content) in before.items()}
    assert len(after) == 2


def test_while_slack_does_not_say_who_is_n3_nobody_is_called(desk: Desk) -> None:
    """The card says so; once it can be read again, the call is made and the card says that instead."""
    proposal = desk.proposal()
    desk.group.away = True
    with pytest.raises(MembershipUnknown):
        desk.sweep()
    assert (told(desk, proposal), card(desk, proposal)) == ([], {"unread": True})
    with pytest.raises(MembershipUnknown):
        desk.sweep()
    assert card(desk, proposal)["unread"]
    desk.group.away = False
    desk.now += timedelta(seconds=5)
    desk.sweep()
    assert len(told(desk, proposal)) == 1
    assert card(desk, proposal) == {"trouble": "", "unread": False}


def test_who_is_called_is_read_afresh(desk: Desk) -> None:
    """Whose turn it is by the rows, but who is not N3 any more in Slack, gets no message."""
    proposal = desk.proposal()
    desk.group.people = frozenset({N3_A})
    desk.sweep()
    assert told(desk, proposal) == [(N3_A, Why.FIRST)]


def test_many_calls_at_once_read_n3_once(desk: Desk) -> None:
    """Twenty proposals: one reading; while Slack is away one in a few seconds, as signing needs them, too."""
    before = desk.group.readings
    for _ in range(20):
        desk.proposal()
    desk.sweep()
    assert len(desk.posts("call:")) == 20
    assert desk.group.readings == before + 1
    desk.now += timedelta(minutes=6)
    desk.group.away = True
    for number in range(1, 21):
        with pytest.raises(MembershipUnknown):
            desk.copilot.calling.call(number)
    assert desk.group.readings == before + 2


def test_a_freeze_is_said_on_the_card_and_its_end_calls(desk: Desk) -> None:
    """Frozen before it was proposed: nobody is told; lifted: the first is, and the card falls silent."""
    desk.copilot.switch.freeze(ON_CALL)
    proposal = desk.proposal()
    desk.sweep()
    assert told(desk, proposal) == []
    assert "as soon as the freeze is lifted" in str(card(desk, proposal)["trouble"])
    assert desk.copilot.switch.unfreeze(N3_A).allowed
    desk.sweep()
    assert len(told(desk, proposal)) == 1
    assert card(desk, proposal)["trouble"] == ""


def test_only_the_proposer_is_n3(desk: Desk) -> None:
    """Nobody is told, the card says why and what would help, and says it once."""
    desk.group.people = frozenset({N3_A})
    desk.copilot.signing.look_at_n3()
    proposal = desk.proposal(by=N3_A)
    for _ in range(3):
        desk.sweep()
    assert told(desk, proposal) == []
    assert "somebody else propose it" in str(card(desk, proposal)["trouble"])
    assert [post.wanted for post in desk.posts(f"proposal:{proposal.id}")] == [2]


def test_what_is_said_on_a_card_outlives_its_edits(desk: Desk) -> None:
    """A signature edits the card; the reason why too few can be told stays on it."""
    desk.group.people = frozenset({N3_A})
    desk.copilot.signing.look_at_n3()
    proposal = desk.proposal(needed=2)
    desk.sweep()
    assert desk.copilot.signing.sign(N3_A, proposal.id, proposal_digest(desk, proposal)).allowed
    assert "Only 1 of N3" in str(card(desk, proposal)["trouble"])


def proposal_digest(desk: Desk, proposal: Proposal) -> str:
    with desk.store.read() as tx:
        found = tx.proposals.get(proposal.id)
    assert found is not None
    return found.digest


def test_all_of_n3_are_told_of_a_change_once_and_of_its_end(desk: Desk) -> None:
    """Each by their own message; a newcomer once their wait is over; all edited when it is signed."""
    with desk.store.begin() as tx:
        adopt_or_offer(tx, POLICY, Policy(change_signatures=2).content())
    for _ in range(3):
        desk.sweep()
    assert [post.channel for post in desk.posts("change:3:")] == [N3_A.user_id, N3_B.user_id]
    desk.group.people |= {LATE}
    desk.copilot.signing.look_at_n3()
    desk.sweep()
    assert len(desk.posts("change:3:")) == 2
    desk.now += timedelta(hours=25)
    desk.sweep()
    assert [post.channel for post in desk.posts("change:3:")][2:] == [LATE.user_id]
    before = [post.wanted for post in desk.posts("change:3:")]
    with desk.store.read() as tx:
        (offer,) = tx.n3.offers()
    assert desk.copilot.changes.sign(N3_A, offer.id, offer.digest).allowed
    assert [post.wanted for post in desk.posts("change:3:")] == [wanted + 1 for wanted in before]


# -- Homes


def wanted(desk: Desk) -> int:
    """How often any Home was to be published so far."""
    return sum(post.wanted for post in desk.posts("home:"))


def test_a_storm_costs_one_home_a_view_each_two_seconds(desk: Desk) -> None:
    """60 incidents opened within 12 s, with a sweep after each: six views beside the first, not 60."""
    desk.copilot.homes.open(ON_CALL)
    for number in range(60):
        desk.now += timedelta(seconds=0.2)
        desk.copilot.alerts.receive([desk.alert(service=f"service-{number}")])
        desk.sweep()
    assert 5 <= wanted(desk) <= 8


def test_many_homes_share_one_budget(desk: Desk) -> None:
    """Thirty Homes that change all the time for 40 s: about a view a second in all, each its turn."""
    for number in range(30):
        desk.copilot.homes.open(Person("T1", f"UHOME{number}"))
    for number in range(40):
        desk.now += timedelta(seconds=1)
        desk.copilot.alerts.receive([desk.alert(service=f"service-{number}")])
        desk.sweep()
    assert 30 <= wanted(desk) - 30 <= 50
    assert min(post.wanted for post in desk.posts("home:")) == 2


def test_a_home_that_shows_the_same_is_left_alone(desk: Desk) -> None:
    """Repeats of an alert, and hours without anything: no view."""
    desk.copilot.alerts.receive([desk.alert()])
    desk.copilot.homes.open(ON_CALL)
    for _ in range(12):
        desk.now += timedelta(minutes=5)
        desk.copilot.alerts.receive([desk.alert()])
        desk.sweep()
    assert wanted(desk) == 1


def test_a_home_is_kept_for_a_day(desk: Desk) -> None:
    """Whoever has not looked for a day costs nothing; looking again is an up-to-date view."""
    desk.copilot.homes.open(ON_CALL)
    desk.now += timedelta(hours=25)
    desk.copilot.alerts.receive([desk.alert()])
    desk.sweep()
    assert wanted(desk) == 1
    desk.copilot.homes.open(ON_CALL)
    assert wanted(desk) == 2


def test_homes_are_known_after_a_restart(desk: Desk) -> None:
    """Another process finds them in the rows: the next change is published there too."""
    desk.copilot.homes.open(ON_CALL)
    desk.begin_anew()
    desk.now += timedelta(seconds=5)
    desk.copilot.alerts.receive([desk.alert()])
    desk.sweep()
    assert wanted(desk) == 2
