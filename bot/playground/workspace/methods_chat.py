"""The API methods that write: chat.* and reactions.add."""

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.board import Draft
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.limits import check_message
from bot.playground.workspace.rooms import Room, shown


def post_message(core: Core, args: Arguments) -> Json:
    """chat.postMessage: a message of the bot in a channel or in direct messages."""
    room = _writable(core, args)
    draft = _draft(args)
    core.rates.take("chat.postMessage", room.id)
    message = core.board.post(room, core.team.bot, draft)
    return {"channel": room.id, "ts": message["ts"], "message": shown(message, metadata=True)}


def update(core: Core, args: Arguments) -> Json:
    """chat.update: only what the bot itself wrote; blocks and metadata that are not sent stay."""
    room = _writable(core, args)
    message = _own(core, room, args.needed("ts"), "cant_update_message")
    draft = _draft(args)
    core.rates.take("chat.update", room.id)
    message = core.board.edit(room, message["ts"], draft)
    outward = shown(message, metadata=True)
    return {"channel": room.id, "ts": message["ts"], "text": message["text"], "message": outward}


def delete(core: Core, args: Arguments) -> Json:
    """chat.delete: only what the bot itself wrote."""
    room = _writable(core, args)
    message = _own(core, room, args.needed("ts"), "cant_delete_message")
    core.board.delete(room, message["ts"])
    return {"channel": room.id, "ts": message["ts"]}


def post_ephemeral(core: Core, args: Arguments) -> Json:
    """chat.postEphemeral: seen by one member of the channel only."""
    room = _writable(core, args)
    user = args.needed("user")
    if user not in core.team.people or user not in room.members:
        raise Refused("user_not_in_channel")
    draft = _draft(args)
    core.rates.take("chat.postEphemeral", room.id)
    return {"message_ts": core.board.whisper(room, user, draft)["ts"]}


def add_reaction(core: Core, args: Arguments) -> Json:
    """reactions.add: one emoji of the bot on a message."""
    room = _writable(core, args)
    core.board.react(room, args.needed("timestamp"), args.needed("name").strip(":"))
    return {}


def _writable(core: Core, args: Arguments) -> Room:
    room = core.board.room(args.needed("channel"))
    if core.team.bot.id not in room.members:
        public = room.kind == "channel"
        if not public or "chat:write.public" not in core.team.scopes:
            raise Refused("not_in_channel" if public else "channel_not_found")
    if room.archived:
        raise Refused("is_archived")
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
