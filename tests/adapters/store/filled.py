"""A store in which something of every kind stands, as it is in the middle of an incident."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from bot.domain.alert import AlertStatus, Decision, Kind, Severity
from bot.domain.curation import Finding, Origin, Strike, StrikeKind, Wording
from bot.domain.diagnosis import Diagnosis, Hindsight, Hypothesis, Method
from bot.domain.drafts import DraftKind, NewDraft
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.investigation import Step
from bot.domain.mute import Matcher, MuteDraft, MuteOrigin
from bot.domain.noise import Delivery, Group, Hold, Series, Trace
from bot.domain.proposal import ProposalState, Settlement, SignOff
from bot.domain.quiet import Regroup
from bot.domain.records import News, Review, Stream
from bot.domain.senders import Deed
from bot.domain.spending import ANSWERED, Purpose, Reserve, Settled, Spent
from bot.domain.standing import By, NewStanding, Pattern, StandingState, Terms, Trigger
from bot.domain.store import Tx
from bot.domain.tool import CheckResult, Risk, Verdict
from bot.store.database import Store
from knowledge.base import KnowledgeBase
from knowledge.model import Document
from tests.adapters.store.build import ALICE, BOB, NOW, alert, proposal

ODD = "é ✓ \u202e \\u0000 \"' %s {0}\n\ttab"
POLICY = "{}"
DEEP: dict[str, object] = {"list": [1, 1.5, True, None, ODD]}


def remember(tx: Tx, incident: int, number: int) -> None:
    """Something of each kind that triage remembers."""
    series = Series("f" * 32, AlertStatus.FIRING, Severity.WARNING, tx.now, tx.now, incident, name=ODD)
    group = Group(incident, ODD, Severity.WARNING, tx.now, 1, tx.now, {ODD: tx.now}, None, ODD, tx.now)
    trace = Trace(ODD, ODD, "", "", tx.now)
    tx.triage.save([(series, 1)], [group], {(incident, trace.place): trace}, {ODD: (1.5, 2.0)})
    tx.triage.hold([Hold(incident, "f" * 32, number, tx.now, tx.now, ODD)])
    tx.triage.touch()


ASKED = {"channel": "C1", "thread_ts": "1.5", "question": ODD}


def fill(store: Store) -> dict[str, int]:
    """Fill it; the ids of the proposals by what they are: waiting, signed, running, done."""
    ids = {}
    with store.begin() as tx:
        for name in ("waiting", "signed", "running", "done"):
            made = proposal(tx)
            ids[name] = made.id
            tx.proposals.prepared(made.id, {"verification": {"settle_s": 0.5}, "odd": ODD}, "d" * 64, "3")
            tx.proposals.sign(SignOff(made.id, BOB, "d" * 64, True, tx.now))
            if name != "waiting":
                tx.proposals.move(made.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=NOW)
        for name in ("running", "done"):
            assert tx.proposals.claim(ids[name], f"fence-{name}")
        tx.proposals.move(ids["done"], (ProposalState.EXECUTING,), ProposalState.SUCCEEDED)
        tx.executions.note_before(ids["running"], 9.25)
        assert tx.executions.emit(ids["running"], "fence-running", ODD)
        assert tx.executions.ask_stop(ids["running"], ALICE.key)
        tx.streams.put(Stream(ODD, "edit", "1.2", 1))
        assert tx.settling.ask_look(ids["done"], ALICE.key)
        assert tx.settling.settle(Settlement(ids["done"], ALICE, True, ODD, tx.now))
        incident = made.incident_id
        tx.incidents.move(incident, IncidentState.INVESTIGATING)
        (number,) = tx.alerts.add(
            [Delivery(alert(ODD), "f" * 32, Decision(Kind.OPENED, ODD), incident, tx.now)]
        )
        remember(tx, incident, number)
        tx.alerts.count("decided:opened", 2)
        piece = Evidence("E1", EvidenceKind.ALERT, ODD, ODD, "alert", tx.now, "e" * 64, {"n": 1.5, "x": None})
        tx.diagnoses.put_evidence(incident, [piece])
        _investigated(tx, incident)
        _written(tx, incident)
        run = tx.checks.request(incident, 1, "look", {"target": ODD})
        tx.checks.finish(run, CheckResult("look", Verdict.FAULTY, 9.25, "points", "", ODD, ""))
        tx.checks.request(incident, 2, "look", {})
        tx.summaries.draft(incident, ODD, "lock")
        tx.n3.joined([ALICE], None)
        tx.n3.joined([BOB], tx.now)
        tx.n3.set_freeze("vigie", ODD)
        tx.n3.adopt("policy", hashlib.sha256(POLICY.encode()).hexdigest(), POLICY)
        offer = tx.n3.offer("policy", hashlib.sha256(ODD.encode()).hexdigest(), ODD)
        tx.n3.sign_offer(offer.id, (BOB.key,), False)
        tx.n3.joined_group(ODD[:16], [BOB], tx.now)
        tx.reviews.want(Review(ids["done"], BOB, ODD, tx.now, tx.now))
        _stand(tx)
        tx.posts.want("sent", "incidents", "text", content={"text": ODD})
        sent = tx.posts.get("sent")
        assert sent is not None
        tx.posts.sent(sent, "C1", "1.5")
        assert tx.notices.want(incident, News.OPENED, Severity.CRITICAL, "mail", ODD)
        tx.heartbeat.tried(ODD)
        beat = Delivery(alert("Watchdog"), "w" * 32, Decision(Kind.HEARTBEAT, ODD), None, None)
        tx.alerts.add([beat])
        tx.beats.gone("w" * 32, incident)
        tx.flow_back.want(incident, "pd", Deed.RESOLVE, ODD, concerns=True)
        _quiet(tx, incident)
        tx.posts.want("unsent", "incidents", "text", content={"text": ODD})
        tx.inbox.accept("message:C1:2.5", InboxKind.ASK, ASKED)
        tx.setbacks.add("investigate:1:1", ODD, (tx.now - tx.now,))
        tx.audit.append("vigie", "noted", ODD, {"deep": DEEP})
    return ids


def _investigated(tx: Tx, incident: int) -> None:
    """A guess, half of an investigation, a text that was too long, and what became of the guess."""
    guess = Hypothesis(ODD, "lock", 0.123456789012345, ("E1",))
    tx.diagnoses.put(incident, 1, Diagnosis(Method.SIMILAR, (guess,)))
    tx.investigations.begin(incident, 1)
    tx.investigations.plan(incident, 1, [ODD])
    tx.investigations.step(incident, 1, [Step(ODD)])
    tx.investigations.keep({"d" * 64: ODD})
    tx.investigations.note_outcome(Hindsight(incident, Method.MODEL, ODD, "lock", 0.123456789012345, True))


def _stand(tx: Tx) -> None:
    """A standing sign-off that is in force."""
    trigger = Trigger("alertmanager", ODD, Severity.CRITICAL, {ODD: ODD})
    arguments = {"n": Pattern((1, True, ODD), By.LABEL)}
    terms = Terms("fix", arguments, (ODD,), ("test",), trigger, 1, 3, NOW)
    plan: dict[str, object] = {"deep": DEEP}
    made = tx.standing.add(NewStanding(terms, Risk.LOW, ALICE, ODD, NOW, "s" * 64, plan, "b" * 64, 1))
    assert tx.standing.sign(made, BOB, True, ODD)
    force = StandingState.IN_FORCE
    tx.standing.move(made.id, (StandingState.PROPOSED,), force, active_at=tx.now, given_by=[BOB.key])


def _quiet(tx: Tx, incident: int) -> None:
    """A mute, one that is suggested, and what people said and moved."""
    matchers = (Matcher("service", ODD), Matcher("label:pod", "web-.*", is_pattern=True))
    mute = MuteDraft("form:1", MuteOrigin.PERSON, matchers, True, ODD, ALICE.key, NOW, NOW)
    made, _ = tx.mutes.draft(mute, confirmed=True)
    tx.silences.want(made.id, ODD[:40])
    suggested = tx.mutes.suggest(matchers, 5, 2)
    tx.mutes.decide(suggested.id, BOB.key, made.id)
    tx.corrections.dismiss(incident, (ODD, ODD, ODD), ALICE.key)
    delivery = tx.deliveries.get(1)
    assert delivery is not None
    tx.corrections.add(delivery, ALICE.key, NOW, incident, True)
    tx.regroupings.add(Regroup.SPLIT, incident, incident, ["f" * 32], ODD[:16], BOB.key)
    tx.canaries.fail(tx.canaries.send("nonce").id, ODD)
    _curated(tx, incident)


def _written(tx: Tx, incident: int) -> None:
    """A call to a model and a draft."""
    spent = Reserve(Purpose("diagnose", ODD, incident, "incidents"), ODD, ODD, Spent(9, 0.5, 2), "EUR", ODD)
    tx.exchanges.settle(tx.exchanges.reserve(spent), Settled(ANSWERED, 1, 2, 0.5, 0.5, ODD))
    tx.drafts.add(NewDraft(DraftKind.UPDATE, incident, ALICE, "fr", ODD))


def _curated(tx: Tx, incident: int) -> None:
    """What people saved, took out, said and asked in vain; what speaks against a document, who was told."""
    wording = Wording(ODD, "note", ODD, ODD, "en", ("C1",))
    saved = tx.library.save(ODD, "odd", wording, ALICE, Origin("C1", "1.2", 1))
    tx.library.take_out(saved.document_id, ODD, BOB.key, ODD)
    tx.library.vote(ODD, "runbooks/a", ALICE, False, ODD)
    tx.gaps.note(ODD, ["C1"], ALICE.key)
    tx.upkeep.strike([Strike("runbooks/a", incident, StrikeKind.ACTION_FAILED, ODD, tx.now)])
    tx.upkeep.find(Finding("runbooks/a", ODD, (ODD,), "n3", tx.now))
    tx.upkeep.digest("n3", {"runbooks/a": ODD})


def teach(folder: Path, url: str) -> None:
    """Documents in the knowledge base, one of them changed and one removed."""
    base = KnowledgeBase.open(folder, owner=False, url=url)
    more: Any = {"alerts": ("X",), "cause": "lock", "actions": ("fix",), "reviewed": NOW.date()}
    for text in ("## One\n\nFirst.\n", f"## Two\n\n{ODD}\n"):
        base.add(Document("runbooks/a", "A", "runbook", text, **more))
    base.add(Document("runbooks/gone", "Gone", "runbook", "## One\n\nGone.\n"))
    base.remove("runbooks/gone")
    assert base.upkeep.still_right("runbooks/a", NOW.date(), BOB.key)
    files = folder / "files"
    files.mkdir(parents=True)
    (files / "b.md").write_text("# B\n\nRead from a file.\n")
    (files / "key.md").write_text("# Key\n\n-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n")
    base.ingest([files])
    base.close()
