"""The API methods of files: an upload in two steps around the sending itself, reading, deleting."""

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.files import MOST_BYTES, File
from bot.playground.workspace.limits import check_message
from bot.playground.workspace.methods_chat import writable
from bot.playground.workspace.rooms import Room
from bot.playground.workspace.sharing import share, unshare

_ALT_TEXT = 1000
_SNIPPET_BYTES = 1024 * 1024
_MOST_CHANNELS = 100


def get_upload_url(core: Core, args: Arguments) -> Json:
    """files.getUploadURLExternal: where to send the content, which must be as long as was said."""
    name, length = args.needed("filename"), args.needed("length")
    if not length.isdigit() or not 0 < int(length) <= MOST_BYTES:
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid length"]})
    if len(args.text("alt_txt")) > _ALT_TEXT:
        raise Refused("alt_txt_too_large")
    if args.text("snippet_type") and int(length) > _SNIPPET_BYTES:
        raise Refused("snippet_too_large")
    key, file_id = core.files.offer(core.team.bot.id, name, int(length), args.text("alt_txt"))
    return {"upload_url": f"{core.address()}/upload/v1/{key}", "file_id": file_id}


def complete_upload(core: Core, args: Arguments) -> Json:
    """files.completeUploadExternal: the files are there from now on, in the channels that are named."""
    rooms = _rooms(core, args)
    wanted = args.blocks("files")
    if not wanted:
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] no files"]})
    comment, blocks = args.text("initial_comment"), args.blocks()
    check_message(comment, blocks or [])
    thread_ts = args.text("thread_ts") or None
    for room in rooms if thread_ts else []:
        room.root_of(thread_ts or "")
    files = [core.files.complete(str(one.get("id")), str(one.get("title") or "")) for one in wanted]
    for room in rooms:
        share(core, room, core.team.bot, files, comment, thread_ts, blocks)
    return {"files": [core.files.outward(file, core.address()) for file in files]}


def info(core: Core, args: Arguments) -> Json:
    """files.info: one file, and where it was shared."""
    file = core.files.get(args.needed("file"))
    if not _visible(core, file):
        raise Refused("file_not_found")
    outward = core.files.outward(file, core.address()) | {"shares": _shares(core, file), "comments_count": 0}
    return {"file": outward, "comments": [], "response_metadata": {"next_cursor": ""}}


def delete(core: Core, args: Arguments) -> Json:
    """files.delete: only what the bot itself shared."""
    if core.files.get(args.needed("file")).user != core.team.bot.id:
        raise Refused("cant_delete_file")
    unshare(core, core.files.delete(args.needed("file")))
    return {}


def _rooms(core: Core, args: Arguments) -> list[Room]:
    named = [args.text("channel_id")] if args.text("channel_id") else args.listed("channels")
    if len(named) > _MOST_CHANNELS:
        raise Refused("channels_limit_exceeded")
    return [writable(core, channel, "posting_to_channel_denied") for channel in named]


def _visible(core: Core, file: File) -> bool:
    rooms = [core.board.rooms.get(channel) for channel, _ in file.shares]
    seen = any(room is not None and core.team.bot.id in room.members for room in rooms)
    return seen or file.user == core.team.bot.id


def _shares(core: Core, file: File) -> Json:
    shares: Json = {}
    for channel, ts in file.shares:
        room = core.board.rooms.get(channel)
        if room is not None:
            kind = "public" if room.kind == "channel" else "private"
            shares.setdefault(kind, {}).setdefault(channel, []).append({"ts": ts})
    return shares
