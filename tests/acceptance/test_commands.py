"""The commands beside `serve`: exit codes, what they print, and that they work while `serve` runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.store import tables
from tests.acceptance.vigie_command import vigie
from tests.world import CHANNEL, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
HEAD = "---\nowner: team-orders\nreviewed: 2026-01-31\nexpires: 2999-01-31\n---\n"
RUNBOOK = HEAD + "# Lock is stale\n\nRemove the stale lock file, then start the worker again.\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def resting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A configured folder in which no `serve` runs."""
    async with world(tmp_path_factory.mktemp("resting"), start=False) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A running Vigie."""
    async with world(tmp_path_factory.mktemp("running")) as whole:
        yield whole


@pytest.fixture(params=["resting", "running"])
def either(request: pytest.FixtureRequest) -> World:
    """The same without and beside a `serve`."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, World)
    return found


def documents(folder: Path) -> Path:
    """A folder with one good document."""
    folder.mkdir()
    (folder / "stale-lock.md").write_text(RUNBOOK)
    return folder


async def test_ingest_then_search(either: World, tmp_path: Path) -> None:
    """What was ingested is found at once; --json prints one object and nothing else, on both."""
    told = (await vigie(either, "ingest", str(documents(tmp_path / "d")), "--json")).only_json
    assert [one["document_id"] for one in told["added"]] == ["stale-lock"]
    again = await vigie(either, "ingest", str(tmp_path / "d"), "--json")
    assert (again.code, len(again.only_json["unchanged"]), again.only_json["added"]) == (0, 1, [])
    found = await vigie(either, "search", "stale lock file", "--json")
    assert found.code == 0
    assert found.only_json["fits"]
    best = found.only_json["passages"][0]
    assert (best["document_id"], best["owner"], best["reviewed"]) == (
        "stale-lock",
        "team-orders",
        "2026-01-31",
    )


async def test_a_dry_run_changes_nothing(either: World, tmp_path: Path) -> None:
    """It says what would be added, and the next run finds it not there."""
    folder = documents(tmp_path / "d")
    (folder / "stale-lock.md").rename(folder / "dry.md")
    for _ in range(2):
        ran = await vigie(either, "ingest", str(folder), "--dry-run", "--json")
        assert (ran.code, [one["document_id"] for one in ran.only_json["added"]]) == (0, ["dry"])


async def test_search_that_finds_nothing_says_no(either: World) -> None:
    """Exit 1: the answer is no, with its reason. With --json it is still one object."""
    ran = await vigie(either, "search", "zyxwv qqqqq", "--json")
    assert (ran.code, ran.only_json["fits"]) == (1, False)
    spoken = await vigie(either, "search", "zyxwv qqqqq")
    said = f"Nothing in the knowledge base fits: {ran.only_json['why']}.\n"
    assert (spoken.code, spoken.out, bool(ran.only_json["why"])) == (1, said, True)


async def test_a_refused_document_is_exit_1_and_named(resting: World, tmp_path: Path) -> None:
    """A private key is quarantined: the answer is no, the file is named, and its good neighbour is taken."""
    folder = documents(tmp_path / "d")
    begin, end = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
    (folder / "key.md").write_text(f"# Key\n\n{begin}\n{'MIIE' * 40}\n{end}\n")
    (folder / "stale-lock.md").rename(folder / "good.md")
    ran = await vigie(resting, "ingest", str(folder), "--json")
    assert ran.code == 1
    assert [Path(one["path"]).name for one in ran.only_json["quarantined"]] == ["key.md"]
    assert [one["document_id"] for one in ran.only_json["added"]] == ["good"]


async def test_a_wrong_call_is_exit_2(resting: World, tmp_path: Path) -> None:
    """No such path, no such configuration, no such command: exit 2, and one sentence that names it."""
    absent = await vigie(resting, "ingest", str(tmp_path / "absent"), "--json")
    assert absent.code == 2
    assert "absent: there is no such file or folder" in absent.sentence
    for command in (("audit", "verify"), ("search", "x", "--json"), ("freeze",), ("catalogue", "check")):
        ran = await vigie(resting, *command, config=tmp_path / "nowhere.toml")
        assert ran.code == 2
        assert "nowhere.toml" in ran.sentence
    unknown = await vigie(resting, "frieze")
    assert (unknown.code, "Traceback" in unknown.err) == (2, False)


