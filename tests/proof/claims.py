"""What a worker may do with a proposal, and when: the second half of the reference, from the design alone."""

from __future__ import annotations

from dataclasses import replace

from tests.proof.reference import UNKNOWN, Answer, State, Work, changed, note, signs
from tests.proof.standing import before_use, refusals, used

HOUR, PER_HOUR = 60, 3
"""Runs that the action's entry allows within an hour."""


def begin(state: State, worker: int, number: int) -> Answer:
    """A worker reads the proposal and looks at the target; only what is signed is taken up."""
    if state.of(number).state != "signed":
        return state, "it is not signed"
    return _at(state, worker, Work(number, state.program, state.needed, (state.identity,))), "yes"


def go_on(state: State, worker: int) -> Answer:
    """Its next step: look once more, claim, act, or write how it ended."""
    work = state.workers[worker]
    assert work is not None
    number, proposal = work.proposal, state.of(work.proposal)
    if work.at == "looks":
        return _at(state, worker, replace(work, seen=(*work.seen, state.identity), at="looked")), "yes"
    if work.at == "looked":
        return _claim(state, worker, work)
    if proposal.stopping and work.at in ("claimed", "acted"):
        state = _at(replace(state, stored=state.now), worker, None)
        rule = "yes" if work.at == "acted" else "stopped before it acted"
        return (changed(state, number, state=UNKNOWN) if proposal.state == "executing" else state), rule
    if work.at == "claimed":
        state = changed(state, number, runs=proposal.runs + 1)
        return _at(state, worker, replace(work, at="acted")), "yes"
    state = _at(replace(state, stored=state.now), worker, None)
    # It may have been given up meanwhile; what a person has said of it stays.
    if proposal.state in ("executing", UNKNOWN):
        state = changed(state, number, state="succeeded", outcome="")
    return state, "yes"


def _claim(state: State, worker: int, work: Work) -> Answer:
    if not state.reachable:
        return _at(state, worker, None), "nobody knows who is N3"
    state = note(state)
    state, waits = before_use(state, work.proposal)
    if waits:
        return _at(state, worker, None), "an earlier use is not verified"
    broken = unsafe(state, work)
    if not broken and sum(start > state.now - HOUR for start in state.starts) >= PER_HOUR:
        broken = ["spent for the hour"]
    if not broken and any(p.state == "executing" for p in state.proposals):
        return _at(state, worker, None), "one at a time"
    if not broken:
        state = used(changed(state, work.proposal, state="executing"), work.proposal)
        state = replace(state, starts=(*state.starts, state.now))
        return _at(state, worker, replace(work, at="claimed")), "yes"
    proposal, state = state.of(work.proposal), _at(state, worker, None)
    if not state.frozen and proposal.state == "signed":
        late = proposal.execute_by is not None and state.now >= proposal.execute_by
        state = changed(state, work.proposal, state="expired" if late else "rejected")
    return state, broken[0]


def unsafe(state: State, work: Work) -> list[str]:
    """Every rule that forbids this worker to act now; it acts only where there is none."""
    proposal = state.of(work.proposal)
    needed = max(proposal.needed, state.needed)
    fresh = (proposal.value, state.program, state.needed, work.seen)
    rules = (
        (proposal.state == "signed" and not proposal.runs, "it runs at most once, and only signed"),
        (not proposal.rejected_by, "a rejection wins"),
        (not state.frozen, "frozen"),
        (proposal.execute_by is not None and state.now < proposal.execute_by, "the time is over"),
        (proposal.plan == fresh, "not what was signed"),
        ((work.program, work.needed) == (state.program, state.needed), "it was judged by what held before"),
        (len(signs(state, work.proposal)) >= needed, "no quorum"),
    )
    return [*refusals(state, work), *(rule for holds, rule in rules if not holds)]


def crash(state: State, worker: int) -> Answer:
    """kill -9: what it had in mind is gone, what was written stays."""
    return _at(state, worker, None), "yes"


def restart(state: State) -> Answer:
    """An executor starts: what nobody saw end is unknown, and never repeated."""
    for number, proposal in enumerate(state.proposals, 1):
        if proposal.state == "executing":
            state = changed(state, number, state=UNKNOWN)
    return replace(state, stored=state.now), "yes"


def _at(state: State, worker: int, work: Work | None) -> State:
    workers = list(state.workers)
    workers[worker] = work
    return replace(state, workers=tuple(workers))
