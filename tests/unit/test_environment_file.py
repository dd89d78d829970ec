"""vigie.env is read as systemd reads it; what could be read in two ways is refused, and no value is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.environment_file import KNOWN, is_placeholder, read_environment_file
from bot.errors import Misconfigured
from bot.settings import load

SECRET = "hunter22hunter22"


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "vigie.env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_names_values_comments_and_quotes(tmp_path: Path) -> None:
    """An empty value is no value; a pair of quotes is taken off; both signs of a comment are known."""
    text = "# mine\n; mine too\n\nSLACK_BOT_TOKEN=xoxb-1=2\n"
    text += "OPENAI_BASE_URL=\"http://h/v1\"\nSLACK_APP_TOKEN=\nA='b c'\n"
    values, wrong = read_environment_file(written(tmp_path, text))
    assert (values, wrong) == (
        {"SLACK_BOT_TOKEN": "xoxb-1=2", "OPENAI_BASE_URL": "http://h/v1", "A": "b c"},
        [],
    )
    assert read_environment_file(tmp_path / "absent") == ({}, [])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o601])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that puts it right; vigie.toml beside it is not used without it."""
    path = written(tmp_path, "VIGIE_INTAKE_TOKEN=x\n", mode)
    (tmp_path / "vigie.toml").write_text("")
    for read in (lambda: read_environment_file(path), lambda: load(tmp_path / "vigie.toml", {})):
        with pytest.raises(Misconfigured, match=f"chmod 600 {path}"):
            read()


@pytest.mark.parametrize(
    "line, said",
    [
        ("SLACK_BOT_TOKEN", "expected NAME=value"),
        (f"={SECRET}", "expected NAME=value"),
        (f"SLACK_BOT_TOKEN = {SECRET}", "expected NAME=value"),
        (f"SLACK_BOT_TOKEN= {SECRET}", "a blank before its value"),
        (f"export SLACK_BOT_TOKEN={SECRET}", "`export` does not belong here"),
        (f"SLACK_BOT_TOKN={SECRET}", "did you mean 'SLACK_BOT_TOKEN'?"),
        (
            f"VIGIE_COLOUR_OF_HAT={SECRET}",
            "VIGIE_COLOUR_OF_HAT is not known. Take it out. Known: SLACK_BOT_TOKEN",
        ),
        (f"OPENAI_API_KEY='{SECRET}", "is not closed"),
        (f"OPENAI_API_KEY={SECRET}'", "holds a quote or a backslash"),
        (f"OPENAI_API_KEY={SECRET}\\", "holds a quote or a backslash"),
        (f"OPENAI_API_KEY={SECRET}\u200b", "cannot be seen"),
        (f"GOOD={SECRET}", "GOOD stands here twice"),
    ],
)
def test_a_line_of_another_form_is_named_without_its_value(tmp_path: Path, line: str, said: str) -> None:
    """By file and line, with what to write."""
    path = written(tmp_path, f"GOOD=1\n{line}\n")
    (wrong,) = read_environment_file(path)[1]
    assert str(wrong).startswith(f"{path} line 2: ")
    assert said in str(wrong)
    assert SECRET not in str(wrong)


def test_both_files_are_told_at_once(tmp_path: Path) -> None:
    """What is wrong in vigie.toml does not hide what is wrong in vigie.env."""
    written(tmp_path, "nonsense\n")
    (tmp_path / "vigie.toml").write_text("[web]\nport = -1\n")
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path / "vigie.toml", {})
    assert "vigie.toml line 2" in str(refused.value) and "vigie.env line 1" in str(refused.value)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process was given holds; what it was not given comes from the file, for libraries too."""
    written(tmp_path, "VIGIE_INTAKE_TOKEN=from-the-file-0123\nOPENAI_API_KEY=from-file\nSOME_LIBRARY=1\n")
    (tmp_path / "vigie.toml").write_text("")
    monkeypatch.setenv("VIGIE_INTAKE_TOKEN", "from-the-process-0123")
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("SOME_LIBRARY", "x")
    monkeypatch.delenv("SOME_LIBRARY")
    settings = load(tmp_path / "vigie.toml")
    assert settings.intake_token == "from-the-process-0123"
    assert (settings.model_key, os.environ["SOME_LIBRARY"]) == ("from-file", "1")


def test_a_process_that_needs_few_takes_few(tmp_path: Path) -> None:
    """The executor is given no key of the model, though the file beside its settings has one.

    Who needs none, as `vigie freeze`, works also when the file is broken.
    """
    written(tmp_path, "SLACK_BOT_TOKEN=xoxb-1\nOPENAI_API_KEY=from-file\n")
    (tmp_path / "vigie.toml").write_text("")
    settings = load(tmp_path / "vigie.toml", {}, only=("SLACK_BOT_TOKEN",))
    assert (settings.bot_token, settings.model_key) == ("xoxb-1", "")
    written(tmp_path, "broken\n", 0o644)
    assert load(tmp_path / "vigie.toml", {}, only=()).model_key == ""


@given(st.text(max_size=200))
def test_any_text_is_read_or_named(text: str) -> None:
    """No text ends in another error."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vigie.env"
        path.write_text(text.encode("utf-8", "replace").decode(), encoding="utf-8")
        path.chmod(0o600)
        values, wrong = read_environment_file(path)
        assert all(name for name in values)
        assert all(mistake.line for mistake in wrong)


def test_what_nobody_has_filled_in() -> None:
    """Empty, or one of the usual ways to say: put it here."""
    assert all(map(is_placeholder, ["", "xoxb-...", "xoxb-…", "<token>", "xapp-FILL-IN", "xoxb-YOUR-TOKEN"]))
    assert not any(map(is_placeholder, ["xoxb-1-2-abc", "xapp-1-A0-abc", "s3cr3t"]))
    assert len(set(KNOWN)) == len(KNOWN)
