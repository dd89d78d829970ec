"""Check: whether the mail at the head of the queue is one that is tried again and again. Changes nothing.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 said, 2 wrong call. `stuck` is null when the mailer's note cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

STUCK_AFTER = 3


def main() -> int:
    """Print one JSON object: stuck, head, attempts, error, waiting, identity."""
    parser = argparse.ArgumentParser(prog="mail_head", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    mail = parser.parse_args().folder / "mail"
    if not (mail / "queue").is_dir():
        print(f"mail_head: {mail / 'queue'} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    print(json.dumps(state(mail)))
    return 0


def state(mail: Path) -> dict[str, Any]:
    """What stands at the head; `identity` names that very message, by its name and its bytes."""
    waiting = sorted(entry.name for entry in (mail / "queue").iterdir() if not entry.name.startswith("."))
    found = {"stuck": False, "head": None, "attempts": 0, "error": "", "waiting": len(waiting)}
    try:
        note = json.loads((mail / "mailer.json").read_text(encoding="utf-8"))
        head, attempts, error = str(note["head"]), int(note["attempts"]), str(note["error"])
        data = (mail / "queue" / head).read_bytes() if head in waiting[:1] else b""
    except FileNotFoundError:
        return found | {"identity": "none"}
    except (ValueError, TypeError, KeyError):
        return found | {"stuck": None, "identity": "unreadable"}
    if head not in waiting[:1] or attempts < STUCK_AFTER:
        return found | {"identity": "none"}
    digest = hashlib.sha256(data).hexdigest()
    about = {"stuck": True, "head": head, "attempts": attempts, "error": error[:300]}
    return found | about | {"identity": f"{head}@{digest}"}


if __name__ == "__main__":
    sys.exit(main())
