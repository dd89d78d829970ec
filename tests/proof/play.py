"""Plays one action on the real parts and on the reference, and tells where the two do not agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.person import Person
from bot.errors import VigieError
from bot.sign_off.quorum import Judgement
from bot.tools.in_force import CATALOGUE, POLICY
from tests.proof import claims, standing
from tests.proof import reference as ref
from tests.proof.gate import Gate, Moment, Worker, catalogue, policy
from tests.proof.outside import ON_CALL, START, A, B, minutes

Action = tuple[Any, ...]
"""A verb of `Player` with its arguments, as ("sign", "A", 1): printed, read again and replayed."""

WHO = {"P": ON_CALL, "A": A, "B": B, "C": Person("T1", "UC")}
_NAMES = {person.key: name for name, person in WHO.items()}


@dataclass(frozen=True, slots=True)
class Node:
    """One state of both sides."""

    moment: Moment
    state: ref.State
    workers: tuple[Worker | None, ...] = (None, None)


class Player:
    """Both sides of one history. A verb gives whether the real parts did it, and changes `state`."""

    def __init__(self, gate: Gate, node: Node) -> None:
        self._gate = gate
        gate.take_up(node.moment)
        self.state = node.state
        self.workers = list(node.workers)

    @classmethod
    def begin(cls, needed: int) -> tuple[Gate, Node]:
        """A gate of its own, and its first node."""
        gate = Gate(needed)
        return gate, Node(gate.keep(), ref.State(needed=needed))

    @classmethod
    def begin_standing(cls, needed: int, per_hour: int = 1, in_all: int = 2) -> tuple[Gate, Node]:
        """A gate whose first proposal has helped, with a standing sign-off that is proposed after it."""
        gate, node = cls.begin(needed)
        with gate.played():
            gate.take_up(node.moment)
            gate.propose_standing(per_hour, in_all)
        state, _ = ref.propose(node.state, "P", standing.VALUE)
        signers, by = frozenset("AB"[:needed]), state.now + ref.TO_EXECUTE
        state = ref.changed(
            state, 1, state="succeeded", outcome="fixed", signers=signers, execute_by=by, runs=1
        )
        made = ref.Standing("P", ("/act", needed), 3 * ref.DAY, 2 * ref.DAY, per_hour, in_all)
        return gate, Node(gate.keep(), replace(state, standing=made, starts=(state.now,)))

    def node(self) -> Node:
        return Node(self._gate.keep(), self.state, tuple(self.workers))

    def do(self, action: Action) -> list[str]:
        """Play it; what is wrong afterwards, empty when both agree."""
        verb, *rest = action
        real, (self.state, rule) = getattr(self, f"_{verb}")(*rest)
        if real != (rule == "yes"):
            done = "was done although" if real else "was refused although allowed:"
            return [f"{action} {done} {rule}"]
        return self._differences()

    # -- people

    def _propose(self, who: str, value: int) -> tuple[bool, ref.Answer]:
        done = _accepted(lambda: self._gate.propose(WHO[who], value - 1))
        return done, ref.propose(self.state, who, value)

    def _edit(self, who: str, number: int, value: int) -> tuple[bool, ref.Answer]:
        done = _accepted(lambda: self._gate.edit(WHO[who], number, value))
        return done, ref.edit(self.state, who, number, value)

    def _sign(self, who: str, number: int, shown: bool = True) -> tuple[bool, ref.Answer]:
        digest = self._gate.proposal(number).digest if shown else "0" * 64
        done = _accepted(lambda: self._gate.copilot.signing.sign(WHO[who], number, digest))
        return done, ref.sign(self.state, who, number, shown)

    def _reject(self, who: str, number: int) -> tuple[bool, ref.Answer]:
        done = _accepted(lambda: self._gate.copilot.signing.reject(WHO[who], number))
        return done, ref.reject(self.state, who, number)

    def _stop(self, who: str, number: int) -> tuple[bool, ref.Answer]:
        done = _accepted(lambda: self._gate.copilot.running.stop(WHO[who], number))
        return done, ref.stop(self.state, who, number)

    def _settle(self, who: str, number: int, took_effect: bool) -> tuple[bool, ref.Answer]:
        settle = self._gate.copilot.running.settle
        done = _accepted(lambda: settle(WHO[who], number, took_effect, "the target says so"))
        return done, ref.settle(self.state, who, number, took_effect)

    def _verify(self, number: int, well: bool) -> tuple[bool, ref.Answer]:
        before = self._gate.proposal(number).outcome
        self._gate.verify(number, well)
        return self._gate.proposal(number).outcome is not before, ref.verify(self.state, number, well)

    def _give(self, who: str) -> tuple[bool, ref.Answer]:
        """Open the standing sign-off and sign what was shown."""

        def sign() -> Judgement:
            shown = self._gate.copilot.standing.open(WHO[who], 1).standing
            return self._gate.copilot.standing.sign(WHO[who], 1, shown.digest)

        return _accepted(sign), standing.give(self.state, who)

    def _revoke(self, who: str) -> tuple[bool, ref.Answer]:
        done = _accepted(lambda: self._gate.copilot.standing.revoke(WHO[who], 1, "It is not wanted."))
        return done, standing.revoke(self.state, who)

    def _fire(self, service: str) -> tuple[bool, ref.Answer]:
        self._gate.alert(service)
        return True, standing.fire(self.state, service)

    def _watch(self) -> tuple[bool, ref.Answer]:
        self._gate.copilot.standing_watch.look_after()
        return True, standing.watch(self.state)

    def _freeze(self, who: str) -> tuple[bool, ref.Answer]:
        return _accepted(lambda: self._gate.copilot.switch.freeze(WHO[who])), ref.freeze(self.state, who)

    def _unfreeze(self, who: str) -> tuple[bool, ref.Answer]:
        done = _accepted(lambda: self._gate.copilot.switch.unfreeze(WHO[who]))
        return done, ref.unfreeze(self.state, who)

    def _offer(self, what: str, content: Any) -> tuple[bool, ref.Answer]:  # noqa: ANN401  # of either kind
        text = catalogue(content) if what == CATALOGUE else policy(content).content()
        self._gate.offer(what, text)
        offered = ref.offer_program if what == CATALOGUE else ref.offer_needed
        return True, offered(self.state, content)

    def _adopt(self, who: str, what: str) -> tuple[bool, ref.Answer]:
        with self._gate.store.read() as tx:
            offers = [offer for offer in tx.n3.offers() if offer.what == what]
        number, digest = (offers[-1].id, offers[-1].digest) if offers else (0, "")
        done = _accepted(lambda: self._gate.copilot.changes.sign(WHO[who], number, digest))
        return done, ref.adopt(self.state, who, what)

    # -- outside

    def _outside(self, **values: Any) -> tuple[bool, ref.Answer]:  # noqa: ANN401  # fields of Outside
        self._gate.scene.outside = replace(self._gate.scene.outside, **values)
        n3 = frozenset(_NAMES[person.key] for person in self._gate.scene.outside.n3)
        identity, reachable = self._gate.scene.outside.identity, self._gate.scene.outside.reachable
        return True, (replace(self.state, n3=n3, identity=identity, reachable=reachable), "yes")

    def _leave(self, who: str) -> tuple[bool, ref.Answer]:
        return self._outside(n3=self._gate.scene.outside.n3 - {WHO[who]})

    def _join(self, who: str) -> tuple[bool, ref.Answer]:
        return self._outside(n3=self._gate.scene.outside.n3 | {WHO[who]})

    def _reach(self, reachable: bool) -> tuple[bool, ref.Answer]:
        return self._outside(reachable=reachable)

    def _target(self, identity: str) -> tuple[bool, ref.Answer]:
        return self._outside(identity=identity)

    def _tick(self, count: int) -> tuple[bool, ref.Answer]:
        self._outside(now=self._gate.scene.outside.now + minutes(count))
        looked = _accepted(self._gate.copilot.signing.look_at_n3)
        assert looked is self.state.reachable
        return True, ref.tick(self.state, count)

    def _expire(self) -> tuple[bool, ref.Answer]:
        self._gate.copilot.proposals.expire_due()
        return True, ref.expire(self.state)

    # -- workers

    def _begin(self, worker: int, number: int) -> tuple[bool, ref.Answer]:
        self.workers[worker] = self._gate.begin(number)
        return self._stands(worker), claims.begin(self.state, worker, number)

    def _go_on(self, worker: int) -> tuple[bool, ref.Answer]:
        standing = self.workers[worker]
        assert standing is not None
        self.workers[worker] = after = self._gate.go_on(standing)
        # The last step ends it; before that, whoever ended has refused.
        done = self._stands(worker) or standing.at == "acted"
        assert after is not None
        return done, claims.go_on(self.state, worker)

    def _stands(self, worker: int) -> bool:
        standing = self.workers[worker]
        if standing is not None and standing.at == "ended":
            self.workers[worker] = None
        return self.workers[worker] is not None

    def _crash(self, worker: int) -> tuple[bool, ref.Answer]:
        self.workers[worker] = None
        return True, claims.crash(self.state, worker)

    def _restart(self) -> tuple[bool, ref.Answer]:
        self._gate.settle_interrupted()
        return True, claims.restart(self.state)

    # -- what must be the same

    def _differences(self) -> list[str]:
        wanted, found = _wanted(self.state), self._found()
        keys = sorted(wanted.keys() | found.keys())
        differ = [key for key in keys if wanted.get(key) != found.get(key)]
        return [f"{key}: {found.get(key)} instead of {wanted.get(key)}" for key in differ]

    def _found(self) -> dict[str, object]:
        """What the rows and the target say, read without the product's own queries."""
        ran = [argv[1] for argv in self._gate.scene.outside.acted]
        given = self._gate.rows("SELECT proposal_id, person, signed FROM sign_offs")
        found: dict[str, object] = {}
        for number, state, execute_by, arguments, outcome in self._gate.rows(
            "SELECT id, state, execute_by, arguments, outcome FROM proposals"
        ):
            mine = [(_NAMES[who], signed) for of, who, signed in given if of == number]
            found |= {
                f"P{number} state": state,
                f"P{number} signers": sorted(who for who, signed in mine if signed),
                f"P{number} rejected by": sorted(who for who, signed in mine if not signed),
                f"P{number} outcome": outcome or "",
                f"P{number} execute by": execute_by and _minutes(execute_by),
                f"P{number} runs": ran.count(str(json.loads(arguments)["value"])),
            }
        frozen = self._gate.rows("SELECT id FROM freezes WHERE lifted_at IS NULL")
        signers = self._gate.rows(
            "SELECT person FROM standing_signatures s JOIN standing_sign_offs o"
            " ON o.id = s.standing_id AND o.round = s.round"
        )
        for state, left in self._gate.rows("SELECT state, uses_left FROM standing_sign_offs"):
            found |= {"S1": state, "S1 left": left, "S1 signers": sorted(_NAMES[who] for (who,) in signers)}
        return found | {"frozen": bool(frozen)}


def _wanted(state: ref.State) -> dict[str, object]:
    wanted: dict[str, object] = {"frozen": state.frozen}
    if (given := state.standing) is not None:
        wanted |= {"S1": given.state, "S1 left": given.left, "S1 signers": sorted(given.signers)}
    for number, p in enumerate(state.proposals, 1):
        runs = sum(other.runs for other in state.proposals if other.value == p.value)
        wanted |= {
            f"P{number} state": p.state,
            f"P{number} signers": sorted(p.signers),
            f"P{number} rejected by": sorted(p.rejected_by),
            f"P{number} outcome": p.outcome,
            f"P{number} execute by": p.execute_by,
            f"P{number} runs": runs,
        }
    return wanted


def _accepted(ask: Callable[[], object]) -> bool:
    """Whether it was done; a refusal comes as an answer or as one of our errors."""
    try:
        answer = ask()
    except VigieError:
        return False
    return answer.allowed if isinstance(answer, Judgement) else True


def _minutes(moment: str) -> int:
    return (datetime.fromisoformat(moment) - START) // minutes(1)


__all__ = ["CATALOGUE", "POLICY", "Action", "Node", "Player"]
