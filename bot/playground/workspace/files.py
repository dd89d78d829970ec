"""Uploaded files: offered, received, completed and shared in channels; kept in memory."""

import secrets
import time
from dataclasses import dataclass, field

from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.file_kinds import declared
from bot.playground.workspace.identifiers import random_id
from bot.playground.workspace.team import Team

MOST_BYTES = 20 * 1024 * 1024
_OFFERS = 1000


@dataclass
class File:
    """One file. It is an offer until `is_complete`; `shares` are (channel, ts) of messages that carry it."""

    id: str
    name: str
    user: str
    length: int
    title: str = ""
    alt_txt: str = ""
    content: bytes | None = None
    is_complete: bool = False
    created: int = field(default_factory=lambda: int(time.time()))
    shares: list[tuple[str, str]] = field(default_factory=list)


class Files:
    """All files by their id, and the secret keys under which offered ones may be sent."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._files: dict[str, File] = {}
        self._keys: dict[str, str] = {}
        self._deleted: set[str] = set()

    def offer(self, user: str, name: str, length: int, alt_txt: str = "") -> tuple[str, str]:
        """(key to send it with, id) of a file that is about to come."""
        while len(self._keys) >= _OFFERS:
            self._files.pop(self._keys.pop(next(iter(self._keys))), None)
        file = File(random_id("F"), name, user, length, title=name, alt_txt=alt_txt)
        key = secrets.token_urlsafe(32)
        self._files[file.id], self._keys[key] = file, file.id
        return key, file.id

    def receive(self, key: str, content: bytes) -> File:
        """Takes the content of an offered file, once.

        Raises:
            Refused: 404 for a key that is unknown or used; 400 when it is not as long as was said.
        """
        file = self._files.get(self._keys.get(key, ""))
        if file is None:
            raise Refused("not_found", status=404)
        if len(content) != file.length:
            raise Refused("length_mismatch", status=400)
        del self._keys[key]
        file.content = content
        return file

    def complete(self, file_id: str, title: str) -> File:
        """Ends an upload.

        Raises:
            Refused: `file_not_found` for one that was never sent, or is complete already.
        """
        file = self._files.get(file_id)
        if file is None or file.content is None or file.is_complete:
            raise Refused("file_not_found")
        file.is_complete, file.title = True, title or file.name
        return file

    def add(self, user: str, name: str, content: bytes) -> File:
        """A whole file of a person."""
        key, file_id = self.offer(user, name, len(content))
        self.receive(key, content)
        return self.complete(file_id, name)

    def get(self, file_id: str) -> File:
        """The file of that id.

        Raises:
            Refused: `file_deleted`, `file_not_found`.
        """
        file = self._files.get(file_id)
        if file is None or not file.is_complete:
            raise Refused("file_deleted" if file_id in self._deleted else "file_not_found")
        return file

    def delete(self, file_id: str) -> File:
        """Takes a file away for good; returns what it was."""
        file = self.get(file_id)
        del self._files[file_id]
        self._deleted.add(file_id)
        return file

    def clear(self) -> None:
        """Forgets all files and offers."""
        self._files.clear()
        self._keys.clear()
        self._deleted.clear()

    def outward(self, file: File, address: str) -> Json:
        """The file as it stands in messages and answers."""
        mimetype, filetype, pretty = declared(file.name)
        private = f"{address}/files-pri/{self._team.id}-{file.id}"
        return {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": mimetype,
            "filetype": filetype,
            "pretty_type": pretty,
            "user": file.user,
            "user_team": self._team.id,
            "editable": False,
            "size": file.length,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{private}/{_in_address(file.name)}",
            "url_private_download": f"{private}/download/{_in_address(file.name)}",
            "permalink": f"{address}/files/{file.user}/{file.id}/{_in_address(file.name)}",
            "has_rich_preview": False,
            "file_access": "visible",
        } | ({"alt_txt": file.alt_txt} if file.alt_txt else {})


def _in_address(name: str) -> str:
    """The name as Slack writes it into addresses: lower case, everything unusual an underscore."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name).lower() or "file"
