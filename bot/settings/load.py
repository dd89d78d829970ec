"""Reads vigie.toml, and the vigie.env beside it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from bot.environment_file import ENVIRONMENT_FILE, read_environment_file
from bot.errors import Misconfigured
from bot.mistakes.mistake import told
from bot.mistakes.toml_file import read_toml
from bot.settings.installation import Settings
from bot.settings.sections import File


def load(
    path: Path, environment: Mapping[str, str] | None = None, only: Collection[str] | None = None
) -> Settings:
    """Read vigie.toml and the vigie.env beside it; variables of the environment win over the latter.

    `only`: take no other names out of vigie.env, for who is to hold no more than it needs; with no name
    it is not even read.

    Raises:
        Misconfigured: a file is missing or cannot be read, or names what is wrong in them, all at once.
    """
    file, mistakes = read_toml(path, File)
    given: Mapping[str, str] = {}
    if only is None or only:
        given, wrong = read_environment_file(path.parent / ENVIRONMENT_FILE)
        mistakes += wrong
    if mistakes:
        raise Misconfigured(told(mistakes))
    if only is not None:
        given = {name: value for name, value in given.items() if name in only}
    if environment is None:
        hand_on(given)
        environment = os.environ
    return Settings(file, path.resolve().parent, {**given, **environment})


def hand_on(given: Mapping[str, str]) -> None:
    """Give this process what vigie.env says, as systemd would: libraries read some of it by themselves."""
    for name, value in given.items():
        os.environ.setdefault(name, value)
