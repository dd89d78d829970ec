"""The check of the tests' target: prints its state file; `slow_look_s` in it makes looking take that long."""

import json
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
state = (folder / "state.json").read_text()
if seconds := json.loads(state).get("slow_look_s"):
    (folder / "looking").touch()
    time.sleep(seconds)
print(state)
