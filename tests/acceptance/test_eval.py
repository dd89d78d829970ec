"""`vigie eval`: the product's own answers, scored as the documentation says, and bad lines named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.vigie_command import Ran

DOCUMENTS = {
    "alpha/locks": "# Stale lock\n\nThe worker pool waits for a lock file whose owner is gone. Remove it.\n",
    "alpha/disk": "# Disk is full\n\nThe log volume has no space left. Rotate and compress the logs.\n",
    "beta/mail": "# Mail queue grows\n\nThe mail provider throttles us. Slow the sender down.\n",
    "beta/search": "# Search finds nothing\n\nThe search index is empty after a deploy. Build it anew.\n",
}
QUERIES = (
    {
        "id": "1",
        "source": "alpha",
        "query_text": "worker pool waits for lock file",
        "relevant": ["alpha/locks"],
    },
    {
        "id": "2",
        "source": "alpha",
        "query_text": "no space left on the log volume",
        "relevant": ["alpha/disk"],
    },
    {
        "id": "3",
        "source": "alpha",
        "query_text": "rotate the logs of the full disk",
        "relevant": ["alpha/disk"],
    },
    {"id": "4", "source": "beta", "query_text": "the mail provider throttles", "relevant": ["beta/search"]},
    {"id": "5", "source": "beta", "query_text": "search index empty after deploy"},
)


def run(folder: Path, *arguments: str) -> Ran:
    """Run `vigie eval retrieval` in an empty folder; nothing may be left in it."""
    (folder / "cwd").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "eval", "retrieval", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=folder / "cwd",
        env={"PATH": "/usr/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert not list((folder / "cwd").iterdir())
    return Ran(done.returncode, done.stdout, done.stderr)


def corpus(folder: Path) -> Path:
    for name, text in DOCUMENTS.items():
        path = folder / "docs" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "docs"


def lines(folder: Path, objects: Sequence[object]) -> Path:
    path = folder / "queries.jsonl"
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in objects))
    return path


def test_sources_count_alike_and_what_has_no_answer_is_not_scored(tmp_path: Path) -> None:
    """Three right answers of one source and one wrong of another make one half; all five are answered."""
    docs, out = corpus(tmp_path), tmp_path / "out.jsonl"
    ran = run(
        tmp_path,
        *("--corpus", str(docs), "--queries", str(lines(tmp_path, QUERIES))),
        *("--rankings", str(out), "--json"),
    )
    assert ran.code == 0, ran.err
    told = ran.only_json
    assert (told["queries"], told["scored"], told["documents"]) == (5, 4, 4)
    assert (told["recall@1"], told["recall@5"]) == (0.5, 1.0)
    assert told["mrr@10"] == 0.75
    rankings = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["id"] for one in rankings] == ["1", "2", "3", "4", "5"]
    for one in rankings:
        found = [entry["document"] for entry in one["ranking"]]
        assert len(found) == len(set(found)) == 2
        assert {id.partition("/")[0] for id in found} == {"beta" if one["id"] in "45" else "alpha"}
        scores = [entry["score"] for entry in one["ranking"]]
        assert scores == sorted(scores, reverse=True)


def test_the_corpus_may_be_the_source_itself(tmp_path: Path) -> None:
    """Ids then lack the prefix, in the ranking and in what is relevant."""
    docs, out = corpus(tmp_path) / "alpha", tmp_path / "out.jsonl"
    queries = lines(tmp_path, QUERIES[:2])
    ran = run(tmp_path, "--corpus", str(docs), "--queries", str(queries), "--rankings", str(out))
    assert ran.code == 0, ran.err
    assert "1.000" in ran.out
    assert json.loads(out.read_text().splitlines()[0])["ranking"][0]["document"] == "locks"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "2"', "line 2: not JSON"),
        ("[]", "line 2: must be a JSON object"),
        ({"id": "2"}, "line 2: 'query_text' must be a text, is missing"),
        ({"id": 2, "query_text": "a"}, "line 2: 'id' must be a text, is 2"),
        ({"id": "2", "query_text": "a", "relevant": "x"}, "line 2: 'relevant' must be a list of texts"),
        ({"id": "2", "query_text": "a", "source": "gamma"}, "has no folder 'gamma'"),
        ({"id": "2", "query_text": "a", "source": "../alpha"}, "has no folder '../alpha'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, says: str) -> None:
    """File, line and field; exit 2, and nothing on standard output."""
    ran = run(
        tmp_path,
        *("--corpus", str(corpus(tmp_path)), "--queries", str(lines(tmp_path, [QUERIES[0], line]))),
    )
    assert ran.code == 2
    assert says in ran.sentence
