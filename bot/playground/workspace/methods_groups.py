"""The API methods of user groups: usergroups.*."""

from dataclasses import replace

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.groups import change_group
from bot.playground.workspace.people import UserGroup


def group_list(core: Core, args: Arguments) -> Json:
    """usergroups.list: the user groups, with their members and with disabled ones if asked."""
    groups = [g for g in core.team.groups.values() if not g.is_disabled or args.flag("include_disabled")]
    return {"usergroups": [_outward(core, group, args.flag("include_users")) for group in groups]}


def group_members(core: Core, args: Arguments) -> Json:
    """usergroups.users.list: ids of people."""
    group = core.team.group(args.needed("usergroup"))
    if group.is_disabled and not args.flag("include_disabled"):
        raise Refused("no_such_subteam")
    return {"users": list(group.members)}


def update_members(core: Core, args: Arguments) -> Json:
    """usergroups.users.update: everybody who is in the group from now on."""
    group = core.team.group(args.needed("usergroup"))
    users = args.listed("users")
    if not users:
        raise Refused("no_users_provided")
    if not set(users) <= core.team.people.keys():
        raise Refused("invalid_users")
    new = replace(group, members=tuple(dict.fromkeys(users)))
    change_group(core, new)
    return {"usergroup": _outward(core, new, True)}


def _outward(core: Core, group: UserGroup, users: bool) -> Json:
    return core.team.group_outward(group) | ({"users": list(group.members)} if users else {})
