"""Who may read limited documents: the user groups that [knowledge] names exist and can be read."""

from __future__ import annotations

from bot.commands.doctor.check import Result, Status, away, failed, ok, warning
from bot.commands.doctor.ground import SLACK_AWAY, Ground, SlackAway, SlackRefused
from bot.commands.doctor.tokens import UNTOLD, untold
from bot.mistakes.mistake import nearest

_SCOPE = "usergroups:read"


async def readers(ground: Ground) -> Result:
    """Each user group of [knowledge.teams] and [knowledge.limits] is in Slack, in use, and has members."""
    named = _named(ground)
    if not named:
        return ok("no document is limited to a user group by vigie.toml")
    try:
        await ground.identity()
    except UNTOLD as error:
        return untold(error)
    try:
        return await _judged(ground, named)
    except SlackRefused as error:
        return _refused(error)
    except SlackAway as error:
        return away(f"Slack does not answer: {error}", SLACK_AWAY)


def _named(ground: Ground) -> dict[str, str]:
    """Handle -> the first setting that names it."""
    section = ground.settings.file.knowledge
    found: dict[str, str] = {}
    for name, team in section.teams.items():
        if team.usergroup:
            found.setdefault(team.usergroup.removeprefix("@"), f"knowledge.teams.{name}")
    for folder, who in section.limits.items():
        for one in who:
            if one.startswith("@"):
                found.setdefault(one[1:], f"knowledge.limits.{folder}")
    return found


async def _judged(ground: Ground, named: dict[str, str]) -> Result:
    groups = {
        str(group["handle"]): group
        for group in (await ground.slack("usergroups.list", include_disabled="true"))["usergroups"]
    }
    counts, empty = [], []
    for handle, setting in named.items():
        group = groups.get(handle)
        if group is None:
            near = nearest(handle, list(groups))
            remedy = f"Did you mean @{near}? " if near else ""
            return failed(
                f"[{setting}]: there is no user group @{handle}, so what is for it is hidden from all",
                f"{remedy}Make it in Slack, or name another in vigie.toml.",
            )
        if group.get("date_delete"):
            return failed(
                f"[{setting}]: @{handle} is disabled, so what is for it is hidden from all",
                "Enable it in Slack, under People and User groups, or name another in vigie.toml.",
            )
        users = (await ground.slack("usergroups.users.list", usergroup=group["id"]))["users"]
        there = len([user for user in users if user])
        counts.append(f"@{handle}: {there}")
        if not there:
            empty.append(f"@{handle}")
    if empty:
        return warning(f"nobody is in {', '.join(empty)}", "Put those into it who should read its documents.")
    return ok("; ".join(counts))


def _refused(error: SlackRefused) -> Result:
    if error.code == "missing_scope":
        remedy = f"Add {_SCOPE} under OAuth & Permissions, then install the app again."
        return Result(Status.SKIPPED, f"the scope {_SCOPE} is missing, see above", remedy)
    if error.code in ("plan_upgrade_required", "paid_teams_only"):
        remedy = "List people or channels under [knowledge.teams] and [knowledge.limits] instead."
        return failed("this workspace's plan has no user groups", remedy)
    return failed(f"Slack says {error.code}", "Look it up at docs.slack.dev under this word.")
