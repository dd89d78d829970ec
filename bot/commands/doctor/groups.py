"""The parts of N3 that the policy names: their user groups exist, and hold those whom a rule asks for."""

from __future__ import annotations

from bot.commands.doctor.check import Result, away, failed, ok, skipped, warning
from bot.commands.doctor.ground import SLACK_AWAY, Ground, SlackAway, SlackRefused
from bot.commands.doctor.tokens import UNTOLD, untold
from bot.commands.doctor.workspace import NO_POLICY, full_members, members_of, refused_n3
from bot.domain.tool import Risk
from bot.errors import Misconfigured
from bot.sign_off.rules import Group, Rule


async def groups(ground: Ground) -> Result:
    """Each of [n3.groups] has somebody who is of N3, and as many as its rules need."""
    try:
        known = ground.settings.policy.groups
    except Misconfigured:
        return skipped(NO_POLICY)
    if not known:
        return ok("the policy names none")
    try:
        await ground.identity()
    except UNTOLD as error:
        return untold(error)
    try:
        return await _judged(ground)
    except SlackRefused as error:
        return refused_n3(error)
    except SlackAway as error:
        return away(f"Slack does not answer: {error}", SLACK_AWAY)


async def _judged(ground: Ground) -> Result:
    policy, section = ground.settings.policy, ground.settings.file.n3
    n3 = await _people(
        ground, Group(section.usergroup, policy.pinned if not section.usergroup else frozenset())
    )
    if isinstance(n3, Result):
        return Result(n3.status, f"[n3]: {n3.found}", n3.remedy)
    counts, few = [], []
    for name, group in policy.groups.items():
        people = await _people(ground, group)
        if isinstance(people, Result):
            return Result(people.status, f"[n3.groups.{name}]: {people.found}", people.remedy)
        there = len(set(people) & set(n3))
        if not there:
            what = f"[n3.groups.{name}]: nobody of it is of N3, so nobody could sign for it"
            return failed(what, "Put its people into N3, too, or name others.")
        counts.append(f"{name}: {there} of N3")
        needed = max((rule.seats.count(name) for rule in _rules(ground)), default=0)
        if there < needed:
            few.append(f"{name} has {there} of N3, and a rule needs {needed}")
    if few:
        return warning("; ".join(few), "Add people to the group, or lower the rule under [policy].")
    return ok("; ".join(counts))


async def _people(ground: Ground, group: Group) -> Result | list[str]:
    """The ids of those of a group who may sign at all, or why there are none."""
    users: Result | list[str] = [person.user_id for person in group.pinned]
    if group.usergroup:
        users = await members_of(ground, group.usergroup.removeprefix("@"))
    return users if isinstance(users, Result) else await full_members(ground, users)


def _rules(ground: Ground) -> list[Rule]:
    policy = ground.settings.policy
    special = [one.over(policy.rules[risk], risk) for one in policy.special for risk in one.risks or Risk]
    return [*policy.rules.values(), *special]
