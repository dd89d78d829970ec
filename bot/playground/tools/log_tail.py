"""Check: the last lines of the shop's log. Changes nothing.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 said, 2 wrong call or no log.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

MOST = 200


def main() -> int:
    """Print the last lines as they stand, the rotated file's end first where the log has just begun."""
    parser = argparse.ArgumentParser(prog="log_tail", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--lines", type=count, required=True, help=f"1 to {MOST}")
    options = parser.parse_args()
    log = options.folder / "logs" / "shop.log"
    parts = [path for path in (log.with_name("shop.log.1"), log) if path.exists()]
    if not parts:
        print(f"log_tail: there is no {log}; give the shop's folder", file=sys.stderr)
        return 2
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in parts)
    print("\n".join(text.splitlines()[-options.lines :]))
    return 0


def count(text: str) -> int:
    """A number of lines from 1 to 200."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
