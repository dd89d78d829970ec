"""The demo's faults, made on a running shop from the outside, as real life makes them.

`python -m bot.playground.faults --folder DIR NAME` makes one; `--by-hand` ends the one without a remedy.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.playground import fault_makers as makers
from bot.playground.fault_makers import FaultNotMadeError

__all__ = ["FAULTS", "Fault", "FaultNotMadeError", "active_faults", "break_shop", "mend_by_hand"]


@dataclass(frozen=True)
class Fault:
    """A fault as the demo's page shows it, and the names of the alerts that it raises.

    `known` is False when no document knows the cause: then `by_hand` says what a person does in the end.
    """

    title: str
    what: str
    alerts: tuple[str, ...]
    known: bool = True
    by_hand: str = ""


FAULTS = {
    "stale_lock": Fault(
        title="Orders stand still",
        what="The stock count takes the pool's lock and is killed. Its lock file stays: all workers wait.",
        alerts=("ShopOrdersStuck", "ShopOrdersSlow"),
    ),
    "bad_config": Fault(
        title="Checkouts fail",
        what=f"A new configuration is loaded that gives the payment partner only {makers.BAD_TIMEOUT_MS} ms.",
        alerts=("ShopCheckoutErrors",),
    ),
    "poison_mail": Fault(
        title="Mails pile up",
        what="An import queues a message that cannot be read. The mailer tries it for ever; all mails wait.",
        alerts=("ShopMailQueueGrowing", "ShopMailStuck"),
    ),
    "leaked_connections": Fault(
        title="The database has no connection left",
        what="A sales report opens connection after connection and closes none. Orders are given up.",
        alerts=("ShopConnectionsHigh", "ShopConnectionsExhausted"),
    ),
    "lost_receipts": Fault(
        title="Checkouts fail, and nobody knows why",
        what="A clean-up removes the folder of receipts. It looks like a bad configuration, but is none, and "
        "no document knows it: Vigie has to say so.",
        alerts=("ShopCheckoutErrors",),
        known=False,
        by_hand="Put the folder of receipts back",
    ),
}


def break_shop(folder: Path, name: str) -> str:
    """Make one fault on the shop that runs in `folder` and say what was done; blocks for up to 5 s.

    KeyError for a name that is not in FAULTS; FaultNotMadeError when no shop runs or it is broken already.
    """
    make = makers.MAKERS[name]
    return make(folder, makers.shop_pid(folder))


def mend_by_hand(folder: Path, name: str) -> str:
    """End a fault as a person does where no remedy is known; say what was done.

    KeyError for a fault whose remedy is for Vigie to propose; FaultNotMadeError when it is not there.
    """
    if name != "lost_receipts":
        raise KeyError(name)
    return makers.put_receipts_back(folder)


def active_faults(folder: Path) -> list[str]:
    """Names of the faults whose traces are in the shop's folder now, in the order of FAULTS."""
    return [name for name in FAULTS if makers.TRACES[name](folder)]


def main(argv: list[str] | None = None) -> int:
    """Make one fault, or end it by hand. Exit codes: 0 done, 1 not done, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--by-hand", action="store_true", help="end it as a person does")
    parser.add_argument("name", choices=sorted(FAULTS))
    options = parser.parse_args(argv)
    if options.by_hand and FAULTS[options.name].known:
        parser.error(f"{options.name} has a remedy: sign it in Vigie, or run its script in tools/")
    try:
        do = mend_by_hand if options.by_hand else break_shop
        print(do(options.folder, options.name))
    except FaultNotMadeError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
