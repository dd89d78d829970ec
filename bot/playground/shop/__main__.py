"""Run the shop: `python -m bot.playground.shop --folder DIR --port P [--port-file F]`; port 0: a free one."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bot.playground.shop.config import ConfigError, write_whole
from bot.playground.shop.shop import FolderInUseError, Shop

SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class Server(ThreadingHTTPServer):
    """The shop's HTTP side, on loopback only; one short thread a request."""

    daemon_threads = True

    def __init__(self, shop: Shop, port: int) -> None:
        super().__init__(("127.0.0.1", port), Routes)
        self.shop = shop

    def page(self, path: str) -> tuple[int, str, str]:
        """(status, content type, text) for one path."""
        if path == "/health":
            return 200, "application/json", json.dumps(self.shop.health())
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", self.shop.metrics()
        if path == "/":
            return 200, "text/plain; charset=utf-8", f"shop: {self.shop.health()['status']}\n"
        return 404, "text/plain; charset=utf-8", "no such page; try /health or /metrics\n"


class Routes(BaseHTTPRequestHandler):
    """Answers GET from `Server.page`."""

    server: Server

    def do_GET(self) -> None:  # the name that http.server calls
        """Answer one request."""
        status, kind, text = self.server.page(self.path.partition("?")[0])
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the log is for orders, and the watcher asks twice a second."""


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reloads. Exit codes: 0 ended, 2 cannot start."""
    parser = argparse.ArgumentParser(prog="shop", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--port-file", type=Path)
    options = parser.parse_args(argv)
    # Blocked before any thread starts: they all inherit it, and only `sigtimedwait` takes signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        shop = Shop(options.folder.resolve())
        server = Server(shop, options.port)
    except (ConfigError, FolderInUseError, OSError) as error:
        print(f"shop: {error}", file=sys.stderr)
        return 2
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    shop.start()
    if options.port_file:
        write_whole(options.port_file, str(server.server_port).encode())
    _wait_for_the_end(shop)
    server.shutdown()
    shop.stop()
    return 0


def _wait_for_the_end(shop: Shop) -> None:
    while True:
        received = signal.sigtimedwait(SIGNALS, 0.5)
        if received is None:
            shop.keep_good_config()
        elif received.si_signo == signal.SIGHUP:
            shop.reload()
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
