"""The documentation says what the code says: commands, settings, examples, diagrams, links and paths."""

from __future__ import annotations

import argparse
import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import settings
from bot.__main__ import RUNS
from bot.command_line import parser as command_line
from bot.domain.incident import MOVES
from bot.domain.proposal import ProposalState
from bot.domain.tool import Risk
from bot.environment_file import VARIABLES
from bot.settings import installation
from bot.sign_off.policy import DEFAULT_RULES
from bot.slack.commands import COMMANDS
from bot.slack.manifest import manifest
from bot.tools.catalogue import parse, read_files

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
TOPS = ("bot", "knowledge", "prompts", "scripts", "tests")
PAGES = sorted(
    [README, ROOT / "CHANGELOG.md", *(page for top in TOPS for page in (ROOT / top).rglob("README.md"))]
)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?")
ARROW = re.compile(r"^ *(\S+) --> (\S+)", re.MULTILINE)
ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and content of every fenced block."""
    return FENCE.findall(text(page))


def example(first_line: str) -> str:
    """The one block of the root README that begins with this comment."""
    (found,) = [content for _, content in blocks(README) if content.startswith(f"{first_line}\n")]
    return found


def spans(page: Path) -> list[str]:
    """What stands between backticks, outside fenced blocks."""
    return SPAN.findall(FENCE.sub("", text(page)))


def table(heading: str) -> list[list[str]]:
    """The rows of the table in the root README whose first column has this heading."""
    lines = iter(text(README).splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            break
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    assert rows, f"no table under {heading!r}"
    return rows


def first_column(heading: str) -> list[str]:
    return [row[0].strip("`") for row in table(heading)]


def _children(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(actions[0].choices) if actions else {}


def commands(parser: argparse.ArgumentParser, path: str = "vigie") -> Iterator[tuple[str, set[str]]]:
    """Every command that can be called, with its options but --help and --config."""
    children = _children(parser)
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")
    if not children:
        named = {name for a in parser._actions for name in a.option_strings}
        yield path, {name for name in named if name.startswith("-")} - {"-h", "--help", "--config"}


def test_every_command_of_the_command_line_is_described() -> None:
    """The table has one row for each command, with all of its options and no other."""
    described = {
        re.split(r" [\[A-Z]| --", usage)[0]: set(re.findall(r"(?<!\w)--?[a-z][a-z0-9-]*", usage))
        for usage in (row for row in first_column("command") if row.startswith("vigie "))
    }
    assert described == dict(commands(command_line(RUNS)))


def test_every_call_that_is_shown_can_be_parsed() -> None:
    """No page names a command of `vigie` that is not there."""
    wrong = []
    for page in PAGES:
        shown = [
            *spans(page),
            *(line for kind, content in blocks(page) if kind == "sh" for line in content.splitlines()),
        ]
        for words in (part.split() for part in shown):
            if words and words[0] in ("vigie", ".venv/bin/vigie"):
                parser = command_line(RUNS)
                for word in words[1:]:
                    if word not in (known := _children(parser)):
                        if known and not word.startswith("-"):
                            wrong.append(f"{page.relative_to(ROOT)}: {' '.join(words)}")
                        break
                    parser = known[word]
    assert wrong == []


def test_every_slack_command_is_described() -> None:
    """The table has one row for each `/vigie` sub-command, and no page names another."""
    described = [row.split()[1] for row in first_column("in Slack")]
    assert described == list(COMMANDS)
    named = {name for page in PAGES for name in re.findall(r"`/vigie ([a-z]+)", text(page))}
    assert named <= set(COMMANDS)


def _settings(section: type[settings.Section], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in section.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, settings.Section):
            yield from _settings(kind, f"{prefix}{name}.")
        elif name != "policy":
            yield f"{prefix}{name}", field.get_default(call_default_factory=True)


def test_every_setting_is_described_with_its_default() -> None:
    """The table has one row for each setting of vigie.toml, and its default is the code's."""
    described = {row[0].strip("`"): row[1] for row in table("setting")}
    policy = {f"policy.<risk>.{name}" for name in settings.PolicySection.model_fields}
    assert policy <= described.keys()
    plain = {
        name: tomllib.loads(f"x = {default.strip('`')}")["x"]
        for name, default in described.items()
        if name not in policy
    }
    assert plain == dict(_settings(settings.File))


