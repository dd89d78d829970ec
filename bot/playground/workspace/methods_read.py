"""The API methods that read: conversations, users, user groups, team, bots."""

import base64
import binascii
import time
from typing import TypeVar

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.people import Person
from bot.playground.workspace.rooms import Room, shown

_READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read"}
_HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im"}

T = TypeVar("T")


def auth_test(core: Core, _args: Arguments) -> Json:
    """auth.test: whose token this is."""
    return {
        "url": core.address() + "/",
        "team": core.team.name,
        "user": core.team.bot.handle,
        "team_id": core.team.id,
        "user_id": core.team.bot.id,
        "bot_id": core.team.bot.bot_id,
        "is_enterprise_install": False,
    }


def auth_revoke(core: Core, args: Arguments) -> Json:
    """auth.revoke: the bot gives its own token up; `test` only asks."""
    if args.flag("test"):
        return {"revoked": False}
    core.team.bot_token_error = "token_revoked"  # noqa: S105 - an error code, no secret
    return {"revoked": True}


def history(core: Core, args: Arguments) -> Json:
    """conversations.history: the main line, newest first."""
    room = _readable(core, args)
    inside = _between(room.main_line(), args)[::-1]
    page, after = _page(inside, args, default=100, most=999)
    return _messages(page, after, args) | {
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }


def replies(core: Core, args: Arguments) -> Json:
    """conversations.replies: the root of a thread, then its replies, oldest first."""
    room = _readable(core, args)
    root = room.root_of(args.needed("ts"))
    page, after = _page([root, *_between(room.replies(root["ts"]), args)], args, default=1000, most=1000)
    return _messages(page, after, args)


def conversation_info(core: Core, args: Arguments) -> Json:
    """conversations.info: one channel."""
    room = core.board.room(args.needed("channel"))
    core.team.require(_READ[room.kind])
    _known(core, room)
    count = {"num_members": len(room.members)} if args.flag("include_num_members") else {}
    return {"channel": _channel(core, room) | count}


def conversation_list(core: Core, args: Arguments) -> Json:
    """conversations.list: the channels of the wanted types that the bot may know of."""
    kinds = _kinds(args)
    for kind in kinds:
        core.team.require(_READ[kind])
    rooms = [r for r in core.board.rooms.values() if r.kind in kinds]
    known = [r for r in rooms if r.kind == "channel" or core.team.bot.id in r.members]
    known = [r for r in known if not (r.archived and args.flag("exclude_archived"))]
    page, after = _page([_channel(core, room) for room in known], args, default=100, most=1000)
    return {"channels": page, "response_metadata": {"next_cursor": after}}


def own_conversations(core: Core, args: Arguments) -> Json:
    """users.conversations: the channels in which the bot (or `user`) is."""
    core.team.require("channels:read")
    user = args.text("user") or core.team.bot.id
    kinds = _kinds(args)
    rooms = [
        r
        for r in core.board.rooms.values()
        if r.kind in kinds
        and {user, core.team.bot.id} <= r.members
        and not (r.archived and args.flag("exclude_archived"))
    ]
    page, after = _page([_channel(core, room) for room in rooms], args, default=100, most=1000)
    return {"channels": page, "response_metadata": {"next_cursor": after}}


def members(core: Core, args: Arguments) -> Json:
    """conversations.members: ids of people."""
    room = core.board.room(args.needed("channel"))
    core.team.require(_READ[room.kind])
    _known(core, room)
    page, after = _page(sorted(room.members), args, default=100, most=1000)
    return {"members": page, "response_metadata": {"next_cursor": after}}


def open_conversation(core: Core, args: Arguments) -> Json:
    """conversations.open: the direct messages with one person."""
    users = args.listed("users")
    if len(users) != 1 and not args.text("channel"):
        raise Refused("too_many_users" if users else "users_list_not_supplied")
    room = core.board.room(args.text("channel")) if args.text("channel") else None
    if room is None:
        room = core.board.room(core.team.person(users[0]).id)
    whole = {"no_op": True, "already_open": True}
    return {**whole, "channel": _channel(core, room) if args.flag("return_im") else {"id": room.id}}


def join(core: Core, args: Arguments) -> Json:
    """conversations.join: the bot joins a public channel."""
    room = core.board.room(args.needed("channel"))
    if room.kind != "channel":
        raise Refused("method_not_supported_for_channel_type" if room.kind == "im" else "channel_not_found")
    room.refuse_if_archived("is_archived")
    if core.team.bot.id in room.members:
        already = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": _channel(core, room), **already}
    room.members.add(core.team.bot.id)
    return {"channel": _channel(core, room)}


