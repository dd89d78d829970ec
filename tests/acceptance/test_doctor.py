"""What can be wrong with an installation is found, named with its remedy, and hides nothing else."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import time
from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import ClientSession, web

from bot.commands.doctor.check import Result, Status
from bot.commands.doctor.ground import ground
from bot.commands.doctor.registry import CHECKS
from bot.commands.doctor.run import results_of
from bot.errors import Misconfigured
from bot.playground.workspace import DEFAULT_SCOPES, Channel, UserGroup
from bot.settings import load
from bot.store.database import Store
from knowledge.embeddings import local
from tests.acceptance.vigie_command import vigie
from tests.whitelist import BOT, GROUP, GUEST, N3_A, N3_B, ON_CALL
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
OTHER = Channel("C0OTHER", "others", members=(ON_CALL.id,))
SECRET_CHANNEL = Channel("G0SECRET", "secret", private=True, members=(BOT.id,))
MEMBERS = tuple(person.id for person in (ON_CALL, N3_A, BOT))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A whole configuration, a workspace, and no `serve`."""
    channels = (Channel("C0INCIDENTS", "incidents", members=MEMBERS), OTHER, SECRET_CHANNEL)
    groups = (
        UserGroup(GROUP, "n3", "N3", members=(N3_A.id, N3_B.id)),
        UserGroup("S0EMPTY", "empty", "Empty"),
        UserGroup("S0GUESTS", "guests", "Guests", members=(GUEST.id, BOT.id)),
        UserGroup("S0ALONE", "alone", "Alone", members=(N3_A.id,)),
    )
    folder = tmp_path_factory.mktemp("doctor")
    async with world(folder, start=False, channels=channels, user_groups=groups) as waiting:
        yield waiting


async def doctored(
    stage: World,
    folder: Path,
    changes: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, str] | None = None,
    offline: bool = False,
    **environment: str,
) -> dict[str, Result]:
    """Every check's result by its name, in a copy of the installation with texts of vigie.toml replaced."""
    for path in stage.folder.glob("*.*"):
        if path.is_file():
            shutil.copy(path, folder)
    text = (folder / "vigie.toml").read_text()
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    (folder / "vigie.toml").write_text(text)
    for name, content in (files or {}).items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    settings = load(folder / "vigie.toml", stage.environment | environment)
    async with ground(folder / "vigie.toml", settings, [], offline=offline) as on:
        return {check.name: result async for check, result in results_of(CHECKS, on)}


def is_bad(results: Mapping[str, Result], name: str, *words: str, status: Status = Status.FAILED) -> None:
    """This check alone is not fine, and says these words; its remedy is a sentence."""
    found = results[name]
    assert found.status is status, results
    text = f"{found.found} {found.remedy}"
    assert [word for word in words if word not in text] == [], text
    assert text.rstrip().endswith((".", "?", ")", "`")), text
    fine = (Status.OK, Status.SKIPPED)
    assert {n for n, r in results.items() if r.status not in fine} - {name, "settings"} == set()


async def test_a_whole_installation_is_fine(stage: World, tmp_path: Path) -> None:
    """All are ok; the trusted address of the local workspace is a warning, as it should be."""
    results = await doctored(stage, tmp_path)
    assert list(results) == [check.name for check in CHECKS]
    assert {name for name, result in results.items() if result.status is not Status.OK} == {"settings"}
    assert results["settings"].status is Status.WARNING
    assert "#incidents (C0INCIDENTS)" in results["channel"].found
    assert "@n3: 2 may sign" in results["N3"].found


TOKENS: list[tuple[dict[str, str], str, list[str]]] = [
    ({"SLACK_BOT_TOKEN": ""}, "bot token", ["SLACK_BOT_TOKEN", "xoxb-", "OAuth & Permissions", "vigie.env"]),
    ({"SLACK_BOT_TOKEN": "xoxb-..."}, "bot token", ["SLACK_BOT_TOKEN is not filled in"]),
    ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "bot token", ["invalid_auth", "OAuth & Permissions"]),
    ({"SLACK_APP_TOKEN": "xoxb-swapped"}, "app token", ["SLACK_APP_TOKEN is of another kind", "xapp-"]),
    ({"SLACK_APP_TOKEN": "xapp-wrong"}, "app token", ["invalid_auth", "connections:write"]),
    ({"VIGIE_INTAKE_TOKEN": "short"}, "intake token", ["shorter than 16", "random"]),
]


