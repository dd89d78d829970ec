"""What can be wrong with tokens and workspace is found, named with its remedy, and hides nothing else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web

from bot.commands.doctor.check import Status
from bot.commands.doctor.registry import CHECKS
from bot.playground.workspace import DEFAULT_SCOPES
from knowledge.base import KnowledgeBase
from knowledge.model import Document
from tests.acceptance.doctored import doctored, is_bad, staged
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A whole configuration, a workspace, and no `serve`."""
    async with staged(tmp_path_factory.mktemp("doctor")) as waiting:
        yield waiting


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
    results = await doctored(stage, tmp_path, environment=wrong)
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


PRIVATE = {"[slack]": '[slack]\nincidents_channel = "G0SECRET"'}


async def test_a_private_channel_is_found_by_its_id(stage: World, tmp_path: Path) -> None:
    """With its name, as the scope groups:read shows it."""
    found = await doctored(stage, tmp_path, PRIVATE)
    assert (found["channel"].status, "#secret (G0SECRET)" in found["channel"].found) == (Status.OK, True)


async def test_a_private_channel_is_found_without_the_scope_for_its_name(tmp_path: Path) -> None:
    """An app that was installed before groups:read was asked for goes on."""
    for name in ("w", "copy"):
        (tmp_path / name).mkdir()
    scopes = [scope for scope in DEFAULT_SCOPES if scope != "groups:read"]
    async with staged(tmp_path / "w", scopes=scopes) as stage:
        found = (await doctored(stage, tmp_path / "copy", PRIVATE))["channel"]
    assert (found.status, found.found) == (Status.OK, "G0SECRET, private; Vigie is in it")


async def test_an_archived_channel_is_named(tmp_path: Path) -> None:
    """Slack lists it, and nothing can be said in it."""

    async def archived(answer: web.Response, name: str) -> None:
        if name == "conversations.list":
            answer.text = (answer.text or "").replace('"is_archived": false', '"is_archived": true')

    for name in ("w", "copy"):
        (tmp_path / name).mkdir()
    async with world(tmp_path / "w", start=False) as stage, in_between(stage, archived) as url:
        results = await doctored(stage, tmp_path / "copy", environment={"SLACK_API_URL": url})
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


PARTS = [
    ('usergroup = "n3"', Status.OK, ["database: 2 of N3"]),
    ('usergroup = "nobody"', Status.FAILED, ["[n3.groups.database]", "no user group @nobody"]),
    ('usergroup = "empty"', Status.FAILED, ["[n3.groups.database]", "@empty is empty"]),
    ('usergroup = "guests"', Status.FAILED, ["nobody of it is of N3", "Put its people into N3"]),
    ('usergroup = "alone"', Status.WARNING, ["database has 1 of N3, and a rule needs 2", "Add people"]),
    ('pinned = ["T0VIGIE/U0ONCALL", "T0VIGIE/U0SECOND"]', Status.FAILED, ["nobody of it is of N3"]),
]
RULE = '[[sign_off_rules]]\nrisk = ["high"]\ngroup = "database"\nsignatures = 2\n'


@pytest.mark.parametrize("line, status, words", PARTS, ids=[line for line, *_ in PARTS])
async def test_each_group_of_the_policy_is_looked_at(
    stage: World, tmp_path: Path, line: str, status: Status, words: list[str]
) -> None:
    """No such group, an empty one, one of which nobody is of N3, too few for a rule."""
    changes = {"[knowledge]": f"[n3.groups.database]\n{line}\n{RULE}[knowledge]"}
    results = await doctored(stage, tmp_path, changes)
    if status is Status.OK:
        assert (results["N3 groups"].status, results["N3 groups"].found) == (Status.OK, *words)
    else:
        is_bad(results, "N3 groups", *words, status=status)


READERS: list[tuple[str, Status, list[str]]] = [
    ('[knowledge.teams.ops]\nusergroup = "@n3"', Status.OK, ["@n3: 2"]),
    ('[knowledge.limits]\nsecret = ["@n3", "@alone"]', Status.OK, ["@n3: 2; @alone: 1"]),
    (
        '[knowledge.teams.ops]\nusergroup = "n33"',
        Status.FAILED,
        ["[knowledge.teams.ops]", "no user group @n33", "Did you mean @n3?"],
    ),
    (
        '[knowledge.limits]\nsecret = ["@gone"]',
        Status.FAILED,
        ["[knowledge.limits.secret]", "@gone is", "Enable"],
    ),
    ('[knowledge.limits]\nsecret = ["@empty"]', Status.WARNING, ["nobody is in @empty", "Put those into it"]),
]


@pytest.mark.parametrize("lines, status, words", READERS, ids=[words[-1] for *_, words in READERS])
async def test_each_user_group_that_may_read_is_looked_at(
    stage: World, tmp_path: Path, lines: str, status: Status, words: list[str]
) -> None:
    """One that is not there, is disabled or is empty hides documents from all."""
    results = await doctored(stage, tmp_path, {"[knowledge]": f"{lines}\n[knowledge]"})
    if status is Status.OK:
        assert (results["readers"].status, results["readers"].found) == (Status.OK, *words)
    else:
        is_bad(results, "readers", *words, status=status)


