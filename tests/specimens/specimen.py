"""One specimen: a message or view as the bot would send it, with the name of what it is a specimen of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot.slack.uploads import File
from tests.specimens.voices import ORDINARY, VOICES, Voice

Block = dict[str, Any]
View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """Blocks, with the text that notifications show; `file` is what is uploaded with it."""

    text: str
    blocks: list[Block]
    file: File | None = None


Draw = Callable[[Voice], Message | View]


@dataclass(frozen=True)
class Specimen:
    """`group` is where it is seen: message, direct, modal, home, command or told.

    `kind` is its key in the product (`Snapshots`, `VIEWS`, `COMMANDS`), `state` where its subject stands.
    """

    group: str
    kind: str
    state: str
    voice: Voice
    draw: Draw

    @cached_property
    def shown(self) -> Message | View:
        """Drawn when somebody looks at it."""
        return self.draw(self.voice)

    @property
    def name(self) -> str:
        """For people and files: `message-proposal-signed-hostile`."""
        parts = (self.group, self.kind, self.state, self.voice.name)
        return re.sub("[^A-Za-z0-9]+", "-", " ".join(filter(None, parts)))

    @property
    def blocks(self) -> list[Block]:
        """What is drawn."""
        if isinstance(self.shown, Message):
            return self.shown.blocks
        blocks: list[Block] = self.shown["blocks"]
        return blocks


def variants(
    group: str, kind: str, draw: Draw, state: str = "", voices: tuple[Voice, ...] = VOICES
) -> Iterator[Specimen]:
    """The same thing in several voices."""
    for voice in voices:
        yield Specimen(group, kind, state, voice, draw)


def ordinary(group: str, kind: str, draw: Draw, state: str) -> Iterator[Specimen]:
    """One more state, as it usually is."""
    yield from variants(group, kind, draw, state, (ORDINARY,))