@pytest.mark.parametrize("wrong, name, words", TOKENS, ids=[f"{n} {w[0]}" for _, n, w in TOKENS])
async def test_a_wrong_token_is_named(
    stage: World, tmp_path: Path, wrong: dict[str, str], name: str, words: list[str]
) -> None:
    """Where the right one is; what rests on it is skipped, the rest goes on."""
    results = await doctored(stage, tmp_path, **wrong)
    is_bad(results, name, *words)
    if name == "bot token":
        assert {results[n].status for n in ("scopes", "channel", "N3", "clock")} == {Status.SKIPPED}


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive"])
async def test_a_token_that_was_taken_back_is_named(stage: World, tmp_path: Path, code: str) -> None:
    """The app was removed or its token revoked: install it again."""
    stage.place.faults.fail("auth.test", code)
    is_bad(await doctored(stage, tmp_path), "bot token", code, "Install the app again")


CHANNELS = [
    ('[slack]\nincidents_channel = "incident"', ["no public channel #incident", "Did you mean #incidents?"]),
    ('[slack]\nincidents_channel = "others"', ["Vigie is not in #others", "/invite @Vigie"]),
    ('[slack]\nincidents_channel = "C0OTHER"', ["Vigie is not in #others", "/invite @Vigie"]),
    ('[slack]\nincidents_channel = "secret"', ["no public channel #secret", "by its id"]),
    ('[slack]\nincidents_channel = "C0NOWHERE"', ["cannot see the channel", "/invite @Vigie"]),
]


@pytest.mark.parametrize("line, words", CHANNELS)
async def test_a_wrong_channel_is_named(stage: World, tmp_path: Path, line: str, words: list[str]) -> None:
    """Not there, not joined, or private and named by its name."""
    is_bad(await doctored(stage, tmp_path, {"[slack]": line}), "channel", *words)


async def test_a_private_channel_is_found_by_its_id(stage: World, tmp_path: Path) -> None:
    """Without the scope groups:read, too, which Vigie does not ask for."""
    found = await doctored(stage, tmp_path, {"[slack]": '[slack]\nincidents_channel = "G0SECRET"'})
    assert (found["channel"].status, "G0SECRET" in found["channel"].found) == (Status.OK, True)


async def test_an_archived_channel_is_named(tmp_path: Path) -> None:
    """Slack lists it, and nothing can be said in it."""

    async def archived(answer: web.Response, name: str) -> None:
        if name == "conversations.list":
            answer.text = (answer.text or "").replace('"is_archived": false', '"is_archived": true')

    for name in ("w", "copy"):
        (tmp_path / name).mkdir()
    async with world(tmp_path / "w", start=False) as stage, in_between(stage, archived) as url:
        results = await doctored(stage, tmp_path / "copy", SLACK_API_URL=url)
    is_bad(results, "channel", "#incidents is archived", "Unarchive")


async def test_a_missing_scope_is_named(tmp_path: Path) -> None:
    """All that are missing, at once; what they spoil is skipped, not blamed on something else."""
    scopes = [scope for scope in DEFAULT_SCOPES if scope not in ("channels:read", "users:read")]
    for name in ("w", "copy"):
        (tmp_path / name).mkdir()
    async with world(tmp_path / "w", start=False, scopes=scopes) as stage:
        results = await doctored(stage, tmp_path / "copy")
    is_bad(results, "scopes", "missing: channels:read, users:read", "install the app again")
    assert {results[name].status for name in ("channel", "N3")} == {Status.SKIPPED}


GROUPS: list[tuple[str, Status, list[str]]] = [
    ("", Status.FAILED, ["[n3]", "nobody", "usergroup", "pinned"]),
    ('usergroup = "n33"', Status.FAILED, ["no user group @n33", "Did you mean @n3?"]),
    ('usergroup = "empty"', Status.FAILED, ["@empty is empty", "Put people into it"]),
    ('usergroup = "guests"', Status.FAILED, ["nobody of @guests may sign", "full members"]),
    ('usergroup = "alone"', Status.WARNING, ["high needs 2 people, there are 1", "[policy]"]),
    ('pinned = ["T0OTHER/U0N3A"]', Status.FAILED, ["of another workspace: T0OTHER/U0N3A", "T0VIGIE"]),
    ('pinned = ["T0VIGIE/U0NOBODY"]', Status.FAILED, ["nobody of pinned may sign"]),
]


