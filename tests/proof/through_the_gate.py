"""Sends hostile proposals through every entrance of the gate and counts what came through wrongly.

Asked: as the model names a tool, in its form, and as copilot checks what a person proposes. Planted: as a row
that no code of ours wrote, unsigned and signed, before the executor.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from pydantic import ValidationError

from bot.domain.incident import Incident
from bot.domain.proposal import ProposalState
from bot.domain.store import Tx
from bot.domain.tool import ToolKind
from bot.errors import ArgumentRefused, CatalogueError
from bot.llm.answer import DiagnosisAnswer
from bot.store import tables
from bot.tools.in_force import Adopted
from tests.proof.allowed import ENVIRONMENTS, SERVICES, Asked, allowed, whitelist
from tests.proof.gate import Gate
from tests.proof.hostile import ELSEWHERE, hostile, sound
from tests.proof.outside import ON_CALL, A, minutes

PLANT_EVERY = 50
SOUND_EVERY = 10


@dataclass
class Told:
    """`wrong` are proposals that the gate and the second opinion judge differently; `executed` must be 0."""

    asked: int = 0
    hostile: int = 0
    sound: int = 0
    planted: int = 0
    executed: int = 0
    judging_s: float = 0.0  # processor time of all that was asked, planted rows left out
    wrong: list[str] = field(default_factory=list)


class Entrances:
    """One gate with an incident for each place."""

    def __init__(self) -> None:
        self._gate = Gate(1, whitelist())
        places = (*((service, ENVIRONMENTS[0]) for service in SERVICES), *ELSEWHERE)
        self._incidents = {place: self._gate.open_incident(*place) for place in places}
        self._in_force = Adopted()

    def close(self) -> None:
        self._gate.close()

    def send(self, seeds: Sequence[int], plant_every: int = PLANT_EVERY) -> Told:
        """The proposal of each seed; every tenth is a sound one, which must come through."""
        told = Told()
        with self._gate.played():
            for seed in seeds:
                chance = random.Random(seed)
                asked = sound(chance) if seed % SOUND_EVERY == 0 else hostile(chance)
                wanted = allowed(asked)
                told.asked += 1
                told.hostile += wanted is None
                told.sound += wanted is not None
                began = time.process_time()
                self._ask(asked, wanted, seed, told)
                told.judging_s += time.process_time() - began
                if seed % plant_every == 0 or seed % plant_every == 1:
                    self._plant(asked, wanted, seed, told)
            told.executed = len(self._gate.scene.outside.acted)
        return told

    def judged(self, asked: Asked) -> list[dict[str, object] | None]:
        """What would run, or None where it is refused: as copilot checks it, and as the model says it."""
        with self._gate.store.read() as tx:
            return [self._checked(tx, asked.tool, asked.arguments, asked), self._answered(tx, asked)]

    def _ask(self, asked: Asked, wanted: dict[str, object] | None, seed: int, told: Told) -> None:
        told.wrong += [
            f"seed {seed}, {how}: {asked!r:.300} gave {got!r:.300} instead of {wanted!r:.300}"
            for how, got in zip(("checked", "answered"), self.judged(asked), strict=True)
            if not _same(got, wanted)
        ]

    def _checked(
        self, tx: Tx, tool: str, arguments: dict[str, object], asked: Asked
    ) -> dict[str, object] | None:
        try:
            found, checked = self._in_force.check(tx, self._incident(asked), tool, arguments)
            # A check may be named, but no proposal is made of it: see `bot/copilot/proposals.py`.
            return checked if found.kind is ToolKind.ACTION else None
        except (ArgumentRefused, CatalogueError):
            return None

    def _answered(self, tx: Tx, asked: Asked) -> dict[str, object] | None:
        """The same as the model's answer: text, read into its form, each remedy checked."""
        remedy = {"tool": asked.tool, "arguments": asked.arguments, "why": "", "citations": []}
        try:
            form = DiagnosisAnswer.model_validate(json.loads(json.dumps({"remedies": [remedy]})))
        except (ValidationError, ValueError):
            return None
        return self._checked(tx, form.remedies[0].tool, dict(form.remedies[0].arguments), asked)

    def _plant(self, asked: Asked, wanted: dict[str, object] | None, seed: int, told: Told) -> None:
        """The executor prepares what is allowed and nothing else; a forged signature runs nothing."""
        told.planted += 1
        number = self._row(asked, "proposed")
        prepared = self._gate.prepare(number)
        if bool(prepared.digest) != (wanted is not None):
            told.wrong.append(
                f"seed {seed}, planted: {asked!r:.300}: {prepared.state.value}, {prepared.reason}"
            )
        forged = self._row(asked, "signed")
        self._gate.execute(forged)
        after = self._gate.proposal(forged).state
        if after is not ProposalState.REJECTED:
            told.wrong.append(f"seed {seed}, planted with a signature: {asked!r:.300}: {after.value}")

    def _row(self, asked: Asked, state: str) -> int:
        """A row with, if it is signed, the signature of somebody who could have given it."""
        now, digest = self._gate.scene.now(), "0" * 64 if state == "signed" else ""
        values = {
            "incident_id": self._incident(asked).id,
            "tool": asked.tool,
            "arguments": asked.arguments,
            "proposer": ON_CALL.key,
            "state": state,
            "risk": "low",
            "signatures_needed": 1,
            "digest": digest,
            "created_at": now,
            "sign_by": now + minutes(9),
            "execute_by": now + minutes(9),
        }
        with self._gate.engine.begin() as connection:
            made = connection.execute(sa.insert(tables.proposals).values(values))
            assert made.inserted_primary_key is not None
            number = int(made.inserted_primary_key[0])
            if state == "signed":
                signature = {"person": A.key, "digest": digest, "signed": True, "at": now}
                connection.execute(sa.insert(tables.sign_offs).values(proposal_id=number, **signature))
        return number

    def _incident(self, asked: Asked) -> Incident:
        return self._incidents[asked.service, asked.environment]


def _same(got: object, wanted: object) -> bool:
    """Equal, and of the same types: True is not 1."""
    return got == wanted and repr(got) == repr(wanted)
