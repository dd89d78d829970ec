"""Starting: what is wrong is said in one sentence with its remedy; what is away is waited for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.playground.workspace.people import DEFAULT_SCOPES
from tests.acceptance.vigie_command import vigie
from tests.world import World, text_of, world, write_config

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A workspace and a configuration, and no `serve`."""
    async with world(tmp_path_factory.mktemp("stage"), start=False) as waiting:
        yield waiting


def with_config(stage: World, folder: Path, old: str = "", new: str = "", added: str = "") -> Path:
    """A configuration of its own, changed in one place."""
    write_config(folder, added)
    path = folder / "vigie.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if old else text)
    return path


# What is wrong in the environment, and what the sentence must hold: the name, and what to do.
ENVIRONMENT = [
    ({"SLACK_BOT_TOKEN": ""}, ["SLACK_BOT_TOKEN", "xoxb-", "OAuth & Permissions"]),
    ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, ["SLACK_BOT_TOKEN", "not valid", "OAuth & Permissions"]),
    ({"SLACK_APP_TOKEN": "xoxb-swapped"}, ["SLACK_APP_TOKEN", "xapp-", "App-Level Tokens"]),
    ({"SLACK_APP_TOKEN": "xapp-wrong"}, ["SLACK_APP_TOKEN", "not valid", "App-Level Tokens"]),
    ({"VIGIE_INTAKE_TOKEN": ""}, ["VIGIE_INTAKE_TOKEN", "not set", "random"]),
    ({"VIGIE_INTAKE_TOKEN": "short"}, ["VIGIE_INTAKE_TOKEN", "shorter", "random"]),
]


@pytest.mark.parametrize("wrong, words", ENVIRONMENT, ids=lambda value: next(iter(value)) if value else "")
async def test_a_wrong_environment_is_named(stage: World, wrong: dict[str, str], words: list[str]) -> None:
    """Exit 2 and one sentence that names the variable and where to find the right value."""
    ran = await vigie(stage, "serve", environment=wrong)
    assert ran.code == 2
    assert [word for word in words if word not in ran.sentence] == []


# What is changed in vigie.toml, and what the sentence must hold.
SETTINGS = [
    ("trust_api_url = true", "trust_api_url = false", "", ["SLACK_API_URL", "trust_api_url = true"]),
    ("body_timeout_s", "body_timeouts_s", "", ["web.body_timeouts_s", "did you mean 'body_timeout_s'"]),
    ("", "", "[modle]\nname = 'x'", ["modle", "did you mean 'model'"]),
    ("", "", "[model]\ndeadline_s = 'soon'", ["model.deadline_s"]),
    ('usergroup = "n3"', "", "", ["[n3]", "usergroup", "pinned"]),
    ("", "", "[fallback]\nsmtp_host = 'mail'", ["fallback.smtp_host", "mail_from", "mail_to"]),
    ("[slack]", "[slack", "", ["vigie.toml", "line 2"]),
    ("[slack]", '[slack]\nmode = "https"', "", ["slack.mode", "'socket'", "'http'"]),
    ("[slack]", '[slack]\nmode = "http"', "", ["SLACK_SIGNING_SECRET", "App Credentials"]),
    ('folder = "data"', 'folder = "vigie.toml"', "", ["folder", "vigie.toml"]),
    ('folder = "data"', 'folder = "data"\nstore_url = "nonsense"', "", ["store_url"]),
]


@pytest.mark.parametrize("old, new, added, words", SETTINGS, ids=[words[0] for *_, words in SETTINGS])
async def test_a_wrong_setting_is_named(
    stage: World, tmp_path: Path, old: str, new: str, added: str, words: list[str]
) -> None:
    """Exit 2 and one sentence that names the setting, and the nearest known one where it is a slip."""
    config = with_config(stage, tmp_path, old, new, added)
    ran = await vigie(stage, "serve", config=config, environment={"VIGIE_STORE_URL": ""})
    assert ran.code == 2
    assert [word for word in words if word not in ran.sentence] == []


async def test_a_missing_configuration_is_named(stage: World, tmp_path: Path) -> None:
    """Exit 2, and --config is the remedy."""
    ran = await vigie(stage, "serve", config=tmp_path / "nowhere.toml")
    assert ran.code == 2
    assert "nowhere.toml" in ran.sentence and "--config" in ran.sentence


