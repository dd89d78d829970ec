"""Puts complete files into a channel: one message that carries them, and `file_shared` for each."""

from bot.playground.workspace.core import Core
from bot.playground.workspace.drafts import Draft
from bot.playground.workspace.errors import Json
from bot.playground.workspace.files import File
from bot.playground.workspace.people import Person
from bot.playground.workspace.rooms import Room


def share(
    core: Core,
    room: Room,
    author: Person,
    files: list[File],
    text: str,
    thread_ts: str | None,
    blocks: list[Json] | None = None,
) -> Json:
    """Posts the message and tells of it; returns the stored message."""
    outward = [core.files.outward(file, core.address()) for file in files]
    draft = Draft(text, blocks, thread_ts=thread_ts, files=outward)
    message = core.board.post(room, author, draft)
    for file in files:
        file.shares.append((room.id, message["ts"]))
        if core.team.bot.id in room.members:
            event = {"type": "file_shared", "channel_id": room.id, "file_id": file.id, "user_id": author.id}
            core.board.announce_if_heard(event | {"file": {"id": file.id}})
    return message


def unshare(core: Core, file: File) -> None:
    """Leaves a tombstone wherever a deleted file was shared."""
    for channel, ts in file.shares:
        room = core.board.rooms.get(channel)
        message = room.messages.get(ts) if room else None
        if room is None or message is None or "files" not in message:
            continue
        before = {**message, "files": list(message["files"])}
        gone = {"id": file.id, "mode": "tombstone"}
        message["files"] = [gone if one["id"] == file.id else one for one in message["files"]]
        core.board.changed(room, message, before)
    channels = [channel for channel, _ in file.shares]
    core.board.announce_if_heard({"type": "file_deleted", "file_id": file.id, "channel_ids": channels})
