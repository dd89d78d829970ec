"""What must happen, written a second time from the design alone: no product code, no store, plain values.

Times are minutes. `verdict` is "yes", or the rule that says no.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

TO_SIGN, TO_EXECUTE, NEWCOMER_WAIT = 10, 5, 24 * 60
WAITING = ("proposed", "signed")
UNKNOWN = "unknown"  # nobody saw how it ended

Plan = tuple[int, str, int, tuple[str, ...]]
"""What a signature covers: the argument, the program in force, how many must sign, the target's identity.

The identity is read twice, by the pre-condition's check and after that by the verification's.
"""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal. `rejected_by` stays empty when the executor, not a person, refused it."""

    value: int
    proposer: str
    plan: Plan
    sign_by: int
    state: str = "proposed"
    execute_by: int | None = None
    signers: frozenset[str] = frozenset()
    rejected_by: frozenset[str] = frozenset()
    runs: int = 0
    stopping: bool = False

    @property
    def needed(self) -> int:
        return self.plan[2]


@dataclass(frozen=True, slots=True)
class Work:
    """A worker on a proposal, by number: what was in force when it read, what it saw of the target so far."""

    proposal: int
    program: str
    needed: int
    seen: tuple[str, ...]
    at: str = "looks"


class Known(dict[str, int | None]):
    """A dictionary that a frozen value may hold."""

    def __hash__(self) -> int:  # type: ignore[override]  # never changed once it is made
        return hash(frozenset(self.items()))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decides. `known` is N3 as last seen, each with since when (None: from the start)."""

    clock: int = 0
    stored: int = 0
    n3: frozenset[str] = frozenset({"A", "B"})
    reachable: bool = True
    known: Known = field(default_factory=lambda: Known({"A": None, "B": None}))
    frozen: bool = False
    program: str = "/act"
    needed: int = 1
    offered_program: str | None = None
    offered_needed: int | None = None
    identity: str = "one"
    proposals: tuple[Proposed, ...] = ()
    workers: tuple[Work | None, ...] = (None, None)

    @property
    def now(self) -> int:
        return max(self.clock, self.stored)

    def of(self, number: int) -> Proposed:
        return self.proposals[number - 1]


Answer = tuple[State, str]


def note(state: State) -> State:
    """Who is N3 is read and kept; whoever is new counts from now on."""
    known = {who: state.known.get(who, state.now) if who in state.known else state.now for who in state.n3}
    return replace(state, known=Known(known), stored=state.now)


def settled(state: State, who: str) -> bool:
    """Of N3, and for long enough."""
    if who not in state.known:
        return False
    since = state.known[who]
    return since is None or state.now >= since + NEWCOMER_WAIT


def signs(state: State, number: int) -> frozenset[str]:
    """Whose signature counts at this moment."""
    proposal = state.of(number)
    return frozenset(w for w in proposal.signers if w != proposal.proposer and settled(state, w))


def changed(state: State, number: int, /, **values: object) -> State:
    mine = replace(state.of(number), **values)  # type: ignore[arg-type]  # fields of Proposed
    every = (*state.proposals[: number - 1], mine, *state.proposals[number:])
    return replace(state, proposals=every)


# -- what people do


def propose(state: State, who: str, value: int) -> Answer:
    if any(p.value == value and p.state in (*WAITING, "executing") for p in state.proposals):
        return state, "it is proposed already"
    if any(p.value == value and p.state == UNKNOWN for p in state.proposals):
        return state, "nobody knows yet whether it took effect"
    plan = (value, state.program, state.needed, (state.identity, state.identity))
    made = Proposed(value, who, plan, state.now + TO_SIGN)
    return replace(state, proposals=(*state.proposals, made), stored=state.now), "yes"


def edit(state: State, who: str, number: int, value: int) -> Answer:
    """Other arguments are another proposal of whoever chose them, and the old one is over."""
    if state.of(number).state != "proposed":
        return state, "it waits for no signature"
    state, rule = propose(state, who, value)
    return (changed(state, number, state="rejected") if rule == "yes" else state), rule


def sign(state: State, who: str, number: int, shown: bool = True) -> Answer:
    """`shown`: they were shown what is recorded."""
    if not state.reachable:
        return state, "nobody knows who is N3"
    state = note(state)
    proposal = state.of(number)
    for holds, rule in (
        (who != proposal.proposer, "the proposer never signs"),
        (settled(state, who), "only N3 signs, and nobody in their first day"),
        (proposal.state == "proposed", "it waits for no signature"),
        (state.now < proposal.sign_by, "the time to sign is over"),
        (shown, "something else was shown"),
        (not state.frozen, "frozen"),
        (who not in proposal.signers, "it counts once"),
    ):
        if not holds:
            return state, rule
    state = changed(state, number, signers=proposal.signers | {who})
    if len(signs(state, number)) >= max(proposal.needed, state.needed):
        state = changed(state, number, state="signed", execute_by=state.now + TO_EXECUTE)
    return state, "yes"


def reject(state: State, who: str, number: int) -> Answer:
    if not state.reachable:
        return state, "nobody knows who is N3"
    state = note(state)
    proposal = state.of(number)
    if who not in state.n3 and who != proposal.proposer:
        return state, "only N3 and the proposer reject"
    if proposal.state not in WAITING:
        return state, "it does not wait any more"
    return changed(state, number, state="rejected", rejected_by=proposal.rejected_by | {who}), "yes"


def stop(state: State, who: str, number: int) -> Answer:
    """Want what runs to end; its own people can, and N3 however new."""
    proposal = state.of(number)
    if who != proposal.proposer and not state.reachable:
        return state, "nobody knows who is N3"
    state = replace(state, stored=state.now)
    if who != proposal.proposer and who not in state.n3:
        return state, "only N3 and the proposer stop it"
    if proposal.state != "executing" or proposal.stopping:
        return state, "there is nothing to stop"
    return changed(state, number, stopping=True), "yes"


def settle(state: State, who: str, number: int, took_effect: bool) -> Answer:
    """Somebody has looked whether it took effect, and says so for good."""
    if not state.reachable:
        return state, "nobody knows who is N3"
    state = note(state)
    if not settled(state, who):
        return state, "only N3 settles it"
    if state.of(number).state != UNKNOWN:
        return state, "there is nothing to settle"
    return changed(state, number, state="succeeded" if took_effect else "failed"), "yes"


def freeze(state: State, who: str) -> Answer:
    return replace(state, frozen=True, stored=state.now), "yes"


def unfreeze(state: State, who: str) -> Answer:
    if not state.reachable:
        return state, "nobody knows who is N3"
    state = note(state)
    if not settled(state, who):
        return state, "only N3 lifts a freeze"
    return (replace(state, frozen=False), "yes") if state.frozen else (state, "nothing is frozen")


def offer_program(state: State, content: str) -> Answer:
    """The catalogue's file says something; alone it changes nothing."""
    offered = None if content == state.program else content
    return replace(state, offered_program=offered, stored=state.now), "yes"


