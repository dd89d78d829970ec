"""Action: move the mail that holds up the queue aside, into mail/parked. Undo: put_back_mail.py.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done (or nothing to do, and why), 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

STUCK_AFTER = 3


def main() -> int:
    """Move the head of the queue, if it was tried in vain three times at least; print one JSON object."""
    parser = argparse.ArgumentParser(prog="park_mail", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    mail = parser.parse_args().folder / "mail"
    queue = mail / "queue"
    if not queue.is_dir():
        print(f"park_mail: {queue} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    waiting = sorted(entry.name for entry in queue.iterdir() if not entry.name.startswith("."))
    if not waiting:
        print(json.dumps({"changed": False, "reason": "no mail waits"}))
        return 0
    try:
        note = json.loads((mail / "mailer.json").read_text(encoding="utf-8"))
        head, attempts = str(note["head"]), int(note["attempts"])
    except (OSError, ValueError, TypeError, KeyError):
        return refuse(f"{mail / 'mailer.json'} does not say what the mailer tries; look at the mailer first")
    if head != waiting[0] or attempts < STUCK_AFTER:
        return refuse(f"the mailer gets on: {waiting[0]} was tried in vain fewer than {STUCK_AFTER} times")
    return park(queue / head, mail / "parked", attempts)


def park(stuck: Path, parked: Path, attempts: int) -> int:
    """Move it, and note its name for the undo."""
    parked.mkdir(exist_ok=True)
    draft = parked / ".last.new"
    draft.write_text(stuck.name, encoding="utf-8")
    try:
        stuck.rename(parked / stuck.name)
    except FileNotFoundError:
        draft.unlink()
        return refuse(f"{stuck.name} has left the queue meanwhile")
    draft.replace(parked / ".last")
    print(json.dumps({"changed": True, "moved_to": str(parked / stuck.name), "attempts": attempts}))
    return 0


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"park_mail: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