@pytest.mark.parametrize("lines, status, words", GROUPS, ids=[words[0] for *_, words in GROUPS])
async def test_who_may_sign_is_looked_at(
    stage: World, tmp_path: Path, lines: str, status: Status, words: list[str]
) -> None:
    """Nobody named, no such group, an empty one, people who cannot sign, too few."""
    is_bad(await doctored(stage, tmp_path, {'usergroup = "n3"': lines}), "N3", *words, status=status)


async def test_a_free_plan_is_told_to_list_people(stage: World, tmp_path: Path) -> None:
    """User groups exist on paid plans only; a pinned list does without."""
    stage.place.faults.fail("usergroups.list", "plan_upgrade_required")
    is_bad(await doctored(stage, tmp_path), "N3", "plan has no user groups", "pinned")
    pinned = {'usergroup = "n3"': 'pinned = ["T0VIGIE/U0N3A", "T0VIGIE/U0N3B"]'}
    found = (await doctored(stage, tmp_path, pinned))["N3"]
    assert (found.status, found.found) == (Status.OK, "pinned: 2 may sign")


def in_between(stage: World, change: Any) -> Any:  # noqa: ANN401
    """A server between Vigie and the workspace that changes answers on their way; its SLACK_API_URL."""

    @contextlib.asynccontextmanager
    async def standing() -> AsyncIterator[str]:
        async with ClientSession(trust_env=False) as session:

            async def pass_on(request: web.Request) -> web.Response:
                headers = {k: v for k, v in request.headers.items() if k in ("Authorization", "Content-Type")}
                url = f"{stage.place.api_url}{request.match_info['method']}?{request.query_string}"
                async with session.request(
                    request.method, url, data=await request.read(), headers=headers
                ) as answer:
                    kept = {k: v for k, v in answer.headers.items() if k.lower() == "x-oauth-scopes"}
                    made = web.Response(text=await answer.text(), status=answer.status, headers=kept)
                    made.content_type = "application/json"
                await change(made, request.match_info["method"])
                return made

            app = web.Application()
            app.router.add_route("*", "/api/{method}", pass_on)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
            await runner.cleanup()

    return standing()


@pytest.mark.parametrize("off, status", [(-90, Status.FAILED), (90, Status.FAILED), (20, Status.OK)])
async def test_a_clock_that_is_off_is_named(stage: World, tmp_path: Path, off: int, status: Status) -> None:
    """By more than a minute, as Slack's own clock tells; which way, and NTP."""

    async def later(answer: web.Response, name: str) -> None:
        answer.headers["Date"] = formatdate(time.time() + off, usegmt=True)

    async with in_between(stage, later) as url:
        results = await doctored(stage, tmp_path, SLACK_API_URL=url)
    if status is Status.FAILED:
        is_bad(results, "clock", "ahead of" if off < 0 else "behind", "NTP")
    assert results["clock"].status is status


