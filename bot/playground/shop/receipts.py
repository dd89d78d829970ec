"""Receipts: one small file an order, opened before payment is taken, so that nobody pays without one."""

from __future__ import annotations

from pathlib import Path

from bot.playground.shop.clock import iso_now

KEPT = 200


class ReceiptError(Exception):
    """A receipt could not be written; the message is what stands in the shop's log."""


class Receipts:
    """`receipts` below the shop's folder, with the last 200 receipts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "receipts"
        self._folder.mkdir(exist_ok=True)

    def open(self, order: int) -> None:
        """Begin the receipt of one order; ReceiptError when it cannot be written."""
        try:
            (self._folder / f"{order % KEPT:03d}.txt").write_text(f"order {order} at {iso_now()}\n")
        except OSError as error:
            raise ReceiptError(f"receipt not written: {error.strerror}") from error
