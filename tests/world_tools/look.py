"""The check of the tests' target: prints its state file."""

import sys
from pathlib import Path

print((Path(sys.argv[1]) / "state.json").read_text())
