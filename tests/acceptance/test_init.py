"""An installation as `vigie init` writes it: complete, harmless, and one that a whole Vigie runs with."""

from __future__ import annotations

import json
import os
import pty
import re
import secrets
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.mistakes.toml_lines import lines_of
from bot.playground.workspace import Channel, UserGroup, Workspace
from bot.settings import File, load
from bot.slack.connection import SCOPES
from bot.tools.catalogue import lint_of, parse, read_files
from bot.tools.secrets import check_secrets
from tests.acceptance.vigie_command import vigie
from tests.whitelist import BOT, CHANNEL, GROUP, N3_A, ON_CALL, PEOPLE, SECOND
from tests.world import World, text_of

FILES = {
    ".gitignore", "README.md", "catalogue.schema.json", "catalogue.yaml",
    "docs/incidents/example-lamp-was-red.md",
    "docs/runbooks/example-lamp-is-red.md", "example/lamp.json",
    "inventory.yaml", "secrets.env", "slack-manifest.json", "tools/lamp.py", "vigie.env", "vigie.toml",
}  # fmt: skip


def init(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `vigie init FOLDER ...` with nobody at a terminal."""
    command = [sys.executable, "-m", "bot", "init", str(folder), *arguments]
    ran = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=30
    )
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran


def below(folder: Path) -> dict[str, bytes]:
    """Every file by its name below the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `vigie init` wrote without being told anything."""
    folder = tmp_path_factory.mktemp("made") / "vigie"
    told = json.loads(init(folder, "--json").stdout)
    assert (told["folder"], set(told["files"]), told["kept"]) == (str(folder), FILES, [])
    assert any("doctor" in step for step in told["next"])
    return folder


def test_what_is_written_is_read_by_the_product(made: Path) -> None:
    """Settings with all defaults, a catalogue without a fault, private files that are private."""
    settings = load(made / "vigie.toml", {})
    assert settings.file == File()
    catalogue = parse(read_files(settings.catalogue))
    assert lint_of(catalogue) == []
    assert {tool.kind.value for tool in catalogue.tools.values()} == {"check", "action"}
    assert len(load(made / "vigie.toml", {}).intake_token) >= 32
    for name in ("vigie.env", "secrets.env"):
        assert (made / name).stat().st_mode & 0o777 == 0o600
    check_secrets(settings.secrets)
    assert set(below(made)) == FILES


def test_each_installation_has_a_token_of_its_own(made: Path, tmp_path: Path) -> None:
    """Drawn anew each time."""
    init(tmp_path / "other")
    tokens = [load(folder / "vigie.toml", {}).intake_token for folder in (made, tmp_path / "other")]
    assert tokens[0] != tokens[1]


def test_every_comment_of_vigie_toml_is_a_setting_with_its_default(made: Path) -> None:
    """With all of its marks taken off, the file says the same: each default and each name is right."""
    text = (made / "vigie.toml").read_text()
    bare = re.sub(r"(?m)^# (?=\w+ = |\[)", "", text)
    assert len(lines_of(bare)) > len(lines_of(text)) + 20
    (example,) = tomllib.loads(bare)["sign_off_rules"]
    assert File.model_validate({"sign_off_rules": [example]}).sign_off_rules[0].signatures
    bare = re.sub(r"(?ms)^\[\[sign_off_rules]]\n.*?(?=^\[|\Z)", "", bare)  # its group is not there
    raw = tomllib.loads(bare)
    policy, secret = raw.pop("policy"), raw.pop("secret")
    assert set(raw.pop("sources")) == {"grafana_eu"}  # an example
    assert File.model_validate(raw) == File()
    (made / "whole.toml").write_text(bare)
    assert load(made / "whole.toml", {}).policy == load(made / "vigie.toml", {}).policy
    (made / "whole.toml").unlink()
    assert set(policy) == {"low", "high", "destructive"}
    assert File.model_validate({"secret": secret}).secret.keys() == {"SHOP_DB_PASSWORD"}


def test_what_was_chosen_stands_in_the_files(tmp_path: Path) -> None:
    """Channel, people, and the address that Slack calls."""
    init(
        tmp_path / "a",
        "--channel",
        "#ops",
        "--n3",
        "T1/U1",
        "T1/U2",
        "--mode",
        "http",
        "--url",
        "https://v.example/",
    )
    settings = load(tmp_path / "a" / "vigie.toml", {})
    assert settings.file.slack.incidents_channel == "ops"
    assert settings.file.n3.pinned == ["T1/U1", "T1/U2"]
    manifest = json.loads((tmp_path / "a" / "slack-manifest.json").read_text())
    urls = set(re.findall(r'"(?:request_)?url": "([^"]+)"', json.dumps(manifest)))
    assert urls == {"https://v.example/slack/events"}
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert "\nSLACK_SIGNING_SECRET=\n" in (tmp_path / "a" / "vigie.env").read_text()
    init(tmp_path / "b", "--n3-group", "@sre")
    assert load(tmp_path / "b" / "vigie.toml", {}).file.n3.usergroup == "sre"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--n3", "nobody"), "n3.pinned.0"),
        (("--channel", "a b"), "slack.incidents_channel"),
        (("--mode", "http", "--url", "http://v.example"), "https://"),
    ],
)
def test_a_wrong_choice_is_named_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Exit 2; there is not even a folder."""
    assert said in init(tmp_path / "a", *arguments, code=2).stderr
    assert not (tmp_path / "a").exists()


def test_nothing_is_overwritten_without_force_and_nothing_is_lost_with_it(tmp_path: Path) -> None:
    """One file that is there is enough to change nothing, and is named; --force keeps it elsewhere."""
    (tmp_path / "inventory.yaml").write_text("mine: {}\n")
    ran = init(tmp_path, code=2)
    assert f"{tmp_path / 'inventory.yaml'}: there already" in ran.stderr and "--force" in ran.stderr
    assert "catalogue.yaml" not in ran.stderr
    assert below(tmp_path) == {"inventory.yaml": b"mine: {}\n"}
    for number, name in enumerate(("inventory.yaml.old", "inventory.yaml.old1"), 1):
        before = (tmp_path / "inventory.yaml").read_bytes()
        kept = json.loads(init(tmp_path, "--force", "--json").stdout)["kept"]
        assert (tmp_path / name).read_bytes() == before
        assert len(kept) >= number


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder, or of one below it; nothing is left behind."""
    (tmp_path / "file").write_text("x")
    assert str(tmp_path / "file") in init(tmp_path / "file", code=2).stderr
    (tmp_path / "docs").write_text("x")
    assert "Nothing was written." in init(tmp_path, code=2).stderr
    assert below(tmp_path) == {"file": b"x", "docs": b"x"}


def test_questions_are_asked_at_a_terminal_only(tmp_path: Path) -> None:
    """Two questions; an empty answer takes what stands in brackets."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "init", str(tmp_path / "a")]
    with subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True) as asked:
        os.write(ours, b"#ops\n\n")
        out, _ = asked.communicate(timeout=30)
    said = os.read(ours, 4096).decode()
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == 0
    assert "Channel for incidents [incidents]" in said and "user group" in said
    assert "Next:" in out
    file = load(tmp_path / "a" / "vigie.toml", {}).file
    assert (file.slack.incidents_channel, file.n3.usergroup) == ("ops", "n3")


