"""The shop as a whole: its folder, its pool, its configuration, and what it reports."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from bot.playground.shop import report
from bot.playground.shop.checkout import WINDOW_S, CheckoutStats
from bot.playground.shop.clock import iso_now
from bot.playground.shop.config import Config, ConfigError, ConfigFile
from bot.playground.shop.connections import Connections
from bot.playground.shop.lock import PoolLock
from bot.playground.shop.mail import Mailer, MailQueue
from bot.playground.shop.pool import Backend, OrderPool
from bot.playground.shop.receipts import Receipts

PROVEN_AFTER = 10
LOG_BYTES = 256 * 1024

log = logging.getLogger("shop")


class FolderInUseError(RuntimeError):
    """Another shop works in this folder; stop it or give another --folder."""


class Shop:
    """One running shop below `folder`; ConfigError or FolderInUseError when it cannot start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("run", "logs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._pid_fd = self._claim(folder / "run" / "shop.pid")
        _open_log(folder / "logs" / "shop.log")
        self.started_at = iso_now()
        self._file = ConfigFile(folder)
        self._file.prepare()
        self._config = self._load()
        self._loaded = time.monotonic()
        self._lock = PoolLock(folder / "run" / "pool.lock")
        self._stats = CheckoutStats()
        self._connections = Connections(folder, "shop")
        mails = MailQueue(folder)
        backend = Backend(self._connections, Receipts(folder), mails)
        self.pool = OrderPool(self._lock, lambda: self._config, self._stats, backend)
        self._mailer = Mailer(mails)

    def start(self) -> None:
        """Start the customers, the workers and the mailer."""
        self.pool.start()
        self._mailer.start()

    def reload(self) -> None:
        """Load the configuration again; one that cannot be used is logged and the old one stays."""
        try:
            self._config = self._load()
        except ConfigError as error:
            log.error("configuration not loaded, %s stays: %s", self._config.version, error)
            return
        self._loaded = time.monotonic()

    def keep_good_config(self) -> None:
        """Keep the present configuration as last good once ten checkouts in a row went well under it."""
        done, failed = self._stats.count(since=self._loaded)
        if done >= PROVEN_AFTER and not failed and self._file.last_good_sha256() != self._config.sha256:
            self._file.keep_as_good()
            log.info("configuration %s kept as last good", self._config.version)

    def health(self) -> dict[str, Any]:
        """What GET /health answers."""
        holder, config = self._lock.holder(), self._config
        done, failed = self._stats.count()
        pool = self.pool.state()
        pool["lock"] = {
            "held": holder is not None,
            "pid": holder.pid if holder else None,
            "age_s": round(holder.age_s, 2) if holder else 0.0,
            "holder_alive": bool(holder and holder.alive),
        }
        share = round(failed / done, 3) if done else 0.0
        parts = {"pool": pool, "connections": self._connected(), "mail": self._mailer.state()}
        return {
            "status": report.status(parts, share),
            "pid": os.getpid(),
            "started_at": self.started_at,
            "process": f"{os.getpid()}@{self.started_at}",
            "config": {"version": config.version, "sha256": config.sha256, "loaded_at": config.loaded_at},
            "checkout": {"failed_share": share, "per_second": round(done / WINDOW_S, 2)},
            **parts,
        }

    def _connected(self) -> dict[str, object]:
        asked, refused = self.pool.connected.count()
        share = round(refused / asked, 3) if asked else 0.0
        size, used = self._connections.size, self._connections.in_use()
        return {"size": size, "in_use": used, "refused_share": share}

    def metrics(self) -> str:
        """What GET /metrics answers."""
        return report.metrics(self.health(), {**self._stats.totals, "turned_away": self.pool.turned_away})

    def stop(self) -> None:
        """End the workers in good order and leave the folder free."""
        self.pool.stop()
        self._mailer.stop()
        log.info("shop stops")
        (self.folder / "run" / "shop.pid").unlink(missing_ok=True)
        os.close(self._pid_fd)

    def _load(self) -> Config:
        config = self._file.load()
        log.info("configuration %s loaded, payment_timeout_ms=%g", config.version, config.payment_timeout_ms)
        return config

    @staticmethod
    def _claim(path: Path) -> int:
        # The kernel drops the claim with the process, so a shop that was killed blocks nobody.
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            raise FolderInUseError(f"another shop works in {path.parent.parent}; stop it first") from error
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        return fd


def _open_log(path: Path) -> None:
    output = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    line = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    line.converter = time.gmtime
    output.setFormatter(line)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(output)
