"""Whose Home shows what, and that any number of rows with any text fits one view and stays inert."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.copilot.home import FEW, MOST, Home, home_of
from bot.copilot.overview import HeldNow, Overview, Waiting
from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person
from bot.domain.proposal import ProposalState, SignOff
from bot.domain.records import Adopted, Freeze, Review
from bot.domain.tool import Risk
from bot.sign_off.calling import Call, Why
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3
from bot.slack.blocks import calling as calling_blocks
from bot.slack.blocks import home as home_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks.parts import Block
from bot.slack.blocks.pending import pending, pending_line
from tests.slack_limits import faults_of_message, faults_of_view, mrkdwn
from tests.unit.plans import ALICE, BOB, CAROL, NOW, PEOPLE, hostile, proposal
from tests.world import text_of

# Stands at the beginning of every foreign text, and in none of ours.
MARK = "<§"
HUGE = MARK + "x" * 20_000
NEW = PEOPLE[3]
N3_OF = N3({BOB: None, CAROL: None, NEW: NOW - timedelta(hours=1)})
foreign = (hostile | st.integers(1, 20_000).map(lambda count: "<" * count)).map(lambda text: MARK + text)


def incident(number: int, assignee: Person | None = None, **changes: Any) -> Incident:  # noqa: ANN401  # its fields
    """One of orders, in whoever's hands."""
    made = Incident(
        id=number,
        title=f"title {number}",
        service="orders",
        environment="production",
        severity=Severity.WARNING,
        state=IncidentState.IDENTIFIED,
        opened_at=NOW,
        changed_at=NOW,
        assignee=assignee.key if assignee else "",
    )
    return replace(made, **changes)


def overview(**changes: Any) -> Overview:  # noqa: ANN401  # its fields
    return replace(Overview(NOW, [], [], [], [], [], None, N3_OF, Policy()), **changes)


def waiting(number: int = 3, signed: frozenset[Person] = frozenset(), **more: object) -> Waiting:
    return Waiting(proposal(id=number, **more), f"incident of {number}", signed)


def drawn(seen: Overview, person: Person) -> tuple[Home, list[Block]]:
    home = home_of(seen, person)
    view = home_blocks.view(home, seen.now, {})
    assert faults_of_view(view) == []
    check_inert(view)
    return home, view["blocks"]


def check_inert(value: object) -> None:
    """Nothing foreign stands where Slack looks for mentions, links and formats."""
    for text in mrkdwn(value):
        assert "§" not in text, text[:200]


def pressed(blocks: list[Block]) -> list[tuple[str, str]]:
    """What can be pressed beside a line, by action and value, but for the switch, which is always there."""
    found = [(b["accessory"]["action_id"], b["accessory"]["value"]) for b in blocks if "accessory" in b]
    return [one for one in found if one[0] not in ("freeze", "unfreeze")]


def test_on_call_sees_what_is_theirs_and_what_nobody_has() -> None:
    """Mine, and nobody's with a button to take it; what others have is not there, the worst comes first."""
    seen = overview(
        open_incidents=[
            incident(1, ALICE),
            incident(2, BOB),
            incident(3),
            incident(4, severity=Severity.CRITICAL),
        ]
    )
    home, blocks = drawn(seen, ALICE)
    assert [one.id for one in home.mine.shown] == [1]
    assert pressed(blocks) == [("resolve", "1"), ("take", "4"), ("take", "3")]
    assert "title 2" not in text_of(blocks)


def test_what_is_held_stands_on_every_home_with_a_way_to_tell_it() -> None:
    """The next to be told first, a few of many, until when, and a button to say that it should have paged."""
    held = [HeldNow(incident(n), 100 + n, NOW + timedelta(minutes=9 - n)) for n in range(1, FEW + 3)]
    for person in (ALICE, BOB):
        home, blocks = drawn(overview(held=sorted(held, key=lambda one: one.until)), person)
        assert [one.incident.id for one in home.held.shown] == [5, 4, 3] and home.held.more == 2
        assert ("should_have_paged", "105") in pressed(blocks)
        assert "nobody is told before" in text_of(blocks) and "and 2 more" in text_of(blocks)
    assert home.mark != drawn(overview(), BOB)[0].mark
    known = replace(held[0], incident=replace(held[0].incident, alerts_received=9))
    assert drawn(overview(held=held), BOB)[0].mark == drawn(overview(held=[known, *held[1:]]), BOB)[0].mark


