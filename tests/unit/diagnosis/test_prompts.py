"""Prompts are files rendered strictly: what is missing is an error, and foreign text is never a template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompts
from bot.stages.words import inert
from prompts.fencing import plain

GIVEN: dict[str, Any] = {
    "incident": "title: x",
    "number": 1,
    "actions": [],
    "actions_left_out": 0,
    "evidence": [],
    "evidence_left_out": 0,
    "answer_tool": "Answer",
}


@pytest.mark.parametrize("missing", sorted(GIVEN))
def test_an_undefined_variable_is_an_error(missing: str) -> None:
    """Leaving any variable out is refused, never rendered as nothing."""
    with pytest.raises(jinja2.UndefinedError):
        prompts.render("diagnose", **{name: value for name, value in GIVEN.items() if name != missing})


def test_foreign_text_is_never_a_template() -> None:
    """Template syntax in a variable stays as it is."""
    shown = prompts.render("diagnose", block="case", **(GIVEN | {"incident": "{{ 7 * 7 }}"}))
    assert "| {{ 7 * 7 }}" in shown


@pytest.mark.parametrize("name", ["nothing", "../bot/errors", "", "README", "/etc/passwd"])
def test_only_files_of_the_folder_are_prompts(name: str) -> None:
    """A name leads to a prompt of the folder or to an error that says where prompts are."""
    with pytest.raises(FileNotFoundError, match="prompts are the files"):
        prompts.render(name)
    with pytest.raises(FileNotFoundError):
        prompts.version(name)


def test_every_prompt_has_a_version_and_a_line_in_the_readme() -> None:
    """The version is short and stable; the README's table names each prompt."""
    folder = Path(prompts.__file__).parent
    readme = (folder / "README.md").read_text()
    for file in folder.glob("*.md.j2"):
        name = file.name.removesuffix(".md.j2")
        assert re.fullmatch("[0-9a-f]{12}", prompts.version(name))
        assert f"| `{name}` |" in readme


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=100))
def test_a_plain_line_is_read_as_any_other(text: str) -> None:
    """The short way for lines in which nothing can hide says what the long one says of them."""
    with_more = f"{text}\u200b"  # what has no width goes, but only the long way finds it
    assert plain(text) == plain(with_more)
    assert inert(text, 200) == inert(with_more, 200)
