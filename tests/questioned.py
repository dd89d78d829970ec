"""Questions in an incident's thread, over the stage of `investigated.py`: what is read and shown for them."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.announcements import announce_incident, answer_key, incident_key
from bot.copilot import Copilot
from bot.domain.conversation import Freshness
from bot.domain.incident import Incident
from bot.domain.ports import Author
from bot.slack.blocks.parts import Block
from bot.slack.snapshots import Snapshots
from bot.stages.conversing import Conversing
from bot.stages.fresh import Freshly
from bot.store import tables
from bot.tools.in_force import Adopted
from knowledge.model import Query, SearchResult
from tests.desk import AT_ONCE
from tests.investigated import FAIL, PLACE, Investigated

_NUMBERS = itertools.count(1)
CHANNEL, THREAD = "C0INCIDENTS", "100.1"
COUNT = """
import pathlib, sys
name = pathlib.Path(sys.argv[1])
with name.with_suffix('.runs').open('a') as runs:
    runs.write('.')
print(name.read_text(), end='')
"""
WAIT = """
import pathlib, sys, time
gate = pathlib.Path(sys.argv[1])
gate.with_suffix('.begun').touch()
end = time.monotonic() + 30
while gate.exists() and time.monotonic() < end:
    time.sleep(0.01)
print('{"value": 3}')
"""


def checks(folder: Path) -> dict[str, Any]:
    """What a question may read: values, a log, what fails, and what waits while the file `gate` is there."""
    for name, text in {"count": COUNT, "wait": WAIT, "fail": FAIL}.items():
        (folder / f"{name}.py").write_text(text)

    def check(title: str, program: str, file: str, **more: object) -> dict[str, Any]:
        script = str(folder / f"{program}.py")
        run = {"runner": "command", "argv": [sys.executable, "-I", "-S", script, str(folder / file)]}
        reads = {"value": "/value", "healthy": {"at_most": 5}, "unit": "points"}
        return {**PLACE, "title": title, "run": run, "reads": reads, **more}

    journal = check("The end of the journal", "count", "journal", output_cap=200_000)
    del journal["reads"]
    return {
        "queue": check("Orders in the queue", "count", "queue"),
        "disk": check("Share of the disk in use", "count", "disk"),
        "cache": check("Does the cache answer?", "fail", "cache"),
        "journal": journal,
        "replica": check("Delay of the replica", "wait", "gate", timeout_s=40),
    }


class Thread:
    """One incident's thread: what is asked in it, and what the answer's message says then."""

    def __init__(
        self, stage: Investigated, incident: Incident, author: Author | None = None, **bounds: float
    ) -> None:
        self.stage, self.incident = stage, incident
        ports = (stage.store, Adopted(), _Nobody(), AT_ONCE, lambda verb, subject: None)
        self._questions = Copilot.of(*ports).questions
        self.freshly = Freshly(stage.store, Adopted(), stage, Freshness(**bounds))  # type: ignore[arg-type]
        self.conversing = Conversing(stage.store, Adopted(), _nothing, author, self.freshly)
        self._key = ""
        with stage.store.begin() as tx:
            announce_incident(tx, incident.id)
            card = tx.posts.get(incident_key(incident.id))
            assert card is not None
            tx.posts.sent(card, CHANNEL, f"{THREAD}{incident.id}")

    def keep(self, question: str, **more: object) -> str:
        """Keep a question as the edge does; its key."""
        self._key = key = f"message:{next(_NUMBERS)}"
        payload = {
            "question": question,
            "user": "U1",
            "channel": CHANNEL,
            "thread_ts": f"{THREAD}{self.incident.id}",
            "incident_id": self.incident.id,
        }
        self._questions.ask(key, payload | more)
        return key

    async def ask(self, question: str, **more: object) -> Mapping[str, Any]:
        """Ask and have it answered to its end."""
        key = self.keep(question, **more)
        await self.conversing.answer(key)
        return self.said(key)

    def said(self, key: str) -> Mapping[str, Any]:
        with self.stage.store.read() as tx:
            post = tx.posts.get(answer_key(key))
        return (post.content or {}) if post else {}

    def shown(self, key: str = "") -> list[Block]:
        """The answer's message, as the outbox would send it: the newest, where no key is given."""
        with self.stage.store.read() as tx:
            post = tx.posts.get(answer_key(key or self._key))
        assert post is not None
        drawn = Snapshots(self.stage.store, Adopted()).render(post)
        assert drawn is not None
        return drawn[1]

    def runs(self) -> list[str]:
        """The checks that were asked for, in order."""
        rows = self.stage.rows(tables.check_runs)
        return [
            row.tool for row in sorted(rows, key=lambda row: row.id) if row.incident_id == self.incident.id
        ]

    def counted(self, name: str) -> int:
        """How often the program of that check really ran, ever."""
        path = (self.stage.folder / name).with_suffix(".runs")
        return len(path.read_text()) if path.exists() else 0


async def _nothing(query: Query) -> SearchResult:
    await asyncio.sleep(0)
    return SearchResult((), False)


class _Nobody:
    def n3(self) -> frozenset[Any]:
        return frozenset()