def test_only_n3_see_what_waits_for_signatures() -> None:
    """Neither proposals of others, nor changes, nor newcomers are on the Home of somebody else."""
    offer = Adopted(5, "policy", "d" * 64, "{}", NOW, ())
    seen = overview(waiting=[waiting()], changes=[offer])
    home, blocks = drawn(seen, PEOPLE[5])
    assert (home.is_n3, pressed(blocks)) == (False, [])
    assert not {"P3", "Change 5", NEW.user_id} & set(
        text_of(blocks).replace("*", " ").replace("@", " ").split()
    )
    home, blocks = drawn(seen, BOB)
    assert pressed(blocks) == [("sign_open", "3"), ("change_open", "5")]
    assert f"<@{NEW.user_id}> joined" in text_of(blocks)


@pytest.mark.parametrize(
    ("person", "one", "said"),
    [
        (BOB, waiting(proposer=BOB), "You proposed this"),
        (NEW, waiting(), "You joined N3 recently"),
        (BOB, waiting(signed=frozenset({BOB}), signatures_needed=2), "You have signed it"),
        (BOB, waiting(digest=""), "being prepared"),
        (BOB, waiting(risk=Risk.DESTRUCTIVE), "pinned list"),
    ],
)
def test_who_may_not_sign_gets_the_reason_and_no_button(person: Person, one: Waiting, said: str) -> None:
    """The same rule as at the click, so that no button stands there to be refused."""
    _, blocks = drawn(overview(waiting=[one]), person)
    assert (pressed(blocks), said in text_of(blocks)) == ([], True)


def test_a_freeze_stands_on_every_home_and_takes_the_sign_buttons() -> None:
    """By whom, since when, in their words as they are; nothing can be signed meanwhile."""
    frozen = Freeze(1, NOW, ALICE.key, HUGE)
    for person in (ALICE, BOB):
        _, blocks = drawn(overview(waiting=[waiting()], freeze=frozen), person)
        assert "Execution is frozen" in text_of(blocks[:1])
        assert pressed(blocks) == []
        assert ("accessory" in blocks[0]) == (person == BOB), "N3 alone lifts it"
    drawn(overview(freeze=replace(frozen, by="root at the command line")), BOB)


@pytest.mark.parametrize("state", ProposalState)
def test_my_proposals_wait_for_me_until_they_are_done_or_replaced(state: ProposalState) -> None:
    """What waits or came to nothing is there with its reason; what went well is not, nor an old try."""
    mine = proposal(id=3, state=state, reason="the reason")
    there = state in (
        ProposalState.PROPOSED,
        ProposalState.REJECTED,
        ProposalState.EXPIRED,
        ProposalState.FAILED,
        ProposalState.UNKNOWN,
    )
    home, blocks = drawn(overview(proposals=[mine]), ALICE)
    assert [p.id for p in home.errands.shown] == ([3] if there else [])
    assert ("the reason" in text_of(blocks)) == there
    again = proposal(id=4, state=ProposalState.SUCCEEDED, proposer=BOB)
    assert not home_of(overview(proposals=[mine, again]), ALICE).errands
    assert not home_of(overview(proposals=[mine]), CAROL).errands


def test_summaries_of_my_incidents_wait_for_me() -> None:
    """With the button that opens the same modal; somebody else's are theirs."""
    drafts = [
        incident(1, ALICE, state=IncidentState.RESOLVED),
        incident(2, BOB, state=IncidentState.RESOLVED),
    ]
    _, blocks = drawn(overview(drafts=drafts), ALICE)
    assert pressed(blocks) == [("edit_summary", "1")]


