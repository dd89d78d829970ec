"""What is wrong in a file is told with file, line, field and remedy; every mistake, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bot.commands.init.toml_text import toml
from bot.errors import Misconfigured
from bot.mistakes.mistake import MOST, Mistake, line_of, told
from bot.mistakes.toml_lines import lines_of
from bot.settings import File, PolicySection, Section, Settings, SignOffRuleSection, load
from bot.settings.sections import GroupSection


def leaves(section: type[BaseModel], prefix: str = "") -> dict[str, object]:
    """Every setting by its dotted name, with a value that is right."""
    found: dict[str, object] = {}
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= leaves(kind, f"{prefix}{name}.")
        elif name == "policy":
            for risk in ("low", "high", "destructive"):
                found |= leaves(PolicySection, f"policy.{risk}.")
        else:
            default = field.get_default(call_default_factory=True)
            found[f"{prefix}{name}"] = field.examples[0] if field.examples else default
    return found


SETTINGS = {name: toml(value) for name, value in leaves(File).items()}
HUGE = "9" * 5000
Form = Callable[[dict[str, str]], str]
WRONG = [
    "-1", "0", "1.5", "70000", "1e300", "nan", "inf", "-inf", "9" * 40, HUGE, "true", "false",
    "'text'", "''", '"\\u0000"', "' '", "'../..'", "[]", "[1]", "['']", "[[['x']]]", "{}", "{a = 1}",
    "2026-01-31", "2026-01-31T00:00:00Z", "10:00:00", "'" + "x" * 5000 + "'",
]  # fmt: skip


def used(settings: Settings) -> None:
    """What a start derives from the settings; none of it may break."""
    assert settings.policy.content()
    for derived in (settings.folder, settings.catalogue, settings.secrets, settings.store_url):
        assert str(derived)
    settings.secrets.exists()


def test_every_key_of_a_file_is_found_where_it_stands() -> None:
    """Plain keys, dotted keys, inline tables, lists over several lines, lists of tables, quoted keys."""
    text = (
        'a.b = 1\n"c d" = {e = [\n 1,\n {f = "x = [\\" #"}]}\n'
        "[[g]]\nh = '''\ni = 1\n'''\n[[g]]\n[g.j]\nk = 1\n"
    )
    tomllib.loads(text)
    assert lines_of(text) == {
        ("a",): 1, ("a", "b"): 1, ("c d",): 2, ("c d", "e"): 2, ("c d", "e", 0): 3, ("c d", "e", 1): 4,
        ("c d", "e", 1, "f"): 4, ("g",): 5, ("g", 0): 5, ("g", 0, "h"): 6, ("g", 1): 9,
        ("g", 1, "j"): 10, ("g", 1, "j", "k"): 11,
    }  # fmt: skip


def test_where_the_place_is_not_known_it_is_the_section() -> None:
    """What is missing is told at the section that lacks it; at the top there is no line."""
    lines = lines_of("x = 1\n[policy.low]\nsignatures = 1\n")
    assert line_of(lines, ("policy", "low", "minutes_to_sign")) == 2
    assert line_of(lines, ("elsewhere",)) == 0


@given(st.recursive(st.sampled_from(WRONG), lambda inner: inner.map(lambda v: f"[{v}, {v}]"), max_leaves=3))
def test_following_a_text_never_ends_in_an_error(value: str) -> None:
    """Whatever a value looks like, the key behind it is found."""
    assert lines_of(f"x = {value}\n# y = 1\ny = 2\n")[("y",)] == 3


@given(st.text(alphabet="[]{}=.,\"'#\n ab", max_size=40))
def test_a_text_that_is_no_toml_is_followed_to_some_end(text: str) -> None:
    """Nobody asks for that; if somebody does, it ends, and lines are lines of the text."""
    assert all(1 <= line <= text.count("\n") + 1 for line in lines_of(text).values())


def dotted(values: dict[str, str]) -> str:
    """All keys in full at the top."""
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def in_sections(values: dict[str, str]) -> str:
    """Keys below the heads of their sections, with a comment here and there."""
    lines, at = [], ""
    for name, value in sorted(values.items(), key=lambda item: (item[0].rpartition(".")[0], item[0])):
        section, _, key = name.rpartition(".")
        if section != at:
            lines += ["", f"[{section}] # a section", "# a comment"]
            at = section
        lines.append(f"{key} = {value} # a comment")
    return "\n".join(lines)


@pytest.mark.parametrize("form", [dotted, in_sections])
@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_wrong_value_is_taken_or_named(name: str, form: Form, tmp_path: Path) -> None:
    """Each setting with values of other types and out of bounds: used, or told by file, line and name."""
    path = tmp_path / "vigie.toml"
    path.write_text(form(SETTINGS), encoding="utf-8")
    used(load(path, {}))
    said = [said for value in WRONG if (said := refusal(path, form, name, value))]
    assert len(said) >= 8


def refusal(path: Path, form: Form, name: str, value: str) -> str:
    """What is said of that value, after a look at where it says it stands; empty where it is taken."""
    text = form(SETTINGS | {name: value})
    path.write_text(text, encoding="utf-8")
    said = ""
    try:
        used(load(path, {}))
    except Misconfigured as error:
        said = str(error)
    if not said or value == HUGE:  # no TOML reader takes that number, and none says where it stands
        return said
    section, _, key = name.rpartition(".")
    before, found, _ = text.partition(f"\n[{section}]")
    begin = before.count("\n") + 1 if found else 0
    line = next(
        n
        for n, row in enumerate(text.splitlines(), 1)
        if n > begin and row.startswith(f"{key if found else name} = ")
    )
    assert f"{path} line {line}: {name}" in said
    assert "Write " in said
    return said


def test_all_mistakes_are_told_at_once_ten_at_most(tmp_path: Path) -> None:
    """In the order of the file; the rest is counted."""
    path = tmp_path / "vigie.toml"
    path.write_text("[web]\nport = -1\nhost = 1\n" + "".join(f"x{n} = 1\n" for n in range(MOST)))
    with pytest.raises(Misconfigured) as refused:
        load(path, {})
    text = str(refused.value)
    assert "12 mistakes:" in text and "... and 2 more." in text
    assert text.index("line 2: web.port") < text.index("line 3: web.host") < text.index("line 4: web.x0")
    assert len(text.splitlines()) == MOST + 2


def test_one_mistake_is_one_line() -> None:
    """So that it can stand behind the name of the command."""
    assert told([Mistake("f", 3, "x is wrong", "Mend it.")]) == "f line 3: x is wrong. Mend it."
    assert (
        told([Mistake("f", 0, "x is not known; did you mean 'y'?")]) == "f: x is not known; did you mean 'y'?"
    )


def test_what_stands_there_is_shown_short_and_without_secrets(tmp_path: Path) -> None:
    """A token in the wrong place is not repeated, nor is a page of text."""
    path = tmp_path / "vigie.toml"
    token = "xoxb-" + "123456789012-" * 2 + "abcdefghijklmnopqrstuvwx"
    for value in (token, "z" * 4000):
        path.write_text(f"[web]\nport = '{value}'\n")
        with pytest.raises(Misconfigured) as refused:
            load(path, {})
        assert value not in str(refused.value)
        assert len(str(refused.value)) < 500


def test_a_number_that_is_none_is_refused_whatever_its_bounds() -> None:
    """A setting that is yet to come needs no bounds for that."""

    class Later(Section):
        wait_s: float = 1.0

    for number in (float("inf"), float("nan")):
        with pytest.raises(ValidationError):
            Later(wait_s=number)


def described(section: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """The description of every section and setting."""
    found = {}
    for name, field in section.model_fields.items():
        found[f"{prefix}{name}"] = field.description or ""
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= described(kind, f"{prefix}{name}.")
    return found


def test_every_setting_has_a_description() -> None:
    """The text below it in its model; the vigie.toml that `vigie init` writes shows it."""
    every = described(File) | described(PolicySection, "policy.<risk>.")
    every |= described(SignOffRuleSection, "sign_off_rules.") | described(GroupSection, "n3.groups.")
    assert [name for name, text in every.items() if not text.endswith(".")] == []
