"""A real Prometheus for tests: on a free port of loopback, filled beforehand with what is asked."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


@contextmanager
def server(samples: str) -> Iterator[str]:
    """Its address; `samples` are lines of OpenMetrics, each with its time at the end."""
    folder = Path(tempfile.mkdtemp(prefix="vigie-prometheus-"))
    (folder / "config.yaml").write_text("global: {}\n")
    (folder / "samples").write_text(f"{samples}# EOF\n")
    made = [str(folder / "samples"), str(folder / "data")]
    make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", *made]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    call = [
        "prometheus",
        f"--config.file={folder / 'config.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(call, stdout=log, stderr=log)
    try:
        _wait(f"http://{address}/-/ready", running, folder / "log")
        yield f"http://{address}"
    finally:
        running.terminate()
        running.wait(20)
        shutil.rmtree(folder)


def _wait(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        assert running.poll() is None, log.read_text(errors="replace")
        try:
            urlopen(url, timeout=5).close()
        except (URLError, ConnectionError):
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.05)
        else:
            return
