"""A running shop in a folder of its own, and a local receiver of webhooks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.playground.shop.config import DEFAULT

PROJECT = Path(__file__).resolve().parents[3]
TOOLS = PROJECT / "bot" / "playground" / "tools"


class RunningShop:
    """A shop process; 20 orders a second, so that a fault shows in half the time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config").mkdir(parents=True)
        data = json.dumps({**DEFAULT, "orders_per_second": 20})
        for name in ("shop.json", "shop.last-good.json"):
            (folder / "config" / name).write_text(data)
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        call = [sys.executable, "-m", "bot.playground.shop", "--folder", str(self.folder), "--port", "0"]
        self.process = subprocess.Popen([*call, "--port-file", str(port_file)], cwd=PROJECT)
        self.until(port_file.exists, "the shop starts")
        self.url = f"http://127.0.0.1:{port_file.read_text()}"

    def get(self, path: str) -> str:
        """The text of one page."""
        with urllib.request.urlopen(self.url + path, timeout=3) as answer:  # our own address
            text: str = answer.read().decode()
        return text

    def health(self) -> dict[str, Any]:
        """GET /health."""
        answer: dict[str, Any] = json.loads(self.get("/health"))
        return answer

    def until(self, holds: Callable[[], object], what: str, seconds: float = 8.0) -> None:
        """Wait until `holds()` is true; fail naming `what` otherwise."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"did not happen within {seconds} s: {what}"
            time.sleep(0.05)

    def until_status(self, status: str) -> dict[str, Any]:
        """Wait for a status in /health and return that reading."""
        seen: list[dict[str, Any]] = []
        self.until(lambda: seen.append(self.health()) or seen[-1]["status"] == status, status)  # type: ignore[func-returns-value]  # append returns None on purpose
        return seen[-1]

    def tool(self, script: str, *args: str) -> subprocess.CompletedProcess[str]:
        """Run one tool script as the tool layer does."""
        call = [sys.executable, "-I", str(TOOLS / script), "--folder", str(self.folder), *args]
        return subprocess.run(call, capture_output=True, text=True, timeout=10, check=False)

    def said(self, script: str, *args: str) -> dict[str, Any]:
        """Run one tool script that must succeed, and read its JSON."""
        done = self.tool(script, *args)
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(timeout=5)


class Receiver(ThreadingHTTPServer):
    """Collects webhooks; answers with `status`, and forgets what it answered with an error."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Intake)
        self.status = 200
        self.refused = 0
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1/alerts"

    def of(self, service: str) -> list[dict[str, Any]]:
        """Payloads of one service's group."""
        return [body for body in self.bodies if body["groupLabels"] == {"service": service}]


class Intake(BaseHTTPRequestHandler):
    """Takes one webhook."""

    server: Receiver

    def do_POST(self) -> None:  # the name that http.server calls
        """Keep the body and answer with the receiver's status."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.bodies.append(body)
            self.server.headers.append(dict(self.headers))
        else:
            self.server.refused += 1
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[RunningShop]:
    """A running shop, ended with the test."""
    running = RunningShop(tmp_path / "shop")
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A local receiver of webhooks, ended with the test."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
