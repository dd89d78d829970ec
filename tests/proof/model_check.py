"""Every order of what people, time, crashes and two workers can do with a proposal, up to a depth.

It begins at each step of the straight way (proposed, signed, looked at, claimed, acted) and goes `depth`
steps away from it in every direction. States are explored, not traces: two histories that lead to the same
state are one. A and B may change places, and so may the two workers; times count from now; what is over
stays over. Each step is played on the real parts and on the reference, which must agree; where a worker
was let through, the reference must find no rule that forbids it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.proof import reference as ref
from tests.proof.claims import unsafe
from tests.proof.gate import Gate
from tests.proof.play import Action, Node, Player
from tests.proof.standing import LIVES, SERVICES, is_bad

OVER = ("rejected", "expired", "succeeded", "failed")
SWAPPED = {"A": "B", "B": "A"}


@dataclass
class Told:
    """What an exploration found. `violations` begin with the history that leads there."""

    depth: int = 0
    states: int = 0
    transitions: int = 0
    executed: int = 0
    refused: int = 0
    violations: list[str] = field(default_factory=list)


def check(
    needed: int,
    depth: int,
    most: int = 5,
    tell: Callable[[str], None] = lambda text: None,
    by_itself: bool = False,
) -> Told:
    """Explore breadth first a proposal that needs `needed` signatures; `most` violations are enough.

    `by_itself`: not one that people sign, but those that run by a standing sign-off.
    """
    told = Told()
    gate, first = (Player.begin_standing if by_itself else Player.begin)(needed)
    with gate.played():
        frontier = list(_straight_way(gate, first, needed, by_itself))
        seen = {key(node.state) for node, _ in frontier}
        while frontier and told.depth < depth and len(told.violations) < most:
            told.depth += 1
            frontier = list(_next(gate, frontier, seen, told, most))
            told.states = len(seen)
            tell(f"depth {told.depth}: {told.states} states, {told.transitions} transitions")
    gate.close()
    return told


History = tuple[Action, ...]
OFFER: Action = ("offer", "catalogue", "/other")
FIRST: History = (("propose", "P", 1), OFFER)
RUN: History = (*[("go_on", 0)] * 3,)


def _straight_way(gate: Gate, node: Node, needed: int, by_itself: bool) -> Iterator[tuple[Node, History]]:
    """Each state of a proposal that is signed and runs while nothing else happens."""
    signed = tuple(("sign", who, 1) for who in "AB"[:needed])
    way: History = (*FIRST, *signed, ("begin", 0, 1), *RUN)
    if by_itself:
        given = tuple(("give", who) for who in "AB"[:needed])
        way = (OFFER, *given, ("fire", "cart"), ("begin", 0, 2), *RUN, ("go_on", 0), ("verify", 2, True))
    player = Player(gate, node)
    history: History = ()
    for action in way:
        assert not player.do(action), action
        history = (*history, action)
        if action not in FIRST[:-1]:
            yield player.node(), history


def _next(
    gate: Gate, frontier: list[tuple[Node, History]], seen: set[int], told: Told, most: int
) -> Iterator[tuple[Node, History]]:
    for node, history in frontier:
        for action in actions(node.state):
            player = Player(gate, node)
            wrong = player.do(action)
            told.transitions += 1
            wrong += invariant(node.state, player.state, action)
            if wrong:
                told.violations += [f"{[*history, action]}: {problem}" for problem in wrong]
                if len(told.violations) >= most:
                    return
                continue
            _count(node.state, player.state, action, told)
            reached = key(player.state)
            if reached not in seen:
                seen.add(reached)
                yield player.node(), (*history, action)


def _count(before: ref.State, after: ref.State, action: Action, told: Told) -> None:
    if action[0] == "go_on":
        stood, stands = before.workers[action[1]], after.workers[action[1]]
        told.executed += stood is not None and stood.at == "claimed"
        told.refused += stood is not None and stood.at == "looked" and stands is None


def actions(state: ref.State) -> Iterator[Action]:
    """All that can happen next; of what is the same but for a name, one."""
    people = "A" if _plain(state, {}) == _plain(state, SWAPPED) else "AB"
    idle = [worker for worker, work in enumerate(state.workers) if work is None][:1]
    if state.standing is not None:
        yield from _of_standing(state, people)
    for number, proposal in enumerate(state.proposals, 1):
        if proposal.state == "executing":
            yield from (("stop", who, number) for who in (*people, "P", "C"))
        if proposal.state == ref.UNKNOWN:
            yield from (("settle", who, number, took) for who in (*people, "P") for took in (True, False))
        if proposal.state not in OVER:
            yield from (("sign", who, number) for who in people)
            yield from (("reject", who, number) for who in (*people, "P"))
        yield from (("begin", worker, number) for worker in idle)
    if len(state.proposals) == 1 and state.of(1).state in ref.WAITING:  # signed ones refuse it
        yield from (("edit", who, 1, 2) for who in people)
    yield ("unfreeze", "A") if state.frozen else ("freeze", "P")
    if state.frozen and people == "AB":
        yield ("unfreeze", "B")
    yield from (("leave", who) for who in people if who in state.n3)
    if state.offered_program:
        yield from (("adopt", who, "catalogue") for who in people)
    if state.identity == "one":
        yield ("target", "two")
    yield from (("tick", 5), ("expire",), ("restart",))
    for worker, work in enumerate(state.workers):
        if work is not None:
            yield from (("go_on", worker), ("crash", worker))


def _of_standing(state: ref.State, people: str) -> Iterator[Action]:
    """What can happen next by a standing sign-off."""
    assert state.standing is not None
    if state.standing.state in LIVES:
        yield from (("give", who) for who in (*people, "P"))
        yield from (("revoke", who) for who in people)
    fired = {p.fired_by.partition(" ")[0] for p in state.proposals}
    yield from (("fire", service) for service in SERVICES if service not in fired)
    yield ("watch",)
    for number, proposal in enumerate(state.proposals, 1):
        if proposal.fired_by and proposal.state in ref.ENDED and not proposal.outcome:
            yield from (("verify", number, well) for well in (True, False))


def invariant(before: ref.State, after: ref.State, action: Action) -> list[str]:
    """Executed => valid quorum at that moment, same digest, not expired, not frozen, at most once."""
    wrong = [f"P{n} ran {p.runs} times" for n, p in enumerate(after.proposals, 1) if p.runs > 1]
    if action[0] == "go_on":
        stood, stands = before.workers[action[1]], after.workers[action[1]]
        if stood is not None and stood.at == "looked" and stands is not None:
            wrong += [f"P{stood.proposal} was claimed: {rule}" for rule in unsafe(ref.note(before), stood)]
    return wrong


def key(state: ref.State) -> int:
    """The same for states from which the same can happen."""
    return min(hash(_plain(state, names)) for names in ({}, SWAPPED))


def _plain(state: ref.State, names: Mapping[str, str]) -> tuple[object, ...]:
    """All that decides, with A and B called by `names`. Who is known is read anew wherever it decides."""
    given = state.standing
    proposals = tuple(_waiting(p, state.now, names) for p in state.proposals)
    if given is not None:
        proposals = tuple(
            replace(p, made=int(is_bad(old, given)), execute_by=p.execute_by if p.state == "signed" else None)
            for p, old in zip(proposals, state.proposals, strict=True)
        )
        given = replace(
            given,
            signers=_renamed(given.signers, names),
            sign_by=0,
            ends=0,
            active=0,
            uses=tuple(state.now - use for use in given.uses),
        )
    elif all(p.state in OVER for p in state.proposals) and state.workers == (None, None):
        return proposals
    return (
        proposals,
        tuple(sorted(map(repr, state.workers))),
        _renamed(state.n3, names),
        (state.frozen, state.program, state.offered_program, state.identity, state.needed),
        given,
    )


def _waiting(p: ref.Proposed, now: int, names: Mapping[str, str]) -> ref.Proposed:
    """A proposal with its times from now; of one that is over, what became of it."""
    if p.state in OVER:
        nobody: frozenset[str] = frozenset()
        over = replace(p, proposer="", signers=nobody, rejected_by=nobody, sign_by=0, execute_by=None)
        return replace(over, made=0, outcome=p.outcome if p.fired_by else "")
    return replace(
        p,
        proposer=names.get(p.proposer, p.proposer),
        signers=_renamed(p.signers, names),
        made=0,
        sign_by=max(0, p.sign_by - now) if p.state == "proposed" else 0,
        execute_by=None if p.execute_by is None else max(0, p.execute_by - now),
    )


def _renamed(people: frozenset[str], names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(names.get(who, who) for who in people)
