"""What must happen, written a second time from the design alone: no product code, no store, plain values.

Times are minutes. `verdict` is "yes", or the rule that says no.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

DAY = 24 * 60
TO_SIGN, TO_EXECUTE, NEWCOMER_WAIT = 10, 5, DAY
WAITING = ("proposed", "signed")
UNKNOWN = "unknown"  # nobody saw how it ended
ENDED = ("succeeded", "failed", UNKNOWN)

Plan = tuple[int, str, int, tuple[str, ...]]
"""What a signature covers: the argument, the program in force, how many must sign, the target's identity.

The identity is read twice, by the pre-condition's check and after that by the verification's.
"""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal. `rejected_by` stays empty when the executor, not a person, refused it.

    `fired_by` is the service and incident whose alert made it; empty where a person did.
    """

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
    made: int = 0
    outcome: str = ""
    fired_by: str = ""

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


@dataclass(frozen=True, slots=True)
class Standing:
    """The one standing sign-off: `plan` is the program and the signatures it was built from."""

    proposer: str
    plan: tuple[str, int]
    sign_by: int
    ends: int
    per_hour: int
    in_all: int
    state: str = "proposed"
    signers: frozenset[str] = frozenset()
    active: int = 0
    uses: tuple[int, ...] = ()

    @property
    def left(self) -> int:
        return self.in_all - len(self.uses)


class Known(dict[str, int | None]):
    """A dictionary that a frozen value may hold."""

    def __hash__(self) -> int:  # type: ignore[override]  # never changed once it is made
        return hash(frozenset(self.items()))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decides. `known` is N3 as last seen, each with since when (None: from the start).

    `starts` says when each run was claimed; `alerted` of each service its last alert and how many incidents.
    """

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
    starts: tuple[int, ...] = ()
    standing: Standing | None = None
    alerted: tuple[tuple[str, int, int], ...] = ()

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
    proposal, standing = state.of(number), state.standing
    given = standing.signers if proposal.fired_by and standing else proposal.signers
    return frozenset(w for w in given if w != proposal.proposer and settled(state, w))


def changed(state: State, number: int, /, **values: object) -> State:
    mine = replace(state.of(number), **values)  # type: ignore[arg-type]  # fields of Proposed
    every = (*state.proposals[: number - 1], mine, *state.proposals[number:])
    return replace(state, proposals=every)


# -- what people do


def propose(state: State, who: str, value: int) -> Answer:
    same = [p for p in state.proposals if p.value == value and not p.fired_by]
    if any(p.state in (*WAITING, "executing") for p in same):
        return state, "it is proposed already"
    if any(p.state == UNKNOWN for p in same):
        return state, "nobody knows yet whether it took effect"
    plan = (value, state.program, state.needed, (state.identity, state.identity))
    made = Proposed(value, who, plan, state.now + TO_SIGN, made=state.now)
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
    # It is verified anew in that light.
    return changed(state, number, state="succeeded" if took_effect else "failed", outcome=""), "yes"


def verify(state: State, number: int, well: bool) -> Answer:
    """The signed check is read again: all is well now, or it is not."""
    proposal = state.of(number)
    if proposal.state not in ENDED or proposal.outcome:
        return state, "there is nothing to verify"
    outcome = "not fixed"
    if well:
        outcome = "fixed" if proposal.state == "succeeded" else "cannot tell"
    return changed(replace(state, stored=state.now), number, outcome=outcome), "yes"


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
