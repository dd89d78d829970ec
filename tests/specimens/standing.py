"""Standing sign-offs: the form, the card, the sheet that is signed, each use, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.copilot.standing import Listed
from bot.copilot.standing_draft import Choice, Draft, Field
from bot.domain.alert import Severity
from bot.domain.proposal import Outcome, ProposalState
from bot.domain.standing import By, Pattern, StandingSignOff, StandingState, Terms, Trigger, Uses
from bot.domain.tool import Argument, Risk, Tool, ToolKind
from bot.sign_off.digest import digest
from bot.sign_off.standing_rendering import fits
from bot.slack.blocks import parts
from bot.slack.blocks import standing as standing_blocks
from bot.slack.blocks.standing_form import form_view
from bot.standing_state import leave_to_people, suspend
from tests.specimens import values
from tests.specimens.desk import Desk
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, View, ordinary, variants
from tests.specimens.voices import Voice

_S = StandingState


def standings() -> Iterator[Specimen]:
    """Message by message, modal by modal."""
    yield from variants("message", "standing", _card, "in force")
    for state in (_S.PROPOSED, _S.SUSPENDED, _S.REVOKED, _S.ENDED):
        yield from ordinary("message", "standing", partial(_card, state=state), state.value)
    yield from ordinary("message", "standing", partial(_card, uses=Uses()), "never used")
    yield from variants("message", "standing_use", _use, "prepared")
    yield from ordinary("message", "standing_use", partial(_use, outcome=Outcome.FIXED), "fixed")
    yield from ordinary("message", "standing_use", partial(_use, state=ProposalState.UNKNOWN), "unknown")
    yield from variants("message", "text", _suspended, "suspended")
    yield from variants("message", "text", _left, "left to people")
    yield from variants("modal", "standing_new", _form)
    yield from variants("modal", "standing_open", partial(_sheet, sign=True))
    yield from variants("modal", "standing_look", partial(_sheet, sign=False))
    yield from variants("modal", "standing_revoke", lambda voice: standing_blocks.revoke_view(made(voice)))
    yield from variants("command", "standing", _listing)
    yield from variants("command", "standing", _candidates, "new")
    yield from ordinary("command", "standing", lambda _v: Desk().answer("standing", "what"), "how")
    yield from ordinary(
        "command", "standing", lambda _v: Desk().answer("standing", "revoke S3 why"), "revoke"
    )


def plan(voice: Voice) -> dict[str, object]:
    """All that the digest covers; the huge one has as many calls as can be signed."""
    one = values.plan(voice)
    case = {
        part: one[part] for part in ("arguments", "call", "precondition", "verification", "undo", "policy")
    }
    if voice.name == "huge":
        case |= {"arguments": {"shop": "shop-1"}, "call": {"argv": ["/usr/bin/clear"], "files": {}}}
    service = voice.text("shop-orders", 60) or "shop-orders"
    cases = [
        case | {"environment": "production", "service": f"{service}{n or ''}"} for n in range(_few(voice))
    ]
    trigger = {"source": "alertmanager", "alert": voice.word("OrdersStandStill", 60)}
    trigger |= {"severity_at_least": "critical", "labels": {"queue": voice.text("slow", 60)}}  # type: ignore[dict-item]  # one of them is a mapping
    return {
        "trigger": trigger,
        "uses": {"in_an_hour": 2, "in_all": 10, "until": "2026-03-31T12:00:00+00:00"},
        "cases": cases,
    } | {part: one[part] for part in ("tool", "entry", "referenced")}


def _few(voice: Voice) -> int:
    return voice.many(2, 12) or 1


def made(voice: Voice, **changes: Any) -> StandingSignOff:  # noqa: ANN401  # fields of StandingSignOff, by name
    """One in force since a day, used twice."""
    trigger = Trigger("alertmanager", voice.word("OrdersStandStill"), Severity.CRITICAL, {"queue": "slow"})
    arguments = {"shop": Pattern(("shop-1",), By.FIXED)}
    services = tuple(voice.text("shop-orders", 300) for _ in range(_few(voice)))
    ends = values.NOW + timedelta(days=29)
    whole = plan(voice)
    assert fits(whole), "what does not fit is never offered to be signed"
    found = StandingSignOff(
        id=3,
        terms=Terms("clear_stale_lock", arguments, services, ("production",), trigger, 2, 10, ends),
        risk=Risk.LOW,
        proposer=values.ON_CALL,
        why=voice.text("It has always helped.", 300),
        state=_S.IN_FORCE,
        created_at=values.ago(1500),
        sign_by=values.NOW + timedelta(days=2),
        round=1,
        active_at=values.ago(1440),
        uses_left=8,
        reason="",
        digest=digest(whole),
        plan=whole,
        basis="b" * 64,
        given_by=(values.N3_A.key,),
        from_proposal=7,
    )
    return replace(found, **changes)


def several(voice: Voice) -> list[Listed]:
    """In force, suspended, waiting: what is not over."""
    states = (_S.IN_FORCE, _S.SUSPENDED, _S.PROPOSED)
    return [listed(voice, id=n + 1, state=states[n % 3]) for n in range(voice.many(3, 12))]


def listed(voice: Voice, **changes: Any) -> Listed:  # noqa: ANN401  # fields of StandingSignOff, by name
    """The same with its uses and signatures."""
    return Listed(made(voice, **changes), Uses(2, 1, values.ago(30)), (values.N3_A,), 1)


def _card(voice: Voice, *, state: StandingState = _S.IN_FORCE, uses: Uses | None = None) -> Message:
    reason = "" if state in (_S.IN_FORCE, _S.PROPOSED) else voice.text("P7 did not end well.")
    one = replace(listed(voice, state=state, reason=reason), uses=uses or Uses(2, 1, values.ago(30)))
    blocks = standing_blocks.card(one, values.NOW)
    return Message(f"Standing sign-off S3: {state.value}", parts.within_limits(blocks))


def _use(
    voice: Voice, *, state: ProposalState = ProposalState.SIGNED, outcome: Outcome | None = None
) -> Message:
    proposal = values.proposal(voice, state=state, outcome=outcome, standing=3, reason=voice.text("Why not."))
    return Message("S3 is used", parts.within_limits(standing_blocks.use(proposal, made(voice))))


def _suspended(voice: Voice) -> Message:
    rows = Rows()
    suspend(rows.tx, made(voice), voice.text("P7 did not end well."))
    return rows.announced()


def _left(voice: Voice) -> Message:
    rows = Rows()
    leave_to_people(rows.tx, made(voice), 12, voice.text("size: the alert's label is none of those."))
    return rows.announced()


def _form(voice: Voice) -> View:
    """Every kind of argument, each menu as long as it can be."""
    count = voice.many(2, 100) or 1
    texts = [f"{n}{voice.text(' shop-orders', 200)}" for n in range(count)]
    choices = tuple(Choice(f"key-{n}", text, text) for n, text in enumerate(texts))
    menu, one = Field(choices, choices[:1]), Field(choices[:1], choices[:1])
    declared = (
        Argument("shop", "reference", title=voice.text("Shop", 200)),
        Argument("size", "enum", title=voice.text("Size", 200)),
        Argument("note", "pattern"),
    )
    labels = Field((), ()) if voice.name == "empty" else menu
    menus = {"shop": menu, "size": menu, "note": one}
    draft = Draft(values.proposal(voice), tool(declared), menu, menu, labels, menu, menu, menus)
    return form_view(draft)


def tool(arguments: tuple[Argument, ...]) -> Tool:
    """What the catalogue has."""
    where = {"environments": ("production",), "services": ("shop-orders",)}
    texts = {"title": "Clear the lock", "does": "Moves it away.", "owner": "team-shop", "runner": "command"}
    common: dict[str, Any] = {**where, **texts, "call": {}, "timeout_s": 10, "output_cap": 1000, "entry": {}}
    return Tool(name="clear_stale_lock", kind=ToolKind.ACTION, arguments=arguments, **common)


def _sheet(voice: Voice, *, sign: bool) -> View:
    return standing_blocks.sheet(listed(voice), sign=sign)


def _listing(voice: Voice) -> Message:
    states = list(_S)
    every = [listed(voice, id=n + 1, state=states[n % len(states)]) for n in range(voice.many(3, 40))]
    return Desk(standing=every).answer("standing")


def _candidates(voice: Voice) -> Message:
    done = [values.ended(voice, Outcome.FIXED) for _ in range(voice.many(2, 10))]
    return Desk(candidates=done).answer("standing", "new")