async def test_slack_away_is_told_as_that(stage: World, tmp_path: Path) -> None:
    """Nothing is said to be missing which nobody could look at."""
    results = await doctored(stage, tmp_path, SLACK_API_URL="http://127.0.0.1:9/api/")
    assert results["bot token"].away and "does not answer" in results["bot token"].found
    assert {results[name].status for name in ("scopes", "channel", "N3", "clock")} == {Status.SKIPPED}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endpoint() -> AsyncIterator[str]:
    """A server that speaks enough of OpenAI's protocol to say which models it has; /bare says nothing."""

    async def models(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer sk-right-0123456789":
            return web.json_response({"error": {"message": "no"}}, status=401)
        return web.json_response({"data": [{"id": "gpt-4o-mini"}, {"id": "other"}]})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


KEY = "sk-right-0123456789"
MODELS: list[tuple[str, str, str, Status, list[str]]] = [
    ("", "", "", Status.OK, ["none: similar incidents vote"]),
    (KEY, "/v1", "", Status.OK, ["gpt-4o-mini at"]),
    (KEY, "/v1", "gpt-4o-mni", Status.FAILED, ["no model 'gpt-4o-mni'", "Did you mean 'gpt-4o-mini'?"]),
    ("sk-wrong-0123456789", "/v1", "", Status.FAILED, ["the key is refused (401)", "OPENAI_API_KEY"]),
    (KEY, "/bare", "", Status.WARNING, ["does not say which models it has"]),
    (KEY, "away", "", Status.FAILED, ["does not answer", "OPENAI_BASE_URL"]),
]


@pytest.mark.parametrize("key, path, name, status, words", MODELS, ids=[words[0] for *_, words in MODELS])
async def test_the_model_is_looked_at(
    stage: World,
    tmp_path: Path,
    endpoint: str,
    key: str,
    path: str,
    name: str,
    status: Status,
    words: list[str],
) -> None:
    """None, a good one, a slip in its name, a wrong key, an endpoint that says little or nothing."""
    url = "http://127.0.0.1:9/v1" if path == "away" else f"{endpoint}{path}"
    changes = {"[knowledge]": f'[model]\nname = "{name}"\n[knowledge]'} if name else {}
    results = await doctored(stage, tmp_path, changes, OPENAI_API_KEY=key, OPENAI_BASE_URL=url)
    found = results["model"]
    assert found.status is status
    assert [word for word in words if word not in f"{found.found} {found.remedy}"] == []
    assert not key or key not in f"{found.found} {found.remedy}"


async def test_the_embedding_model_is_loaded(
    stage: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It turns a text into a vector; not installed is a warning, other weights are not."""
    vectors = {"vectors = false": "vectors = true"}
    assert (await doctored(stage, tmp_path, vectors))[
        "embeddings"
    ].found == "all-MiniLM-L6-v2, 384 dimensions"
    weights = local.installed_weights()
    assert weights is not None
    forged = tmp_path / "weights"
    forged.mkdir()
    (forged / "tokenizer.json").write_bytes((weights / "tokenizer.json").read_bytes())
    (forged / "model.safetensors").write_bytes(b"another model")
    monkeypatch.setattr(local, "installed_weights", lambda: forged)
    is_bad(await doctored(stage, tmp_path, vectors), "embeddings", "model.safetensors", "scripts/setup")
    monkeypatch.setattr(local, "installed_weights", lambda: None)
    is_bad(await doctored(stage, tmp_path, vectors), "embeddings", "not installed", status=Status.WARNING)


async def test_a_wrong_catalogue_is_named_with_its_lines(stage: World, tmp_path: Path) -> None:
    """What cannot be read, and what could never run; what rests on it is skipped."""
    good = (stage.folder / "catalogue.yaml").read_text()
    results = await doctored(
        stage, tmp_path, files={"catalogue.yaml": good.replace("risk: high", "risk: none")}
    )
    is_bad(
        results, "catalogue", "catalogue.yaml line ", "actions.fix_risky.risk", "Write for example risk: low."
    )
    assert results["scripts"].status is Status.SKIPPED
    unrunnable = good.replace("default: 0", "default: 99")
    is_bad(
        await doctored(stage, tmp_path, files={"catalogue.yaml": unrunnable}), "catalogue", "value.default"
    )


async def test_a_script_that_is_gone_is_named(stage: World, tmp_path: Path) -> None:
    """By its path; one that everybody may change is a warning."""
    good = (stage.folder / "catalogue.yaml").read_text()
    script = tmp_path / "mine.py"
    moved = good.replace(str(Path(__file__).parents[1] / "world_tools" / "fix.py"), str(script))
    assert moved != good
    is_bad(
        await doctored(stage, tmp_path, files={"catalogue.yaml": moved}),
        "scripts",
        str(script),
        "No such file",
    )
    script.write_text("pass\n")
    script.chmod(0o666)
    results = await doctored(stage, tmp_path, files={"catalogue.yaml": moved})
    is_bad(results, "scripts", f"chmod o-w {script}", status=Status.WARNING)


async def test_a_secret_that_is_missing_is_named(stage: World, tmp_path: Path) -> None:
    """Every one that a call refers to has to stand in the file, which is private; no value is told."""
    good = (stage.folder / "catalogue.yaml").read_text()
    entry = (
        "  remote: {title: t, does: d, owner: o, environments: [test], services: [x],\n"
        '    run: {runner: http, url: "http://127.0.0.1:9/", headers: {X: "{secret:ONE} {secret:TWO}"}}}\n'
    )
    files = {
        "catalogue.yaml": good.replace("checks:\n", f"checks:\n{entry}"),
        "secrets.env": "ONE=hunter22\nTWO=\n",
    }
    results = await doctored(stage, tmp_path, files=files)
    is_bad(results, "secrets", "missing in", "secrets.env: TWO", "NAME=value")
    assert "hunter22" not in str(results)
    files["secrets.env"] = "ONE=hunter22\nTWO=x\n"
    assert (await doctored(stage, tmp_path, files=files))["secrets"].status is Status.OK
    files["secrets.env"] = "ONE=hunter22\nTWO\n"
    is_bad(await doctored(stage, tmp_path, files=files), "secrets", "secrets.env line 2: expected NAME=value")


async def test_the_database_is_looked_at(stage: World, tmp_path: Path) -> None:
    """Not there yet, whole, of a newer version, no database at all, none that answers."""
    assert "made at the first start" in (await doctored(stage, tmp_path))["database"].found
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    Store.open(url).close()
    assert "tables of version" in (await doctored(stage, tmp_path))["database"].found
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE vigie_version SET version_num = '9999'"))
    engine.dispose()
    is_bad(await doctored(stage, tmp_path), "database", "9999", "newer Vigie")
    (data / "vigie.sqlite").write_text(
        "this is no database, it is a text that is long enough to be looked at"
    )
    is_bad(await doctored(stage, tmp_path), "database", "sqlite cannot be opened", "store_url")
    password = "hunter22"
    away = f'folder = "data"\nstore_url = "postgresql+psycopg://v:{password}@127.0.0.1:9/v"'
    results = await doctored(stage, tmp_path, {'folder = "data"': away})
    is_bad(results, "database", "postgresql cannot be opened", "start the database")
    assert password not in str(results)


async def test_the_folder_and_the_port_are_looked_at(stage: World, tmp_path: Path) -> None:
    """A folder that cannot be, one that others look into, a port that somebody else has."""
    taken = {'folder = "data"': 'folder = "vigie.toml/data"'}
    results = await doctored(stage, tmp_path, taken)
    assert (results["disk"].status, "vigie.toml cannot be written to" in results["disk"].found) == (
        Status.FAILED,
        True,
    )
    (tmp_path / "data").mkdir(mode=0o755)
    is_bad(await doctored(stage, tmp_path), "disk", "chmod 700", status=Status.WARNING)
    (tmp_path / "data").chmod(0o700)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        results = await doctored(stage, tmp_path, {"port = 0": f"port = {port}"})
    is_bad(results, "web port", f"127.0.0.1:{port}", "web.port")


async def test_another_address_of_slack_is_not_asked(stage: World, tmp_path: Path) -> None:
    """A token never goes to a host that vigie.toml does not trust."""
    before = len(stage.place.calls())
    results = await doctored(stage, tmp_path, {"trust_api_url = true": "trust_api_url = false"})
    is_bad(results, "settings", "SLACK_API_URL is", "trust_api_url = true")
    assert len(stage.place.calls()) == before


async def test_offline_asks_nobody(stage: World, tmp_path: Path) -> None:
    """What can be told from here is told."""
    before = len(stage.place.calls())
    results = await doctored(
        stage, tmp_path, offline=True, OPENAI_API_KEY="sk-0123456789", OPENAI_BASE_URL="http://127.0.0.1:9"
    )
    assert len(stage.place.calls()) == before
    assert {name for name, result in results.items() if result.status is Status.SKIPPED} == {
        "scopes", "channel", "N3", "clock", "model",
    }  # fmt: skip
    is_bad(await doctored(stage, tmp_path, offline=True, SLACK_APP_TOKEN=""), "app token", "not filled in")


# -- as a command


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
    assert "vigie.toml line 8: web.body_timeout_s must be more than 0, is -2." in told["settings"]["found"]
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
