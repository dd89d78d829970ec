"""Check: whether the shop's configuration file is the last one that proved good. Changes nothing.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 said, 2 wrong call. A digest is null where its file is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path


def main() -> int:
    """Print one JSON object: sha256, last_good_sha256, differs, identity."""
    parser = argparse.ArgumentParser(prog="config_state", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    config = folder / "config"
    if not config.is_dir():
        print(f"config_state: {config} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    present, good = sha256(config / "shop.json"), sha256(config / "shop.last-good.json")
    state = {"sha256": present, "last_good_sha256": good, "differs": present != good}
    print(json.dumps(state | {"identity": f"{present}>{good} {process(folder / 'run' / 'shop.pid')}"}))
    return 0


def sha256(path: Path) -> str | None:
    """Digest of a file, None when it is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def process(pid_file: Path) -> str:
    """The process that would load it, as `pid@start ticks`, or `no process`."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return "no process"
    return f"{pid}@{stat.rpartition(')')[2].split()[19]}"


if __name__ == "__main__":
    sys.exit(main())
