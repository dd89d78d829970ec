"""The policy: how many N3 must sign an action of a given risk, and how long a signature counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.sign_off.digest import canonical


@dataclass(frozen=True, slots=True)
class Rule:
    """What one risk asks for. `pinned` asks for people named in vigie.toml, not only in the Slack group."""

    signatures: int
    time_to_sign: timedelta
    time_to_execute: timedelta
    pinned: bool = False

    def __post_init__(self) -> None:
        if self.signatures < 1:
            raise ValueError("signatures must be 1 or more; nothing may run unsigned")


DEFAULT_RULES: Mapping[Risk, Rule] = {
    Risk.LOW: Rule(1, timedelta(minutes=30), timedelta(minutes=5)),
    Risk.HIGH: Rule(2, timedelta(minutes=30), timedelta(minutes=5)),
    Risk.DESTRUCTIVE: Rule(2, timedelta(minutes=15), timedelta(minutes=2), pinned=True),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule of each risk, and who is N3: the Slack group `usergroup`, or, where empty, the pinned list.

    Somebody new to N3 waits `newcomer_wait` before they may sign; a change of catalogue or policy takes
    `change_signatures`.
    """

    rules: Mapping[Risk, Rule] = field(default_factory=lambda: dict(DEFAULT_RULES))
    newcomer_wait: timedelta = timedelta(hours=24)
    pinned: frozenset[Person] = frozenset()
    usergroup: str = ""
    change_signatures: int = 1

    def rule(self, risk: Risk) -> Rule:
        return self.rules[risk]

    def entry(self, risk: Risk) -> dict[str, object]:
        """The rule as it stands in a plan, so that a changed rule changes the digest."""
        rule = self.rules[risk]
        return {
            "risk": risk.value,
            "signatures": rule.signatures,
            "time_to_sign_s": int(rule.time_to_sign.total_seconds()),
            "time_to_execute_s": int(rule.time_to_execute.total_seconds()),
            "pinned": rule.pinned,
        }

    def content(self) -> str:
        """The policy as the text in which it is adopted."""
        return canonical(
            {
                "rules": [self.entry(risk) for risk in sorted(self.rules)],
                "newcomer_wait_s": int(self.newcomer_wait.total_seconds()),
                "pinned": sorted(person.key for person in self.pinned),
                "usergroup": self.usergroup,
                "change_signatures": self.change_signatures,
            }
        )

    @classmethod
    def parse(cls, content: str) -> Policy:
        """The inverse of `content`."""
        raw = json.loads(content)
        rules = {
            Risk(entry["risk"]): Rule(
                entry["signatures"],
                timedelta(seconds=entry["time_to_sign_s"]),
                timedelta(seconds=entry["time_to_execute_s"]),
                entry["pinned"],
            )
            for entry in raw["rules"]
        }
        pinned = frozenset(Person.from_key(key) for key in raw["pinned"])
        wait = timedelta(seconds=raw["newcomer_wait_s"])
        return cls(rules, wait, pinned, raw["usergroup"], raw["change_signatures"])
