"""Tells N3 by direct message what waits for them; a call is a row, so that nobody is told twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from bot.announcements import (
    announce_call,
    announce_card,
    announce_change_to,
    calls_of,
    proposal_key,
    told_of_change,
)
from bot.copilot.part import Part, proposal_of
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import Adopted
from bot.domain.store import Store, Tx
from bot.errors import MembershipUnknown
from bot.in_force import InForce
from bot.membership import known_n3, note_membership
from bot.sign_off.calling import Call, Pace, to_call, to_tell_of_change, trouble
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3

# What the card of a proposal holds beside its row: why nobody can be told.
TROUBLE, UNREAD = "trouble", "unread"
_KEPT_S = 15.0


class Reading:
    """Who is N3, read for many calls at once: signing needs the same few calls that Slack allows a minute."""

    def __init__(self, membership: Membership, monotonic: Callable[[], float]) -> None:
        self._membership = membership
        self._monotonic = monotonic
        self._lock = Lock()
        self._good_until = float("-inf")

    def n3(self) -> frozenset[Person] | None:
        """The members now; None where they were read moments ago, and are in the rows.

        Raises:
            MembershipUnknown: it cannot be read.
        """
        with self._lock:
            now = self._monotonic()
            if now < self._good_until:
                return None
            current = self._membership.n3()
            self._good_until = now + _KEPT_S
            return current


class Calling(Part):
    """Finds whom to tell by what was last seen of N3, and reads afresh who is N3 before it tells anybody."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        membership: Membership,
        wake: Wake,
        pace: Pace,
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(store, in_force, membership, wake)
        self._pace = pace
        self._reading = Reading(membership, monotonic)

    def due(self, tx: Tx) -> list[str]:
        """Calls that wait to be made, as work; the last number makes each a work of its own."""
        waiting, offers = tx.proposals.in_states(ProposalState.PROPOSED), tx.n3.offers()
        if not waiting and not offers:
            return []
        n3, policy = known_n3(tx), self._in_force.policy(tx)
        work = []
        for proposal in waiting:
            if self._is_due(tx, proposal, n3, policy):
                work.append(f"call:{proposal.id}:{len(calls_of(tx, proposal.id))}")
        for offer in offers:
            told = told_of_change(tx, offer.id)
            if _to_tell(tx, offer, told, n3, policy):
                work.append(f"tell:{offer.id}:{len(told)}")
        return work

    def call(self, proposal_id: int) -> None:
        """Tell whoever is to be told of a proposal at this moment.

        Raises:
            MembershipUnknown: who is N3 cannot be read, so nobody is told; the card says so.
        """
        try:
            current = self._reading.n3()
        except MembershipUnknown:
            self._note_unread(proposal_id)
            raise
        with self._store.begin() as tx:
            proposal, policy = proposal_of(tx, proposal_id), self._in_force.policy(tx)
            n3 = _noted(tx, current, policy)
            calls = self._to_call(tx, proposal, n3, policy)
            # The card first: calls are looked for among the messages after it.
            _say_on_card(tx, proposal, {TROUBLE: _trouble(tx, proposal, n3, policy), UNREAD: False}, calls)
            for call in calls:
                announce_call(tx, proposal, call)
            if calls:
                people = {call.person.key: call.why.value for call in calls}
                tx.audit.append("vigie", "called", proposal.label, {"people": people})

    def tell_of_change(self, offer_id: int) -> None:
        """Tell all of N3 who have not been told of a changed catalogue or policy.

        Raises:
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._reading.n3()
        with self._store.begin() as tx:
            offer, policy = tx.n3.offered(offer_id), self._in_force.policy(tx)
            n3 = _noted(tx, current, policy)
            people = _to_tell(tx, offer, told_of_change(tx, offer_id), n3, policy) if offer else []
            for person in people:
                announce_change_to(tx, offer_id, person)
            if people:
                keys = [person.key for person in people]
                tx.audit.append("vigie", "called", f"change {offer_id}", {"people": keys})

    def note_trouble(self) -> None:
        """Have each card of a waiting proposal say why nobody can be told, or no longer say it."""
        with self._store.read() as tx:
            stale = self._stale(tx)
        if stale:
            with self._store.begin() as tx:
                for proposal, news in self._stale(tx):
                    _say_on_card(tx, proposal, news)

    def _stale(self, tx: Tx) -> list[tuple[Proposal, dict[str, object]]]:
        """Proposals whose card says something else than is true, with what is true."""
        waiting = tx.proposals.in_states(ProposalState.PROPOSED)
        if not waiting:
            return []
        n3, policy = known_n3(tx), self._in_force.policy(tx)
        found = []
        for proposal in waiting:
            said = _said(tx, proposal)
            # That nobody could be called is true as long as somebody is to be.
            unread = bool(said.get(UNREAD)) and self._is_due(tx, proposal, n3, policy)
            news = {TROUBLE: _trouble(tx, proposal, n3, policy), UNREAD: unread}
            if news != {TROUBLE: said.get(TROUBLE, ""), UNREAD: bool(said.get(UNREAD))}:
                found.append((proposal, news))
        return found

    def _note_unread(self, proposal_id: int) -> None:
        with self._store.begin() as tx:
            _say_on_card(tx, proposal_of(tx, proposal_id), {UNREAD: True})

    def _is_due(self, tx: Tx, proposal: Proposal, n3: N3, policy: Policy) -> bool:
        return bool(self._to_call(tx, proposal, n3, policy))

    def _to_call(self, tx: Tx, proposal: Proposal, n3: N3, policy: Policy) -> list[Call]:
        called = calls_of(tx, proposal.id)
        given, frozen = tx.proposals.sign_offs(proposal.id), tx.n3.freeze() is not None
        return to_call(proposal, given, called, n3, policy, self._pace, frozen, tx.now)


def _noted(tx: Tx, current: frozenset[Person] | None, policy: Policy) -> N3:
    return known_n3(tx) if current is None else note_membership(tx, current, policy)


def _said(tx: Tx, proposal: Proposal) -> Mapping[str, object]:
    card = tx.posts.get(proposal_key(proposal.id))
    return (card.content if card else None) or {}


def _say_on_card(tx: Tx, proposal: Proposal, news: Mapping[str, object], calls: Sequence[Call] = ()) -> None:
    """Edit the card where it would say something else: of who was called, or why nobody is."""
    said = _said(tx, proposal)
    if calls or dict(said) | dict(news) != dict(said):
        announce_card(tx, proposal, dict(said) | dict(news))


def _to_tell(tx: Tx, offer: Adopted, told: Sequence[Person], n3: N3, policy: Policy) -> list[Person]:
    signed = [Person.from_key(key) for key in offer.by]
    return to_tell_of_change(told, signed, n3, policy, tx.now)


def _trouble(tx: Tx, proposal: Proposal, n3: N3, policy: Policy) -> str:
    return trouble(proposal, n3, policy, tx.n3.freeze() is not None, tx.now)
