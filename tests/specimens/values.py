"""The values that messages are drawn from: one incident's story, told in any voice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.copilot.changes import Change
from bot.copilot.forms import Form
from bot.copilot.overview import HeldNow, Overview, Waiting
from bot.domain.alert import AlertStatus, Severity
from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Method, Quote, Remedy
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.investigation import Investigation, Step
from bot.domain.person import Person
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState, SignOff
from bot.domain.records import Adopted, Freeze, Review, SeenAlert, Summary
from bot.domain.tool import Argument, Risk, Tool, ToolKind
from bot.in_force import Preview
from bot.sign_off.difference import difference
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3
from bot.stages.resolve import draft
from knowledge.model import Passage
from tests.specimens.flags import flags
from tests.specimens.voices import ORDINARY, Voice

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEAM = "T0VIGIE"
ON_CALL, N3_A, N3_B = (Person(TEAM, user) for user in ("U0ONCALL", "U0N3A", "U0N3B"))
TITLE = "Orders stand still: the pool has no free worker"
LOCK = "The lock file names process 4711, which does not live any more."


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def incident(voice: Voice, **changes: Any) -> Incident:  # noqa: ANN401  # fields of Incident, by name
    """An open incident with somebody who has it."""
    made = Incident(
        id=12,
        title=voice.text(TITLE),
        service=voice.text("shop-orders", 300),
        environment=voice.text("production", 300),
        severity=Severity.CRITICAL,
        state=IncidentState.INVESTIGATING,
        opened_at=ago(14),
        changed_at=ago(3),
        assignee=ON_CALL.key,
        alerts_received=voice.many(9, 10_000) or 1,
        rounds=1,
    )
    return replace(made, **changes)


def alerts(voice: Voice) -> list[SeenAlert]:
    """What fired: two alerts, none, five hundred."""
    return [
        SeenAlert(
            id=number + 1,
            name=voice.word(("OrdersStandStill", "OrderQueueGrows")[number % 2]),
            severity=Severity.CRITICAL,
            status=AlertStatus.RESOLVED if number == 1 else AlertStatus.FIRING,
            summary=voice.text("47 orders wait, none was taken for 30 s"),
            description=voice.text("The pool of workers takes no orders although its process lives."),
            labels={"service": voice.text("shop-orders", 300), "instance": voice.text(f"pool-{number}", 300)},
            annotations={"runbook_url": voice.text("https://wiki.example/runbooks/orders-stuck")},
            flags=flags(voice),
            first_at=ago(14),
            deliveries=5,
            origin={"generatorURL": voice.text("https://prometheus.example/graph?g0.expr=orders_waiting")},
        )
        for number in range(voice.many(2, 500))
    ]


def evidence(voice: Voice) -> list[Evidence]:
    """Alerts, checks and passages, numbered."""
    texts: tuple[tuple[EvidenceKind, str, str, dict[str, str]], ...] = (
        (EvidenceKind.ALERT, "OrdersStandStill", "47 orders wait, none was taken", {"where": "pool-1"}),
        (EvidenceKind.CHECK, "Orders waiting in the pool", "47 orders, expected at most 8", {}),
        (EvidenceKind.CHECK, "Does the pool's lock have a living holder?", "false, expected true", {}),
        (EvidenceKind.PASSAGE, "Orders stuck after a killed stock count", LOCK, {"kind": "incident"}),
        (EvidenceKind.PASSAGE, "Orders are stuck", "Clear it once its holder is dead.", {"kind": "runbook"}),
    )
    pieces = []
    for number in range(voice.many(len(texts), 60)):
        kind, title, text, facts = texts[number % len(texts)]
        source = f"incidents/{voice.word('orders-stuck', 300)}#{number}@abcd1234"[:640]
        said = voice.text(text)
        given: dict[str, object] = {key: voice.word(value, 300) for key, value in facts.items()}
        pieces.append(Evidence(f"E{number + 1}", kind, voice.text(title), said, source, NOW, "d" * 64, given))
    return pieces


def diagnosis(voice: Voice, model: str = "gpt-5") -> Diagnosis:
    """Two hypotheses that cite evidence, remedies, advice, and what is missing."""
    if voice.name == "empty":
        return Diagnosis(Method.SIMILAR)
    cited = tuple(f"E{number + 1}" for number in range(voice.many(3, 50)))
    first = Hypothesis(voice.text("stale-lock"), voice.text(LOCK), 0.82, ("E4", "E3", *cited))
    other = Hypothesis(
        voice.text("slow-database"), voice.text("The report runs on the primary."), 0.11, ("E2",)
    )
    why = voice.text("The last incident of this kind was ended by clearing the lock.")
    remedies = tuple(Remedy("clear_stale_lock", {}, why, ("E4",)) for _ in range(voice.many(1, 3)))
    return Diagnosis(
        Method.MODEL if model else Method.SIMILAR,
        (first, other, *(other for _ in range(voice.many(0, 8)))),
        remedies,
        advice=tuple(
            voice.text("Look who held the lock: lock_state.py --folder /srv/shop")
            for _ in range(voice.many(2, 12))
        ),
        gaps=tuple(voice.text("The database's own figures were not read.") for _ in range(voice.many(1, 6))),
        caveats=()
        if model
        else (voice.text("The model gave no usable answer. It did not answer within 20 s."),),
        model=model,
        tokens=1800 if model else 0,
    )


def full_diagnosis(voice: Voice) -> Diagnosis:
    """The same with everything that a model can say of an incident."""
    made = diagnosis(voice)
    said = (Quote("E1", voice.text("none was taken")), Quote("E2", voice.text("none was taken")))
    one = Claim(voice.text("No order has left the pool."), ("E1", "E2"), said)
    claims = (one,) * voice.many(1, 6)
    first = [replace(h, quotes=said, sources=2, claimed=0.9, earned=0.6) for h in made.hypotheses[:1]]
    guesses = [replace(h, unsupported=True, confidence=0.0) for h in made.hypotheses[1:]]
    return replace(
        made,
        hypotheses=(*first, *guesses),
        symptoms=claims,
        ruled_out=claims,
        reach=claims[:3],
        next_checks=tuple(voice.text("Read the database's slow queries.") for _ in range(voice.many(1, 5))),
        known_error="E4" if made.hypotheses else "",
        rejected=voice.many(1, 40),
        incomplete=voice.text("Reading ended after 6 turns, the most that it may take."),
    )


def investigation(voice: Voice, *, over: bool = False, stopped: bool = False) -> Investigation:
    """Some steps, the last of them under way."""
    steps = [Step(voice.text("Checking lock"), voice.text("E6: no"))] * voice.many(2, 40)
    return Investigation(
        12,
        1,
        ago(2),
        ago(1) if over else None,
        ON_CALL.key if stopped else "",
        voice.text("Reading ended after 6 turns.") if over and not stopped else "",
        tuple(voice.text("Does anybody hold the lock?") for _ in range(voice.many(2, 6))),
        (*steps, Step(voice.text("Searching for “orders stuck”"))),
    )


def preview(voice: Voice) -> Preview:
    """What a remedy would do, before it is prepared."""
    lines = (
        ("Runs", voice.text("/usr/bin/python3 -I /srv/shop/clear_stale_lock.py --folder /srv/shop")),
        ("Expected effect", voice.text("Workers take orders again within a few seconds.")),
        ("Verification", voice.text("shop_pool, 4 s after it ran")),
        ("Undo", voice.text("/usr/bin/python3 -I /srv/shop/put_back_lock.py --folder /srv/shop")),
    )
    return Preview(voice.word("Clear the pool's stale lock"), Risk.LOW.value, lines)


def plan(voice: Voice) -> dict[str, object]:
    """All that the digest covers. The huge one has a hundred arguments and still fits what can be signed."""
    count = voice.many(1, 100)
    arguments = {f"part_{n}": voice.word("shop-1", 24) for n in range(count)} or {"shop": "shop-1"}
    words = [
        voice.word(str(value), 24) if voice.name != "huge" else str(value) for value in arguments.values()
    ]
    argv = ["/usr/bin/python3", "-I", "/srv/shop/clear_stale_lock.py", *words]
    look = {"argv": ["/usr/bin/python3", "-I", "/srv/shop/lock_state.py"], "files": {}}
    return {
        "incident": 12,
        "tool": "clear_stale_lock",
        "entry": {
            "title": voice.text("Clear the pool's stale lock", 200),
            "does": voice.text("Moves the lock file away after making sure that its holder is dead.", 300),
            "expected_effect": voice.text("Workers take orders again within a few seconds.", 300),
            "risk": "low",
        },
        "referenced": {"shop_lock": {"title": "Does the pool's lock have a living holder?"}},
        "arguments": arguments,
        "inventory": {"shop-1": {"folder": "/srv/shop"}},
        "runner": "command",
        "call": {"argv": argv, "files": {"/srv/shop/clear_stale_lock.py": "a" * 64}},
        "target": {
            "environment": "production",
            "service": voice.text("shop-orders", 200) or "shop-orders",
            "identity": voice.text("pid 812 since 2026-03-01T09:12:04Z", 300),
        },
        "precondition": {"tool": "shop_lock", "call": look, "expect": "equals false", "holds": True},
        "verification": {"tool": "shop_pool", "call": _request(), "expect": "at most 8", "settle_s": 4.0},
        "undo": {"tool": "put_back_lock", "arguments": {}, "call": look}
        if count
        else {"none": "nothing to undo"},
        "policy": {
            "risk": "low",
            "signatures": 1,
            "time_to_sign_s": 1800,
            "pinned": False,
            "rule": "low in production",
            "asks": "2 of N3: 1 of database and 1 of security",
            "reason": True,
            "when_alone_s": 900,
        },
    }


def tool(voice: Voice, kind: ToolKind = ToolKind.ACTION) -> Tool:
    """An action with an argument of every type."""
    return Tool(
        name="clear_stale_lock",
        kind=kind,
        title=voice.text("Clear the pool's stale lock", 500) or "Clear",
        does=voice.text("Moves the lock file away after making sure that its holder is dead.", 500)
        or "It does.",
        runner="command",
        call={},
        arguments=(
            Argument("shop", "reference", voice.text("Which shop", 300), inventory="shops"),
            Argument("how", "enum", choices=("softly", voice.word("at-once", 60))),
            Argument("among", "enum", choices=(voice.word("a-choice-that-is-shown-nowhere-whole", 200),)),
            Argument("at_most", "integer", minimum=1, maximum=9, default=3),
            Argument("note", "pattern", voice.text("A note", 300), pattern=voice.word("[a-z ]+", 400)),
            Argument("force", "boolean", default=False),
        ),
        timeout_s=10,
        output_cap=16_384,
        environments=(voice.word("production", 200),),
        services=(voice.word("shop-orders", 200),),
        owner=voice.text("team-shop", 500) or "team",
        entry={},
    )


def form(voice: Voice, **changes: Any) -> Form:  # noqa: ANN401  # fields of Form, by name
    """The form of that action, for no incident yet."""
    incidents = [incident(voice, id=12 + n) for n in range(voice.many(2, 120))]
    rows = [f"shop-{n}" for n in range(voice.many(2, 90))]
    return replace(Form(tool(voice), incidents, None, {"shop": rows}), **changes)


def _request() -> dict[str, object]:
    return {
        "method": "GET",
        "url": "http://shop.internal/health",
        "headers": {"Accept": "application/json"},
        "body": None,
    }


def proposal(voice: Voice, **changes: Any) -> Proposal:  # noqa: ANN401  # fields of Proposal, by name
    """Prepared, and waiting for one signature."""
    whole = plan(voice)
    made = Proposal(
        id=7,
        incident_id=12,
        tool="clear_stale_lock",
        arguments={"shop": "shop-1"},
        proposer=ON_CALL,
        state=ProposalState.PROPOSED,
        risk=Risk.LOW,
        signatures_needed=1,
        created_at=ago(4),
        sign_by=NOW + timedelta(minutes=26),
        plan=whole,
        digest=digest(whole),
        why=voice.text("The last incident of this kind was ended by clearing the lock."),
        before=voice.text("false"),
        before_verdict="faulty",
    )
    return replace(made, **changes)


def sign_off(person: Person = N3_A, signed: bool = True) -> SignOff:
    return SignOff(7, person, "d" * 64, signed, ago(2))


def review(voice: Voice, verdict: str = "") -> Review:
    """What N3 A signed alone in the night; looked at by N3 B, if so."""
    said = {"verdict": verdict, "by": N3_B.key, "at": NOW} if verdict else {}
    reason = voice.text("The shop is down and nobody else answers.", 500)
    return Review(7, N3_A, reason, ago(600), ago(5), True, **said)  # type: ignore[arg-type]  # by name


def execution(voice: Voice, code: int | None = 0) -> Execution:
    """A run that ended, with its output."""
    said = voice.text("moved /srv/shop/pool.lock to /srv/shop/pool.lock.cleared-1772366400")
    return Execution(7, "fence", ago(1), ago(0.9), code, said, voice.text(""))


def ended(voice: Voice, outcome: Outcome, state: ProposalState = ProposalState.SUCCEEDED) -> Proposal:
    """Run and verified."""
    return proposal(voice, state=state, outcome=outcome, after=voice.text("true"))


def summary(voice: Voice, confirmed: bool = False, document: str = "") -> Summary:
    """What was learned, as a draft or confirmed."""
    over = incident(voice, state=IncidentState.RESOLVED, resolved_at=ago(1), resolved_by="source")
    text = draft(over, alerts(voice), diagnosis(voice), [ended(voice, Outcome.FIXED)])
    by = ON_CALL.key if confirmed else ""
    return Summary(12, text, voice.text("stale-lock", 60), ago(1), NOW if confirmed else None, by, document)


def passage(voice: Voice, number: int = 1) -> Passage:
    """A piece of a runbook."""
    return Passage(
        id=f"runbooks/{voice.word('orders-stuck', 500)}#{number}@abcd1234"[:640],
        document_id=voice.word("runbooks/shop-orders-stuck", 300),
        title=voice.text("Orders are stuck", 2000),
        kind="runbook",
        heading=tuple(voice.text(part, 2000) for part in ("Orders are stuck", "What to do")),
        text=voice.text(
            "1. Look whether the holder of the lock lives.\n2. Clear the lock once it is dead.\n"
        ),
        place="lines 12-18",
        version="abcd1234",
        origin="person",
        superseded=voice.name == "hostile",
    )


def passages(voice: Voice) -> list[Passage]:
    return [passage(voice, number) for number in range(1, voice.many(3, 5) + 1)]


def change(voice: Voice, by: tuple[Person, ...] = ()) -> Change:
    """A changed catalogue that waits; the huge one is as long as a modal can show."""
    said = {"empty": " ", "huge": "risk: high  # was low\n" * 900}.get(voice.name, voice.text("risk: high"))
    sections = ({"catalogue.yaml, action fix": text.split("\n")} for text in ("risk: low", said))
    shown = difference(*sections)[:24_000]
    offer = Adopted(4, "catalogue", "d" * 64, _files(said), NOW, tuple(p.key for p in by))
    return Change(offer, shown, 1 + len(by))


def long_change() -> Change:
    """A difference that is too long for a modal: all of it goes out as a file."""
    made = change(ORDINARY)
    lines = {f"catalogue.yaml, action fix_{n}": [f"risk: {n}"] * 90 for n in range(40)}
    return replace(made, difference=difference({}, lines))


def overview(voice: Voice, **changes: Any) -> Overview:  # noqa: ANN401  # fields of Overview, by name
    """What is going on: an incident of mine, one of nobody, and what waits for N3."""
    count, title = voice.many(2, 60), voice.text(TITLE)
    mine = [incident(voice, id=12 + n) for n in range(count)]
    nobody = [incident(voice, id=200 + n, assignee="") for n in range(count)]
    proposed = [proposal(voice, id=7 + n, incident_id=12 + n, signatures_needed=2) for n in range(count)]
    others = [replace(p, id=300 + p.id, proposer=N3_B) for p in proposed]
    ended = (ProposalState.REJECTED, ProposalState.EXPIRED, ProposalState.FAILED, ProposalState.UNKNOWN)
    over = [
        proposal(voice, id=600 + n, incident_id=600 + n, state=state, reason=voice.text("It timed out."))
        for n, state in enumerate(ended if count else ())
    ]
    offers = [replace(change(voice).offer, id=n, at=ago(20)) for n in range(1, count + 1)]
    newcomers = {Person(TEAM, f"U0NEW{n}"): ago(60) for n in range(count)}
    made = Overview(
        now=NOW,
        open_incidents=[*mine, *nobody],
        proposals=[*proposed, *over],
        waiting=[
            Waiting(p, title, frozenset({N3_B} if n else ())) for n, p in enumerate([*proposed, *others])
        ],
        changes=offers,
        drafts=[incident(voice, id=900 + n, state=IncidentState.RESOLVED) for n in range(count)],
        freeze=None,
        n3=N3({N3_A: None, N3_B: None, **newcomers}),
        policy=Policy(change_signatures=2),
        reviews=[
            (replace(review(voice), proposal_id=p.id, signer=(N3_A, N3_B)[n % 2]), p)
            for n, p in enumerate(proposal(voice, id=50 + n) for n in range(count))
        ],
        held=[HeldNow(incident(voice, id=950 + n), 77 + n, ago(-3)) for n in range(count)],
    )
    return replace(made, **changes)


def frozen(voice: Voice) -> Freeze:
    return Freeze(1, ago(5), ON_CALL.key, voice.text("deploy in progress"))


def _files(content: str) -> str:
    return json.dumps({"catalogue.yaml": content})
