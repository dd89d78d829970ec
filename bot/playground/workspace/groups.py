"""Changing a user group, and what the app is told of it."""

import time

from bot.playground.workspace.core import Core
from bot.playground.workspace.people import UserGroup


def change_group(core: Core, group: UserGroup) -> None:
    """Makes the group or changes it; the app hears of members by one event, of the whole group by another."""
    old = core.team.groups.get(group.id, UserGroup(group.id, group.handle, group.name))
    core.team.groups[group.id] = group
    added, removed = set(group.members) - set(old.members), set(old.members) - set(group.members)
    if added or removed:
        changed = {
            "type": "subteam_members_changed",
            "subteam_id": group.id,
            "team_id": core.team.id,
            "date_previous_update": 0,
            "date_update": int(time.time()),
            "added_users": sorted(added),
            "added_users_count": len(added),
            "removed_users": sorted(removed),
            "removed_users_count": len(removed),
        }
        core.board.announce_if_heard(changed)
    whole = core.team.group_outward(group) | {"users": list(group.members)}
    core.board.announce_if_heard({"type": "subteam_updated", "subteam": whole})
