"""Undo of park_mail.py: put the mail that was parked last back into the queue, at its old place.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done, 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main() -> int:
    """Move the parked mail back; print one JSON object."""
    parser = argparse.ArgumentParser(prog="put_back_mail", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    mail = parser.parse_args().folder / "mail"
    note = mail / "parked" / ".last"
    if not note.exists():
        return refuse(f"there is no {note}; nothing was parked, or it was put back already")
    name = note.read_text(encoding="utf-8")
    parked = mail / "parked" / name
    if Path(name).name != name or not parked.is_file():
        return refuse(f"{parked} is not there any more; somebody took it away")
    parked.rename(mail / "queue" / name)
    note.unlink()
    print(json.dumps({"changed": True, "put_back": str(mail / "queue" / name)}))
    return 0


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"put_back_mail: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
