"""The action of the tests' target: notes each run in a ledger, then sets the value, unless it is `stuck`."""

import json
import subprocess
import sys
import time
from pathlib import Path

folder, note, value = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with (folder / "ledger").open("a", encoding="utf-8") as ledger:
    ledger.write(json.dumps(sys.argv[1:]) + "\n")
state = json.loads((folder / "state.json").read_text())
if "child" in state:  # something that it leaves running, in its own group
    child = subprocess.Popen(["/bin/sleep", "600"])
    (folder / "child").write_text(str(child.pid))
for number in range(state.get("prints", 0)):
    print(f"step {number + 1}", *state.get("words", []), flush=True)
    time.sleep(state.get("pause_s", 0))
time.sleep(state.get("slow_s", 0))
state["value"] = state["value"] if state.get("stuck") else value
(folder / "state.json").write_text(json.dumps(state))
print(json.dumps({"done": note}))
