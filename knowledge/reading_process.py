"""The process that parses: a request a line on standard input, its documents on standard output."""

from __future__ import annotations

import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

from knowledge.errors import DocumentRefused
from knowledge.loaders import format_of
from knowledge.reading import told

MEMORY = 1024 * 1024 * 1024
MAX_TEXT = 8 * 1024 * 1024
_DEEPEST = 3_000


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak in our place
    _bind()
    for line in sys.stdin.buffer:
        _answer(answers, json.loads(line))
        answers.flush()


def _bind() -> None:
    """From now on: so much memory, no file written, no process started by what is parsed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(_DEEPEST)
    warnings.simplefilter("ignore")


def _answer(answers: BinaryIO, request: dict[str, str]) -> None:
    try:
        path = Path(request["path"])
        format = format_of(path)
        assert format is not None
        made = []
        for document in format.load(path, request["id"]):
            if len(document.text) > MAX_TEXT:
                raise DocumentRefused("file", f"holds more than {MAX_TEXT} characters of text", "Split it.")
            made.append(json.dumps(told(document)).encode() + b"\n")
        answers.writelines(made)
        answers.write(b"{}\n")
    except DocumentRefused as error:
        _refuse(answers, error.field, error.problem, error.remedy)
    except MemoryError:
        _refuse(
            answers,
            "file",
            "needs more memory than reading it may take",
            "Split it, or save it in a simpler format.",
        )
    except Exception as error:  # noqa: BLE001  # the process's boundary: a library failed on a file that somebody made
        _refuse(
            answers,
            "file",
            f"cannot be read ({type(error).__name__})",
            "Open it, save it anew, and ingest that.",
        )


def _refuse(answers: BinaryIO, field: str, problem: str, remedy: str) -> None:
    answers.write(json.dumps({"refused": [field, problem, remedy]}).encode() + b"\n")
