"""Reads files into documents. What a library must parse is parsed in a process of its own, with bounds.

That process has a memory limit, may write no file, inherits no environment, and is ended when it takes too
long. Whatever happens to it, the next file gets a fresh one.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from knowledge.errors import DocumentRefused
from knowledge.loaders import format_of
from knowledge.loaders.exports import vigie
from knowledge.model import Document

SECONDS = 60.0
_LONGEST_LINE = 64 * 1024 * 1024
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from knowledge.reading_process import main; main()"
_SIMPLER = "Open it, save it anew or in a simpler format, and ingest that."


class Reader:
    """Reads one file after the other; close it, or use it in a `with`."""

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: Path, document_id: str) -> list[Document]:
        """The documents of one file.

        Raises DocumentRefused with field and remedy, OSError when the file cannot be read.
        """
        format = format_of(path)
        assert format is not None, path
        size = path.stat().st_size
        if size > format.most:
            raise DocumentRefused(
                "file", f"{size} bytes, at most {format.most} are taken as {format.name}", "Split it."
            )
        if not format.isolated:
            return format.load(path, document_id)
        with path.open("rb"):
            pass  # so that a file nobody may read is told apart from one that cannot be parsed
        return list(self._read_apart(path, document_id))

    def _read_apart(self, path: Path, document_id: str) -> Iterator[Document]:
        process = self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"path": str(path), "id": document_id}).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            self.close()
            raise DocumentRefused("file", "the reader ended", _SIMPLER) from None
        end = self._clock() + self._seconds
        while True:
            answer = json.loads(self._line(end))
            if "document" in answer:
                yield replace(vigie.read(answer["document"]), page_starts=tuple(answer["page_starts"]))
            elif "refused" in answer:
                raise DocumentRefused(*answer["refused"])
            else:
                return

    def _line(self, end: float) -> bytes:
        """The next line that the process writes, before `end`."""
        process = self._process
        assert process is not None and process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not ready.select(max(0.0, end - self._clock())):
                    self.close()
                    raise DocumentRefused("file", f"takes longer than {self._seconds:g} s to read", _SIMPLER)
                piece = process.stdout.read1(1 << 20)  # type: ignore[attr-defined]  # it is a BufferedReader
                if not piece or len(self._buffer) > _LONGEST_LINE:
                    self.close()
                    raise DocumentRefused("file", "needs more memory than reading it may take", _SIMPLER)
                self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            root = str(Path(__file__).parents[1])
            self._process = subprocess.Popen(  # noqa: S603  # a fixed command, no shell
                [sys.executable, "-P", "-c", _CODE, root],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8"},
                start_new_session=True,
            )
            self._buffer = b""
        return self._process

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()


def told(document: Document) -> dict[str, Any]:
    """One document as the process writes it."""
    return {"document": vigie.write(document), "page_starts": list(document.page_starts)}
