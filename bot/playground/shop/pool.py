"""The pool: four workers that take orders from a queue, reserve stock in the database, then take payment."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.shop.checkout import CheckoutStats, PaymentError, PaymentPartner
from bot.playground.shop.config import Config
from bot.playground.shop.connections import Connection, Connections
from bot.playground.shop.lock import PoolLock
from bot.playground.shop.mail import MailQueue
from bot.playground.shop.receipts import ReceiptError, Receipts

WORKERS = 4
QUEUE_LIMIT = 150
LOCK_POLL_S = 0.02
COMPLAIN_FIRST_S, COMPLAIN_EVERY_S = 1.0, 5.0
CONNECTION_PATIENCE_S = 0.15
RESERVE_S = 0.002
IDLE_S = 0.25

log = logging.getLogger("shop")


@dataclass(frozen=True)
class Order:
    """One order; `placed` in monotonic seconds."""

    number: int
    placed: float


@dataclass(frozen=True)
class Backend:
    """What an order needs besides stock: a connection to the database, a receipt, a mail."""

    connections: Connections
    receipts: Receipts
    mails: MailQueue


class OrderPool:
    """The queue, its customers and its workers; `config` is asked anew for each order."""

    def __init__(
        self,
        lock: PoolLock,
        config: Callable[[], Config],
        stats: CheckoutStats,
        backend: Backend,
        reserve_s: float = RESERVE_S,
    ) -> None:
        self._lock, self._config, self._stats, self._backend = lock, config, stats, backend
        self._reserve_s = reserve_s
        self.connected = CheckoutStats()
        self._orders: queue.Queue[Order] = queue.Queue(QUEUE_LIMIT)
        self._partner = PaymentPartner()
        self._waiting: dict[int, Order] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.turned_away = 0

    def start(self) -> None:
        """Start the customers and the workers."""
        targets: list[Callable[[], None]] = [self._customers]
        targets += [lambda number=n: self._work(number) for n in range(1, WORKERS + 1)]  # type: ignore[misc]  # a lambda's default has no annotation
        for target in targets:
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let each worker finish its order, so that none leaves the lock behind."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=1.0)

    def state(self) -> dict[str, object]:
        """Workers, how many of them wait for the lock, orders in the queue, age of the oldest in s."""
        now = time.monotonic()
        with self._orders.mutex:
            queued = len(self._orders.queue)
            placed = [self._orders.queue[0].placed] if queued else []
        placed += [order.placed for order in list(self._waiting.values())]
        oldest = max((now - at for at in placed), default=0.0)
        waiting = len(self._waiting)
        return {"workers": WORKERS, "waiting": waiting, "queue": queued, "oldest_s": round(oldest, 2)}

    def _customers(self) -> None:
        for number in itertools.count(1):
            if self._stop.wait(1 / self._config().orders_per_second):
                return
            try:
                self._orders.put_nowait(Order(number, time.monotonic()))
            except queue.Full:
                self.turned_away += 1
                log.warning("order %d turned away: %d orders are waiting already", number, QUEUE_LIMIT)

    def _work(self, worker: int) -> None:
        while not self._stop.is_set():
            try:
                order = self._orders.get(timeout=IDLE_S)
            except queue.Empty:
                continue
            connection = self._connect(order)
            if connection is None:
                continue
            self._waiting[worker] = order
            taken = self._take_lock(worker)
            self._waiting.pop(worker)
            if taken:
                self._reserve(connection)
                self._check_out(order)
            else:
                connection.close()

    def _connect(self, order: Order) -> Connection | None:
        connections = self._backend.connections
        taken = connections.take(CONNECTION_PATIENCE_S)
        self.connected.add(ok=taken is not None)
        if taken is None:
            log.error(
                "order %d given up: no database connection within %g s, %d of %d are in use",
                order.number, CONNECTION_PATIENCE_S, connections.in_use(), connections.size,
            )  # fmt: skip
        return taken

    def _take_lock(self, worker: int) -> bool:
        since = time.monotonic()
        complain_at = since + COMPLAIN_FIRST_S
        while not self._lock.try_take():
            if self._stop.wait(LOCK_POLL_S):
                return False
            if time.monotonic() >= complain_at:
                complain_at += COMPLAIN_EVERY_S
                self._complain(worker, time.monotonic() - since)
        return True

    def _complain(self, worker: int, waited: float) -> None:
        holder = self._lock.holder()
        if holder is not None:
            log.warning(
                "worker %d has waited %.1f s for run/pool.lock, held by pid %s for %.1f s",
                worker, waited, holder.pid, holder.age_s,
            )  # fmt: skip

    def _reserve(self, connection: Connection) -> None:
        try:
            time.sleep(self._reserve_s)
        finally:
            self._lock.release()
            connection.close()

    def _check_out(self, order: Order) -> None:
        try:
            self._backend.receipts.open(order.number)
            took = self._partner.pay(self._config())
        except (PaymentError, ReceiptError) as error:
            self._stats.add(ok=False)
            log.error("checkout of order %d failed: %s", order.number, error)
            return
        self._stats.add(ok=True)
        self._backend.mails.add(order.number)
        log.info(
            "order %d done in %.2f s, payment %g ms", order.number, time.monotonic() - order.placed, took
        )
