"""Who may read limited documents: the user groups that settings and documents name are there."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.commands.doctor.check import Result, Status, away, failed, ok, warning
from bot.commands.doctor.ground import SLACK_AWAY, Ground, SlackAway, SlackRefused
from bot.commands.doctor.tokens import UNTOLD, untold
from bot.knowledge_base import knowledge_of
from bot.mistakes.mistake import nearest
from knowledge.errors import KnowledgeError

_SCOPE = "usergroups:read"


async def readers(ground: Ground) -> Result:
    """Each user group that settings or documents name is in Slack, in use, and has members."""
    named = await asyncio.to_thread(_of_documents, ground) | _of_settings(ground)
    if not named:
        return ok("no document is limited to a user group")
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


def _of_documents(ground: Ground) -> dict[str, str]:
    """Handle -> a document that is limited to it; none where no knowledge is there, or can be read."""
    folder = ground.settings.folder / "knowledge"
    written = folder if ground.settings.is_postgresql else folder / "knowledge.sqlite"
    if not written.exists():
        return {}  # to look makes nothing
    try:
        with knowledge_of(ground.settings, owner=False) as base:
            return {name[1:]: f"document {id}" for name, id in base.readers().items() if name.startswith("@")}
    except (KnowledgeError, OSError, sa.exc.SQLAlchemyError):
        return {}  # the database has a check of its own


def _of_settings(ground: Ground) -> dict[str, str]:
    """Handle -> the first setting that names it."""
    section = ground.settings.file.knowledge
    found: dict[str, str] = {}
    for name, team in section.teams.items():
        if team.usergroup:
            found.setdefault(team.usergroup.removeprefix("@"), f"[knowledge.teams.{name}]")
    for folder, who in section.limits.items():
        for one in who:
            if one.startswith("@"):
                found.setdefault(one[1:], f"[knowledge.limits.{folder}]")
    return found


async def _judged(ground: Ground, named: dict[str, str]) -> Result:
    groups = {
        str(group["handle"]): group
        for group in (await ground.slack("usergroups.list", include_disabled="true"))["usergroups"]
    }
    counts, empty = [], []
    for handle, place in named.items():
        group = groups.get(handle)
        if group is None:
            near = nearest(handle, list(groups))
            remedy = f"Did you mean @{near}? " if near else ""
            return failed(
                f"{place}: there is no user group @{handle}, so what is for it is hidden from all",
                f"{remedy}Make it in Slack, or name another there.",
            )
        if group.get("date_delete"):
            return failed(
                f"{place}: @{handle} is disabled, so what is for it is hidden from all",
                "Enable it in Slack, under People and User groups, or name another there.",
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
