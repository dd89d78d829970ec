"""The example's target: a lamp that is a file. `show FOLDER` prints it, `set FOLDER COLOUR` changes it."""

import json
import sys
from pathlib import Path


def main(verb: str, folder: str, colour: str = "") -> int:
    lamp = Path(folder) / "lamp.json"
    if verb == "set":
        written = lamp.with_suffix(".new")
        written.write_text(json.dumps({"colour": colour}) + "\n", encoding="utf-8")
        written.replace(lamp)
    shown = json.loads(lamp.read_text(encoding="utf-8"))
    # What a signature is bound to: this very folder, and no other that takes its place.
    place = Path(folder).stat()
    shown["identity"] = f"{place.st_dev}:{place.st_ino}"
    print(json.dumps(shown))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
