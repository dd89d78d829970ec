"""Sets the demo's stage: workspace, shop, watcher and a real `vigie serve`, all in a throw-away folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml

from bot.playground.cascades import CALLS
from bot.playground.faults import active_faults, break_shop
from bot.playground.storm import COUNT, calm, storm
from bot.playground.workspace import Channel, Person, UserGroup, Workspace
from knowledge.base import KnowledgeBase

HERE = Path(__file__).parent
_NOT_FOR_THE_DEMO = ("SLACK_", "VIGIE_", "LANGSMITH_", "OPENAI_")

ON_CALL = Person("U0ONCALL", "On-call", "answers the pager")
N3_A = Person("U0N3A", "N3 A", "senior engineer, may sign")
N3_B = Person("U0N3B", "N3 B", "senior engineer, may sign")
GUEST = Person("U0GUEST", "Guest", "a guest of the workspace", is_guest=True)
BOT = Person("U0VIGIE", "Vigie", "incident copilot", is_bot=True)
PEOPLE = (ON_CALL, N3_A, N3_B, GUEST)
ALERTS = Channel("C0ALERTS", "alerts", members=tuple(p.id for p in (*PEOPLE, BOT)))
INCIDENTS = Channel("C0INCIDENTS", "incidents", members=tuple(p.id for p in (*PEOPLE, BOT)))
N3_GROUP = UserGroup("S0N3", "n3", "N3", members=(N3_A.id, N3_B.id))


@dataclass
class Stage:
    """Everything that runs; the shop's folder and address are what the demo breaks and watches.

    Addresses and `serve` change with `start_over`; the workspace and the token of the intake stay.
    """

    folder: Path
    workspace: Workspace
    shop_folder: Path
    shop_url: str
    intake_url: str
    intake_token: str
    environment: dict[str, str]
    settings: str
    serve: asyncio.subprocess.Process
    processes: list[asyncio.subprocess.Process]
    verbose: bool = False
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start_over(self) -> None:
        """As at the beginning: an unbroken shop, what the demo knows at first, an empty workspace.

        Raises:
            RuntimeError: something did not start; the message says what it said.
        """
        async with self.changing:
            await self.end()
            await asyncio.to_thread(_empty, self.folder)
            self.workspace.reset()
            fresh = await _started(
                self.folder, self.workspace, self.environment, self.intake_token, self.settings, self.verbose
            )
            self.shop_url, self.intake_url = fresh.shop_url, fresh.intake_url
            self.serve, self.processes = fresh.serve, fresh.processes

    async def until_serve_ends(self) -> None:
        """Returns when `vigie serve` has ended by itself, not when starting over ended it."""
        while True:
            serve = self.serve
            await serve.wait()
            async with self.changing:
                if serve is self.serve:
                    return

    async def end(self) -> None:
        """End everything that was started, the newest first."""
        await _end_all(self.processes)

    async def storm(
        self, fault: str, count: int = COUNT, progress: Callable[[int], None] | None = None
    ) -> None:
        """Break the shop that way, if it is not broken so already, and send the storm that this gives."""
        if fault not in await asyncio.to_thread(active_faults, self.shop_folder):
            await asyncio.to_thread(break_shop, self.shop_folder, fault)
        await storm(self.intake_url, self.intake_token, fault, count, progress)

    async def calm(self, fault: str, count: int = COUNT) -> None:
        """Wait until the shop is healthy, however long it takes, then tell that its storm is over."""
        while not await self.is_healthy():  # noqa: ASYNC110  # the shop tells nobody when it is well again
            await asyncio.sleep(0.5)
        await calm(self.intake_url, self.intake_token, fault, count)

    async def is_healthy(self) -> bool:
        """Whether the shop answers and says that it is."""
        try:
            return (await asyncio.to_thread(self.shop_health))["status"] == "ok"
        except OSError:
            return False

    async def until_warm(self, seconds: float = 120) -> None:
        """Wait until Vigie searches its knowledge by meaning, too; at a first start it embeds all of it.

        Raises:
            TimeoutError: it took longer.
        """
        health = self.intake_url.split("/alerts/")[0] + "/health"
        async with aiohttp.ClientSession(trust_env=False) as session, asyncio.timeout(seconds):
            while True:
                async with session.get(health) as answer:
                    knowledge = (await answer.json())["knowledge"]
                if knowledge.get("vectors") == "ready" and not knowledge.get("waiting"):
                    return
                await asyncio.sleep(0.2)

    def shop_health(self) -> dict[str, object]:
        """The shop's own health page, read over HTTP."""
        url = f"{self.shop_url}/health"
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310  # the demo's own shop, on loopback
            loaded = json.load(answer)
        assert isinstance(loaded, dict)
        return loaded


