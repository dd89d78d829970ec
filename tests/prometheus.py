"""Debian's Prometheus and Alertmanager, really running: loopback, free ports, short times, own folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

PROMETHEUS, ALERTMANAGER = "/usr/bin/prometheus", "/usr/bin/prometheus-alertmanager"


@dataclass
class Exporter:
    """What Prometheus scrapes: a gauge per service, which a test sets."""

    values: dict[str, float] = field(default_factory=dict)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        lines = [f'orders_stuck{{service="{name}"}} {value}' for name, value in self.values.items()]
        return web.Response(text="\n".join(["# TYPE orders_stuck gauge", *lines, ""]))


@dataclass
class Monitoring:
    """Both running, and how they are asked."""

    exporter: Exporter
    alertmanager: str
    prometheus: str
    folder: Path

    async def silences(self) -> list[dict[str, Any]]:
        """Every silence that Alertmanager knows, the ended ones too."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.alertmanager}/api/v2/silences") as a,
        ):
            found: list[dict[str, Any]] = await a.json()
            return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.asynccontextmanager
async def monitoring(folder: Path, webhook: str, token: str, am_port: int) -> AsyncIterator[Monitoring]:
    """Prometheus fires above 10 and Alertmanager tells `webhook`, grouped by service, again each 2 s."""
    exporter, prom_port = Exporter(), free_port()
    app = web.Application()
    app.router.add_get("/metrics", exporter.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    exporter.url = f"127.0.0.1:{runner.addresses[0][1]}"
    _configure(folder, exporter.url, am_port, webhook, token)
    alertmanager, prometheus = f"http://127.0.0.1:{am_port}", f"http://127.0.0.1:{prom_port}"
    try:
        async with (
            _process(folder / "alertmanager.log", *_alertmanager(folder, am_port)),
            _process(folder / "prometheus.log", *_prometheus(folder, prom_port)),
        ):
            await _ready(f"{alertmanager}/-/ready")
            await _ready(f"{prometheus}/-/ready")
            yield Monitoring(exporter, alertmanager, prometheus, folder)
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def alertmanager_alone(folder: Path) -> AsyncIterator[str]:
    """Its address; it tells nobody of anything."""
    port = free_port()
    _configure(folder, "127.0.0.1:1", port, "http://127.0.0.1:1/", "none")
    async with _process(folder / "alertmanager.log", *_alertmanager(folder, port)):
        await _ready(f"http://127.0.0.1:{port}/-/ready")
        yield f"http://127.0.0.1:{port}"


def _alertmanager(folder: Path, port: int) -> tuple[str, ...]:
    return (
        ALERTMANAGER,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )


def _prometheus(folder: Path, port: int) -> tuple[str, ...]:
    return (
        PROMETHEUS,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        # Alertmanager takes an alert for over that is not repeated for four of these.
        "--rules.alert.resend-delay=1s",
    )


def _configure(folder: Path, exporter: str, am_port: int, webhook: str, token: str) -> None:
    """JSON is YAML, too."""
    folder.mkdir(parents=True)
    route = {"receiver": "vigie", "group_by": ["service"], "group_wait": "1s", "group_interval": "1s"}
    receiver = {
        "url": webhook,
        "send_resolved": True,
        "http_config": {"authorization": {"credentials": token}},
    }
    alertmanager = {
        "route": {**route, "repeat_interval": "2s"},
        "receivers": [{"name": "vigie", "webhook_configs": [receiver]}],
    }
    rules = [
        {
            "alert": name,
            "expr": f"orders_stuck > {bound}",
            "labels": {"severity": severity, "environment": "test"},
            "annotations": {"summary": "{{ $labels.service }} has {{ $value }} stuck orders"},
        }
        for name, bound, severity in (("OrdersStuck", 10, "critical"), ("OrdersSlow", 5, "warning"))
    ]
    rules.append({"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}})
    prometheus = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{am_port}"]}]}]},
        "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [exporter]}]}],
    }
    content = {
        "alertmanager": alertmanager,
        "prometheus": prometheus,
        "rules": {"groups": [{"name": "shop", "rules": rules}]},
    }
    for name, value in content.items():
        (folder / f"{name}.yml").write_text(json.dumps(value, indent=1))


@contextlib.asynccontextmanager
async def _process(log: Path, *command: str) -> AsyncIterator[None]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out, cwd=log.parent)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(400):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
    raise AssertionError(f"{url} is not ready")
