"""Reads a TOML file into a model: all that is wrong in it at once, and what is left of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.errors import Misconfigured
from bot.mistakes.mistake import Mistake
from bot.mistakes.toml_lines import lines_of
from bot.mistakes.validation import TOML, mistakes_in

M = TypeVar("M", bound=BaseModel)


def read_toml(path: Path, model: type[M]) -> tuple[M, list[Mistake]]:
    """The file with defaults in the place of what is wrong, and what is wrong. Every setting has a default.

    Raises:
        Misconfigured: there is nothing to read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        remedy = "Name another with --config, or write one with `vigie init`."
        raise Misconfigured(f"{path} does not exist. {remedy}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path}: it is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror or error}. Make it a file that you may read.") from None
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        return model(), [Mistake(str(path), 0, "it is nested too deep", "Write it flatter.")]
    except ValueError as error:  # TOMLDecodeError is one, a number of thousands of digits another
        return model(), [_not_toml(str(path), text, error)]
    return _validated(raw, model, str(path), text)


def _not_toml(file: str, text: str, error: ValueError) -> Mistake:
    what, line = str(error), 0
    if found := re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", what):
        what, line = f"{found[1]}, column {found[3]}", int(found[2])
    elif what.endswith(" (at end of document)"):
        what, line = what.replace(" (at end of document)", ", and the file ends there"), text.count("\n") + 1
    remedy = "Texts stand in quotes, sections in [brackets], one `name = value` a line."
    return Mistake(file, line, f"not valid TOML: {what[:1].lower()}{what[1:]}", remedy)


def _validated(raw: dict[str, Any], model: type[M], file: str, text: str) -> tuple[M, list[Mistake]]:
    mistakes: list[Mistake] = []
    while True:
        try:
            return model.model_validate(raw), mistakes
        except ValidationError as error:
            mistakes = mistakes or mistakes_in(error, model, file, lines_of(text), TOML)
            for problem in error.errors():
                _take_out(raw, problem["loc"])


def _take_out(raw: dict[str, Any], place: Sequence[int | str]) -> None:
    """Remove the setting that is wrong, or its whole section, so that the rest can still be looked at."""
    section = raw.get(str(place[0]))
    if len(place) > 1 and isinstance(section, dict) and place[1] in section:
        del section[place[1]]
    else:
        raw.pop(str(place[0]), None)
