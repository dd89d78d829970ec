"""Confirmation mails: a queue of files, and one mailer that sends them strictly in order."""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path

from bot.playground.shop.clock import iso_now
from bot.playground.shop.config import write_whole

QUEUE_LIMIT = 1000
SEND_S = 0.003
IDLE_S = 0.1
AGAIN_S = 0.5
STUCK_AFTER = 3

log = logging.getLogger("shop")


class MailError(Exception):
    """A mail could not be sent; the message is what stands in the shop's log."""


class MailQueue:
    """`mail/queue` below the shop's folder: one file a mail, the oldest name first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mail" / "queue"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dropped = 0

    def add(self, order: int) -> None:
        """Queue the confirmation of one order; beyond the limit it is dropped, counted and logged."""
        if len(self.waiting()) >= QUEUE_LIMIT:
            self.dropped += 1
            log.warning("no confirmation of order %d: %d mails wait already", order, QUEUE_LIMIT)
            return
        mail = {"to": f"customer-{order}@customers.example", "about": f"order {order}", "at": iso_now()}
        write_whole(self.folder / mail_name(f"order-{order}"), json.dumps(mail).encode())

    def waiting(self) -> list[str]:
        """Names of the mails that wait, the oldest first."""
        return sorted(entry.name for entry in self.folder.iterdir() if not entry.name.startswith("."))

    def oldest_s(self) -> float:
        """Age in s of the oldest mail that waits, 0 when none does."""
        names = self.waiting()
        placed = int(names[0].partition("-")[0]) / 1e9 if names else time.time()
        return max(0.0, time.time() - placed)


def mail_name(about: str) -> str:
    """The file name of a mail that is queued now: it sorts behind all that were queued before."""
    return f"{time.time_ns():020d}-{about}.json"


class Mailer:
    """Sends the oldest mail, then the next: one that cannot be sent is tried again and holds up the rest."""

    def __init__(self, queue: MailQueue) -> None:
        self._queue = queue
        self._note = queue.folder.parent / "mailer.json"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._head, self._attempts = "", 0
        self.sent = 0

    def start(self) -> None:
        """Start sending."""
        self._tell("")
        self._thread.start()

    def stop(self) -> None:
        """Finish the mail at hand and end."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    def state(self) -> dict[str, object]:
        """Mails that wait, age of the oldest in s, and how often the one at the head was tried in vain."""
        waiting = len(self._queue.waiting())
        oldest = round(self._queue.oldest_s(), 2)
        return {"queue": waiting, "oldest_s": oldest, "failed_attempts": self._attempts, "sent": self.sent}

    def _run(self) -> None:
        while not self._stop.is_set():
            names = self._queue.waiting()
            pause = self._send(names[0]) if names else IDLE_S
            self._stop.wait(pause)

    def _send(self, name: str) -> float:
        """Send one mail; how long to pause before the next, in s."""
        if name != self._head:
            self._head, self._attempts = name, 0
        try:
            _deliver(self._queue.folder / name)
        except MailError as error:
            self._attempts += 1
            log.error("mail %s not sent, attempt %d: %s", name, self._attempts, error)
            self._tell(str(error))
            return AGAIN_S
        (self._queue.folder / name).unlink(missing_ok=True)
        self.sent += 1
        if self._attempts:
            self._attempts = 0
            self._tell("")
        return SEND_S

    def _tell(self, error: str) -> None:
        """Leave a note of the head and its attempts beside the queue, for whoever looks from outside."""
        note = {"head": self._head, "attempts": self._attempts, "error": error, "at": iso_now()}
        write_whole(self._note, json.dumps(note).encode())


def _deliver(path: Path) -> None:
    """The provider's stand-in: takes every mail that can be read and has an address."""
    try:
        mail = json.loads(path.read_bytes().decode("utf-8"))
        to = mail["to"]
    except FileNotFoundError:
        return  # somebody moved it away while it was tried
    except (ValueError, KeyError, TypeError) as error:
        raise MailError(f"the message cannot be read: {error}") from error
    if not isinstance(to, str) or "@" not in to:
        raise MailError(f"no address: {to!r}")
