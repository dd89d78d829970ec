"""`vigie doctor` as a command, and what `serve` asks of it before it opens anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.commands.doctor.registry import CHECKS
from bot.errors import Misconfigured
from bot.settings import load
from tests.acceptance.doctored import staged
from tests.acceptance.vigie_command import vigie
from tests.whitelist import GROUP
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A whole configuration, a workspace, and no `serve`."""
    async with staged(tmp_path_factory.mktemp("doctor")) as waiting:
        yield waiting


async def test_the_command_prints_and_its_exit_code_is_the_answer(stage: World) -> None:
    """0 when nothing failed, 1 when something did, 2 when there is nothing to look at; no token is shown."""
    fine = await vigie(stage, "doctor", "--json")
    assert (fine.code, fine.err, fine.only_json["ok"]) == (0, "", True)
    assert [check["name"] for check in fine.only_json["checks"]] == [check.name for check in CHECKS]
    bad = await vigie(stage, "doctor", environment={"SLACK_APP_TOKEN": "xapp-wrong"})
    assert (bad.code, bad.err) == (1, "")
    assert "FAILED   app token" in bad.out and "\n1 failed, " in bad.out
    for name, value in stage.environment.items():
        if name.endswith("TOKEN"):
            assert value not in fine.out + bad.out
    quoting = {"SLACK_API_URL": f"http://127.0.0.1:9/{stage.environment['SLACK_BOT_TOKEN']}/"}
    quoted = await vigie(stage, "doctor", "--offline", environment=quoting)
    assert "http://127.0.0.1:9/[hidden]/" in quoted.out
    none = await vigie(stage, "doctor", "--json", config=stage.folder / "nowhere.toml")
    assert none.code == 2 and "vigie init" in none.sentence


async def test_what_is_wrong_in_the_file_hides_nothing_else(stage: World, tmp_path: Path) -> None:
    """It is a failed check with line and remedy, and the others go on; no TOML at all is no traceback."""
    for path in stage.folder.glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    text = (tmp_path / "vigie.toml").read_text()
    (tmp_path / "vigie.toml").write_text(text.replace("body_timeout_s = 2", "body_timeout_s = -2"))
    ran = await vigie(stage, "doctor", "--json", "--offline", config=tmp_path / "vigie.toml")
    told = {check["name"]: check for check in ran.only_json["checks"]}
    assert (ran.code, told["settings"]["status"], told["catalogue"]["status"]) == (1, "failed", "ok")
    line = next(at for at, one in enumerate(text.splitlines(), 1) if "body_timeout_s" in one)
    said = f"vigie.toml line {line}: web.body_timeout_s must be more than 0, is -2."
    assert said in told["settings"]["found"]
    (tmp_path / "vigie.toml").write_text("[web")
    ran = await vigie(stage, "doctor", "--offline", config=tmp_path / "vigie.toml")
    assert (ran.code, "vigie.toml line 1: not valid TOML" in ran.out, ran.err) == (1, True, "")


async def test_a_half_finished_installation_does_not_start(stage: World, tmp_path: Path) -> None:
    """Everything that is missing is said at once, and nothing was opened: there is not even a folder."""
    for path in stage.folder.glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    text = (tmp_path / "vigie.toml").read_text()
    text = text.replace("[slack]", '[slack]\nincidents_channel = "nowhere"').replace('"n3"', '"empty"')
    (tmp_path / "vigie.toml").write_text(text)
    wrong = {"VIGIE_INTAKE_TOKEN": "", "SLACK_APP_TOKEN": "xapp-..."}
    ran = await vigie(stage, "serve", config=tmp_path / "vigie.toml", environment=wrong)
    assert (ran.code, ran.out, "Traceback" in ran.err) == (2, "", False)
    for words in ("4 mistakes", "#nowhere", "@empty is empty", "VIGIE_INTAKE_TOKEN", "SLACK_APP_TOKEN"):
        assert words in ran.err
    assert not (tmp_path / "data").exists()


async def test_what_goes_missing_later_does_not_keep_vigie_from_starting(tmp_path: Path) -> None:
    """Alerts are taken in, also when the channel is gone and the group is empty; `doctor` still says so."""
    async with world(tmp_path) as running:
        await running.incident(running.break_target())
        assert await running.stop() == 0
        running.place.set_group_members(GROUP, ())
        await running.start()
        assert await running.fire(running.alert(running.break_target())) == ["opened"]
        ran = await vigie(running, "doctor")
        assert (ran.code, "FAILED   N3" in ran.out, "where `serve` answers" in ran.out) == (1, True, False)
        with pytest.raises(Misconfigured):
            load(tmp_path / "nowhere.toml", {})
        assert json.loads((await running.get("/health"))[1])["status"] == "ok"
