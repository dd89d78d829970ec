"""A message that is written piece by piece: what its chunks become as blocks. Pure: data in, data out."""

from dataclasses import dataclass, field
from typing import Literal

from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.limits import MESSAGE_BLOCKS, MESSAGE_TEXT, check_message

MARKDOWN = 12_000
_TITLE = 256
_STATUS = ("pending", "in_progress", "complete", "error")


@dataclass
class Stream:
    """What has been streamed so far. In `plan` mode all tasks stand together, where the first one came."""

    mode: Literal["timeline", "plan"]
    good_until: float
    pieces: list[Json] = field(default_factory=list)
    title: str = ""

    def take(self, chunks: list[Json]) -> None:
        """Adds chunks in their order; nothing is taken when one of them is wrong.

        Raises:
            Refused: `invalid_chunks`, `msg_too_long`, `msg_blocks_too_many`, or for bad blocks.
        """
        before, title = [dict(piece) for piece in self.pieces], self.title
        try:
            for chunk in chunks:
                self._take(chunk)
            if len(self.text) > MESSAGE_TEXT:
                raise Refused("msg_too_long")
            if len(self.blocks) > MESSAGE_BLOCKS:
                raise Refused("msg_blocks_too_many")
        except Refused:
            self.pieces, self.title = before, title
            raise

    @property
    def text(self) -> str:
        """All text, as the message's fallback."""
        return "".join(piece["text"] for piece in self.pieces if piece["type"] == "markdown")

    @property
    def blocks(self) -> list[Json]:
        """What shows: text, tasks and blocks in the order in which they came."""
        tasks = [piece for piece in self.pieces if piece["type"] == "task_card"]
        shown: list[Json] = []
        for piece in self.pieces:
            if piece["type"] == "blocks":
                shown += piece["blocks"]
            elif piece["type"] == "markdown" or self.mode == "timeline":
                shown.append(piece)
            elif piece is tasks[0]:
                shown.append({"type": "plan", "title": self.title or "Plan", "tasks": tasks})
        if self.title and (self.mode == "timeline" or not tasks):
            shown.insert(0, {"type": "plan", "title": self.title, "tasks": []})
        return shown

    def _take(self, chunk: Json) -> None:
        kind = chunk.get("type")
        if kind == "markdown_text" and isinstance(chunk.get("text"), str):
            self._write(chunk["text"])
        elif kind == "plan_update" and _short(chunk.get("title")):
            self.title = chunk["title"]
        elif kind == "task_update" and _short(chunk.get("title")) and chunk.get("status") in _STATUS:
            self._task(chunk)
        elif kind == "blocks" and isinstance(chunk.get("blocks"), list):
            check_message("", chunk["blocks"])
            self.pieces.append({"type": "blocks", "blocks": chunk["blocks"]})
        else:
            raise Refused("invalid_chunks")

    def _write(self, text: str) -> None:
        if len(text) > MARKDOWN:
            raise Refused("msg_too_long")
        last = self.pieces[-1] if self.pieces else {}
        if last.get("type") == "markdown" and len(last["text"]) + len(text) <= MARKDOWN:
            last["text"] += text
        elif text:
            self.pieces.append({"type": "markdown", "text": text})

    def _task(self, chunk: Json) -> None:
        """A new task, or a change of one: title and status are replaced, details and output added to."""
        if not isinstance(chunk.get("id"), str) or not chunk["id"]:
            raise Refused("invalid_chunks")
        cards = (p for p in self.pieces if p["type"] == "task_card" and p["task_id"] == chunk["id"])
        card = next(cards, None)
        if card is None:
            card = {"type": "task_card", "task_id": chunk["id"]}
            self.pieces.append(card)
        card |= {"title": chunk["title"], "status": chunk["status"]}
        for key in ("details", "output"):
            if isinstance(chunk.get(key), str) and chunk[key]:
                card[key] = _added(card.get(key), chunk[key])
        if isinstance(chunk.get("sources"), list):
            card["sources"] = [*card.get("sources", []), *chunk["sources"]]


def _short(title: object) -> bool:
    return isinstance(title, str) and 0 < len(title) <= _TITLE


def _added(before: Json | None, text: str) -> Json:
    """Rich text that says what it said, and this too."""
    elements = before["elements"][0]["elements"] if before else []
    section = {"type": "rich_text_section", "elements": [*elements, {"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}