async def test_catalogue_check(resting: World, tmp_path: Path) -> None:
    """A good one: each tool, exit 0. A bad one: exit 1 and the entry at fault. No such file: exit 2."""
    good = await vigie(resting, "catalogue", "check")
    assert (good.code, good.err) == (0, "")
    assert "action fix: Set the target's value" in good.out and "3 tools, no errors, " in good.out
    catalogue = (resting.folder / "catalogue.yaml").read_text()
    (tmp_path / "inventory.yaml").write_text((resting.folder / "inventory.yaml").read_text())
    (tmp_path / "bad.yaml").write_text(catalogue.replace("risk: high", "risk: none"))
    bad = await vigie(resting, "catalogue", "check", str(tmp_path / "bad.yaml"))
    assert bad.code == 1
    assert "fix_risky" in bad.sentence and "risk" in bad.sentence
    absent = await vigie(resting, "catalogue", "check", str(tmp_path / "absent.yaml"))
    assert absent.code == 2
    assert "absent.yaml" in absent.sentence


async def test_freeze_beside_serve_is_told_and_holds(running: World) -> None:
    """It is committed, audited and announced; what was signed does not run."""
    service = running.break_target()
    proposal = await running.propose(await running.incident(service))
    ran = await vigie(running, "freeze", "deploy", "in", "progress")
    assert (ran.code, ran.err) == (0, "")
    event = running.audited("frozen")[-1]
    assert event.detail == {"reason": "deploy in progress"}
    with running.store.read() as tx:
        frozen = tx.n3.freeze()
    assert frozen is not None
    await running.message(f"frozen:{frozen.id}", "Execution is frozen")
    assert any("Execution is frozen" in text_of(m) for m in running.place.messages(CHANNEL))
    assert '"frozen": true' in (await running.get("/health"))[1]
    with running.store.read() as tx:
        assert tx.n3.freeze() is not None
    assert running.proposal(proposal.id).state.value == "proposed"


async def test_freeze_without_serve_holds_for_the_next_start(resting: World) -> None:
    """The commit is enough: whoever starts next finds execution frozen."""
    assert (await vigie(resting, "freeze")).code == 0
    with resting.store.read() as tx:
        assert tx.n3.freeze() is not None


async def test_audit_verify(running: World, tmp_path: Path) -> None:
    """A whole chain: exit 0. One changed event: exit 1 and its number. No store yet: exit 2."""
    await running.incident(running.break_target())
    whole = await vigie(running, "audit", "verify")
    assert (whole.code, whole.err) == (0, "")
    assert "the chain holds" in whole.out
    audit = tables.audit
    actor = running.rows(sa.select(audit.c.actor).where(audit.c.seq == 2))[0].actor
    running.tamper(sa.update(audit).where(audit.c.seq == 2).values(actor="somebody else"))
    broken = await vigie(running, "audit", "verify")
    running.tamper(sa.update(audit).where(audit.c.seq == 2).values(actor=actor))
    assert (broken.code, broken.out) == (1, "")
    assert "event 2" in broken.err
    async with world(tmp_path, start=False) as empty:
        none = await vigie(empty, "audit", "verify")
    assert none.code == 2
    assert "vigie serve" in none.sentence


async def test_catalogue_diff_says_what_waits(resting: World, running: World) -> None:
    """Nothing before a first start; nothing once all is in force; then what was changed, tool by tool."""
    before = await vigie(resting, "catalogue", "diff")
    assert before.code in (1, 2) and "`vigie serve`" in before.out + before.err
    nothing = await vigie(running, "catalogue", "diff")
    assert (nothing.code, nothing.out) == (0, "Nothing waits: what the files say is in force.\n")
    path = running.folder / "catalogue.yaml"
    kept = path.read_text()
    path.write_text(kept.replace("Writes the state file", "Writes the file"))
    try:
        waiting = await vigie(running, "catalogue", "diff", "--json")
        assert waiting.code == 1
        (change,) = waiting.only_json["waiting"]
        assert change["what"] == "catalogue"
        assert "== catalogue.yaml, action fix: changed" in change["difference"]
        await running.message("change:3", "The old one holds")
        told = await vigie(running, "catalogue", "diff")
        assert "offered as change 3" in told.out
    finally:
        path.write_text(kept)
