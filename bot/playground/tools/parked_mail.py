"""Check: whether a mail lies aside that park_mail.py moved out of the queue. Changes nothing.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 said, 2 wrong call.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main() -> int:
    """Print one JSON object: parked, last (the one that an undo puts back), all, identity."""
    parser = argparse.ArgumentParser(prog="parked_mail", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    mail = parser.parse_args().folder / "mail"
    if not mail.is_dir():
        print(f"parked_mail: {mail} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    parked = mail / "parked"
    names = sorted(e.name for e in parked.iterdir() if not e.name.startswith(".")) if parked.is_dir() else []
    note = parked / ".last"
    last = note.read_text(encoding="utf-8") if note.exists() else None
    there = last is not None and last in names
    state = {"parked": there, "last": last if there else None, "all": len(names)}
    print(json.dumps(state | {"identity": last if there else "none"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
