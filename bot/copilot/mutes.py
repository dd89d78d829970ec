"""Maintenance windows: asked for with a preview, confirmed, ended, extended, announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.copilot.mute_notes import announce_end, announce_mute, announce_start, detail, mute_of, put_in_force
from bot.copilot.muted import preview, refuse_all
from bot.copilot.part import Deciding, Part
from bot.domain.mute import Matcher, Mute, MuteDraft, MuteOrigin, MuteState, Preview, Suggestion
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.store import Store, Tx
from bot.errors import Refused, StoreUnavailable
from bot.in_force import InForce
from bot.triage import muting
from bot.triage.windows import Declared, Window

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants muted; `starts_at` None means at once."""

    matchers: tuple[Matcher, ...]
    critical: bool
    reason: str
    lasts: timedelta
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MuteList:
    """What is muted now and what will be, and which mutes are only suggested."""

    now: datetime
    mutes: Sequence[Mute]
    suggestions: Sequence[Suggestion]


class Mutes(Part):
    """Mutes in people's hands, and those that vigie.toml declares."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        membership: Membership,
        wake: Wake,
        heartbeats: frozenset[str],
        declared: Sequence[Declared],
        deciding: Deciding,
    ) -> None:
        super().__init__(store, in_force, membership, wake)
        self._heartbeats = heartbeats
        self._declared = declared
        self._deciding = deciding
        self._is_first = True

    def ask(self, person: Person, wish: Wish, event: str) -> tuple[Mute, Preview]:
        """Keep the wish as a draft that mutes nothing yet, with what it would have done.

        Raises:
            MuteRefused: it would mute everything, or a heartbeat, or has no reason or no proper end.
        """
        muting.check_matchers(wish.matchers, self._heartbeats)
        muting.check_reason(wish.reason)
        with self._store.begin() as tx:
            starts = wish.starts_at or tx.now
            muting.check_times(starts, starts + wish.lasts, tx.now)
            seen = preview(tx, wish.matchers, wish.critical)
            refuse_all(seen, wish.matchers)
            who, key = person.key, f"form:{event}"
            draft = MuteDraft(
                key,
                MuteOrigin.PERSON,
                wish.matchers,
                wish.critical,
                wish.reason.strip(),
                who,
                starts,
                starts + wish.lasts,
            )
            return tx.mutes.draft(draft, confirmed=False)[0], seen

    def confirm(self, person: Person, mute_id: int) -> Mute:
        """The draft of this very person is in force from its start on.

        Raises:
            Refused: it is somebody else's, or unknown. MuteRefused: its time is over by now.
        """
        with self._store.begin() as tx:
            mute = mute_of(tx, mute_id)
            if mute.by != person.key:
                raise Refused("Somebody else asked for this mute.")
            starts, ends = mute.starts_at, mute.ends_at
            if (
                starts <= tx.now
            ):  # it took a moment to read the preview; the window is as long as it was to be
                starts, ends = tx.now, tx.now + (ends - starts)
            if tx.mutes.confirm(mute.id, starts, ends):
                put_in_force(tx, mute.id, person.key)
            return mute_of(tx, mute_id)

    def end(self, person: Person, mute_id: int, event: str = "") -> str:
        """End it now; what to say to the person. Anyone may: an end never hides anything."""
        with self._once(event) as tx:
            mute = mute_of(tx, mute_id)
            if not tx.mutes.end(mute.id, person.key):
                return f"{mute.label} is over already."
            tx.triage.touch()
            tx.audit.append(
                person.key, "ended a mute", f"mute {mute.label}", {"before": mute.ends_at.isoformat()}
            )
            announce_mute(tx, mute.id)
        self._wake("mute", str(mute_id))
        return f"{mute.label} has ended. What it muted and still fires is decided anew, and told."

    def extend(self, person: Person, mute_id: int, by: timedelta, event: str = "") -> str:
        """A later end; what to say to the person.

        Raises:
            Refused: it is over, or learned. MuteRefused: it would end too far from now.
        """
        with self._once(event) as tx:
            mute = mute_of(tx, mute_id)
            if mute.origin is MuteOrigin.LEARNED:
                raise Refused("A learned mute is not extended: it is suggested to N3 and signed anew.")
            ends = mute.ends_at + by
            muting.check_times(max(mute.starts_at, tx.now), ends, tx.now)
            if not tx.mutes.move_end(mute.id, ends):
                raise Refused(f"{mute.label} is over already; make a new one.")
            tx.triage.touch()
            tx.audit.append(person.key, "extended a mute", f"mute {mute.label}", {"until": ends.isoformat()})
            announce_mute(tx, mute.id)
        return f"{mute.label} now ends at {ends:%d %b %H:%M} UTC."

    def seen(self) -> MuteList:
        """What is muted, will be, and is suggested."""
        with self._store.read() as tx:
            return MuteList(tx.now, tx.mutes.to_come(), tx.mutes.suggestions())

    def to_extend(self, mute_id: int) -> Mute:
        """A mute that can have a later end.

        Raises:
            Refused: there is none, or it is over.
        """
        with self._store.read() as tx:
            mute = mute_of(tx, mute_id)
            if mute.state(tx.now) is MuteState.OVER:
                raise Refused(f"{mute.label} is over already; make a new one.")
            return mute

    def sweep(self) -> None:
        """Put declared windows in force, announce starts and ends, and tell what an ended mute kept quiet."""
        with self._store.read() as tx:
            now, untold = tx.now, tx.mutes.untold()
            missing = [window for window in self._windows(now) if not tx.mutes.knows(window.key)]
            stray = self._stray(tx, now) if self._is_first else []
        self._is_first = False
        if missing or stray:
            with self._store.begin() as tx:
                tx.triage.touch()
                for window in missing:
                    self._declare(tx, window)
                for mute in stray:
                    tx.mutes.end(mute.id, "vigie.toml")
                untold = tx.mutes.untold()
        for mute in untold:
            try:
                self._tell(mute)
            except StoreUnavailable:
                raise
            except Exception:  # one mute's boundary: it is tried again, and the sweep goes on meanwhile
                log.exception("a mute was not told", mute=mute.label)

    def _windows(self, now: datetime) -> list[Window]:
        return [window for declared in self._declared if (window := declared.window(now)) is not None]

    def _stray(self, tx: Tx, now: datetime) -> list[Mute]:
        """Windows of an older vigie.toml that would go on although nobody declares them any more."""
        declared = {window.key for window in self._windows(now)}
        mine = (mute for mute in tx.mutes.in_force() if mute.origin is MuteOrigin.FILE)
        return [mute for mute in mine if tx.mutes.key_of(mute.id) not in declared]

    def _declare(self, tx: Tx, window: Window) -> None:
        draft = MuteDraft(
            window.key,
            MuteOrigin.FILE,
            window.matchers,
            window.critical,
            window.reason,
            "vigie.toml",
            window.starts_at,
            window.ends_at,
        )
        mute, is_new = tx.mutes.draft(draft, confirmed=True)
        if is_new:
            tx.audit.append("vigie.toml", "muted", f"mute {mute.label}", detail(mute))

    def _tell(self, mute: Mute) -> None:
        """Say that it began, or that it ended; what still fires of what it muted is decided anew then."""
        with self._deciding() as (tx, decide):
            current = tx.mutes.get(mute.id)
            if current is None or current.end_told:
                return
            if current.state(tx.now) is MuteState.OVER:
                tx.mutes.told(mute.id, end=True)
                kept, again = tx.deliveries.muted_by(mute.id), tx.deliveries.still_muted(mute.id)
                announce_end(tx, current, kept, decide(again))
                tx.audit.append(
                    "vigie", "mute ended", f"mute {mute.label}", {"muted": kept, "fire": len(again)}
                )
            elif not current.start_told:
                tx.mutes.told(mute.id, end=False)
                announce_start(tx, current)
