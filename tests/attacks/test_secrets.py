"""Group L: what a process says of itself, and what the detector finds and does not find."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from bot.sources.fields import cleaned
from knowledge.text.redaction import redact

ROOT = Path(__file__).parents[2]
WORD = "Zq7" + "x9Kd2mVb4Tn8" * 2
# Each library has its own way to say something: our log, theirs, a thread's end, the end of the process.
SAYS = f"""
import logging, threading
from bot import last_words, logs
last_words.guard()
logs.configure()
import structlog
token, key = "gh" + "p_{WORD}", "-----BEGIN " + "PRIVATE KEY-----{WORD}-----END PRIVATE KEY-----"
class Odd:
    def __repr__(self): return token
log = structlog.get_logger()
log.info("ours", plain=token, held={{"list": [token, Odd()], "password": "{WORD}"}}, key=key)
logging.getLogger("theirs").warning("said %s", token)
try:
    raise RuntimeError(token)
except RuntimeError:
    log.exception("ours, with how it came")
    logging.getLogger("theirs").exception("with how it came")
def fail(): raise ValueError(f"password: {WORD}")
thread = threading.Thread(target=fail); thread.start(); thread.join()
raise KeyError(token) from ValueError(key)
"""


@pytest.mark.attack("L4")
def test_no_log_line_and_no_traceback_holds_a_secret() -> None:
    """Values that hold others, lines of libraries, tracebacks of threads and of the end of the process."""
    ran = subprocess.run([sys.executable, "-c", SAYS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert WORD not in ran.stderr + ran.stdout
    lines = ran.stderr.splitlines()
    ours = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line["event"] for line in ours] == ["ours", "ours, with how it came"]
    assert ours[0]["held"] == {
        "list": ["[redacted: github token]"] * 2,
        "password": "[redacted: password value]",
    }
    assert "WARNING theirs said [redacted: github token]" in lines
    for kind in ("RuntimeError", "ValueError", "KeyError"):
        assert any(line.startswith(f"{kind}: ") for line in lines), kind


def _shapes(random: Random) -> dict[str, str]:
    """A text for each kind of secret, around one word that must go."""
    word = "".join(random.choices("abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789", k=40))
    return {
        "slack": f"xox{'b'}-1234567890-{word}",
        "github": f"gh{'p'}_{word}",
        "gitlab": f"gl{'pat'}-{word}",
        "model": f"s{'k'}-proj-{word}",
        "google": f"AI{'za'}{word}",
        "npm": f"np{'m'}_{word}",
        "vault": f"h{'vs'}.{word}",
        "url": f"postgres://shop:{word}@db.internal/shop",
        "password": f"password: {word}",
        "header": f"Authorization: Bearer {word}8",
        "query": f"https://example.org/hook?token={word}",
        "call": f"curl -u admin:{word} http://localhost/",
    }


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WAYS: dict[str, tuple[float, Callable[[str], str]]] = {
    "plain": (1.0, lambda text: redact(f"see {text} there").text),
    "base64": (1.0, lambda text: redact(f"data: {_in_base64(text)} end").text),
    "base64, without its end": (1.0, lambda text: redact(f"data: {_in_base64(text).rstrip('=')}").text),
    "in JSON": (1.0, lambda text: redact(json.dumps({"note": text})).text),
    "in a label": (1.0, lambda text: str(cleaned({"note": text}, set()))),
    "name and value in two fields": (1.0, lambda text: str(cleaned(dict([_split(text)]), set()))),
}


def _split(text: str) -> tuple[str, str]:
    """`password: x` as a label has it; a shape that tells itself apart stands under any name."""
    name, colon, value = text.partition(": ")
    return (name, value) if colon else ("note", text)


@pytest.mark.attack("L5")
@pytest.mark.parametrize("way", WAYS)
def test_the_stated_share_of_secrets_is_found(way: str) -> None:
    """Each shape, written in each of these ways: as many as `redaction.py` states are gone."""
    random, (stated, write) = Random(0), WAYS[way]
    missed = []
    for _ in range(20):
        for name, text in _shapes(random).items():
            left = write(text)
            forms = {text[-20:-8], _in_base64(text)[-20:-8]}
            missed += [name] if any(form in left for form in forms) else []
    assert 1 - len(missed) / (20 * len(_shapes(random))) >= stated, sorted(set(missed))
