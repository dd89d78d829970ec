"""What must happen with a standing sign-off: part of the reference, written from the design alone.

There is one, proposed after an action that helped, for the alerts of `SERVICES`; each has its own incident.
"""

from __future__ import annotations

from dataclasses import replace

from tests.proof.reference import UNKNOWN, Answer, Proposed, Standing, State, Work, note, settled

SERVICES = ("cart", "stock")
VALUE, TO_EXECUTE, HOUR = 3, 5, 60
LONG = 12 * HOUR
LIVES = ("proposed", "in force", "suspended")


def give(state: State, who: str) -> Answer:
    """Somebody opens it and signs all of it, as it is now."""
    if not state.reachable or state.standing is None:
        return state, "nobody knows who is N3"
    state = note(state)
    waits = state.standing is not None and state.standing.state in ("proposed", "suspended")
    if waits and state.standing and state.standing.plan != (state.program, state.needed):
        # What was signed of it is void.
        state = _now(state, plan=(state.program, state.needed), signers=frozenset())
    standing = state.standing
    assert standing is not None
    for holds, rule in (
        (who != standing.proposer, "the proposer never signs"),
        (settled(state, who), "only N3 signs, and nobody in their first day"),
        (waits, "it waits for no signature"),
        (not _under_way(state), "a use of it is not verified yet"),
        (standing.state != "proposed" or state.now < standing.sign_by, "the time to sign is over"),
        (state.now < standing.ends, "its time is over"),
        (not state.frozen, "frozen"),
        (who not in standing.signers, "it counts once"),
    ):
        if not holds:
            return state, rule
    signers = standing.signers | {who}
    state = _now(state, signers=signers)
    if _counting(state, signers) >= state.needed:
        state = _now(state, state="in force", active=state.now)
    return state, "yes"


def revoke(state: State, who: str) -> Answer:
    """Any of N3, however new, and at once."""
    if not state.reachable or state.standing is None:
        return state, "nobody knows who is N3"
    state = note(state)
    if who not in state.n3:
        return state, "only N3 revokes"
    assert state.standing is not None
    if state.standing.state not in LIVES:
        return state, "it is over"
    return _now(state, state="revoked"), "yes"


def fire(state: State, service: str) -> Answer:
    """An alert of its kind comes: what was signed in advance is proposed, once for an incident."""
    last, count = {name: (at, count) for name, at, count in state.alerted}.get(service, (0, 0))
    if not count or state.now - last >= LONG:
        count += 1  # what fires again after so long is another incident
    others = tuple(one for one in state.alerted if one[0] != service)
    state = replace(state, stored=state.now, alerted=(*others, (service, state.now, count)))
    standing, incident = state.standing, f"{service} {count}"
    if standing is None or state.frozen or any(p.fired_by == incident for p in state.proposals):
        return state, "yes"
    if standing.state == "in force" and state.now < standing.ends and standing.left > 0:
        plan = (VALUE, state.program, state.needed, (state.identity, state.identity))
        made = Proposed(
            VALUE,
            standing.proposer,
            plan,
            state.now + 10,
            state="signed",
            execute_by=state.now + TO_EXECUTE,
            made=state.now,
            fired_by=incident,
        )
        state = replace(state, proposals=(*state.proposals, made))
    return state, "yes"


def watch(state: State) -> Answer:
    """Vigie looks after it: what is over ends, what is in doubt is not used until it is signed anew."""
    standing = state.standing
    if standing is None or standing.state not in LIVES:
        return state, "yes"
    in_force = standing.state == "in force"
    if state.now >= standing.ends or (in_force and standing.left <= 0):
        return _now(state, state="ended"), "yes"
    if standing.state == "proposed" and state.now >= standing.sign_by:
        return _now(state, state="expired"), "yes"
    lacking = _counting(state, standing.signers) < state.needed
    other = standing.plan != (state.program, state.needed)
    if in_force and (lacking or other or _went_badly(state)):
        return _suspended(state), "yes"
    return state, "yes"


def before_use(state: State, number: int) -> tuple[State, bool]:
    """What claiming a use of it does first, and whether the use has to wait."""
    standing = state.standing
    if standing is None or not state.of(number).fired_by:
        return state, False
    if _under_way(state):
        return state, True
    other = standing.plan != (state.program, state.needed)
    return (_suspended(state) if _went_badly(state) or other else state), False


def refusals(state: State, work: Work) -> list[str]:
    """Every rule of the standing sign-off that forbids this use now; none for what people signed."""
    standing = state.standing
    if standing is None or not state.of(work.proposal).fired_by:
        return []
    rules = (
        (standing.state == "in force", "it is not in force"),
        (state.now < standing.ends, "its time is over"),
        (standing.left > 0, "it was used as often as N3 allowed"),
        (standing.plan == (state.program, state.needed), "it stands for something else"),
        (standing.plan == (work.program, work.needed), "this call is none of those that were signed"),
        (sum(use > state.now - HOUR for use in standing.uses) < standing.per_hour, "used up for the hour"),
        (not _went_badly(state) and not _under_way(state), "an earlier use has not been seen to help"),
    )
    return [rule for holds, rule in rules if not holds]


def used(state: State, number: int) -> State:
    """A claim takes one of its uses."""
    if state.standing is None or not state.of(number).fired_by:
        return state
    return _now(state, uses=(*state.standing.uses, state.now))


def is_bad(proposal: Proposed, standing: Standing) -> bool:
    """A use since it was given last that did not help for sure."""
    bad = proposal.state in ("failed", UNKNOWN) or proposal.outcome in ("not fixed", "cannot tell")
    return bool(proposal.fired_by) and bad and proposal.made >= standing.active


def _went_badly(state: State) -> bool:
    return any(is_bad(p, state.standing) for p in state.proposals if state.standing)


def _under_way(state: State) -> bool:
    """A use has started and is not verified: the next one waits for what it shows."""
    uses = [p for p in state.proposals if p.fired_by]
    return any(p.state == "executing" or (p.state == "succeeded" and not p.outcome) for p in uses)


def _suspended(state: State) -> State:
    if state.standing is None or state.standing.state != "in force":
        return state
    return _now(state, state="suspended", signers=frozenset())


def _counting(state: State, signers: frozenset[str]) -> int:
    proposer = state.standing.proposer if state.standing else ""
    return sum(who != proposer and settled(state, who) for who in signers)


def _now(state: State, /, **values: object) -> State:
    assert state.standing is not None
    changed = replace(state.standing, **values)  # type: ignore[arg-type]  # fields of Standing
    return replace(state, standing=changed, stored=state.now)