# -- the whole of it, as a person does it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """`vigie init`, tokens filled in, and a workspace whose app was made from the manifest: nothing more."""
    folder = tmp_path_factory.mktemp("installed")
    init(folder, "--n3-group", "n3")
    manifest: dict[str, Any] = json.loads((folder / "slack-manifest.json").read_text())
    members = tuple(person.id for person in (*PEOPLE, BOT))
    place = Workspace(
        people=PEOPLE,
        channels=[Channel(CHANNEL, "incidents", members=members)],
        user_groups=[UserGroup(GROUP, "n3", "N3", members=(N3_A.id, SECOND.id))],
        app_id="A0VIGIE",
        bot=BOT,
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-1-{secrets.token_hex(16)}",
        page_token=secrets.token_urlsafe(24),
        rates={},
        scopes=manifest["oauth_config"]["scopes"]["bot"],
        events=manifest["settings"]["event_subscriptions"]["bot_events"],
        commands=[(c["command"], c["description"]) for c in manifest["features"]["slash_commands"]],
    )
    await place.start()
    text = (folder / "vigie.toml").read_text()
    for line in ("port = 0", "trust_api_url = true", "vectors = false"):
        text = re.sub(rf"(?m)^# {line.partition(' = ')[0]} = .*$", line, text, count=1)
    (folder / "vigie.toml").write_text(text)
    tokens = (
        (folder / "vigie.env").read_text().replace("SLACK_BOT_TOKEN=", f"SLACK_BOT_TOKEN={place.bot_token}")
    )
    tokens = tokens.replace("SLACK_APP_TOKEN=", f"SLACK_APP_TOKEN={place.app_token}")
    (folder / "vigie.env").write_text(tokens.replace("# SLACK_API_URL=", f"SLACK_API_URL={place.api_url}"))
    # All that a shell has by itself: every token comes out of vigie.env.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    intake = load(folder / "vigie.toml", {}).intake_token
    made = World(folder, environment, place=place, token=intake)
    try:
        yield made
    finally:
        if made._session is not None:
            await made._session.close()
        if made.serve is not None and made.serve.returncode is None:
            await made.stop()
        if made._store is not None:
            made._store.close()
        await place.stop()


