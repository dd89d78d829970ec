"""What one person is told alone: every sentence of that kind in the product's code, found there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from bot import errors
from tests.specimens.desk import Desk
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.voices import HOSTILE, HUGE, ORDINARY, Voice

ROOT = Path(__file__).resolve().parent.parent.parent
# Where refusals and answers to one person are worded. What is wrong with a file is told on the command line.
_WORDED = ("bot/slack", "bot/copilot", "bot/sign_off", "bot/tools/arguments.py", "bot/tools/plan.py")
_HOLES = {
    "proposal.label": "P7",
    "done.label": "P7",
    "needed": "2",
    "proposal_id": "7",
    "tool.name": "clear_stale_lock",
}


def told() -> Iterator[Specimen]:
    """Each sentence as it is; those that quote something also without end, and with hostile words in it."""
    again = {"action_id": "sign_open", "value": "7"}
    late = "Slack gives three seconds to open a form, and they were over. Nothing was lost: press again."
    yield from ordinary("told", "a form did not open", lambda _voice: Desk().tell(late, again), "")
    for sentence in sorted(sentences()):
        voices = (ORDINARY, HUGE, HOSTILE) if "…" in sentence else (ORDINARY,)
        yield from variants("told", _short(sentence), partial(_tell, sentence), "", voices)


@cache
def sentences() -> frozenset[str]:
    """All of them, with `…` for what is filled in."""
    paths = [path for place in _WORDED for path in ([ROOT / place, *(ROOT / place).rglob("*.py")])]
    files = [path for path in paths if path.is_file()]
    nodes = ((path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text())))
    return frozenset(text for name, node in nodes for text in _worded(name, node) if " " in text)


def _worded(file: str, node: ast.AST) -> Iterator[str]:
    """What an error says, a judgement, a deed's answer, or a call of `tell`."""
    if isinstance(node, ast.AsyncFunctionDef) and file == "buttons.py":
        returned = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value]
        yield from filter(None, map(_text, returned))
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func).rpartition(".")[2]
    kind = getattr(errors, name, errors.Misconfigured)
    for text in filter(None, map(_text, node.args)):
        if name in ("Judgement", "tell"):
            yield text
        elif not issubclass(kind, errors.Misconfigured):
            yield str(kind(text))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(str(p.value) if isinstance(p, ast.Constant) else _hole(p) for p in node.values)


def _hole(part: ast.expr) -> str:
    assert isinstance(part, ast.FormattedValue)
    return _HOLES.get(ast.unparse(part.value), "…")


def _tell(sentence: str, voice: Voice) -> Message:
    return Desk().tell(sentence if voice is ORDINARY else sentence.replace("…", voice.text("…")))


def _short(sentence: str) -> str:
    """A name for it: its last words, which tell it apart where the first are those of its kind of error."""
    return re.sub(r"[^a-z0-9]+", " ", sentence.lower()).strip()[-70:].strip()
