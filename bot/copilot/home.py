"""What one person finds on their Home: what is theirs, what nobody has, and for N3 what waits for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from bot.copilot.overview import HeldNow, Overview, Waiting
from bot.copilot.standing import Listed
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import Freeze, Review
from bot.sign_off.quorum import may_sign, may_speak_for_n3

T = TypeVar("T")
MOST, FEW = 6, 3
"""How many lines of a kind one Home shows, so that all of it fits a hundred blocks; the rest is counted."""
_NEEDS_ME = (
    ProposalState.PROPOSED,
    ProposalState.REJECTED,
    ProposalState.EXPIRED,
    ProposalState.FAILED,
    ProposalState.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """The first of many, and how many more there are."""

    shown: tuple[T, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.shown)


@dataclass(frozen=True, slots=True)
class ToSign:
    """A proposal that waits for signatures; `refusal` says why this person cannot sign it, if so."""

    proposal: Proposal
    title: str
    signed: int
    refusal: str


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A changed catalogue or policy that waits for `needed` N3."""

    id: int
    what: str
    at: datetime
    signed: int
    needed: int
    refusal: str


@dataclass(frozen=True, slots=True)
class ToReview:
    """What one N3 signed alone; `refusal` says why this person cannot judge it, if so."""

    review: Review
    proposal: Proposal
    refusal: str


@dataclass(frozen=True, slots=True)
class Home:
    """One person's Home at the minute `at`. What N3 alone is shown is empty for who is not N3."""

    is_n3: bool
    at: datetime | None
    freeze: Freeze | None
    to_sign: Some[ToSign]
    changes: Some[OpenChange]
    newcomers: Some[tuple[Person, datetime]]
    standing: Some[Listed]
    reviews: Some[ToReview]
    mine: Some[Incident]
    errands: Some[Proposal]
    drafts: Some[Incident]
    nobody: Some[Incident]
    held: Some[HeldNow] = Some()

    @property
    def incidents(self) -> set[int]:
        """The numbers of all incidents that are named."""
        own = (i.id for i in (*self.mine.shown, *self.drafts.shown, *self.nobody.shown))
        for_n3 = *(s.proposal for s in self.to_sign.shown), *(r.proposal for r in self.reviews.shown)
        proposals = (p.incident_id for p in (*self.errands.shown, *for_n3))
        return {*own, *proposals}

    @property
    def mark(self) -> str:
        """The same for two Homes that show the same."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def home_of(seen: Overview, person: Person) -> Home:
    """What this person finds; nothing in it decides who may do what."""
    is_n3, key = person in seen.n3.since, person.key
    to_sign = some(_to_sign(seen, person, waiting) for waiting in seen.waiting) if is_n3 else Some()
    errands = some(_errands(seen, person))
    ages = bool(to_sign) or any(p.state is ProposalState.PROPOSED for p in errands.shown)
    return Home(
        is_n3=is_n3,
        # Ages are shown in minutes, so a Home with one changes each minute, and others do not.
        at=seen.now.replace(second=0, microsecond=0) if ages else None,
        freeze=seen.freeze,
        to_sign=to_sign,
        changes=some(_changes(seen, person), FEW) if is_n3 else Some(),
        newcomers=some(_newcomers(seen), FEW) if is_n3 else Some(),
        standing=some((_lean_standing(one) for one in seen.standing), FEW) if is_n3 else Some(),
        reviews=some(_reviews(seen, person), FEW) if is_n3 else Some(),
        mine=_incidents(i for i in seen.open_incidents if i.assignee == key),
        errands=errands,
        drafts=_incidents(i for i in seen.drafts if i.assignee == key),
        nobody=_incidents(i for i in seen.open_incidents if not i.assignee),
        held=some((replace(one, incident=_still(one.incident)) for one in seen.held), FEW),
    )


def some(found: Iterable[T], most: int = MOST) -> Some[T]:
    """The first few of what was found."""
    every = tuple(found)
    return Some(every[:most], max(0, len(every) - most))


def _incidents(found: Iterable[Incident]) -> Some[Incident]:
    """The most severe first, then the oldest; without what moves at each alert and is not shown."""
    first = some(sorted(found, key=lambda incident: (-incident.severity, incident.id)))
    return replace(first, shown=tuple(_still(incident) for incident in first.shown))


def _still(incident: Incident) -> Incident:
    return replace(incident, changed_at=incident.opened_at, alerts_received=0, rounds=0)


def _to_sign(seen: Overview, person: Person, waiting: Waiting) -> ToSign:
    proposal, signed = waiting.proposal, waiting.signed
    judgement = may_sign(proposal, person, seen.n3, seen.policy, seen.now)
    refusal = "" if judgement.allowed else judgement.reason
    if person in signed:
        refusal = "You have signed it."
    elif not proposal.digest:
        refusal = "It is being prepared."
    elif seen.freeze is not None:
        refusal = refusal or "It cannot be signed while execution is frozen."
    return ToSign(_lean(proposal), waiting.title, len(signed), refusal)


def _changes(seen: Overview, person: Person) -> Sequence[OpenChange]:
    judgement = may_speak_for_n3(person, seen.n3, seen.policy, seen.now)
    found = []
    for offer in seen.changes:
        refusal = "You have signed it." if person.key in offer.by else judgement.reason
        refusal = "" if person.key not in offer.by and judgement.allowed else refusal
        needed = seen.policy.change_signatures
        found.append(OpenChange(offer.id, offer.what, offer.at, len(offer.by), needed, refusal))
    return found


def _reviews(seen: Overview, person: Person) -> Iterable[ToReview]:
    judgement = may_speak_for_n3(person, seen.n3, seen.policy, seen.now)
    for review, proposal in seen.reviews:
        refusal = "" if judgement.allowed else judgement.reason
        if seen.policy.human(person) == seen.policy.human(review.signer):
            refusal = "You signed it; somebody else of N3 looks at it."
        yield ToReview(review, _lean(proposal), refusal)


def _newcomers(seen: Overview) -> Sequence[tuple[Person, datetime]]:
    """Who joined N3 and waits still, with from when they may sign; the next one first."""
    wait = seen.policy.newcomer_wait
    until = [(person, since + wait) for person, since in seen.n3.since.items() if since is not None]
    waiting = [(person, end) for person, end in until if end > seen.now]
    return sorted(waiting, key=lambda pair: (pair[1], pair[0].key))


def _errands(seen: Overview, person: Person) -> Sequence[Proposal]:
    """This person's proposals in open incidents that wait or came to nothing, but for those replaced."""
    newest = {(p.incident_id, p.tool): p.id for p in sorted(seen.proposals, key=lambda p: p.id)}
    mine = (p for p in seen.proposals if p.proposer == person and p.state in _NEEDS_ME and p.standing is None)
    current = (_lean(p) for p in mine if newest[p.incident_id, p.tool] == p.id)
    return sorted(current, key=lambda p: (p.state is not ProposalState.UNKNOWN, -p.id))


def _lean_standing(one: Listed) -> Listed:
    """Without the plan, which a Home does not show."""
    return replace(one, standing=replace(one.standing, plan={}))


def _lean(proposal: Proposal) -> Proposal:
    """Without the plan, which a Home does not show."""
    return replace(proposal, plan=None, arguments={}, before="", after="")
