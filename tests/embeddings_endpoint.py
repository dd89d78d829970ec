"""A local server that speaks the embeddings protocol, and fails as told. For callers that block."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from knowledge.embeddings.ngram import NgramEmbedder

Answer = Callable[[list[str]], list[Any]]


def vectors_of(dimension: int) -> Answer:
    """An honest model: like texts have like vectors."""
    model = NgramEmbedder(dimension)
    return lambda texts: model.embed(texts).tolist()


class Endpoint:
    """`answer` gives the rows; `status`, `drips` and `body` break it. `asked` and `keys` are what came in."""

    def __init__(self) -> None:
        self.answer: Answer = vectors_of(48)
        self.status, self.drips, self.body = 200, False, b""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""

    @property
    def texts(self) -> list[str]:
        """Every text that was sent here."""
        return [text for one in self.asked for text in one["input"]]


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """A free port of this host, until the block ends."""
    told = Endpoint()

    class Speaking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append(asked)
            told.keys.append(self.headers["Authorization"])
            body = told.body or _body(told.answer(asked["input"]))
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            if not told.drips:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            while told.drips:  # until whoever reads has had enough
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return
                time.sleep(0.02)
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Speaking)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.drips = False
        server.shutdown()
        server.server_close()
        thread.join()


def _body(rows: list[Any]) -> bytes:
    data = [{"object": "embedding", "index": number, "embedding": row} for number, row in enumerate(rows)]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return json.dumps({"object": "list", "model": "m", "usage": usage, "data": data[::-1]}).encode()