def workspace(demo: object | None = None) -> Workspace:
    """The local workspace with its people; tokens are random, so nothing else can use it."""
    return Workspace(
        people=(*PEOPLE, BOT),
        channels=(INCIDENTS, ALERTS),
        user_groups=(N3_GROUP,),
        app_id="A0VIGIE",
        bot=BOT,
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-1-{secrets.token_hex(16)}",
        page_token=secrets.token_urlsafe(24),
        page_folder=HERE / "page",
        commands=(("/vigie", "help · ask · search · status · actions · run · pending · freeze"),),
        demo=demo,  # type: ignore[arg-type]  # the page only needs its two methods
    )


@contextlib.asynccontextmanager
async def set_up(
    place: Workspace,
    port: int = 0,
    extra: Mapping[str, str] | None = None,
    settings: str = "",
    verbose: bool = False,
) -> AsyncIterator[Stage]:
    """Start everything and, at the end, stop it and remove the folder.

    `extra` is added to the environment, `settings` to vigie.toml.
    """
    folder = Path(tempfile.mkdtemp(prefix="vigie-demo-"))
    stage: Stage | None = None
    try:
        await place.start(port)
        token = secrets.token_urlsafe(32)
        environment = _environment(place, token) | dict(extra or {})
        stage = await _started(folder, place, environment, token, settings, verbose)
        yield stage
    finally:
        if stage is not None:
            await stage.end()
        await place.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _started(
    folder: Path,
    place: Workspace,
    environment: dict[str, str],
    token: str,
    settings: str,
    verbose: bool,
) -> Stage:
    """Start shop, serve and watcher in an empty folder; when one does not start, the others are ended."""
    processes: list[asyncio.subprocess.Process] = []
    async with contextlib.AsyncExitStack() as failed:
        failed.push_async_callback(_end_all, processes)
        shop_folder = folder / "shop"
        shop_url = await _start_shop(folder, shop_folder, processes)
        _write_config(folder, shop_folder, shop_url, settings)
        await asyncio.to_thread(_write_knowledge, folder)
        serve = await start_serve(folder, environment, verbose)
        processes.append(serve)
        intake_url = await wait_for_intake(folder, serve)
        await _start_watcher(folder, shop_url, intake_url, token, processes)
        failed.pop_all()
    return Stage(
        folder,
        place,
        shop_folder,
        shop_url,
        intake_url,
        token,
        environment,
        settings,
        serve,
        processes,
        verbose,
    )


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


async def start_serve(
    folder: Path, environment: Mapping[str, str], verbose: bool
) -> asyncio.subprocess.Process:
    """The same `vigie serve` that a real workspace gets."""
    (folder / "data" / "web.port").unlink(missing_ok=True)
    argv = [sys.executable, "-m", "bot", "serve", "--config", str(folder / "vigie.toml")]
    with (folder / "serve.log").open("ab") as log:
        out = None if verbose else log
        return await asyncio.create_subprocess_exec(*argv, env=dict(environment), stdout=out, stderr=out)