async def test_a_user_group_that_a_document_names_is_looked_at(stage: World, tmp_path: Path) -> None:
    """Front matter limits as the settings do; the document is named, as that is where it is mended."""
    (tmp_path / "data").mkdir(mode=0o700)
    url = stage.environment.get("VIGIE_STORE_URL", "")
    document = Document("pay/secret", "Secret", "runbook", "# Secret\n\nx", access=("@n33",))
    with KnowledgeBase.open(tmp_path / "data" / "knowledge", owner=False, url=url) as base:
        base.add(document)
        results = await doctored(stage, tmp_path)
        base.remove(document.id)
    is_bad(results, "readers", "document pay/secret", "no user group @n33", "Did you mean @n3?")


async def test_user_groups_that_cannot_be_read_are_told_with_the_way_out(
    stage: World, tmp_path: Path
) -> None:
    """On a plan without them, and without the scope, which is told where it is missing."""
    changes = {'usergroup = "n3"': 'pinned = ["T0VIGIE/U0N3A", "T0VIGIE/U0N3B"]'}
    changes |= {"[knowledge]": '[knowledge.limits]\nsecret = ["@n3"]\n[knowledge]'}
    stage.place.faults.fail("usergroups.list", "plan_upgrade_required")
    is_bad(
        await doctored(stage, tmp_path, changes), "readers", "plan has no user groups", "people or channels"
    )
    stage.place.faults.fail("usergroups.list", "missing_scope")
    found = (await doctored(stage, tmp_path, changes))["readers"]
    assert (found.status, "usergroups:read" in found.remedy) == (Status.SKIPPED, True)


async def test_a_policy_that_cannot_be_used_is_told_once(stage: World, tmp_path: Path) -> None:
    """By the settings' check, with its remedy; those that rest on it say so and do not break."""
    few = f'[n3.groups.database]\npinned = ["T0VIGIE/U0N3A"]\n{RULE}[knowledge]'
    results = await doctored(stage, tmp_path, {"[knowledge]": few})
    is_bad(results, "settings", "needs 2 of database")
    assert {results[name].status for name in ("N3", "N3 groups")} == {Status.SKIPPED}


@pytest.mark.parametrize(
    "name, words",
    [
        ("others", ["Vigie is not in #others", "/invite @Vigie"]),
        ("#inciddents", ["no public channel #inciddents", "Did you mean #incidents?", "slack.n3_channel"]),
    ],
)
async def test_n3s_channel_is_looked_at(stage: World, tmp_path: Path, name: str, words: list[str]) -> None:
    """What N3 is told would reach nobody."""
    changes = {"trust_api_url = true": f'trust_api_url = true\nn3_channel = "{name}"'}
    is_bad(await doctored(stage, tmp_path, changes), "N3 channel", *words)


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
        results = await doctored(stage, tmp_path, environment={"SLACK_API_URL": url})
    if status is Status.FAILED:
        is_bad(results, "clock", "ahead of" if off < 0 else "behind", "NTP")
    assert results["clock"].status is status


async def test_slack_away_is_told_as_that(stage: World, tmp_path: Path) -> None:
    """Nothing is said to be missing which nobody could look at."""
    results = await doctored(stage, tmp_path, environment={"SLACK_API_URL": "http://127.0.0.1:9/api/"})
    assert results["bot token"].away and "does not answer" in results["bot token"].found
    assert {results[name].status for name in ("scopes", "channel", "N3", "clock")} == {Status.SKIPPED}


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
        stage,
        tmp_path,
        offline=True,
        environment={"OPENAI_API_KEY": "sk-0123456789", "OPENAI_BASE_URL": "http://127.0.0.1:9"},
    )
    assert len(stage.place.calls()) == before
    assert {name for name, result in results.items() if result.status is Status.SKIPPED} == {
        "scopes", "channel", "N3", "clock", "model",
    }  # fmt: skip
    is_bad(
        await doctored(stage, tmp_path, offline=True, environment={"SLACK_APP_TOKEN": ""}),
        "app token",
        "not filled in",
    )


SOURCE = '[sources.eu]\nkind = "grafana"\ntoken_env = "EU_TOKEN"\n'


async def test_a_source_without_a_secret_is_named(stage: World, tmp_path: Path) -> None:
    """Which variable, for which source; with one, who may send is told."""
    changes = {"[knowledge]": f"{SOURCE}[knowledge]"}
    results = await doctored(stage, tmp_path, changes)
    is_bad(results, "sources", "EU_TOKEN is not set", "sources.eu", "vigie.env")
    results = await doctored(stage, tmp_path, changes, environment={"EU_TOKEN": "a-secret-of-its-own"})
    assert results["sources"].status is Status.OK
    assert "eu" in results["sources"].found.split(", ")
