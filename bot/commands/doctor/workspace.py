"""The workspace: the channel for incidents, those who may sign, and whether clocks agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.commands.doctor.check import Result, away, failed, ok, skipped, warning
from bot.commands.doctor.ground import SLACK_AWAY, Ground, SlackAway, SlackRefused
from bot.commands.doctor.tokens import UNTOLD, untold
from bot.domain.person import Person
from bot.domain.tool import Risk
from bot.errors import CatalogueError, Misconfigured
from bot.mistakes.mistake import nearest

NO_POLICY = "the policy cannot be used, see settings above"
_PAGES = 20
_PEOPLE = 30
_SKEW_S = 60
_CANNOT_SIGN = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")


async def channel(ground: Ground) -> Result:
    """That for incidents exists, is not archived, and Vigie is in it."""
    return await channel_of(ground, ground.settings.file.slack.incidents_channel, "slack.incidents_channel")


async def channel_of(ground: Ground, named: str, setting: str) -> Result:
    """The same of a channel that `setting` names."""
    name = named.removeprefix("#")
    try:
        await ground.identity()
    except UNTOLD as error:
        return untold(error)
    try:
        if name[:1] in "CG" and name.isupper():
            return await _by_id(ground, name)
        return await _by_name(ground, name, setting)
    except SlackRefused as error:
        return _refused(error)
    except SlackAway as error:
        return away(f"Slack does not answer: {error}", SLACK_AWAY)


async def _by_name(ground: Ground, name: str, setting: str) -> Result:
    cursor, seen = "", []
    for _ in range(_PAGES):
        page = await ground.slack(
            "conversations.list", types="public_channel", exclude_archived="false", limit=1000, cursor=cursor
        )
        for found in page["channels"]:
            if found["name"] == name:
                return _judged(found)
            seen.append(str(found["name"]))
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            break
    near = nearest(name, seen)
    meant = f"Did you mean #{near}? " if near else ""
    remedy = f"{meant}Make it in Slack, or set {setting} in vigie.toml; a private channel by its id."
    return failed(f"there is no public channel #{name}", remedy)


async def _by_id(ground: Ground, channel_id: str) -> Result:
    try:
        return _judged((await ground.slack("conversations.info", channel=channel_id))["channel"])
    except SlackRefused as error:
        if error.code != "missing_scope":
            raise
    # A private channel, which its history alone may show.
    await ground.slack("conversations.history", channel=channel_id, limit=1)
    return ok(f"{channel_id}, private; Vigie is in it")


def _judged(found: Mapping[str, Any]) -> Result:
    name = f"#{found['name']}"
    if found.get("is_archived"):
        return failed(f"{name} is archived", "Unarchive it in Slack, or name another in vigie.toml.")
    if not found.get("is_member"):
        return failed(f"Vigie is not in {name}", f"Say `/invite @Vigie` in {name}.")
    return ok(f"{name} ({found['id']}), Vigie is in it")


def _refused(error: SlackRefused) -> Result:
    if error.code == "missing_scope":
        return skipped("a scope is missing, see above")
    if error.code in ("channel_not_found", "not_in_channel"):
        remedy = "Say `/invite @Vigie` in it; a private channel is found by its id alone."
        return failed("Vigie cannot see the channel, or it does not exist", remedy)
    return failed(f"Slack says {error.code}", "Look it up at docs.slack.dev under this word.")


async def n3(ground: Ground) -> Result:
    """Those who may sign exist, and they are enough for what the policy asks."""
    settings = ground.settings.file.n3
    if not settings.usergroup and not settings.pinned:
        what = "[n3] in vigie.toml names nobody, so nobody could ever sign"
        return failed(what, "Set usergroup, or pinned where your plan has no user groups.")
    try:
        who, _ = await ground.identity(), ground.settings.policy
    except UNTOLD as error:
        return untold(error)
    except Misconfigured:
        return skipped(NO_POLICY)
    try:
        pinned = [Person.from_key(key) for key in settings.pinned]
        foreign = [person.key for person in pinned if person.team_id != who.team_id]
        if foreign:
            return failed(
                f"of another workspace: {', '.join(foreign)}", f"This one is {who.team_id}; see [n3] pinned."
            )
        named = await full_members(ground, [person.user_id for person in pinned])
        if not settings.usergroup:
            return _enough(ground, "pinned", named, named)
        group = await members_of(ground, settings.usergroup.removeprefix("@"))
        if isinstance(group, Result):
            return group
        members = await full_members(ground, group)
        return _enough(ground, f"@{settings.usergroup.removeprefix('@')}", members, named)
    except SlackRefused as error:
        return refused_n3(error)
    except SlackAway as error:
        return away(f"Slack does not answer: {error}", SLACK_AWAY)


async def members_of(ground: Ground, handle: str) -> Result | list[str]:
    """The ids of its members, or why there are none."""
    groups = (await ground.slack("usergroups.list"))["usergroups"]
    found = [group for group in groups if group["handle"] == handle]
    if not found:
        near = nearest(handle, [str(group["handle"]) for group in groups])
        remedy = f"Did you mean @{near}? " if near else ""
        return failed(
            f"there is no user group @{handle}", f"{remedy}Make it in Slack, or use pinned in vigie.toml."
        )
    users = (await ground.slack("usergroups.users.list", usergroup=found[0]["id"]))["users"]
    if not any(users):
        return failed(f"@{handle} is empty, so nobody could ever sign", "Put people into it in Slack.")
    return [str(user) for user in users if user]


async def full_members(ground: Ground, users: Sequence[str]) -> list[str]:
    """Those of them who may sign at all: no guests, bots, or people who left."""
    full = []
    for user in users[:_PEOPLE]:
        try:
            found = (await ground.slack("users.info", user=user))["user"]
        except SlackRefused as error:
            if error.code not in ("user_not_found", "user_not_visible"):
                raise
            continue
        if not any(found.get(flag) for flag in _CANNOT_SIGN):
            full.append(user)
    return full + list(users[_PEOPLE:])


def _enough(ground: Ground, who: str, members: Sequence[str], named: Sequence[str]) -> Result:
    """Whether each risk that the catalogue has could be signed. Nobody signs what they proposed."""
    count = len(members)
    if not count:
        return failed(
            f"nobody of {who} may sign: guests, bots, and people who left do not", "Name full members."
        )
    policy = ground.settings.policy
    lacking = []
    for risk in _risks(ground):
        needed, there = policy.rule(risk).signatures, len(named) if policy.rule(risk).pinned else count
        if there < needed:
            kind = "pinned people" if policy.rule(risk).pinned else "people"
            lacking.append(f"{risk} needs {needed} {kind}, there are {there}")
    if lacking:
        return warning(
            f"{who}: {count} may sign; {'; '.join(lacking)}", "Add people, or lower [policy] in vigie.toml."
        )
    if count == 1:
        return warning(f"{who}: 1 may sign, and never what they proposed themselves", "Add a second one.")
    return ok(f"{who}: {count} may sign")


def _risks(ground: Ground) -> list[Risk]:
    """The risks of the actions in the catalogue; of high at least, which one will have sooner or later."""
    from bot.tools.catalogue import parse, read_files

    try:
        tools = list(parse(read_files(ground.settings.catalogue)).tools.values())
    except CatalogueError:
        tools = []
    used = {tool.risk for tool in tools} | {Risk.LOW, Risk.HIGH}
    return [risk for risk in Risk if risk in used]


def refused_n3(error: SlackRefused) -> Result:
    if error.code in ("plan_upgrade_required", "paid_teams_only"):
        remedy = "List people under pinned in [n3] of vigie.toml, and take usergroup out."
        return failed("this workspace's plan has no user groups", remedy)
    return _refused(error)


async def clock(ground: Ground) -> Result:
    """Slack refuses, and is refused, where clocks are minutes apart: signed requests carry the time."""
    try:
        ahead = (await ground.identity()).clock_ahead_s
    except UNTOLD as error:
        return untold(error)
    if ahead is None:
        return skipped("Slack did not say what time it is")
    said = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Slack's"
    if abs(ahead) > _SKEW_S:
        return failed(said, "Set the clock by NTP, for example `timedatectl set-ntp true`.")
    return ok("agrees with Slack's" if abs(ahead) < 2 else said)
