"""Tells of incidents by the second ways: notes what is due as rows, sends them, says in Slack that it did.

A notice is sent at least once: after a crash between sending and noting it goes out again under the same key.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from bot import fault_hook
from bot.announcements import INCIDENTS, announce_second_way, incident_key, rise_key
from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.records import News, Notice
from bot.domain.store import Store, Tx
from bot.reach import wording
from bot.reach.due import Known, Rule, Verdict, decide
from bot.reach.way import Letter, NotTaken, Way

log = structlog.get_logger()

GRACE_S = 5.0  # after a start the outbox may catch up first, as what waited through a restart is told by it
WAITS_S = (1, 2, 5, 15, 30, 60, 120)


class SecondWay:
    """One per `serve`. Each way goes on by itself: a mail server that hangs does not hold up the webhook.

    `trouble` says what keeps Slack away as a whole, in words for people.
    """

    def __init__(
        self, store: Store, ways: Sequence[Way], rule: Rule, trouble: Callable[[], str] = lambda: ""
    ) -> None:
        self._trouble = trouble
        self._store = store
        self._ways = ways
        self._rule = rule
        self._running: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Note what is due, and let each way that is idle send what waits for it."""
        self._forget_ended()
        await asyncio.to_thread(self.note)
        self._start_ways()

    def stop(self) -> None:
        for task in self._running.values():
            task.cancel()

    def note(self) -> None:
        """Write down what has to go out; only then anything is sent."""
        with self._store.read() as tx:
            if not self._due(tx):
                return
        with self._store.begin() as tx:
            for incident, way, verdict in self._due(tx):
                assert verdict.news is not None
                tx.notices.want(incident.id, verdict.news, incident.severity, way, verdict.reason)
                log.warning(
                    "Slack was not told; a second way is",
                    incident=incident.id,
                    way=way,
                    because=verdict.reason,
                )

    async def send_due(self) -> None:
        """Send everything whose time has come, and return when each was sent or has to wait."""
        self._forget_ended()
        self._start_ways()
        await asyncio.wait(list(self._running.values()))

    def _due(self, tx: Tx) -> list[tuple[Incident, str, Verdict]]:
        found = []
        for way, known in self._known(tx):
            verdict = decide(known, self._rule, tx.now)
            if verdict.news is not None:
                found.append((known.incident, way, verdict))
        return found

    def _known(self, tx: Tx) -> list[tuple[str, Known]]:
        ended = [tx.incidents.get(incident_id) for incident_id in tx.notices.awaiting_end()]
        incidents = [i for i in tx.incidents.open_now() if i.severity >= self._rule.severity]
        incidents += [i for i in ended if i is not None and not i.state.is_open]
        trouble = tx.posts.problem(INCIDENTS) or self._trouble()
        cards = tx.posts.by_keys([incident_key(i.id) for i in incidents])
        rises = tx.posts.by_keys([rise_key(i.id, i.severity) for i in incidents])
        notices: dict[tuple[int, str], list[Notice]] = defaultdict(list)
        for notice in tx.notices.of_incidents([i.id for i in incidents]):
            notices[notice.incident_id, notice.way].append(notice)
        return [
            (
                way.name,
                Known(
                    incident,
                    cards.get(incident_key(incident.id)),
                    {s: rises[key] for s in Severity if (key := rise_key(incident.id, s)) in rises},
                    notices[incident.id, way.name],
                    trouble,
                ),
            )
            for incident in incidents
            for way in self._ways
        ]

    def _start_ways(self) -> None:
        for way in self._ways:
            if way.name not in self._running:
                self._running[way.name] = asyncio.create_task(self._go(way), name=f"second way {way.name}")

    def _forget_ended(self) -> None:
        """A way that ended may start anew; what broke it is raised, to be logged."""
        ended = [name for name, task in self._running.items() if task.done()]
        for task in [self._running.pop(name) for name in ended]:
            task.result()

    async def _go(self, way: Way) -> None:
        for notice in await asyncio.to_thread(self._unsent, way.name):
            await self._send(way, notice)

    def _unsent(self, way: str) -> list[Notice]:
        """What waits for the way and may be tried now."""
        with self._store.read() as tx:
            return [n for n in tx.notices.unsent(way) if n.not_before is None or n.not_before <= tx.now]

    async def _send(self, way: Way, notice: Notice) -> None:
        letter = await asyncio.to_thread(self._draw, notice)
        fault_hook.point(f"second way {way.name}")
        try:
            remark = await way.send(letter)
        except NotTaken as error:
            await asyncio.to_thread(self._wait, notice, error.detail)
            return
        except Exception as error:  # the notice's boundary: it waits, and others go on
            log.exception("notice failed", way=way.name, incident=notice.incident_id)
            await asyncio.to_thread(self._wait, notice, f"unexpected {type(error).__name__}")
            return
        fault_hook.point(f"second way {way.name} done")
        await asyncio.to_thread(self._note_sent, notice, letter, remark)

    def _draw(self, notice: Notice) -> Letter:
        with self._store.read() as tx:
            incident = tx.incidents.get(notice.incident_id)
            assert incident is not None  # incidents are never deleted
            earlier = [n for n in tx.notices.of_incidents([incident.id]) if n.way == notice.way]
            alerts = tuple(tx.alerts.of_incident(incident.id))
            first = "" if earlier[0].id == notice.id else key_of(earlier[0])
            return Letter(key_of(notice), first, notice.news, incident, notice.because, tx.now, alerts)

    def _wait(self, notice: Notice, problem: str) -> None:
        wait = timedelta(seconds=WAITS_S[min(notice.attempts, len(WAITS_S) - 1)])
        with self._store.begin() as tx:
            tx.notices.later(notice, wait, problem)
        log.warning("notice waits", way=notice.way, incident=notice.incident_id, problem=problem)

    def _note_sent(self, notice: Notice, letter: Letter, remark: str) -> None:
        with self._store.begin() as tx:
            tx.notices.sent(notice, letter.at, not letter.incident.state.is_open, remark)
            detail = {"news": notice.news.value, "because": notice.because}
            tx.audit.append("vigie", f"told by {notice.way}", f"incident {letter.incident.label}", detail)
            announce(tx, notice.incident_id)


def key_of(notice: Notice) -> str:
    """Its name everywhere: the same at every try, and another one in another installation."""
    what = f"{notice.incident_id}-{notice.news.value}-{notice.severity.word}"
    return f"vigie-{what}-{notice.wanted_at:%Y%m%d%H%M%S%f}"


def announce(tx: Tx, incident_id: int) -> None:
    """Want the line in the incident's thread that says by which ways it was told, when and why."""
    told: dict[News, list[str]] = defaultdict(list)
    whys: dict[str, None] = {}
    for notice in tx.notices.of_incidents([incident_id]):
        if notice.sent_at is not None:
            told[notice.news].append(f"by {notice.way} at {wording.clock(notice.sent_at)}")
            whys |= dict.fromkeys(why for why in (notice.because, notice.problem) if why)
    said = "; ".join(f"{_VERBS[news]} {' and '.join(ways)}" for news, ways in told.items())
    announce_second_way(tx, incident_id, f":email: This incident {said}. Because:", "; ".join(whys))


_VERBS = {
    News.OPENED: "was told",
    News.ROSE: "was told to have risen",
    News.RESOLVED: "was told to be over",
}
