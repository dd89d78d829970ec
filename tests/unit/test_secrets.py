"""Secrets are read from a file that only its owner reads, and never come back out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.secret import Source
from bot.domain.tool import CheckResult, Verdict
from bot.errors import ArgumentRefused, Misconfigured
from bot.tools.secrets import Secrets, check_secrets

values = st.text(alphabet="abcXYZ019+/=_-.$\\[]()*", min_size=4, max_size=24)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_lines_of_names_and_values_are_read(tmp_path: Path) -> None:
    """Comments and empty lines are passed over; a value may hold anything behind the first '='."""
    found = Secrets.read(written(tmp_path, "# mine\n\nONE=a=b#c d \nTWO=\n"))
    assert (found.get("ONE"), found.get("TWO")) == ("a=b#c d ", "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that puts it right."""
    path = written(tmp_path, "ONE=1\n", mode)
    with pytest.raises(Misconfigured, match=f"chmod 600 {path}"):
        Secrets.read(path)


@pytest.mark.parametrize("line", ["ONE", "=x", "ONE TWO=x", "1ONE=x", "export ONE=x", "ONE: x"])
def test_a_line_of_another_form_is_named_without_its_value(tmp_path: Path, line: str) -> None:
    """By its number."""
    with pytest.raises(Misconfigured, match="line 2: expected NAME=value") as refused:
        Secrets.read(written(tmp_path, f"GOOD=1\n{line}hunter22\n"))
    assert "hunter22" not in str(refused.value)


def test_no_file_means_no_secrets(tmp_path: Path) -> None:
    """Asking for one names it and where it belongs."""
    for path in (None, tmp_path / "absent"):
        with pytest.raises(ArgumentRefused, match="secret ONE: it is not in the executor's secrets file"):
            Secrets.read(path).get("ONE")


@given(st.dictionaries(st.sampled_from(["ONE", "TWO", "THREE"]), values, min_size=1), st.data())
def test_no_secret_comes_out_of_any_text(secrets: dict[str, str], data: st.DataObject) -> None:
    """Wherever the values stand in an output, however often, also one within another."""
    kept = Secrets(secrets)
    pieces = st.sampled_from(sorted(secrets.values())) | st.sampled_from([" ", "\n", "x", "token: ", "]"])
    text = "".join(data.draw(st.lists(pieces, max_size=8)))
    cleaned = kept.clean(text)
    # A name in brackets stands in its place; a value that is part of such a note shows nothing.
    for name in secrets:
        cleaned = cleaned.replace(f"[secret {name}]", " ")
    assert not any(value in cleaned for value in secrets.values())


@pytest.mark.parametrize("names", [("SHORT", "LONG"), ("LONG", "SHORT")])
def test_no_rest_of_a_secret_is_left(names: tuple[str, str]) -> None:
    """Where one secret is the beginning of another, the longer one goes as a whole."""
    values = {"SHORT": "hunter", "LONG": "hunter-of-wolves"}
    kept = Secrets({name: values[name] for name in names})
    assert kept.clean("hunter-of-wolves hunter") == "[secret LONG] [secret SHORT]"


def test_a_result_is_cleaned_in_all_its_texts() -> None:
    """Output, problem and a value that is a text; numbers stay what they are."""
    kept = Secrets({"ONE": "hunter22"})
    dirty = CheckResult("x", Verdict.FAULTY, "is hunter22", "", "pid 1", "hunter22\n", "no hunter22")
    clean = kept.clean_result(dirty)
    assert (clean.value, clean.output, clean.problem) == (
        "is [secret ONE]",
        "[secret ONE]\n",
        "no [secret ONE]",
    )
    number = CheckResult("x", Verdict.HEALTHY, 5, "", "", "")
    assert kept.clean_result(number).value == 5


def test_what_looks_like_a_secret_goes_too() -> None:
    """A tool that prints a token which is not ours does not post it either."""
    assert "ghp_" not in Secrets({}).clean(f"token ghp_{'a' * 36} seen")


def test_the_file_can_be_checked_without_keeping_it(tmp_path: Path) -> None:
    """Mode, form and text are judged as at reading; no value is in what is said."""
    check_secrets(None)
    check_secrets(written(tmp_path, "ONE=1\n"))
    with pytest.raises(Misconfigured, match="chmod 600"):
        check_secrets(written(tmp_path, "ONE=1\n", 0o644))
    with pytest.raises(Misconfigured, match="line 1"):
        check_secrets(written(tmp_path, "hunter22\n"))
    path = tmp_path / "binary"
    path.write_bytes(b"ONE=hunter22\xff\n")
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="is not UTF-8 text") as refused:
        check_secrets(path)
    assert "hunter22" not in str(refused.value)


