"""A message about to be written, and what it becomes once it stands: pure, data in, data out."""

import uuid
from dataclasses import dataclass

from bot.playground.workspace.elements import with_ids
from bot.playground.workspace.errors import Json
from bot.playground.workspace.people import Person
from bot.playground.workspace.team import Team
from bot.playground.workspace.typed import rich_text


@dataclass(frozen=True)
class Draft:
    """A message about to be written. `files` as they stand in a message."""

    text: str = ""
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    files: list[Json] | None = None


def written(team: Team, author: Person, draft: Draft) -> Json:
    """The message as it is stored, without its timestamp."""
    message: Json = {"type": "message", "user": author.id, "text": draft.text, "team": team.id}
    if author.is_bot:
        message |= _bot_marks(team, author)
        message |= {"blocks": with_ids(draft.blocks)} if draft.blocks else {}
    else:
        message |= {"client_msg_id": str(uuid.uuid4())}
        message |= {"blocks": rich_text(draft.text)} if draft.text else {}
    if draft.attachments:
        message["attachments"] = draft.attachments
    if draft.metadata:
        message["metadata"] = draft.metadata
    if draft.files:
        message |= {"files": draft.files, "upload": False, "display_as_bot": False}
    return message


def _bot_marks(team: Team, author: Person) -> Json:
    app_id = team.app_id if author.id == team.bot.id else "A" + author.id[1:]
    profile = {
        "id": author.bot_id,
        "app_id": app_id,
        "user_id": author.id,
        "name": author.name,
        "icons": {},
        "deleted": False,
        "updated": 0,
        "team_id": team.id,
    }
    return {"bot_id": author.bot_id, "app_id": app_id, "bot_profile": profile}