async def said_by(installed: World, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command, as a shell would show it."""
    ran = await vigie(installed, *arguments)
    return ran.code, ran.out + ran.err


@pytest.mark.asyncio(loop_scope="module")
async def test_the_whole_walk_works_with_what_the_manifest_asks_for(installed: World) -> None:
    """Doctor is content, serve starts, the first alert is diagnosed, its remedy signed, run and verified."""
    code, told = await said_by(installed, "doctor")
    assert code == 0, told
    code, told = await said_by(installed, "ingest", str(installed.folder / "docs"))
    assert (code, "2 added" in told) == (0, True)
    await installed.start()
    alert = installed.alert("example-lamp", name="ExampleLampRed", labels={"environment": "example"})
    assert await installed.fire(alert) == ["opened"]
    incident = installed.open_incident("example-lamp")
    assert incident is not None
    proposal = await installed.propose(incident, by=ON_CALL)
    assert proposal.tool == "example_lamp_green"
    assert (await installed.sign(N3_A, proposal)).ok
    over = await installed.over(proposal)
    assert over.outcome is not None and over.outcome.value == "fixed"
    assert json.loads((installed.folder / "example" / "lamp.json").read_text()) == {"colour": "green"}
    assert (await said_by(installed, "audit", "verify"))[0] == 0
    # Events and the command reach it, too.
    await installed.place.say(ON_CALL.id, CHANNEL, "<@U0VIGIE> why is the lamp red?")
    answered = await installed.until(
        "an answer",
        lambda: [m for m in installed.all_messages() if "lamp" in text_of(m) and m.get("thread_ts")],
    )
    assert answered
    await installed.until("a connection", lambda: installed.place.connections)
    assert (await installed.place.command(ON_CALL.id, CHANNEL, "/vigie status")).ok
    # Nothing that it called lacked a scope.
    assert [call for call in installed.place.calls() if call.error == "missing_scope"] == []
    assert set(SCOPES) <= set(installed.place._core.team.scopes)
    code, told = await said_by(installed, "doctor")
    assert code == 0, told
    assert "where `serve` answers" in told or "any free one" in told
