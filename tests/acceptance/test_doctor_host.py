"""What can be wrong with files, model, database and host is found, and named with its remedy."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import web

from bot.commands.doctor.check import Status
from bot.store.database import Store
from knowledge.embeddings import local
from tests.acceptance.doctored import doctored, is_bad, staged
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A whole configuration, a workspace, and no `serve`."""
    async with staged(tmp_path_factory.mktemp("doctor")) as waiting:
        yield waiting


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


async def test_the_audit_folder_is_looked_at(stage: World, tmp_path: Path) -> None:
    """A file in its place, and one into which others may write; a good one is named."""
    (tmp_path / "taken").write_text("")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for folder, status, words in (
        ("taken/heads", Status.FAILED, ["taken is no folder", "audit.folder"]),
        ("open", Status.WARNING, ["others may write into", "chmod 700"]),
    ):
        changes = {"[knowledge]": f'[audit]\nfolder = "{folder}"\n[knowledge]'}
        is_bad(await doctored(stage, tmp_path, changes), "audit folder", *words, status=status)
    changes = {"[knowledge]": '[audit]\nfolder = "heads"\n[knowledge]'}
    assert (await doctored(stage, tmp_path, changes))["audit folder"].found == str(tmp_path / "heads")


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
    results = await doctored(
        stage, tmp_path, changes, environment={"OPENAI_API_KEY": key, "OPENAI_BASE_URL": url}
    )
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
    embedded = {"VIGIE_STORE_URL": ""}
    assert (
        "made at the first start" in (await doctored(stage, tmp_path, environment=embedded))["database"].found
    )
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    Store.open(url).close()
    assert (
        "tables of this version" in (await doctored(stage, tmp_path, environment=embedded))["database"].found
    )
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE vigie_version SET version_num = '9999'"))
    engine.dispose()
    is_bad(await doctored(stage, tmp_path, environment=embedded), "database", "9999", "newer Vigie")
    (data / "vigie.sqlite").write_text(
        "this is no database, it is a text that is long enough to be looked at"
    )
    is_bad(
        await doctored(stage, tmp_path, environment=embedded),
        "database",
        "sqlite cannot be opened",
        "store_url",
    )
    password = "hunter22"
    away = f'folder = "data"\nstore_url = "postgresql+psycopg://v:{password}@127.0.0.1:9/v"'
    results = await doctored(stage, tmp_path, {'folder = "data"': away}, environment=embedded)
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
