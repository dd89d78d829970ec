"""The action of the tests' target: notes each run in a ledger, then sets the value, unless it is `stuck`."""

import json
import sys
import time
from pathlib import Path

folder, note, value = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with (folder / "ledger").open("a", encoding="utf-8") as ledger:
    ledger.write(json.dumps(sys.argv[1:]) + "\n")
state = json.loads((folder / "state.json").read_text())
time.sleep(state.get("slow_s", 0))
state["value"] = state["value"] if state.get("stuck") else value
(folder / "state.json").write_text(json.dumps(state))
print(json.dumps({"done": note}))
