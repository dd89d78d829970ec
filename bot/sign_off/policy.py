"""The policy: the rule for what is proposed and where it acts, who is N3, which accounts are one human."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.tool import Risk
from bot.sign_off import policy_text as text
from bot.sign_off.digest import canonical
from bot.sign_off.rules import Group, Rule, SpecialRule

__all__ = ["DEFAULT_RULES", "Group", "Policy", "Rule", "SpecialRule"]

EVERYBODY = frozenset({"here", "channel", "everyone", "all", "*"})
"""Handles that would make everybody N3."""

DEFAULT_RULES: Mapping[Risk, Rule] = {
    Risk.LOW: Rule(1, timedelta(minutes=30), timedelta(minutes=5)),
    Risk.HIGH: Rule(2, timedelta(minutes=30), timedelta(minutes=5)),
    Risk.DESTRUCTIVE: Rule(2, timedelta(minutes=15), timedelta(minutes=2), pinned=True),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule of each risk, what is special, and who is N3: the Slack group `usergroup`, or the pinned list.

    Somebody new to N3 waits `newcomer_wait` before they may sign; a change of catalogue or policy takes
    `change_signatures`. `same_person` are sets of accounts that belong to one human each.

    Raises:
        ValueError: a rule of it would let nobody or anybody sign, or does not say who; with what to do.
    """

    rules: Mapping[Risk, Rule] = field(default_factory=lambda: dict(DEFAULT_RULES))
    newcomer_wait: timedelta = timedelta(hours=24)
    pinned: frozenset[Person] = frozenset()
    usergroup: str = ""
    change_signatures: int = 1
    special: tuple[SpecialRule, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    same_person: frozenset[frozenset[Person]] = frozenset()

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise ValueError(problem)

    def rule(self, risk: Risk, environment: str = "", service: str = "") -> Rule:
        """The most special rule that fits, else that of the risk."""
        base = replace(self.rules[risk], name=f"{risk} risk")
        fitting = [each for each in self.special if each.fits(risk, environment, service)]
        return max(fitting, key=lambda each: each.weight).over(base, risk) if fitting else base

    def rule_of(self, proposal: Proposal) -> Rule:
        """The rule for a proposal, by what its plan says it acts on; that is a part of its digest."""
        target = proposal.plan.get("target") if proposal.plan else None
        if not isinstance(target, Mapping):
            return self.rule(proposal.risk)
        return self.rule(proposal.risk, str(target.get("environment", "")), str(target.get("service", "")))

    def human(self, person: Person) -> Person:
        """One and the same for all accounts of one human."""
        accounts = next((known for known in self.same_person if person in known), frozenset({person}))
        return min(accounts, key=lambda account: account.key)

    def humans(self, people: Iterable[Person]) -> frozenset[Person]:
        """How many these really are."""
        return frozenset(self.human(person) for person in people)

    def entry(self, risk: Risk, environment: str = "", service: str = "") -> dict[str, object]:
        """The rule as it stands in a plan, with all that decides who may sign: a change of it shows."""
        rule = self.rule(risk, environment, service)
        groups = {name: text.group_entry(self.groups[name]) for name in sorted(set(rule.seats) - {""})}
        more: dict[str, object] = {
            "group": rule.group,
            "second_group": rule.second_group,
            "reason": rule.reason,
            "when_alone_s": rule.when_alone and text.seconds(rule.when_alone),
            "groups": groups,
            "same_person": text.accounts(self.same_person),
        }
        said = {name: value for name, value in more.items() if value}
        return {**text.rule_entry(risk, rule), "rule": rule.name, "asks": rule.asks, **said}

    def content(self) -> str:
        """The policy as the text in which it is adopted; what is not used is not in it."""
        entries: dict[str, object] = {
            "rules": [text.rule_entry(risk, self.rules[risk]) for risk in sorted(self.rules)],
            "newcomer_wait_s": text.seconds(self.newcomer_wait),
            "pinned": sorted(person.key for person in self.pinned),
            "usergroup": self.usergroup,
            "change_signatures": self.change_signatures,
        }
        more: dict[str, object] = {
            "special": [text.special_entry(special) for special in self.special],
            "groups": {name: text.group_entry(group) for name, group in self.groups.items()},
            "same_person": text.accounts(self.same_person),
        }
        return canonical(entries | {name: value for name, value in more.items() if value})

    @classmethod
    def parse(cls, content: str) -> Policy:
        """The inverse of `content`.

        Raises:
            ValueError, KeyError: it is no policy that could have been adopted.
        """
        raw = json.loads(content)
        return cls(
            {Risk(entry["risk"]): text.rule(entry) for entry in raw["rules"]},
            timedelta(seconds=raw["newcomer_wait_s"]),
            text.people(raw["pinned"]),
            raw["usergroup"],
            raw["change_signatures"],
            tuple(text.special(entry) for entry in raw.get("special", ())),
            {name: text.group(entry) for name, entry in raw.get("groups", {}).items()},
            frozenset(text.people(accounts) for accounts in raw.get("same_person", ())),
        )

    @property
    def named(self) -> frozenset[Person]:
        """Everybody whom vigie.toml names by their ids."""
        return self.pinned.union(*(group.pinned for group in self.groups.values()))


def _problems(policy: Policy) -> Iterable[str]:
    handles = {
        "[n3]": policy.usergroup,
        **{f"[n3.groups.{n}]": g.usergroup for n, g in policy.groups.items()},
    }
    for place, handle in handles.items():
        if handle.lower() in EVERYBODY:
            yield f"{place}: @{handle} is everybody. Name a user group of those who may sign."
    for name, group in policy.groups.items():
        if not group.usergroup and not group.pinned:
            yield f"[n3.groups.{name}] names nobody. Set `usergroup` or `pinned`."
    seen: set[Person] = set()
    for accounts in policy.same_person:
        if len(accounts) < 2 or accounts & seen:
            yield "n3.same_person: each list holds two accounts or more, and no account stands in two lists."
        seen |= accounts
    for number, special in enumerate(policy.special):
        yield from _problems_of(policy, special)
        for other in policy.special[number + 1 :]:
            if special.overlaps(other):
                yield f"Two rules fit the same ({special.name}; {other.name}). Make one more special."


def _problems_of(policy: Policy, special: SpecialRule) -> Iterable[str]:
    if special.when_alone is not None and Risk.DESTRUCTIVE in special.risks:
        yield f"The rule {special.name!r}: what is destructive is never signed alone. Take when_alone out."
    for risk in special.risks or Risk:
        try:
            rule = special.over(policy.rules[risk], risk)
        except ValueError as error:
            yield f"The rule {special.name!r}: {error}."
            return
        for group in filter(None, dict.fromkeys(rule.seats)):
            if group not in policy.groups:
                yield f"The rule {special.name!r} names the group {group!r}. Add [n3.groups.{group}]."
                return
            needed, known = rule.seats.count(group), policy.groups[group]
            if not known.usergroup and len(policy.humans(known.pinned)) < needed:
                yield f"The rule {special.name!r} needs {needed} of {group}, and it has fewer. Add people."
                return