def offer_needed(state: State, content: int) -> Answer:
    """The same for the policy."""
    offered = None if content == state.needed else content
    return replace(state, offered_needed=offered, stored=state.now), "yes"


def adopt(state: State, who: str, what: str) -> Answer:
    """Somebody signs what is offered."""
    if not state.reachable:
        return state, "nobody knows who is N3"
    state = note(state)
    if not settled(state, who):
        return state, "only N3 signs a change"
    program, needed = state.offered_program, state.offered_needed
    if what == "catalogue" and program is not None:
        return replace(state, program=program, offered_program=None), "yes"
    if what == "policy" and needed is not None:
        return replace(state, needed=needed, offered_needed=None), "yes"
    return state, "nothing is offered"


# -- what time and the machine do


def tick(state: State, minutes: int) -> Answer:
    """Time passes (or a clock is set back), and Vigie looks who is N3."""
    state = replace(state, clock=state.clock + minutes)
    return (note(state) if state.reachable else state), "yes"


def expire(state: State) -> Answer:
    due, before = state, state.now
    for number, p in enumerate(state.proposals, 1):
        ends = {"proposed": p.sign_by, "signed": p.execute_by}.get(p.state)
        if ends is not None and before >= ends:
            due = replace(changed(due, number, state="expired"), stored=before)
    return due, "yes"


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
    ends = "succeeded" if proposal.state in ("executing", UNKNOWN) else proposal.state
    return changed(state, number, state=ends), "yes"


def _claim(state: State, worker: int, work: Work) -> Answer:
    if not state.reachable:
        return _at(state, worker, None), "nobody knows who is N3"
    state = note(state)
    broken = unsafe(state, work)
    if not broken and any(p.state == "executing" for p in state.proposals):
        return _at(state, worker, None), "one at a time"
    if not broken:
        state = changed(state, work.proposal, state="executing")
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
    return [rule for holds, rule in rules if not holds]


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