async def wait_for_intake(folder: Path, serve: asyncio.subprocess.Process) -> str:
    """The address of the intake, once it answers."""
    port_file = folder / "data" / "web.port"
    for _ in range(300):
        if serve.returncode is not None:
            log = folder / "serve.log"
            raise RuntimeError(log.read_text()[-2000:] if log.exists() else "vigie serve ended")
        if port_file.exists() and port_file.read_text():
            return f"http://127.0.0.1:{port_file.read_text()}/alerts/alertmanager"
        await asyncio.sleep(0.1)
    raise RuntimeError("vigie serve did not become ready within 30 s")


async def _start_shop(folder: Path, shop_folder: Path, processes: list[asyncio.subprocess.Process]) -> str:
    port_file = folder / "shop.port"
    argv = [sys.executable, "-m", "bot.playground.shop", "--folder", str(shop_folder)]
    argv += ["--port", "0", "--port-file", str(port_file)]
    with (folder / "shop.out").open("ab") as log:
        shop = await asyncio.create_subprocess_exec(*argv, stdout=log, stderr=log)
    processes.append(shop)
    for _ in range(100):
        if port_file.exists() and port_file.read_text().strip():
            return f"http://127.0.0.1:{port_file.read_text().strip()}"
        await asyncio.sleep(0.05)
    raise RuntimeError("the demo shop did not start")


async def _start_watcher(
    folder: Path, shop_url: str, intake_url: str, token: str, processes: list[asyncio.subprocess.Process]
) -> None:
    token_file = folder / "watcher.token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    argv = [sys.executable, "-m", "bot.playground.watcher", "--shop", shop_url, "--to", intake_url]
    argv += ["--token-file", str(token_file)]
    with (folder / "watcher.log").open("ab") as log:
        watcher = await asyncio.create_subprocess_exec(*argv, stdout=log, stderr=log)
    processes.append(watcher)


def _write_config(folder: Path, shop_folder: Path, shop_url: str, settings: str) -> None:
    shutil.copy(HERE / "catalogue.yaml", folder / "catalogue.yaml")
    row = {
        "url": shop_url,
        "folder": str(shop_folder),
        "tools": str(HERE / "tools"),
        "python": sys.executable,
        "services": ["shop-orders", "shop-checkout", "shop-mail", "shop-database"],
    }
    (folder / "inventory.yaml").write_text(yaml.safe_dump({"shops": {"shop": row}}))
    (folder / "vigie.toml").write_text(
        "# The demo's own settings. trust_api_url is what lets it believe the local workspace.\n"
        'folder = "data"\n\n'
        '[slack]\nincidents_channel = "incidents"\ntrust_api_url = true\n\n'
        f'[n3]\nusergroup = "{N3_GROUP.handle}"\n\n'
        "[web]\nport = 0\n\n"
        "[noise]\n# Nobody waits six minutes in a demo.\nhold_minutes = 0.5\n\n"
        f"[topology]\n{_topology()}{settings}"
    )


def _topology() -> str:
    """Which part of the shop calls which, as TOML."""
    lines = [f"{service}: {', '.join(called)}" for service, called in CALLS.items()]
    return f"calls = {json.dumps(lines)}\n"


def _write_knowledge(folder: Path) -> None:
    base = KnowledgeBase.open(folder / "data" / "knowledge", owner=False)
    try:
        report = base.ingest([HERE / "knowledge"])
    finally:
        base.close()
    if report.failed or not report.added:
        raise RuntimeError(f"the demo knowledge could not be read: {report.failed}")


def _environment(place: Workspace, token: str) -> dict[str, str]:
    """The bot's environment: no proxy, as a client would take it for a local address, and no paid model."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(_NOT_FOR_THE_DEMO)
    }
    return kept | {
        "SLACK_API_URL": place.api_url,
        "SLACK_BOT_TOKEN": place.bot_token,
        "SLACK_APP_TOKEN": place.app_token,
        "VIGIE_INTAKE_TOKEN": token,
    }


async def _end_all(processes: list[asyncio.subprocess.Process]) -> None:
    for process in reversed(processes):
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(15):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
