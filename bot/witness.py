"""Signs the head of the audit log at intervals, outside the database, and tells N3: a look back at each, too.

What the newest head saw must still be there. If it is not, the log was cut off, rolled back or forked, and
nothing more runs until N3 has looked.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.announcements import N3_CHANNEL
from bot.copilot.switch import freeze
from bot.domain.inbox import InboxKind
from bot.domain.store import Store, Tx
from bot.errors import StoreUnavailable
from bot.sign_off.audit import GENESIS, first_broken
from bot.sign_off.heads import KEY_MADE, RESTORED, Chain, Head, fingerprint, head_of, judge, sign
from bot.witness_folder import WitnessFolder

log = structlog.get_logger()
BROKEN = "audit log broken"
_WHOLE = 100_000  # events: so many are checked from the first on at a start; `vigie audit verify` checks all


class Witness:
    """One runs, in the process that owns the data folder. Its methods block; call them in a thread."""

    def __init__(self, store: Store, folder: WitnessFolder, post_every: timedelta) -> None:
        self._store = store
        self._folder = folder
        self._post_every = post_every
        self._private = b""
        self._has_looked_back = False

    def begin(self) -> None:
        """Have a key, and have the log and N3 know it; the first head follows at once.

        Raises:
            Misconfigured: the folder or the key in it cannot be used.
        """
        self._folder.make_key()
        self._private = self._folder.private()
        public = self._folder.public_of(self._private)
        key = fingerprint(public)
        with self._store.read() as tx:
            known = key in Chain.of(tx.audit.acted(KEY_MADE)).keys
        log.info("heads of the audit log are signed", key=key, heads=str(self._folder.heads))
        if not known:
            with self._store.begin() as tx:
                made = tx.audit.append("vigie", KEY_MADE, "audit", {"key": key, "public": public.hex()})
                text = (
                    f":link: *Heads of the audit log are signed by* `{key}` from now on. Another key in a"
                    " later head, without a word of this kind, is no head of this Vigie."
                )
                tx.posts.want(f"audit:key:{made.seq}", N3_CHANNEL, "text", content={"text": text})

    async def look(self) -> None:
        """Sign what has come since the last time."""
        try:
            await asyncio.to_thread(self.sign)
        except StoreUnavailable as error:
            log.warning("no head was signed", problem=str(error))

    def sign(self) -> Head | None:
        """Sign and keep the newest head, if there is one that is newer; and post it when its time has come.

        Raises:
            OSError: the folder takes no line; it is told to N3, and tried again the next time.
        """
        if not self._private:
            return None  # it never came to begin
        newest, line = self._folder.newest()
        with self._store.read() as tx:
            problem = self._problem(tx, newest)
        if problem:
            self._alarm(problem)
        with self._store.read() as tx:
            chain, at = _end_of(tx, newest), tx.now
        if newest is not None and (newest.seq, newest.hash) == (chain.newest, chain.hashes[chain.newest]):
            return None
        head = sign(head_of(chain, at, line), self._private)
        try:
            self._folder.add(head)
        except OSError as error:
            self._tell(f"audit:unwritten:{at:%Y-%m-%d}", _UNWRITTEN.format(error=error.strerror))
            raise
        self._post(head, at)
        return head

    def _post(self, head: Head, at: datetime) -> None:
        """Post it where none was posted in this span of time; a start anew does not count."""
        seconds = self._post_every.total_seconds()
        span = int(at.timestamp() // seconds) if seconds else head.seq
        with self._store.begin() as tx:
            if tx.inbox.accept(f"head:{head.epoch}:{span}", InboxKind.HEAD, {}):
                content = {"text": f":link: Head of the audit log: `{head.posted()}`"}
                tx.posts.want(f"audit:head:{head.epoch}:{head.seq}", N3_CHANNEL, "text", content=content)

    def _problem(self, tx: Tx, newest: Head | None) -> str:
        """What the newest head saw and the log does not have any more, or what does not follow from it."""
        if newest is not None:
            verdict = judge(_end_of(tx, newest), [newest], self._folder.public())
            if verdict.wrong:
                return verdict.wrong[0]
        whole = not self._has_looked_back and tx.audit.newest() <= _WHOLE
        self._has_looked_back = True
        known = tx.audit.get(newest.seq) if newest is not None and not whole else None
        start = (known.hash, known.seq) if known is not None else (GENESIS, 0)
        broken = first_broken(tx.audit.events(after=start[1]), start[0], start[1] + 1)
        return f"event {broken[0]}: {broken[1]}" if broken else ""

    def _alarm(self, problem: str) -> None:
        """Nothing more runs; everybody is told what was found, and what to do."""
        log.error("the audit log is not what it was", problem=problem)

        def write(tx: Tx) -> None:
            if any(event.detail.get("problem") == problem for event in tx.audit.acted(BROKEN)):
                return
            tx.audit.append("vigie", BROKEN, "audit", {"problem": problem})
            freeze(tx, "vigie", "Vigie", "The audit log is not what it was.")
            text = (
                ":rotating_light: *The audit log is not what it was.* Execution is frozen. Run"
                " `vigie audit verify`, and find out who could write the database."
            )
            content = {"text": text, "foreign": problem}
            tx.posts.want(f"audit:broken:{tx.now.isoformat()}", N3_CHANNEL, "text", content=content)

        with self._store.begin() as tx:
            write(tx)

    def _tell(self, key: str, text: str) -> None:
        with self._store.begin() as tx:
            tx.posts.want(key, N3_CHANNEL, "text", content={"text": text})


def _end_of(tx: Tx, head: Head | None) -> Chain:
    """What of the log a head is compared with and made of, without reading all of it."""
    wanted = {1, tx.audit.newest(), head.seq if head else 1}
    found = [event for seq in sorted(wanted) if (event := tx.audit.get(seq)) is not None]
    marks = Chain.of(tx.audit.acted(RESTORED, KEY_MADE))
    return Chain({event.seq: event.hash for event in found}, marks.restores, marks.keys)


_UNWRITTEN = (
    ":warning: *No signed head of the audit log can be written* ({error}): a cut-off end would not show."
    " Make room in the folder that `audit.folder` names."
)
