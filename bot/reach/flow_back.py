"""Tells sources what people did: notes what is due as rows, tells, and says in the thread how it went."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot import fault_hook
from bot.announcements import INCIDENTS, incident_key
from bot.domain.alert import Alert, AlertStatus
from bot.domain.senders import Back, Deed
from bot.domain.store import Store, Tx
from bot.reach.back import MOST, NeverTaken, Told, WayBack
from bot.reach.way import NotTaken
from bot.triage.fingerprint import fingerprint

log = structlog.get_logger()

WAITS_S = (1, 2, 5, 15, 30, 60, 120)
MISSING_S = 90.0  # how long a silenced alert must be gone at its source before it counts as over
TOLD_AFTER = 3  # failures before people hear of the trouble: one alone is a hiccup


class FlowBack:
    """One per `serve`. Rows alone say what is due, so it does not matter where in Vigie the deed was done."""

    def __init__(
        self,
        store: Store,
        ways: Sequence[WayBack],
        receive: Callable[[list[Alert]], object],
        missing_s: float = MISSING_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._ways, self._receive = store, ways, receive
        self._missing_s, self._monotonic = missing_s, monotonic
        self._missing: dict[tuple[str, str], float] = {}
        self._watch_at = float("-inf")

    async def look(self) -> None:
        """Note what is due, and tell each source what waits for it; one that hangs holds up no other."""
        await asyncio.to_thread(self.note)
        await asyncio.gather(*(self._go(way) for way in self._ways))
        if self._monotonic() >= self._watch_at:
            self._watch_at = self._monotonic() + self._missing_s / 3
            await asyncio.gather(*(self._watch(way) for way in self._ways))

    async def _watch(self, way: WayBack) -> None:
        """What is over while its source keeps silent is taken in as over, once it has been so for a while."""
        alerts = await asyncio.to_thread(self._silenced, way.name)
        try:
            over = await way.over(alerts) if alerts else []
        except NotTaken as error:
            log.warning("a source does not say what is over", source=way.name, problem=error.detail)
            return
        now, marks = self._monotonic(), {(way.name, fingerprint(alert)): alert for alert in over}
        for key in [key for key in self._missing if key[0] == way.name and key not in marks]:
            del self._missing[key]
        # An Alertmanager that was just started has none yet.
        ended = [a for key, a in marks.items() if now - self._missing.setdefault(key, now) >= self._missing_s]
        if ended:
            resolved = [replace(a, status=AlertStatus.RESOLVED) for a in ended]
            await asyncio.to_thread(self._receive, resolved)

    def _silenced(self, name: str) -> list[Alert]:
        with self._store.read() as tx:
            taken = [
                a for number in tx.flow_back.watched(name) for a in tx.flow_back.firing(number, name, MOST)
            ]
            mutes = [one.mute_id for one in tx.silences.of_source(name, []) if one.until is not None]
            return taken + [a for mute in mutes for a in tx.deliveries.still_muted(mute) if a.source == name]

    def note(self) -> None:
        """Write down what has to be told; only then anything is."""
        with self._store.read() as tx:
            if not self._due(tx) and not self._late(tx):
                return
        with self._store.begin() as tx:
            for incident_id, way, deed, by in self._due(tx):
                concerns = _concerns(tx, incident_id, way.name, deed)
                tx.flow_back.want(incident_id, way.name, deed, by, concerns)
            for incident_id, way, by in self._late(tx):
                tx.flow_back.want_again(incident_id, way.name, by)

    def _due(self, tx: Tx) -> list[tuple[int, WayBack, Deed, str]]:
        return [
            (incident_id, way, deed, by)
            for way in self._ways
            for deed in sorted(way.deeds)
            for incident_id, by in tx.flow_back.due(way.name, deed)
        ]

    def _late(self, tx: Tx) -> list[tuple[int, WayBack, str]]:
        """Where alerts joined what somebody has: their source goes on paging until it hears of that, too."""
        return [
            (incident_id, way, by)
            for way in self._ways
            if Deed.ACKNOWLEDGE in way.deeds
            for incident_id, by in tx.flow_back.late(way.name)
        ]

    async def _go(self, way: WayBack) -> None:
        for back in await asyncio.to_thread(self._waiting, way.name):
            await self._tell(way, back)

    def _waiting(self, name: str) -> list[Back]:
        with self._store.read() as tx:
            waiting = tx.flow_back.unsettled(name)
            return [back for back in waiting if back.not_before is None or back.not_before <= tx.now]

    async def _tell(self, way: WayBack, back: Back) -> None:
        told = await asyncio.to_thread(self._draw, back)
        if told is None:
            await asyncio.to_thread(self._settle, back, [], "")
            return
        fault_hook.point(f"back to {way.name}")
        try:
            remote = await way.tell(told)
        except NeverTaken as error:
            await asyncio.to_thread(self._settle, back, [], error.detail, told.at)
            return
        except NotTaken as error:
            await asyncio.to_thread(self._wait, back, error.detail)
            return
        fault_hook.point(f"back to {way.name} done")
        await asyncio.to_thread(self._settle, back, remote, "", told.at)

    def _draw(self, back: Back) -> Told | None:
        """What is told; None where an acknowledgement comes too late to mean anything."""
        with self._store.read() as tx:
            incident = tx.incidents.get(back.incident_id)
            if back.deed is Deed.ACKNOWLEDGE and incident is not None and not incident.state.is_open:
                return None
            earlier = [b for b in tx.flow_back.of_incident(back.incident_id) if b.source == back.source]
            made = [one for b in earlier if b.deed is Deed.ACKNOWLEDGE for one in b.remote]
            alerts = tx.flow_back.firing(back.incident_id, back.source, MOST, back.settled_at)
            return Told(back, alerts, made, tx.now)

    def _settle(self, back: Back, remote: Sequence[str], problem: str, at: datetime | None = None) -> None:
        with self._store.begin() as tx:
            tx.flow_back.settled(back, remote, problem, at)
            if not remote and not problem:
                return  # nothing was sent, so nothing is said
            action = f"told {back.source}" if not problem else f"could not tell {back.source}"
            detail = {"deed": back.deed.value, "by": back.by, "problem": problem}
            tx.audit.append("vigie", action, f"incident #{back.incident_id}", detail)
            self._announce(tx, back.incident_id)
        if problem:
            log.warning("a source was not told", source=back.source, deed=back.deed, problem=problem)

    def _wait(self, back: Back, problem: str) -> None:
        wait = timedelta(seconds=WAITS_S[min(back.attempts, len(WAITS_S) - 1)])
        with self._store.begin() as tx:
            tx.flow_back.later(back, wait, problem)
            if back.attempts + 1 == TOLD_AFTER:
                self._announce(tx, back.incident_id)
        log.warning("a source waits to be told", source=back.source, deed=back.deed, problem=problem)

    def _announce(self, tx: Tx, incident_id: int) -> None:
        """Want the line in the incident's thread that says which sources know, and which do not and why."""
        ways = {way.name: way for way in self._ways}
        backs = tx.flow_back.of_incident(incident_id)
        ended = {back.source for back in backs if back.deed is Deed.RESOLVE and back.remote}
        said, whys = [], []
        for back in backs:
            way = ways.get(back.source)
            if way is None or (back.deed is Deed.ACKNOWLEDGE and back.source in ended):
                continue
            text = _said(way, back)
            said += [text] if text else []
            whys += [back.problem] if text and back.problem else []
        if said:
            key = incident_key(incident_id)
            content = {
                "text": f":arrow_right_hook: This incident: {'; '.join(said)}.",
                "foreign": " ".join(whys),
            }
            tx.posts.want(f"{key}:back", INCIDENTS, "text", incident_id, key, content)


def _said(way: WayBack, back: Back) -> str:
    """What was really done there, or is not; empty where nothing had to be."""
    deed = f"{'all ' if back.remote else ''}{way.verbs[back.deed]} at {way.name}"
    if back.waits:
        is_long = back.attempts + 1 >= TOLD_AFTER
        return f"*not yet* {deed}, which is tried again" if is_long else way.done(back) if back.remote else ""
    if back.problem:
        return f"*not* {deed}, do it there by hand"
    return way.done(back) if back.remote else ""


def _concerns(tx: Tx, incident_id: int, source: str, deed: Deed) -> bool:
    """Whether the source has something to do: alerts that fire, or what it made when somebody took it."""
    made = deed is Deed.RESOLVE and any(
        back.remote for back in tx.flow_back.of_incident(incident_id) if back.source == source
    )
    return made or bool(tx.flow_back.firing(incident_id, source, 1))
