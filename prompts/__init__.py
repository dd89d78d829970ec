"""The questions put to a model: one file each, rendered strictly, with every foreign text inside a fence."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prompts.fencing import fence, line

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

__all__ = ["fence", "line", "render", "version"]

FOLDER = Path(__file__).parent
ENDING = ".md.j2"


def render(name: str, *, block: str = "", **variables: object) -> str:
    """The prompt `name` with its variables filled in; with `block`, only that block of it.

    Raises:
        FileNotFoundError: there is no such prompt.
        KeyError: it has no such block.
        jinja2.UndefinedError: the prompt uses a variable that was not given.
    """
    _path(name)
    template = _environment().get_template(name + ENDING)
    if not block:
        return template.render(**variables).strip() + "\n"
    context = template.new_context(dict(variables))
    return "".join(template.blocks[block](context)).strip() + "\n"


def version(name: str) -> str:
    """Twelve hex digits that change with every change of the prompt's file.

    Raises:
        FileNotFoundError: there is no such prompt.
    """
    return hashlib.sha256(_path(name).read_bytes()).hexdigest()[:12]


def _path(name: str) -> Path:
    """Names are looked up in the folder's own list, so that no name can lead out of it."""
    path = {file.name: file for file in FOLDER.glob(f"*{ENDING}")}.get(name + ENDING)
    if path is None:
        raise FileNotFoundError(f"there is no prompt {name!r}; prompts are the files prompts/*{ENDING}")
    return path


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # A prompt is plain text for a model: escaping for HTML would only change what the evidence says.
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["fence"] = fence
    environment.filters["line"] = line
    return environment
