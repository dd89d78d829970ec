"""Mutes, told to the sources that can keep silent themselves: as long as they are in force, and no longer.

Rows say what a source knows, mutes what it should know; what differs is told, again until it is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot import fault_hook
from bot.announcements import INCIDENTS
from bot.copilot.mute_notes import card_key
from bot.domain.alert import Kind, Severity
from bot.domain.mute import Mute
from bot.domain.silence import Silence
from bot.domain.store import Store, Tx
from bot.reach.back import MARK, NeverTaken
from bot.reach.flow_back import TOLD_AFTER, WAITS_S
from bot.reach.matchers import matchers_of
from bot.reach.way import NotTaken
from bot.triage.muting import fits

log = structlog.get_logger()


class Silencer(Protocol):
    """A source that can keep silent; telling it twice must show the same."""

    name: str

    async def mute(
        self, mark: str, matchers: Sequence[Mapping[str, object]], start: datetime, until: datetime
    ) -> None: ...

    async def unmute(self, mark: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Silent:
    """One source, and what the words of its severities mean; the empty word: what their absence means."""

    way: Silencer
    severities: Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class _Due:
    """What one source has to be told: an end, or None that the silence is over."""

    silence: Silence
    mute: Mute
    until: datetime | None

    @property
    def mark(self) -> str:
        """The same at every try, and another one in another installation."""
        return f"{MARK}-mute-{self.mute.id}-{self.mute.made_at:%Y%m%d%H%M%S%f}"


class Silences:
    """One per `serve`. It does not matter who mutes, ends or extends: the mutes alone say what is due."""

    def __init__(self, store: Store, sources: Sequence[Silent], heartbeats: Collection[str]) -> None:
        self._store, self._sources, self._heartbeats = store, sources, heartbeats

    async def look(self) -> None:
        """Tell each source what it does not know; one that hangs holds up no other."""
        await asyncio.gather(*(self._look(source) for source in self._sources))

    async def _look(self, source: Silent) -> None:
        await asyncio.to_thread(self._note, source)
        for due in await asyncio.to_thread(self._due, source):
            await self._tell(source, due)

    def _note(self, source: Silent) -> None:
        """Write down which mutes the source has to be told of; only then it is."""
        with self._store.read() as tx:
            if not self._missing(tx, source):
                return
        with self._store.begin() as tx:
            for mute in self._missing(tx, source):
                tx.silences.want(mute.id, source.way.name)

    def _missing(self, tx: Tx, source: Silent) -> list[Mute]:
        mutes = [m for m in tx.mutes.in_force() if self._matchers(m, source) and not _spoken_against(tx, m)]
        known = {one.mute_id for one in tx.silences.of_source(source.way.name, [m.id for m in mutes])}
        return [mute for mute in mutes if mute.id not in known]

    def _matchers(self, mute: Mute, source: Silent) -> list[Mapping[str, object]]:
        return matchers_of(mute, source.way.name, self._heartbeats, source.severities)

    def _due(self, source: Silent) -> list[_Due]:
        with self._store.read() as tx:
            in_force = {mute.id: mute for mute in tx.mutes.in_force()}
            found = []
            for silence in tx.silences.of_source(source.way.name, []):
                mute = tx.mutes.get(silence.mute_id)
                if mute is None or (silence.not_before is not None and silence.not_before > tx.now):
                    continue
                holds = mute.id in in_force and not _spoken_against(tx, mute)
                until = mute.ends_at if holds else None
                if until is None or until != silence.until:
                    found.append(_Due(silence, mute, until))
            return found

    async def _tell(self, source: Silent, due: _Due) -> None:
        fault_hook.point(f"silence at {source.way.name}")
        try:
            if due.until is None:
                await source.way.unmute(due.mark)
            else:
                matchers = self._matchers(due.mute, source)
                await source.way.mute(due.mark, matchers, due.mute.starts_at, due.until)
        except NeverTaken as error:
            await asyncio.to_thread(self._settle, due, error.detail)
        except NotTaken as error:
            await asyncio.to_thread(self._wait, due, error.detail)
        else:
            await asyncio.to_thread(self._settle, due, "")

    def _settle(self, due: _Due, problem: str) -> None:
        source, is_over = due.silence.source, due.until is None or bool(problem)
        with self._store.begin() as tx:
            tx.silences.settled(due.silence, None if problem else due.until, done=is_over, problem=problem)
            action = f"silenced at {source}" if due.until else f"no longer silenced at {source}"
            detail = {"until": due.until.isoformat() if due.until else "", "problem": problem}
            tx.audit.append("vigie", f"not {action}" if problem else action, f"mute {due.mute.label}", detail)
            announce(tx, due.mute)
        if problem:
            log.warning("a source was not told of a mute", source=source, problem=problem)

    def _wait(self, due: _Due, problem: str) -> None:
        attempts = due.silence.attempts
        wait = timedelta(seconds=WAITS_S[min(attempts, len(WAITS_S) - 1)])
        with self._store.begin() as tx:
            tx.silences.later(due.silence, wait, problem)
            if attempts + 1 == TOLD_AFTER:
                announce(tx, due.mute)
        log.warning("a source waits to be told of a mute", source=due.silence.source, problem=problem)


def _spoken_against(tx: Tx, mute: Mute) -> bool:
    """Somebody said that an alert which it kept quiet should have paged: that one has to come through."""
    for said in (one for of_series in tx.corrections.holding().values() for one in of_series):
        delivery = tx.deliveries.get(said.alert_id) if said.decision is Kind.MUTED else None
        if delivery is not None and fits(mute.matchers, delivery.alert()):
            return True
    return False


def announce(tx: Tx, mute: Mute) -> None:
    """Want the line under the mute's card that says which sources keep silent too, which do not, and why."""
    said, whys = [], []
    for one in tx.silences.of_mute(mute.id):
        if one.problem:
            said.append(f"*not{'' if one.is_done else ' yet'}* told to {one.source}")
            whys.append(one.problem)
        elif one.until is not None:
            said.append(f"silenced at {one.source} until {one.until:%d %b %H:%M} UTC, too")
        elif one.is_done:
            said.append(f"no longer silenced at {one.source}")
    if said:
        text = f":arrow_right_hook: *{mute.label}* is {'; '.join(said)}."
        content = {"text": text, "foreign": " ".join(whys)}
        tx.posts.want(f"{card_key(mute.id)}:back", INCIDENTS, "text", 0, card_key(mute.id), content)
