"""What is chosen for a new installation: on the command line, at a terminal, or later in the files."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from pydantic import ValidationError

from bot.errors import BadInput
from bot.mistakes.mistake import told
from bot.mistakes.validation import TOML, mistakes_in
from bot.settings import File


@dataclass(frozen=True, slots=True)
class Choices:
    """Empty means: not chosen. `url` is Vigie's public address, for HTTP mode."""

    mode: str = ""
    url: str = ""
    channel: str = ""
    n3_group: str = ""
    n3: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, dict[str, object]]:
        """Values by section and name, for those that were chosen."""
        slack: dict[str, object] = {}
        if self.channel:
            slack["incidents_channel"] = self.channel.removeprefix("#")
        if self.mode:
            slack["mode"] = self.mode
        n3: dict[str, object] = {}
        if self.n3_group:
            n3["usergroup"] = self.n3_group.removeprefix("@")
        if self.n3:
            n3["pinned"] = list(self.n3)
        return {"slack": slack, "n3": n3}

    def checked(self) -> Choices:
        """Itself.

        Raises:
            BadInput: a value could not stand in vigie.toml; names it and what to write.
        """
        try:
            File.model_validate(self.settings)
        except ValidationError as error:
            found = mistakes_in(error, File, "", {}, TOML)
            raise BadInput(told([f"{mistake.what}. {mistake.remedy}" for mistake in found])) from None
        if self.url and not self.url.startswith("https://"):
            raise BadInput("--url must begin with https://, as Slack calls nothing else.")
        return self


def ask(given: Choices) -> Choices:
    """Ask for what was not given. Only where somebody sits at a terminal."""
    channel = given.channel or _asked("Channel for incidents", "incidents")
    if given.n3_group or given.n3:
        return replace(given, channel=channel)
    group = _asked("Slack user group of those who may sign; - where your plan has none", "n3")
    if group != "-":
        return replace(given, channel=channel, n3_group=group)
    people = _asked("People who may sign, as TEAM/USER, with blanks between; later also in vigie.toml", "")
    return replace(given, channel=channel, n3=tuple(people.split()))


def is_somebody_there() -> bool:
    """Whether a question would be read and answered by a person."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked(question: str, default: str) -> str:
    print(f"{question} [{default}]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or default