def test_the_most_urgent_signature_is_the_first() -> None:
    """As the overview orders them, with the time that is left in words."""
    seen = overview(waiting=[waiting(9, sign_by=NOW + timedelta(seconds=50)), waiting(3)])
    _, blocks = drawn(seen, BOB)
    assert [value for _, value in pressed(blocks)] == ["9", "3"]
    assert "50 s left" in text_of(blocks)


@given(st.integers(0, 300), foreign, foreign)
def test_any_number_of_rows_with_any_text_is_one_view(count: int, text: str, other: str) -> None:
    """Within a hundred blocks; a few of each kind are shown, the others counted; nothing comes alive."""
    open_now = [incident(n, assignee, title=text) for n, assignee in enumerate([BOB, None] * count, start=1)]
    proposals = [
        proposal(
            id=n, incident_id=n, proposer=BOB, tool=text or "t", reason=other, state=ProposalState.FAILED
        )
        for n in range(count)
    ]
    seen = overview(
        open_incidents=open_now,
        proposals=proposals,
        waiting=[Waiting(proposal(id=n, tool=other or "t"), text, frozenset()) for n in range(count)],
        changes=[Adopted(n, "policy", "d" * 64, text, NOW, ()) for n in range(count)],
        drafts=[replace(one, state=IncidentState.RESOLVED) for one in open_now],
        freeze=Freeze(1, NOW, ALICE.key, text),
        held=[HeldNow(one, one.id, NOW) for one in open_now[:count]],
        n3=N3({BOB: None} | {Person("T1", f"U{n}NEW"): NOW for n in range(count)}),
    )
    home, blocks = drawn(seen, BOB)
    assert len(blocks) <= 100
    assert home.nobody.more == max(0, count - MOST)
    for most, kinds in ((MOST, 5), (FEW, 3)):
        assert text_of(blocks).count(f"and {count - most} more\n") == (kinds if count > most else 0)
    assert "do not fit" not in text_of(blocks)


def test_a_home_changes_its_mark_only_with_what_it_shows() -> None:
    """A hundred more alerts change nothing; a new incident does; an age does each minute, if one is shown."""
    one = incident(1)
    seen = overview(open_incidents=[one])
    mark = home_of(seen, ALICE).mark
    noisy = replace(one, alerts_received=100, changed_at=NOW + timedelta(seconds=9))
    later = NOW + timedelta(minutes=3)
    assert home_of(replace(seen, open_incidents=[noisy], now=later), ALICE).mark == mark
    assert home_of(replace(seen, open_incidents=[one, incident(2)]), ALICE).mark != mark
    asked = replace(seen, waiting=[waiting()])
    assert home_of(asked, ALICE).mark == mark
    marks = [home_of(replace(asked, now=NOW + timedelta(seconds=s)), BOB).mark for s in (0, 59, 60)]
    assert (marks[0] == marks[1], marks[1] == marks[2]) == (True, False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://team.slack.com/", "https://team.slack.com/archives/C1/p1700000000000100"),
        ("https://x.enterprise.slack.com/", "https://x.enterprise.slack.com/archives/C1/p1700000000000100"),
        ("http://127.0.0.1:8080/", ""),
        ("https://evil.example/?.slack.com/", ""),
        ("", ""),
    ],
)
def test_links_lead_to_slack_alone(url: str, expected: str) -> None:
    """An address is made of the workspace's own and of ids; any other workspace gets plain numbers."""
    assert home_blocks.link(url, "C1", "1700000000.000100") == expected


def test_an_incident_is_linked_where_its_card_stands() -> None:
    """The number is the link; without an address it is the number alone."""
    home = home_of(overview(open_incidents=[incident(1), incident(2)]), ALICE)
    text = text_of(home_blocks.view(home, NOW, {1: "https://team.slack.com/archives/C1/p1"}))
    assert "*<https://team.slack.com/archives/C1/p1|#1>*" in text
    assert "*#2*" in text


# -- direct messages to N3, and the card that says who got them


