"""Random histories of proposals, played on the real parts and on the reference; a failing one is shrunk.

A history is drawn from its seed alone, so it can be played again. It holds what the model check leaves out:
people who join, Slack away, a changed policy, a clock set back, days that pass, several proposals at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.proof import reference as ref
from tests.proof.gate import Gate
from tests.proof.model_check import invariant
from tests.proof.play import CATALOGUE, POLICY, Action, Node, Player
from tests.proof.standing import SERVICES

STEPS = 14  # after the first proposal
PROPOSALS = 3  # of people
PEOPLE = "PABC"
DAY = 24 * 60


First = tuple[int, str]
"""How many must sign, and who made the first proposal; nobody where it runs by a standing sign-off."""


@dataclass
class Failing:
    """A history on which the two sides do not agree, and the shortest part of it that still shows it."""

    seed: int
    first: First
    actions: list[Action]
    problem: str


@dataclass
class Told:
    """What so many histories gave. `executed` counts how often a worker was let through."""

    histories: int = 0
    steps: int = 0
    executed: int = 0
    refused: int = 0
    failing: list[Failing] = field(default_factory=list)


class Histories:
    """Plays histories over two gates, one for each number of signatures."""

    def __init__(self) -> None:
        self._begun = {(needed, by): _begun(needed, by) for needed in (1, 2) for by in ("P", "A", "")}

    def close(self) -> None:
        for gate, _ in self._begun.values():
            gate.close()

    def play(self, seeds: Sequence[int], stop_at: int = 3) -> Told:
        """Play the history of each seed; the first that fail are shrunk."""
        told = Told()
        for seed in seeds:
            told.histories += 1
            first, actions, problem = self._draw(seed, told)
            if problem:
                told.failing.append(self._shrunk(seed, first, actions, problem))
                if len(told.failing) >= stop_at:
                    break
        return told

    def _draw(self, seed: int, told: Told) -> tuple[First, list[Action], str]:
        chance = random.Random(seed)
        first, actions = chance.choice(sorted(self._begun)), []
        gate, node = self._begun[first]
        with gate.played():
            player = Player(gate, node)
            for _ in range(STEPS):
                action = draw(chance, player.state)
                actions.append(action)
                before = player.state
                problem = _step(player, action)
                told.steps += 1
                if problem:
                    return first, actions, problem
                if action[0] == "go_on" and (stood := before.workers[action[1]]):
                    passed = player.state.workers[action[1]] is not None
                    told.executed += stood.at == "looked" and passed
                    told.refused += stood.at == "looked" and not passed
        return first, actions, ""

    def replay(self, first: First, actions: Sequence[Action]) -> str:
        """The first problem of a history; what cannot be done where it stands is passed over."""
        gate, node = self._begun[first]
        with gate.played():
            player = Player(gate, node)
            for action in actions:
                if _possible(player.state, action) and (problem := _step(player, action)):
                    return problem
        return ""

    def _shrunk(self, seed: int, first: First, actions: list[Action], problem: str) -> Failing:
        """Leave out one step after the other as long as something is still wrong."""
        kept = list(actions)
        for index in reversed(range(len(kept))):
            shorter = kept[:index] + kept[index + 1 :]
            if found := self.replay(first, shorter):
                kept, problem = shorter, found
        return Failing(seed, first, kept, problem)


def _begun(needed: int, by: str) -> tuple[Gate, Node]:
    gate, node = Player.begin(needed) if by else Player.begin_standing(needed, per_hour=needed)
    first: list[Action] = [("propose", by, 1)] if by else [("give", who) for who in "AB"[:needed]]
    with gate.played():
        player = Player(gate, node)
        wrong = [problem for action in first for problem in player.do(action)]
    assert not wrong, wrong
    return gate, player.node()


def _step(player: Player, action: Action) -> str:
    before = player.state
    wrong = player.do(action)
    return "; ".join(wrong + invariant(before, player.state, action))


def _possible(state: ref.State, action: Action) -> bool:
    verb, *rest = action
    if verb == "verify" and rest[0] > len(state.proposals):
        return False
    if verb in ("sign", "reject", "edit", "begin", "stop", "settle") and rest[1] > len(state.proposals):
        return False
    if verb in ("go_on", "crash"):
        return state.workers[rest[0]] is not None
    return verb != "begin" or state.workers[rest[0]] is None


def draw(chance: random.Random, state: ref.State) -> Action:
    """One thing that can happen here, the more often the more it leads on."""
    actions, weights = zip(*_choices(chance, state), strict=True)
    drawn: Action = chance.choices(actions, weights)[0]
    return drawn


def _choices(c: random.Random, state: ref.State) -> Iterator[tuple[Action, float]]:
    """One of each kind, with how likely it is."""
    yield from _of_proposals(c, state)
    yield from _of_workers(c, state)
    if state.standing is not None:
        yield from _of_standing(c, state, state.standing)
    yield ("freeze", c.choice(PEOPLE)), 0.4
    yield ("unfreeze", c.choice(PEOPLE)), 3 if state.frozen else 0.1
    yield ("offer", CATALOGUE, c.choice(("/act", "/other"))), 0.3
    yield ("offer", POLICY, c.choice((1, 2))), 0.3
    yield ("adopt", c.choice("PABC"), c.choice((CATALOGUE, POLICY))), 0.6
    yield ("leave", c.choice("ABC")), 0.3
    yield ("join", c.choice("ABC")), 0.6
    yield ("reach", not state.reachable), 0.2 if state.reachable else 3
    yield ("target", c.choice(("one", "two"))), 0.3
    yield ("tick", c.choice((1, 2, 5, 10, DAY, -DAY))), 1
    yield ("expire",), 0.5
    yield ("restart",), 0.4


def _of_proposals(c: random.Random, state: ref.State) -> Iterator[tuple[Action, float]]:
    numbers, waiting = range(1, len(state.proposals) + 1), _numbers(state, "proposed")
    if sum(not p.fired_by for p in state.proposals) < PROPOSALS:
        yield ("propose", c.choice("PPPAC"), c.randint(1, 3)), 0.7
        if state.proposals[-1].state in ref.WAITING:  # signed ones refuse it
            yield ("edit", c.choice("PA"), len(numbers), c.randint(1, 3)), 0.3
    yield ("sign", c.choice("AABBCP"), c.choice(waiting or numbers)), 6 if waiting else 0.5
    yield ("sign", c.choice("AB"), c.choice(numbers), False), 0.2
    yield ("reject", c.choice(PEOPLE), c.choice(numbers)), 0.4
    running, unknown = _numbers(state, "executing"), _numbers(state, ref.UNKNOWN)
    yield ("stop", c.choice("AABPC"), c.choice(running or numbers)), 1 if running else 0.05
    yield ("settle", c.choice("ABPC"), c.choice(unknown or numbers), c.random() < 0.5), 2 if unknown else 0.05


def _of_standing(c: random.Random, state: ref.State, given: ref.Standing) -> Iterator[tuple[Action, float]]:
    waits = given.state in ("proposed", "suspended")
    yield ("give", c.choice("AABBCP")), 5 if waits else 0.1
    yield ("revoke", c.choice("ABCP")), 0.2
    yield ("fire", c.choice(SERVICES)), 4 if given.state == "in force" else 0.3
    yield ("watch",), 0.5
    ended = [n for n, p in enumerate(state.proposals, 1) if p.state in ref.ENDED and not p.outcome]
    yield ("verify", c.choice(ended or [1]), c.random() < 0.7), 4 if ended else 0.1


def _of_workers(c: random.Random, state: ref.State) -> Iterator[tuple[Action, float]]:
    signed = _numbers(state, "signed")
    for worker, work in enumerate(state.workers):
        if work is not None:
            yield ("go_on", worker), 8
            yield ("crash", worker), 0.4
        elif signed:
            yield ("begin", worker, c.choice(signed)), 6
        else:
            yield ("begin", worker, c.randint(1, len(state.proposals))), 0.3


def _numbers(state: ref.State, wanted: str) -> list[int]:
    return [number for number, p in enumerate(state.proposals, 1) if p.state == wanted]
