"""The API methods that write: chat.* and reactions.*."""

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.drafts import Draft
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.later_deeds import emoji_name
from bot.playground.workspace.limits import check_message
from bot.playground.workspace.rooms import Room, shown


def post_message(core: Core, args: Arguments) -> Json:
    """chat.postMessage: a message of the bot in a channel or in direct messages."""
    room = writable(core, args.needed("channel"))
    draft = _draft(args)
    message = core.board.post(room, core.team.bot, draft)
    return {"channel": room.id, "ts": message["ts"], "message": shown(message, metadata=True)}


def update(core: Core, args: Arguments) -> Json:
    """chat.update: only what the bot itself wrote; blocks and metadata that are not sent stay."""
    room = writable(core, args.needed("channel"), "is_inactive")
    message = _own(core, room, args.needed("ts"), "cant_update_message")
    if message.get("streaming_state") == "in_progress":
        raise Refused("streaming_state_conflict")
    draft = _draft(args)
    message = core.board.edit(room, message["ts"], draft)
    outward = shown(message, metadata=True)
    return {"channel": room.id, "ts": message["ts"], "text": message["text"], "message": outward}


def delete(core: Core, args: Arguments) -> Json:
    """chat.delete: only what the bot itself wrote."""
    room = writable(core, args.needed("channel"), "cant_delete_message")
    message = _own(core, room, args.needed("ts"), "cant_delete_message")
    core.board.delete(room, message["ts"])
    return {"channel": room.id, "ts": message["ts"]}


def post_ephemeral(core: Core, args: Arguments) -> Json:
    """chat.postEphemeral: seen by one member of the channel only."""
    room = writable(core, args.needed("channel"))
    user = args.needed("user")
    if user not in core.team.people or user not in room.members:
        raise Refused("user_not_in_channel")
    draft = _draft(args)
    return {"message_ts": core.whispers.show(room, user, draft)["ts"]}


def add_reaction(core: Core, args: Arguments) -> Json:
    """reactions.add: one emoji of the bot on a message."""
    room = writable(core, args.needed("channel"))
    core.board.react(room, args.needed("timestamp"), emoji_name(args.needed("name")), core.team.bot.id)
    return {}


def remove_reaction(core: Core, args: Arguments) -> Json:
    """reactions.remove: takes away what the bot added."""
    room = writable(core, args.needed("channel"))
    core.board.unreact(room, args.needed("timestamp"), emoji_name(args.needed("name")), core.team.bot.id)
    return {}


def permalink(core: Core, args: Arguments) -> Json:
    """chat.getPermalink: the address of one message."""
    room = core.board.room(args.needed("channel"))
    message = room.message(args.needed("message_ts"))
    address = f"{core.address()}/archives/{room.id}/p{message['ts'].replace('.', '')}"
    thread = message.get("thread_ts", message["ts"])
    rest = "" if thread == message["ts"] else f"?thread_ts={thread}&cid={room.id}"
    return {"channel": room.id, "permalink": address + rest}


def writable(core: Core, channel: str, archived: str = "is_archived") -> Room:
    """The channel, if the bot may write there; `archived` is what is said of an archived one.

    Raises:
        Refused: `channel_not_found`, `not_in_channel`, or as `archived` says.
    """
    room = core.board.room(channel)
    if core.team.bot.id not in room.members:
        public = room.kind == "channel"
        if not public or "chat:write.public" not in core.team.scopes:
            raise Refused("not_in_channel" if public else "channel_not_found")
    room.refuse_if_archived(archived)
    return room


def _own(core: Core, room: Room, ts: str, error: str) -> Json:
    message = room.message(ts)
    if message["user"] != core.team.bot.id:
        raise Refused(error)
    return message


def _draft(args: Arguments) -> Draft:
    text, blocks = args.text("text"), args.blocks()
    attachments = args.blocks("attachments")
    markdown = args.text("markdown_text")
    if markdown:
        if text or blocks:
            raise Refused("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": markdown}]
    if not text and not blocks and not attachments:
        raise Refused("no_text")
    check_message(text, blocks or [])
    metadata = args.mapping("metadata")
    if metadata and not {"event_type", "event_payload"} <= metadata.keys():
        raise Refused("invalid_metadata_format")
    thread_ts = args.text("thread_ts") or None
    return Draft(text, blocks, attachments, metadata, thread_ts, args.flag("reply_broadcast"))