VAULT = """#!/bin/sh
echo "$0 asked for $1 as $VAULT_NAME of $SLACK_BOT_TOKEN" >> "$(dirname "$0")/asked"
case "$1" in
  token) printf 'vault-value-%s\\n' "$(wc -l < "$(dirname "$0")/asked" | tr -d ' ')" ;;
  fails) echo "leaks hunter22"; exit 3 ;;
  slow) sleep 600 ;;
esac
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault's command line: what it prints is another value each time."""
    path = tmp_path / "vault"
    path.write_text(VAULT)
    path.chmod(0o700)
    return path


async def test_a_secret_is_read_where_it_is_kept(tmp_path: Path, vault: Path) -> None:
    """A variable, a private file, what a vault prints; each tool gets those that it names, and no other."""
    kept = Secrets(
        {"FILED": "in-the-file"},
        {
            "HERE": Source(environment="MY_TOKEN"),
            "THERE": Source(file=written(tmp_path, "of-a-file-of-its-own\n")),
            "VAULTED": Source(command=(str(vault), "token"), passes=("VAULT_NAME",)),
        },
        {"MY_TOKEN": "of-a-variable", "VAULT_NAME": "mine", "SLACK_BOT_TOKEN": "xoxb-none-of-its-business"},
    )
    assert kept.names == {"FILED", "HERE", "THERE", "VAULTED"}
    secret = await kept.of(["FILED", "HERE", "THERE", "VAULTED"])
    values = [secret(name) for name in ("FILED", "HERE", "THERE", "VAULTED")]
    assert values == ["in-the-file", "of-a-variable", "of-a-file-of-its-own", "vault-value-1"]
    assert (tmp_path / "asked").read_text() == f"{vault} asked for token as mine of \n"
    narrow = await kept.of(["HERE"])
    assert narrow("HERE") == "of-a-variable"
    with pytest.raises(ArgumentRefused, match="secret FILED: this tool does not name it"):
        narrow("FILED")
    assert kept.clean(" ".join(values)) == "[secret FILED] [secret HERE] [secret THERE] [secret VAULTED]"


async def test_a_vault_is_asked_each_time(vault: Path) -> None:
    """A renewed value holds at once; the one before is still taken out."""
    kept = Secrets({}, {"VAULTED": Source(command=(str(vault), "token"))})
    values = [(await kept.of(["VAULTED"]))("VAULTED") for _ in range(2)]
    assert values == ["vault-value-1", "vault-value-2"]
    assert kept.clean(" ".join(values)) == "[secret VAULTED] [secret VAULTED]"


def test_variables_and_files_are_known_before_their_first_use(tmp_path: Path) -> None:
    """A tool that prints them by chance does not show them."""
    sources = {
        "HERE": Source(environment="MY_TOKEN"),
        "THERE": Source(file=written(tmp_path, "of-a-file-of-its-own\n")),
    }
    kept = Secrets({}, sources, {"MY_TOKEN": "of-a-variable"})
    assert kept.clean("of-a-variable of-a-file-of-its-own") == "[secret HERE] [secret THERE]"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
async def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """At the start, and when it is used: its mode may have changed."""
    path = written(tmp_path, "of-a-file-of-its-own\n")
    sources = {"THERE": Source(file=path)}
    kept = Secrets({}, sources)
    path.chmod(mode)
    with pytest.raises(ArgumentRefused, match=f"secret THERE: .*chmod 600 {path}"):
        await kept.of(["THERE"])
    with pytest.raises(Misconfigured, match=f"chmod 600 {path}"):
        check_secrets(None, sources)


@pytest.mark.parametrize(
    "source, said",
    [
        (Source(environment="ABSENT"), "the variable ABSENT is not set where the executor runs"),
        (
            Source(file=Path("/nowhere/secret")),
            "/nowhere/secret, which holds the secret ONE, is empty or not",
        ),
        (Source(command=("/nowhere/vault",)), "/nowhere/vault: No such file"),
        (Source(command=("{vault}", "fails")), "ended with exit code 3; try it by hand"),
        (Source(command=("{vault}", "nothing")), "printed nothing"),
        (Source(command=("{vault}", "slow"), timeout_s=0.3), "did not answer within 0.3 s"),
    ],
)
async def test_a_secret_that_cannot_be_had_is_told_by_name(vault: Path, source: Source, said: str) -> None:
    """And nothing of what a vault said."""
    command = tuple(part.replace("{vault}", str(vault)) for part in source.command)
    with pytest.raises(ArgumentRefused, match="secret ONE: ") as refused:
        await Secrets({}, {"ONE": replace(source, command=command)}).of(["ONE"])
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_a_name_stands_in_one_place(tmp_path: Path) -> None:
    """In the file or under [secret.NAME]: which of the two would hold nobody could tell."""
    with pytest.raises(Misconfigured, match=r"line 1: ONE stands under \[secret.ONE\] in vigie.toml, too"):
        Secrets.read(written(tmp_path, "ONE=1\n"), {"ONE": Source(environment="ONE")})