def test_the_policy_of_each_risk_is_described() -> None:
    """The numbers in the table are those of the default policy."""
    rules = {risk: DEFAULT_RULES[risk] for risk in Risk}
    told = {
        row[0].strip("`").rpartition(".")[2]: row[1] for row in table("setting") if "policy.<risk>" in row[0]
    }
    assert told == {
        "signatures": ", ".join(f"{risk} {rule.signatures}" for risk, rule in rules.items()),
        "minutes_to_sign": ", ".join(
            f"{risk} {rule.time_to_sign.seconds // 60}" for risk, rule in rules.items()
        ),
        "minutes_to_execute": ", ".join(
            f"{risk} {rule.time_to_execute.seconds // 60}" for risk, rule in rules.items()
        ),
    }


def test_every_environment_variable_is_described() -> None:
    """The table names each variable that the settings read, and those that vigie.env may hold."""
    tree = ast.parse(Path(installation.__file__).read_text(encoding="utf-8"))
    read = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and ENVIRONMENT.fullmatch(node.args[0].value)
    }
    assert {"SLACK_BOT_TOKEN", "VIGIE_INTAKE_TOKEN"} <= read
    assert read <= set(VARIABLES), "vigie.env would refuse it; add it to bot/environment_file.py"
    assert set(VARIABLES) == set(first_column("environment"))


def test_the_examples_load(tmp_path: Path) -> None:
    """What the README has one write is read by the product's own code: settings, catalogue and inventory."""
    for name in ("vigie.toml", "catalogue.yaml", "inventory.yaml"):
        (tmp_path / name).write_text(example(f"# {name}"), encoding="utf-8")
    loaded = settings.load(tmp_path / "vigie.toml", {})
    loaded.require_n3()
    assert loaded.policy.usergroup == "n3"
    catalogue = parse(read_files(loaded.catalogue))
    assert set(catalogue.tools) == {"queue_depth", "restart_worker"}
    assert set(catalogue.inventory) == {"apps"}


def test_the_manifest_asks_for_what_vigie_needs() -> None:
    """Where the README shows a manifest, its scopes, events and command are those of `vigie init`."""
    made = manifest()
    shown = [
        yaml.safe_load(content) for _, content in blocks(README) if content.startswith("# manifest.yaml\n")
    ]
    for one in shown:
        assert one["oauth_config"] == made["oauth_config"]
        assert one["settings"]["event_subscriptions"] == made["settings"]["event_subscriptions"]
        commands = [command["command"] for command in one["features"]["slash_commands"]]
        assert commands == [command["command"] for command in made["features"]["slash_commands"]]


def _arrows(name: str) -> set[tuple[str, str]]:
    return {(old, new) for old, new in ARROW.findall(example(f"%% {name}")) if "[*]" not in (old, new)}


def test_the_diagram_of_an_incident_is_its_moves() -> None:
    """Every arrow is a move of the domain, and every move is an arrow."""
    assert _arrows("incident") == {(old.value, new.value) for old, moves in MOVES.items() for new in moves}


def test_the_diagram_of_a_proposal_has_its_states() -> None:
    """All states are there; nothing leaves a state that is over, something leaves every other.

    But for what nobody saw end: a person, or a late end, settles that.
    """
    arrows = _arrows("proposal")
    assert {state for arrow in arrows for state in arrow} == {state.value for state in ProposalState}
    settled = {("unknown", "succeeded"), ("unknown", "failed")}
    assert settled <= arrows
    going = {state.value for state in ProposalState if not state.is_over}
    assert {old for old, _ in arrows - settled} == going


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file or folder."""
    links = [
        link
        for link in LINK.findall(FENCE.sub("", text(page)))
        if "://" not in link and not link.startswith("#")
    ]
    assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_are_named_exist(page: Path) -> None:
    """What looks like a file of ours, in backticks or as a command of an example, is one."""
    words = [word for span in spans(page) for word in span.split()]
    words += [word for kind, content in blocks(page) if kind == "sh" for word in content.split()]
    assert [word for word in words if _is_ours(word, page) and not _exists(word, page)] == []


def _is_ours(word: str, page: Path) -> bool:
    if not PATH.fullmatch(word):
        return False
    first, slash, _ = word.partition("/")
    if word.endswith(".py"):
        return True
    return bool(slash) and (first in (*TOPS, ".github", ".ci") or (page.parent / first).is_dir())


def _exists(word: str, page: Path) -> bool:
    return (ROOT / word).exists() or (page.parent / word).exists()


def test_attack_cases_that_are_named_exist() -> None:
    """Each id in the threat model is the mark of a test."""
    named = {
        span for span in spans(ROOT / "bot" / "sign_off" / "README.md") if re.fullmatch(r"[A-Z]\d{1,2}", span)
    }
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "attacks").glob("test_*.py")
    )
    assert len(named) > 10
    assert named <= set(re.findall(r'@pytest\.mark\.attack\("([A-Z]\d+)"\)', sources))