CATALOGUES = [
    (None, ["catalogue.yaml"]),
    ("version: 1\n  checks: {", ["catalogue", "vigie catalogue check"]),
    ("version: 1\nchecks: {}\nactoins: {}\n", ["actoins"]),
    ("version: 1\ninventory: gone.yaml\nchecks: {}\nactions: {}\n", ["gone.yaml"]),
]


@pytest.mark.parametrize("content, words", CATALOGUES, ids=["missing", "not YAML", "unknown", "inventory"])
async def test_an_unusable_catalogue_is_named(
    stage: World, tmp_path: Path, content: str | None, words: list[str]
) -> None:
    """Exit 2 and one sentence that names the file or the entry."""
    config = with_config(stage, tmp_path)
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.unlink() if content is None else catalogue.write_text(content)
    ran = await vigie(stage, "serve", config=config)
    assert ran.code == 2
    assert [word for word in words if word not in ran.sentence] == []


async def test_a_taken_port_is_named(stage: World, tmp_path: Path) -> None:
    """Exit 2 and one sentence that names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = with_config(stage, tmp_path, "port = 0", f"port = {port}")
        ran = await vigie(stage, "serve", config=config)
    assert ran.code == 2
    assert str(port) in ran.sentence and "[web]" in ran.sentence


async def test_a_missing_scope_is_named(tmp_path: Path) -> None:
    """Exit 2 and one sentence that names exactly what the app lacks, and where to add it."""
    scopes = [scope for scope in DEFAULT_SCOPES if scope not in ("channels:history", "users:read")]
    async with world(tmp_path, start=False, scopes=scopes) as stage:
        ran = await vigie(stage, "serve")
    assert ran.code == 2
    assert "channels:history, users:read." in ran.sentence and "OAuth & Permissions" in ran.sentence


async def test_a_second_serve_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    """Exit 2 with the folder's name; the first one takes alerts all the while, and ends in good order."""
    async with world(tmp_path) as running:
        ran = await vigie(running, "serve")
        assert ran.code == 2
        assert str(tmp_path / "data") in ran.sentence
        assert await running.fire(running.alert(running.break_target())) == ["opened"]
        assert await running.stop() == 0
        assert "Traceback" not in running.logged()


async def test_slack_away_at_the_start_delays_messages_only(tmp_path: Path) -> None:
    """Alerts are taken in, the incident is stored and diagnosed; when Slack is back it is told there."""
    async with world(tmp_path, start=False) as running:
        running.place.faults.down(3600)
        await running.start()
        service = running.break_target()
        assert await running.fire(running.alert(service)) == ["opened"]
        incident = running.open_incident(service)
        assert incident is not None
        await running.until(
            "an answer that does not come", lambda: "does not let Vigie in" in running.logged()
        )
        status, health = await running.get("/health")
        assert (status, "Slack does not answer" in health) == (200, True)
        assert running.place.messages("C0INCIDENTS") == []
        running.place.faults.clear()
        await running.message(f"incident:{incident.id}:diagnosis", "broken-value")


async def test_a_broken_index_is_said_and_does_not_keep_vigie_from_starting(tmp_path: Path) -> None:
    """The vector index is rubbish: search goes on by words, and /health names what is wrong."""
    async with world(tmp_path, start=False) as running:
        text = (tmp_path / "vigie.toml").read_text()
        (tmp_path / "vigie.toml").write_text(text.replace("vectors = false", "vectors = true"))
        (tmp_path / "data" / "knowledge" / "index").write_text("rubbish")
        await running.start()
        incident = await running.incident(running.break_target())
        diagnosis = await running.message(f"incident:{incident.id}:diagnosis")
        assert "broken-value" in text_of(diagnosis)

        async with asyncio.timeout(30):
            while "cannot be opened" not in (await running.get("/health"))[1]:
                await asyncio.sleep(0.2)


async def test_a_model_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    """The diagnosis comes from similar incidents, and its first line says why."""
    away = {"OPENAI_API_KEY": "sk-away", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    async with world(tmp_path, environment=away) as running:
        incident = await running.incident(running.break_target())
        told = text_of(await running.message(f"incident:{incident.id}:diagnosis"))
    assert "The model gave no usable answer" in told
    assert "broken-value" in told
