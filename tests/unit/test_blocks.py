"""Whatever the texts are, every message and view fits Slack, and no foreign text can come alive in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.copilot.changes import Change
from bot.copilot.signing import Opening
from bot.domain.alert import AlertStatus, Severity
from bot.domain.diagnosis import Diagnosis, Hypothesis, Method, Remedy
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState, SignOff
from bot.domain.records import Adopted, SeenAlert, Summary
from bot.domain.tool import Risk
from bot.in_force import Preview
from bot.sign_off.rendering import fits
from bot.sign_off.rendering import parts as plan_parts
from bot.slack.blocks import change as change_blocks
from bot.slack.blocks import diagnosis as diagnosis_blocks
from bot.slack.blocks import incident as incident_blocks
from bot.slack.blocks import knowledge as knowledge_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks import signing as signing_blocks
from bot.slack.blocks.parts import Block
from knowledge.model import KINDS, ORIGINS, Passage
from tests.slack_limits import faults_of_message, faults_of_view, mrkdwn
from tests.unit.plans import ALICE, NOW, PEOPLE, PLAN, hostile, proposal

# Stands at the beginning of every foreign text, and in none of ours.
MARK = "<§"
long = st.builds(lambda count, what: what * count, st.integers(1, 20_000), st.sampled_from("x<&\né"))
endless = st.just("x" * 20_000)
foreign = (hostile | long | endless).map(lambda text: MARK + text) | st.just("")
people = st.sampled_from(PEOPLE)
moments = st.integers(-9999, 9999).map(lambda seconds: NOW + timedelta(seconds=seconds))
small = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

incidents = st.builds(
    Incident,
    id=st.integers(1, 10**9),
    title=foreign,
    service=foreign,
    environment=foreign,
    severity=st.sampled_from(Severity),
    state=st.sampled_from(IncidentState),
    opened_at=moments,
    changed_at=moments,
    resolved_at=st.none() | moments,
    assignee=st.just("") | people.map(lambda person: person.key),
    resolved_by=st.just("source") | people.map(lambda person: person.key),
    previous=st.none() | st.integers(1, 9),
    alerts_received=st.integers(0, 10**9),
    rounds=st.integers(0, 3),
)
CARD = ("take", "resolve", "incident_change", "absorbed_open", "draft_catchup", "draft_update")
mappings = st.dictionaries(st.sampled_from(["a", "runbook_url"]), foreign, max_size=2)
alerts = st.builds(
    SeenAlert,
    st.integers(1, 99),
    foreign,
    st.sampled_from(Severity),
    st.sampled_from(AlertStatus),
    foreign,
    foreign,
    mappings,
    mappings,
    st.sets(st.sampled_from(["bidi", "tag", "zero-width", "a text was cut"])).map(tuple),
    moments,
    st.integers(1, 10**6),
)
plans = st.tuples(foreign, st.lists(foreign, min_size=1, max_size=3)).map(
    lambda drawn: PLAN | {"entry": {"expected_effect": drawn[0]}, "call": {"argv": drawn[1]}}
)
proposals = st.builds(
    proposal,
    tool=st.just("a" * 48) | st.just("restart_worker"),
    state=st.just(ProposalState.PROPOSED) | st.sampled_from(ProposalState),
    risk=st.sampled_from(Risk),
    signatures_needed=st.integers(1, 5),
    sign_by=moments,
    plan=st.none() | plans,
    digest=st.sampled_from(["", "d" * 64]),
    reason=foreign,
    why=foreign,
    before=foreign,
    after=foreign,
    outcome=st.none() | st.sampled_from(Outcome),
)
sign_offs = st.builds(SignOff, st.just(3), people, st.just("d" * 64), st.booleans(), moments, foreign)
executions = st.builds(
    Execution,
    st.just(3),
    st.just("fence"),
    moments,
    st.none() | moments,
    st.none() | st.just(1),
    foreign,
    foreign,
)
passage_ids = st.sampled_from(["runbooks/lock#1@abc", "d" * 640])
evidence = st.lists(
    st.builds(
        Evidence,
        id=st.integers(1, 30).map(lambda number: f"E{number}"),
        kind=st.sampled_from(EvidenceKind),
        title=foreign,
        text=foreign,
        source=passage_ids,
        at=moments,
        digest=st.just("d" * 64),
        facts=st.fixed_dictionaries({}, optional={"kind": foreign}),
    ),
    max_size=25,
    unique_by=lambda piece: piece.id,
)
cited = st.lists(st.integers(1, 31).map(lambda number: f"E{number}"), max_size=6).map(tuple)
diagnoses = st.builds(
    Diagnosis,
    method=st.sampled_from(Method),
    hypotheses=st.lists(
        st.builds(Hypothesis, foreign, foreign, st.floats(0, 1), cited, cited, foreign), max_size=6
    ).map(tuple),
    remedies=st.lists(st.builds(Remedy, st.just("fix"), st.just({}), foreign, cited), max_size=4).map(tuple),
    advice=st.lists(foreign, max_size=10).map(tuple),
    gaps=st.lists(foreign, max_size=4).map(tuple),
    caveats=st.lists(foreign, max_size=3).map(tuple),
    model=st.sampled_from(["", "gpt"]),
)
previews = st.none() | st.builds(
    Preview,
    foreign,
    st.sampled_from([risk.value for risk in Risk]),
    st.lists(st.tuples(st.just("Runs"), foreign), max_size=4).map(tuple),
)
passages = st.builds(
    Passage,
    id=passage_ids,
    document_id=foreign,
    title=foreign,
    kind=st.sampled_from(KINDS),
    heading=st.lists(foreign, max_size=3).map(tuple),
    text=foreign,
    place=foreign,
    version=st.just("abcd1234"),
    origin=st.sampled_from(ORIGINS),
    superseded=st.booleans(),
)


def check_message(blocks: Sequence[Block]) -> list[Block]:
    """As the outbox sends it: within the limits, and nothing foreign where Slack looks for formats."""
    sent = parts.within_limits(blocks)
    assert faults_of_message("", sent) == []
    check_inert(sent)
    return sent


def check_view(view: Block) -> None:
    assert faults_of_view(view) == []
    check_inert(view)


def check_inert(value: object) -> None:
    for text in mrkdwn(value):
        assert "§" not in text, text


def buttons_of(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    """What can be pressed, by action and value."""
    return [
        (element["action_id"], element["value"])
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


@small
@given(incidents, st.lists(alerts, max_size=4), st.lists(proposals, max_size=4))
def test_the_card_of_an_incident(incident: Incident, seen: list[SeenAlert], waiting: list[Proposal]) -> None:
    """It fits, is inert, and can always be taken and resolved while it is open."""
    sent = check_message(incident_blocks.card(incident, seen, waiting))
    expected = [(action, str(incident.id)) for action in CARD]
    assert buttons_of(sent) == (expected if incident.state.is_open else [])


@small
@given(evidence)
def test_the_evidence(pieces: list[Evidence]) -> None:
    """None, some or very much of it."""
    check_message(incident_blocks.evidence(pieces))


@small
@given(diagnoses, evidence, st.lists(previews, max_size=5), incidents)
def test_a_diagnosis(
    made: Diagnosis, pieces: list[Evidence], shown: list[Preview | None], incident: Incident
) -> None:
    """Also one that cites the same evidence twice, or evidence that is not there."""
    check_message(diagnosis_blocks.diagnosis(made, pieces, shown, incident, 1))


@small
@given(proposals, st.lists(sign_offs, max_size=6), st.none() | executions)
def test_the_card_of_a_proposal(made: Proposal, signed: list[SignOff], execution: Execution | None) -> None:
    """It fits, is inert, and no text is so long that it pushes the buttons out."""
    whole = proposal_blocks.card(made, signed, execution)
    assert buttons_of(check_message(whole)) == buttons_of(whole)


@small
@given(plans.filter(fits), st.sampled_from(["d" * 64]))
def test_the_modal_to_sign_shows_every_character(plan: dict[str, object], digest: str) -> None:
    """Whatever fits to be signed: each part stands whole behind its label, and nothing is cut."""
    view = signing_blocks.sign_view(Opening(proposal(plan=plan, digest=digest)))
    check_view(view)
    shown: dict[str, str] = {}
    label = ""
    for block in view["blocks"][1:]:
        if block["type"] == "section":
            label = block["text"]["text"]
            shown[label] = ""
        elif block["type"] == "rich_text":
            shown[label] += block["elements"][0]["elements"][0]["text"]
    expected = {f"*{part.label}*": part.text or " " for part in plan_parts(plan)}
    assert shown == expected
    assert digest in view["blocks"][-1]["elements"][0]["text"]
    assert json.loads(view["private_metadata"]) == {"proposal": 3, "digest": digest}


@small
@given(st.text(alphabet="+- ab\n", max_size=40) | st.integers(0, 24_000).map(lambda count: "+" * count))
def test_a_changed_catalogue(difference: str) -> None:
    """Its card says how much changed; its modal shows every character of the difference."""
    offer = Adopted(4, "catalogue", "d" * 64, "{}", NOW, (ALICE.key,))
    change = Change(offer, difference, 2)
    assert buttons_of(check_message(change_blocks.card(change))) == [
        ("change_open", "4"),
        ("change_reject", "4"),
    ]
    view = change_blocks.sign_view(change)
    check_view(view)
    boxes = [block for block in view["blocks"] if block["type"] == "rich_text"]
    text = "".join(box["elements"][0]["elements"][0]["text"] for box in boxes)
    assert text == (difference or " ")
    check_view(change_blocks.reject_view(change))
    for state in ("in force", "rejected", "withdrawn"):
        check_message(change_blocks.settled(4, replace(offer, state=state), ALICE.key, difference))
    check_message(change_blocks.settled(4, None))


@small
@given(st.lists(passages, max_size=8), st.lists(foreign, max_size=2), foreign, st.booleans())
def test_an_answer(found: list[Passage], missing: list[str], words: str, fits_: bool) -> None:
    """For everybody, and for the asker alone; with nothing found, and with very much."""
    check_message(knowledge_blocks.found(found, fits_, missing, words, words))
    content: dict[str, Any] = {
        "user": "U1",
        "question": words,
        "missing": missing,
        "passages": [
            {
                "id": one.id,
                "title": one.title,
                "heading": " › ".join(one.heading),
                "text": one.text,
                "kind": one.kind,
                "origin": one.origin,
            }
            for one in found
        ],
    }
    check_message(knowledge_blocks.answer(content))


@small
@given(passages)
def test_a_source(passage: Passage) -> None:
    """The exact passage."""
    check_view(knowledge_blocks.source_view(passage, date(2026, 3, 1)))


@small
@given(foreign, foreign, st.none() | moments, st.sampled_from(["", "incident-7"]), incidents)
def test_a_summary(
    text: str, cause: str, confirmed: datetime | None, document: str, incident: Incident
) -> None:
    """As a draft, confirmed, and in the modal that edits it."""
    kept = Summary(7, text, cause, NOW, confirmed, ALICE.key if confirmed else "", document)
    check_message(knowledge_blocks.summary(kept))
    check_view(knowledge_blocks.summary_view(incident, kept))


@given(foreign)
def test_what_a_person_is_told(title: str) -> None:
    """One sentence of ours under any title."""
    check_view(proposal_blocks.told_view(title, ":no_entry: Only N3 may sign."))


def test_evidence_cited_twice_is_shown_once() -> None:
    """Two buttons of one name would make Slack refuse the whole diagnosis."""
    piece = Evidence("E1", EvidenceKind.PASSAGE, "Lock", "text", "runbooks/lock#1", NOW, "d" * 64, {})
    hypothesis = Hypothesis("lock", "A stale lock", 0.9, ("E1", "E1"))
    made = Diagnosis(Method.MODEL, (hypothesis,))
    incident = Incident(
        7, "t", "orders", "production", Severity.CRITICAL, IncidentState.INVESTIGATING, NOW, NOW
    )
    sent = check_message(diagnosis_blocks.diagnosis(made, [piece], [], incident, 1))
    assert [name for name, _ in buttons_of(sent)] == ["open_source:E1", "vote_yes:E1", "vote_no:E1"]


@pytest.mark.parametrize("state", ProposalState)
def test_a_proposal_with_every_text_endless_keeps_its_buttons(state: ProposalState) -> None:
    """Reason, why, values and output together push nothing out."""
    huge = MARK + "x" * 20_000
    made = proposal(
        state=state,
        reason=huge,
        why=huge,
        before=huge,
        after=huge,
        outcome=Outcome.NOT_FIXED,
        plan=PLAN | {"call": {"argv": [huge]}},
    )
    signed = [SignOff(3, person, "d" * 64, True, NOW, huge) for person in PEOPLE]
    ended = None if state is ProposalState.EXECUTING else NOW
    whole = proposal_blocks.card(made, signed, Execution(3, "fence", NOW, ended, 1, huge, huge))
    assert buttons_of(whole)
    assert check_message(whole) == whole


@pytest.mark.parametrize("state", ProposalState)
def test_buttons_fit_the_state(state: ProposalState) -> None:
    """Sign, reject, edit while it waits, reject once signed, stop while it runs, then what may be needed.

    What helped can be done by itself next time, but for what is destructive.
    """
    made = proposal(state=state, outcome=Outcome.NOT_FIXED)
    execution = Execution(3, "fence", NOW)
    actions = [action for action, _ in buttons_of(proposal_blocks.card(made, [], execution))]
    expected = {
        ProposalState.PROPOSED: ["sign_open", "reject", "edit_open"],
        ProposalState.SIGNED: ["reject"],
        ProposalState.EXECUTING: ["stop"],
        ProposalState.EXPIRED: ["undo", "again"],
        ProposalState.FAILED: ["undo", "again"],
        ProposalState.UNKNOWN: ["settle_open:yes", "settle_open:no", "look_again", "undo"],
    }
    assert actions == expected.get(state, ["undo"])
    helped = replace(made, outcome=Outcome.FIXED, state=ProposalState.SUCCEEDED)
    assert [action for action, _ in buttons_of(proposal_blocks.card(helped, [], None))] == ["standing_new"]
    for over in (replace(helped, risk=Risk.DESTRUCTIVE), replace(helped, undo_of=1)):
        assert buttons_of(proposal_blocks.card(over, [], None)) == []


@pytest.mark.parametrize("state", ProposalState)
def test_buttons_of_a_use_stop_what_is_given(state: ProposalState) -> None:
    """By a standing sign-off nobody is asked to sign; it can be revoked at any time."""
    made = proposal(state=state, outcome=Outcome.NOT_FIXED, standing=3)
    actions = [action for action, _ in buttons_of(proposal_blocks.card(made, [], Execution(3, "fence", NOW)))]
    expected = {
        ProposalState.PROPOSED: ["reject", "standing_revoke"],
        ProposalState.SIGNED: ["reject", "standing_revoke"],
        ProposalState.EXECUTING: ["stop", "standing_revoke"],
        ProposalState.EXPIRED: ["standing_revoke", "undo", "again"],
        ProposalState.FAILED: ["standing_revoke", "undo", "again"],
        ProposalState.UNKNOWN: ["standing_revoke", "settle_open:yes", "settle_open:no", "look_again", "undo"],
    }
    assert actions == expected.get(state, ["standing_revoke", "undo"])


def test_an_incident_with_every_text_endless_keeps_its_buttons() -> None:
    """A title, places, alerts, labels and links without end, and a hundred proposals that wait."""
    huge = MARK + "x" * 20_000
    incident = Incident(7, huge, huge, huge, Severity.CRITICAL, IncidentState.MITIGATING, NOW, NOW)
    critical, firing = Severity.CRITICAL, AlertStatus.FIRING
    seen = SeenAlert(1, huge, critical, firing, huge, huge, {}, {}, ("bidi",), NOW, 9)
    unlike = [
        replace(
            seen,
            id=number,
            summary=f"{number} {huge}",
            labels={"host": f"{number}{huge}", "device": f"{number}{huge}"},
            annotations={"runbook_url": f"{number}{huge}"},
            origin={"generatorURL": f"{number}{huge}"},
        )
        for number in range(20)
    ]
    sent = check_message(incident_blocks.card(incident, unlike, [proposal()] * 100))
    assert [action for action, _ in buttons_of(sent)] == [*CARD]
