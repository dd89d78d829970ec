"""Direct messages: what somebody of N3 is told of a signature that waits, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from bot.domain.person import Person
from bot.domain.proposal import ProposalState, SignOff
from bot.sign_off.calling import Call, Why
from bot.slack.blocks import calling as calling_blocks
from bot.slack.blocks import parts
from tests.specimens import values
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.voices import Voice

_REFUSED = "A destructive action needs people from the pinned list in vigie.toml."
_SIGNED, _REJECTED = (values.sign_off(),), (values.sign_off(signed=False),)
_STATES = ProposalState


def direct() -> Iterator[Specimen]:
    """Each reason to be told, and each way in which it is over."""
    yield from variants("direct", "call", _call, "first")
    for state, draw in {
        "next": partial(_call, why=Why.NEXT),
        "reminder": partial(_call, why=Why.REMINDER),
        "may not sign": partial(_call, refusal=_REFUSED),
        "has signed": partial(_call, given=_SIGNED, needed=2),
        "signed": partial(_call, given=_SIGNED, state=_STATES.SIGNED),
        "rejected": partial(_call, given=_REJECTED, state=_STATES.REJECTED),
        "expired": partial(_call, state=_STATES.EXPIRED),
    }.items():
        yield from ordinary("direct", "call", draw, state)


def _call(
    voice: Voice,
    *,
    why: Why = Why.FIRST,
    refusal: str = "",
    given: Sequence[SignOff] = (),
    needed: int = 1,
    state: ProposalState = ProposalState.PROPOSED,
    person: Person = values.N3_A,
) -> Message:
    call = Call(person, why, values.ago(3))
    made = values.proposal(voice, state=state, signatures_needed=needed)
    blocks = calling_blocks.call(call, made, values.incident(voice), given, refusal)
    return Message(parts.fallback(calling_blocks.headline(call, made)), parts.within_limits(blocks))