@given(
    st.sampled_from(ProposalState),
    st.sampled_from(Why),
    foreign,
    foreign,
    st.lists(
        st.builds(SignOff, st.just(3), st.sampled_from(PEOPLE), st.just("d"), st.booleans(), st.just(NOW))
    ),
)
def test_a_call_fits_and_is_inert(
    state: ProposalState, why: Why, text: str, tool: str, given_so_far: list[SignOff]
) -> None:
    """Whatever it is about; it can be signed from it exactly while it waits for this person."""
    made = proposal(state=state, tool=tool or "t")
    about = incident(7, title=text, service=text, environment=text)
    blocks = calling_blocks.call(Call(BOB, why, NOW), made, about, given_so_far, "")
    sent = parts.within_limits(blocks)
    assert (sent, faults_of_message(calling_blocks.headline(Call(BOB, why, NOW), made)[:4000], sent)) == (
        blocks,
        [],
    )
    check_inert(sent)
    signed = any(s.signed and s.person == BOB for s in given_so_far)
    buttons = [e["action_id"] for b in sent if b["type"] == "actions" for e in b["elements"]]
    waits = state is ProposalState.PROPOSED and not signed
    assert buttons == (["sign_open", "reject"] if waits else [])
    assert ("othing left" in text_of(sent)) == (not waits)


def test_who_may_not_sign_any_more_finds_the_reason_in_the_message() -> None:
    """Somebody who left N3 after they were told: no button, but why."""
    blocks = calling_blocks.call(Call(BOB, Why.FIRST, NOW), proposal(), incident(7), [], "You are not in N3.")
    assert "You are not in N3." in text_of(blocks)
    assert not [b for b in blocks if b["type"] == "actions"]


def test_the_card_says_who_was_called_when_and_why_nobody_could_be() -> None:
    """Each with time and reason; the trouble only while it waits; a crowd pushes no button out."""
    calls = [Call(BOB, Why.FIRST, NOW), Call(CAROL, Why.NEXT, NOW), Call(BOB, Why.REMINDER, NOW)]
    text = text_of(proposal_blocks.card(proposal(), [], None, calls, "Nobody could be called."))
    assert "<@UB> at 01 Mar 12:00:00 UTC; <@UC> at" in text
    assert "<@UB> at 01 Mar 12:00:00 UTC again, as time runs out" in text
    assert "Nobody could be called." in text
    over = proposal(state=ProposalState.EXPIRED)
    assert "Nobody could" not in text_of(proposal_blocks.card(over, [], None, [], "Nobody could be called."))
    many = proposal_blocks.card(proposal(why=HUGE), [], None, calls * 100, "x" * 500)
    sent = parts.within_limits(many)
    assert (sent, faults_of_message("", sent)) == (many, [])


@given(foreign)
def test_a_line_of_pending_holds_nothing_alive(tool: str) -> None:
    """Not even a tool that was named in the rows behind our back; its ages are in words."""
    line = pending_line(Waiting(proposal(tool=tool or "t"), "", frozenset({BOB})), NOW)
    assert "<" not in line
    assert line.count("`") == 2
    assert "waits 1 min · *29 min left*" in line
    assert "1 of 1 signed" in line


def test_what_was_signed_alone_waits_for_others_of_n3() -> None:
    """On their Home and in `/vigie pending`, with buttons; the signer reads why not, nobody else sees it."""
    signed = Review(3, BOB, HUGE, NOW, NOW)
    seen = overview(reviews=[(signed, proposal(state=ProposalState.SUCCEEDED, tool=HUGE))])

    def drawn(person: Person) -> Block:
        view = home_blocks.view(home_of(seen, person), NOW, {})
        assert faults_of_view(view) == []
        return view

    assert "review_fine" in str(drawn(CAROL)) and "review_not" in str(drawn(CAROL))
    assert "You signed it" in text_of(drawn(BOB)["blocks"]) and "review_fine" not in str(drawn(BOB))
    assert "may sign from" in text_of(drawn(NEW)["blocks"]) and "review_fine" not in str(drawn(NEW))
    assert "alone" not in text_of(drawn(ALICE)["blocks"])
    blocks = pending(seen)
    assert "review_fine" in str(blocks) and faults_of_message("", parts.within_limits(blocks)) == []
    assert not [text for text in mrkdwn([blocks, drawn(CAROL)]) if MARK in text]