def user_info(core: Core, args: Arguments) -> Json:
    """users.info: one person."""
    return {"user": _user(core, core.team.person(args.needed("user")))}


def user_list(core: Core, args: Arguments) -> Json:
    """users.list: everybody."""
    everybody = [_user(core, person) for person in core.team.people.values()]
    page, after = _page(everybody, args, default=1000, most=1000)
    return {"members": page, "cache_ts": int(time.time()), "response_metadata": {"next_cursor": after}}


def team_info(core: Core, _args: Arguments) -> Json:
    """team.info: the workspace."""
    team = {
        "id": core.team.id,
        "name": core.team.name,
        "domain": core.team.domain,
        "email_domain": "",
        "icon": {},
    }
    return {"team": team | {"url": core.address() + "/"}}


def bot_info(core: Core, args: Arguments) -> Json:
    """bots.info: one bot by its B... id."""
    wanted = args.text("bot") or core.team.bot.bot_id
    for person in core.team.people.values():
        if person.is_bot and person.bot_id == wanted:
            own = core.team.app_id if person.id == core.team.bot.id else "A" + person.id[1:]
            about = {"id": wanted, "deleted": False, "name": person.name, "updated": 0}
            return {"bot": about | {"app_id": own, "user_id": person.id, "icons": {}}}
    raise Refused("bot_not_found")


def _readable(core: Core, args: Arguments) -> Room:
    room = core.board.room(args.needed("channel"))
    core.team.require(_HISTORY[room.kind])
    _known(core, room)
    if core.team.bot.id not in room.members:
        raise Refused("not_in_channel")
    return room


def _known(core: Core, room: Room) -> None:
    if room.kind != "channel" and core.team.bot.id not in room.members:
        raise Refused("channel_not_found")


def _kinds(args: Arguments) -> list[str]:
    wanted = args.listed("types") or ["public_channel"]
    if not set(wanted) <= {*_KINDS, "mpim"}:
        raise Refused("invalid_types")
    return [_KINDS[kind] for kind in wanted if kind in _KINDS]


def _between(messages: list[Json], args: Arguments) -> list[Json]:
    oldest, latest = _moment(args, "oldest", 0.0), _moment(args, "latest", float("inf"))
    if args.flag("inclusive"):
        return [m for m in messages if oldest <= float(m["ts"]) <= latest]
    return [m for m in messages if oldest < float(m["ts"]) < latest]


def _moment(args: Arguments, name: str, default: float) -> float:
    try:
        return float(args.text(name) or default)
    except ValueError:
        raise Refused(f"invalid_ts_{name}") from None


def _page(everything: list[T], args: Arguments, *, default: int, most: int) -> tuple[list[T], str]:
    """One page and the cursor of the next, empty at the end."""
    limit = args.number("limit", default, most)
    try:
        start = int(base64.b64decode(args.text("cursor")).removeprefix(b"next:") or b"0")
    except (binascii.Error, ValueError):
        raise Refused("invalid_cursor") from None
    end = start + limit
    return everything[start:end], base64.b64encode(b"next:%d" % end).decode() if end < len(everything) else ""


def _messages(page: list[Json], after: str, args: Arguments) -> Json:
    metadata = args.flag("include_all_metadata")
    answer: Json = {"messages": [shown(m, metadata=metadata) for m in page], "has_more": bool(after)}
    return answer | ({"response_metadata": {"next_cursor": after}} if after else {})


def _channel(core: Core, room: Room) -> Json:
    if room.kind == "im":
        other = next(iter(room.members - {core.team.bot.id}))
        about = {"id": room.id, "created": room.created, "is_archived": False, "is_im": True}
        return about | {"is_org_shared": False, "user": other, "is_user_deleted": False, "priority": 0}
    topic = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": room.id,
        "name": room.name,
        "name_normalized": room.name,
        "is_channel": room.kind == "channel",
        "is_group": room.kind == "group",
        "is_im": False,
        "is_mpim": False,
        "is_private": room.kind == "group",
        "is_archived": room.archived,
        "is_general": False,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_member": core.team.bot.id in room.members,
        "created": room.created,
        "creator": "",
        "context_team_id": core.team.id,
        "topic": topic,
        "purpose": topic,
        "previous_names": [],
    }


def _user(core: Core, person: Person) -> Json:
    profile = {
        "title": person.title,
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "team": core.team.id,
    }
    return {
        "id": person.id,
        "team_id": core.team.id,
        "name": person.handle,
        "deleted": False,
        "real_name": person.name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile | ({"bot_id": person.bot_id} if person.is_bot else {}),
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
