"""Standing sign-offs in people's hands: proposed by one, signed by N3, revoked by any of N3 at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.copilot.part import Part, refusal
from bot.copilot.standing_draft import Draft, Wish, draft_of, terms_of
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.standing import NewStanding, StandingSignOff, StandingState, Uses
from bot.domain.store import Tx
from bot.errors import ArgumentRefused, CatalogueError, Refused
from bot.in_force import InForce
from bot.membership import known_n3, note_membership
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, Judgement
from bot.sign_off.standing import (
    TIME_TO_SIGN,
    givers,
    may_be_given,
    may_be_signed,
    may_give,
    needed_of,
    still_lacking,
    under_way,
)
from bot.sign_off.standing_rendering import fits
from bot.standing_state import announce_standing, announce_standing_to, end, tell


@dataclass(frozen=True, slots=True)
class Listed:
    """A standing sign-off as people see it: its uses, who has signed it so far, how many must."""

    standing: StandingSignOff
    uses: Uses
    signed: tuple[Person, ...]
    needed: int


class Standing(Part):
    """What people do with standing sign-offs; what they do by themselves is in `bot/stages/stand.py`."""

    def draft(self, proposal_id: int) -> Draft:
        """The form to propose one, filled in from an action that verifiably helped.

        Raises:
            Refused: the action has not helped, or nothing like it may run by itself.
        """
        with self._store.read() as tx:
            return draft_of(tx, self._in_force, _that_helped(tx, proposal_id))

    def candidates(self) -> list[Proposal]:
        """The newest actions that verifiably helped, from which one can be proposed."""
        with self._store.read() as tx:
            done = tx.proposals.in_states(ProposalState.SUCCEEDED)
            return [p for p in reversed(done) if p.helped and p.standing is None][:10]

    def propose(self, person: Person, proposal_id: int, wish: Wish, event: str = "") -> StandingSignOff:
        """Propose one; N3 are told directly, and whoever proposed it never signs it.

        Raises:
            Refused, ArgumentRefused, CatalogueError: it does not fit what is in force, or its bounds.
        """
        with self._once(event) as tx:
            source = _that_helped(tx, proposal_id)
            draft = draft_of(tx, self._in_force, source)
            terms = terms_of(draft, wish, tx.now)
            tool = self._in_force.tools(tx)[terms.tool]
            judgement = may_be_given(terms, tool, tx.now)
            if not judgement.allowed:
                raise Refused(f"This cannot be a standing sign-off: {judgement.reason}.")
            plan, basis = self._in_force.standing_plan(tx, terms)
            if not fits(plan):
                raise Refused("It is too long to be shown whole; choose fewer services or values.")
            sign_by = tx.now + TIME_TO_SIGN
            new = NewStanding(
                terms, tool.risk, person, wish.why, sign_by, digest(plan), plan, basis, source.id
            )
            made = tx.standing.add(new)
            detail = {"digest": made.digest, "tool": terms.tool, "from": source.label, "why": wish.why}
            tx.audit.append(person.key, "proposed", made.actor, detail)
            announce_standing(tx, made.id)
            self._tell_n3(tx, made)
        return made

    def open(self, person: Person, standing_id: int) -> Listed:
        """Everything that this person may sign, as it is now: what changed since voids what was signed.

        Raises:
            Refused: they may not sign it, or it does not wait.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            n3 = note_membership(tx, current, self._in_force.policy(tx))
            standing = self._fresh(tx, standing_of(tx, standing_id))
            judgement = self._may_sign(tx, person, standing, standing.digest, n3)
            if not judgement.allowed:
                refusal(tx, person, "open to sign", standing.actor, judgement.reason)
            found = self._listed(tx, standing, n3)
        if not judgement.allowed:
            raise Refused(judgement.reason)
        return found

    def look(self, standing_id: int) -> Listed:
        """The same for whoever only looks: as it was signed.

        Raises:
            Refused: there is none of that number.
        """
        with self._store.read() as tx:
            return self._listed(tx, standing_of(tx, standing_id), known_n3(tx))

    def sign(self, person: Person, standing_id: int, shown_digest: str) -> Judgement:
        """Sign what was shown; with enough signatures it is in force from this commit on.

        Raises:
            MembershipUnknown: who is N3 cannot be read, so nobody may sign.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            standing = standing_of(tx, standing_id)
            judgement = self._may_sign(tx, person, standing, shown_digest, n3)
            if not judgement.allowed:
                return refusal(tx, person, "sign", standing.actor, judgement.reason)
            if not tx.standing.sign(standing, person, True):
                return Judgement(False, f"You have signed {standing.label} already; it counts once.")
            tx.audit.append(person.key, "signed", standing.actor, {"digest": standing.digest})
            answer = self._count(tx, standing, n3, policy)
            announce_standing(tx, standing.id)
        self._wake("stand", str(standing_id))
        return answer

    def reject(self, person: Person, standing_id: int, event: str = "") -> Judgement:
        """Reject one that was never in force: any N3 may, and its proposer."""
        current = self._membership.n3()
        with self._once(event) as tx:
            standing = standing_of(tx, standing_id)
            note_membership(tx, current, self._in_force.policy(tx))
            if person not in current and person != standing.proposer:
                reason = "Only N3 or its proposer may reject it."
                return refusal(tx, person, "reject", standing.actor, reason)
            if standing.state is not StandingState.PROPOSED:
                return Judgement(False, f"{standing.label} is {standing.state.value}; revoke it instead.")
            tx.standing.sign(standing, person, False)
            end(tx, standing, StandingState.REJECTED, person.key, "")
        return Judgement(True, f"{standing.label} is rejected.")

    def revoke(self, person: Person, standing_id: int, reason: str, event: str = "") -> Judgement:
        """End it at once: any N3 may, however new; what has started goes on and is named."""
        current = self._membership.n3()
        with self._once(event) as tx:
            standing = standing_of(tx, standing_id)
            note_membership(tx, current, self._in_force.policy(tx))
            if person not in current:
                why_not = "Only N3 may revoke it. Anyone may stop everything: `/vigie freeze`."
                return refusal(tx, person, "revoke", standing.actor, why_not)
            if not end(tx, standing, StandingState.REVOKED, person.key, reason):
                return Judgement(False, f"{standing.label} is {standing.state.value} already.")
            by = f"<@{person.user_id}>"
            tell(tx, standing, f":no_entry: *{standing.label}* was revoked by {by}.", reason)
            running = [
                p for p in tx.proposals.in_states(ProposalState.EXECUTING) if p.standing == standing_id
            ]
        still = f" Still running: {', '.join(p.label for p in running)}." if running else ""
        return Judgement(True, f"{standing.label} is revoked; nothing more runs by it.{still}")

    def listing(self) -> tuple[datetime, list[Listed]]:
        """Every one as of now, those in force first, then those that wait, then the newest that are over."""
        with self._store.read() as tx:
            return tx.now, listing_of(tx, self._in_force)

    def _may_sign(self, tx: Tx, person: Person, standing: StandingSignOff, shown: str, n3: N3) -> Judgement:
        policy = self._in_force.policy(tx)
        judgement = may_give(standing, person, n3, policy, tx.now)
        if not judgement.allowed:
            return judgement
        uses = [p for number in tx.standing.not_well(standing.id) if (p := tx.proposals.get(number))]
        running = under_way(uses)
        if running is not None:
            return Judgement(False, f"{running.label} runs by it and is not verified yet; wait for that.")
        try:
            fresh = digest(self._in_force.standing_plan(tx, standing.terms)[0])
        except (ArgumentRefused, CatalogueError) as error:
            return Judgement(False, f"{standing.label} does not fit the catalogue any more: {error.detail}")
        return may_be_signed(standing, shown, fresh, tx.n3.freeze() is not None, tx.now)

    def _fresh(self, tx: Tx, standing: StandingSignOff) -> StandingSignOff:
        """With its plan built anew where it still waits for signatures."""
        if not standing.state.can_be_signed:
            return standing
        try:
            plan, basis = self._in_force.standing_plan(tx, standing.terms)
        except (ArgumentRefused, CatalogueError):
            return standing
        if digest(plan) != standing.digest:
            tx.standing.rebuilt(standing.id, digest(plan), plan, basis)
            tx.audit.append("vigie", "rebuilt", standing.actor, {"digest": digest(plan)})
            announce_standing(tx, standing.id)
        return standing_of(tx, standing.id)

    def _count(self, tx: Tx, standing: StandingSignOff, n3: N3, policy: Policy) -> Judgement:
        given = tx.standing.sign_offs(standing)
        free = still_lacking(standing, given, n3, policy, tx.now)
        if free:
            return Judgement(True, f"You signed {standing.label}; {len(free)} more signature(s) needed.")
        people = sorted(person.key for person in givers(standing, given, n3, policy, tx.now))
        waits = tuple(state for state in StandingState if state.can_be_signed)
        tx.standing.move(
            standing.id, waits, StandingState.IN_FORCE, active_at=tx.now, given_by=people, reason=""
        )
        detail = {"digest": standing.digest, "given_by": people}
        tx.audit.append("vigie", "in force", standing.actor, detail)
        return Judgement(True, f"You signed {standing.label}; it is in force.")

    def _listed(self, tx: Tx, standing: StandingSignOff, n3: N3) -> Listed:
        return listed(tx, standing, n3, self._in_force.policy(tx))

    def _tell_n3(self, tx: Tx, standing: StandingSignOff) -> None:
        """Whoever may sign it, as N3 was last seen; telling somebody gives them no right."""
        policy, n3 = self._in_force.policy(tx), known_n3(tx)
        for person in sorted(n3.since, key=lambda one: one.key):
            if may_give(standing, person, n3, policy, tx.now).allowed:
                announce_standing_to(tx, standing.id, person.user_id)


def standing_of(tx: Tx, standing_id: int) -> StandingSignOff:
    """The standing sign-off of that number.

    Raises:
        Refused: there is none.
    """
    standing = tx.standing.get(standing_id)
    if standing is None:
        raise Refused(f"There is no standing sign-off S{standing_id}.")
    return standing


def listed(tx: Tx, standing: StandingSignOff, n3: N3, policy: Policy) -> Listed:
    """One as people see it."""
    signers = givers(standing, tx.standing.sign_offs(standing), n3, policy, tx.now)
    people = tuple(sorted(signers, key=lambda person: person.key))
    return Listed(standing, tx.standing.uses(standing.id), people, needed_of(standing, policy))


def listing_of(tx: Tx, in_force: InForce) -> list[Listed]:
    """Every one, those that matter first."""
    n3, policy = known_n3(tx), in_force.policy(tx)
    order = list(StandingState)
    rank = {StandingState.IN_FORCE: -2, StandingState.SUSPENDED: -1}
    every = sorted(tx.standing.every(), key=lambda s: (rank.get(s.state, order.index(s.state)), -s.id))
    return [listed(tx, standing, n3, policy) for standing in every]


def _that_helped(tx: Tx, proposal_id: int) -> Proposal:
    proposal = tx.proposals.get(proposal_id)
    if proposal is None or not proposal.helped or proposal.outcome is not Outcome.FIXED:
        raise Refused("Only what has run, and was verified to have helped, can be done by itself next time.")
    return proposal
