"""The API methods that write a message piece by piece: chat.startStream, appendStream and stopStream."""

import time

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.drafts import Draft
from bot.playground.workspace.elements import with_ids
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.limits import MESSAGE_BLOCKS, check_message
from bot.playground.workspace.methods_chat import writable
from bot.playground.workspace.rooms import Room, shown
from bot.playground.workspace.streams import MARKDOWN, Stream


def start(core: Core, args: Arguments) -> Json:
    """chat.startStream: a reply that goes on; in a channel it must name for whom it is written."""
    room = writable(core, args.needed("channel"))
    _check_recipient(core, room, args)
    mode = args.text("task_display_mode") or "timeline"
    if mode not in ("timeline", "plan"):
        raise Refused("invalid_arguments")
    if not args.text("thread_ts") and room.kind == "im":
        raise Refused("channel_type_not_supported")
    stream = Stream("plan" if mode == "plan" else "timeline", time.monotonic() + core.board.stream_seconds)
    stream.take(_chunks(args))
    draft = Draft(stream.text, stream.blocks, thread_ts=args.text("thread_ts") or None)
    message = core.board.post(room, core.team.bot, draft, streaming=True)
    core.board.streams[message["ts"]] = stream
    return {"channel": room.id, "ts": message["ts"]}


def append(core: Core, args: Arguments) -> Json:
    """chat.appendStream: more of it."""
    room, message, stream = _streaming(core, args)
    chunks = _chunks(args)
    if not chunks:
        raise Refused("no_text")
    stream.take(chunks)
    _write(message, stream, [])
    core.board.show(room, message)
    return {"channel": room.id, "ts": message["ts"]}


def stop(core: Core, args: Arguments) -> Json:
    """chat.stopStream: the end of it, with blocks below if there are any."""
    room, message, stream = _streaming(core, args)
    blocks, metadata = args.blocks() or [], args.mapping("metadata")
    check_message("", blocks)
    if metadata and not {"event_type", "event_payload"} <= metadata.keys():
        raise Refused("invalid_metadata_format")
    stream.take(_chunks(args))
    if len(stream.blocks) + len(blocks) > MESSAGE_BLOCKS:
        raise Refused("msg_blocks_too_many")
    before = shown(message)
    _write(message, stream, blocks)
    message["streaming_state"] = "completed"
    if metadata:
        message["metadata"] = metadata
    del core.board.streams[message["ts"]]
    core.board.changed(room, message, before)
    return {"channel": room.id, "ts": message["ts"], "message": shown(message, metadata=True)}


def _streaming(core: Core, args: Arguments) -> tuple[Room, Json, Stream]:
    room = writable(core, args.needed("channel"))
    message = room.message(args.needed("ts"))
    if message["user"] != core.team.bot.id:
        raise Refused("message_not_owned_by_app")
    stream = core.board.streams.get(message["ts"])
    if stream is None or time.monotonic() > stream.good_until:
        raise Refused("message_not_in_streaming_state")
    return room, message, stream


def _check_recipient(core: Core, room: Room, args: Arguments) -> None:
    if room.kind == "im":
        return
    for name in ("recipient_team_id", "recipient_user_id"):
        if not args.text(name):
            raise Refused(f"missing_{name}")
    core.team.person(args.text("recipient_user_id"))


def _chunks(args: Arguments) -> list[Json]:
    """What is to be added: the text first, then the chunks."""
    if len(args.text("markdown_text")) > MARKDOWN:
        raise Refused("msg_too_long")
    try:
        chunks = args.blocks("chunks") or []
    except Refused:
        raise Refused("invalid_chunks") from None
    text = args.text("markdown_text")
    return [*([{"type": "markdown_text", "text": text}] if text else []), *chunks]


def _write(message: Json, stream: Stream, below: list[Json]) -> None:
    message["text"] = stream.text
    message["blocks"] = with_ids([*stream.blocks, *below])
