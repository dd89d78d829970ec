"""What each file of a new installation holds."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.commands.init.choices import Choices
from bot.commands.init.toml_text import toml_text
from bot.environment_file import VARIABLES

STARTER = Path(__file__).parent / "starter"
_SCHEMA = Path(__file__).parents[2] / "tools" / "catalogue.schema.json"
_PRIVATE = 0o600
_AS_THEY_ARE = (
    "catalogue.yaml",
    "tools/lamp.py",
    "docs/incidents/example-lamp-was-red.md",
    "docs/runbooks/example-lamp-is-red.md",
)
_N3_NOTE = "To be filled in, one of the first two: Vigie does not start before it knows who may sign."


@dataclass(frozen=True, slots=True)
class NewFile:
    content: str
    mode: int = 0o644


def contents(folder: Path, choices: Choices, manifest: Mapping[str, Any], steps: str) -> dict[str, NewFile]:
    """Every file by its name below the folder."""
    unsaid = not choices.n3_group and not choices.n3
    files = {
        "vigie.toml": NewFile(toml_text(choices.settings, {"n3": _N3_NOTE} if unsaid else {})),
        "vigie.env": NewFile(_environment(choices.mode), _PRIVATE),
        "secrets.env": NewFile(_SECRETS, _PRIVATE),
        "inventory.yaml": NewFile(_inventory(folder)),
        "slack-manifest.json": NewFile(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"),
        "README.md": NewFile(_readme(manifest, steps)),
        "example/lamp.json": NewFile('{"colour": "red"}\n'),
    }
    if not os.path.lexists(folder / ".gitignore"):  # somebody's own is left as it is
        files[".gitignore"] = NewFile("/data/\n/vigie.env*\n/secrets.env*\n")
    files[_SCHEMA.name] = NewFile(_SCHEMA.read_text(encoding="utf-8"))
    for name in _AS_THEY_ARE:
        files[name] = NewFile((STARTER / name).read_text(encoding="utf-8"))
    return files


_SECRETS = """\
# Passwords and tokens of your own tools, one NAME=value a line; only the executor reads this file.
# A header of an http tool refers to one as {secret:NAME}.
"""


def _environment(mode: str) -> str:
    """The tokens to fill in first, what may be set below as comments."""
    needed = ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET" if mode == "http" else "SLACK_APP_TOKEN"]
    lines = [
        "# Tokens and keys of Vigie, readable by you alone. What the environment says wins over this file.",
        "# systemd reads it, too: EnvironmentFile=/path/to/vigie.env",
    ]
    for name in needed:
        lines += ["", f"# {VARIABLES[name]}", f"{name}="]
    intake = "VIGIE_INTAKE_TOKEN"
    lines += [
        "",
        f"# {VARIABLES[intake]} This one was drawn just now.",
        f"{intake}={secrets.token_urlsafe(24)}",
    ]
    for name, meaning in VARIABLES.items():
        if name not in (*needed, intake):
            lines += ["", f"# {meaning}", f"# {name}="]
    return "\n".join(lines) + "\n"


def _inventory(folder: Path) -> str:
    return f"""\
# What the arguments of tools may refer to: a kind, then rows by their ids, then the fields of each row.
# A row that lists an incident's service under `services` is taken by itself.
vigies:
  here:
    url: http://127.0.0.1:8710 # follows [web] in vigie.toml
    services: [vigie]

lamps:
  example:
    folder: {json.dumps(str(folder / "example"), ensure_ascii=False)}
    script: {json.dumps(str(folder / "tools" / "lamp.py"), ensure_ascii=False)}
    python: {json.dumps(sys.executable, ensure_ascii=False)}
    services: [example-lamp]
"""


def _readme(manifest: Mapping[str, Any], steps: str) -> str:
    from bot.slack.manifest import SCOPE_REASONS

    scopes = manifest["oauth_config"]["scopes"]["bot"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    text = (STARTER / "next-steps.md").read_text(encoding="utf-8")
    rows = "\n".join(f"| `{scope}` | {SCOPE_REASONS[scope]} |" for scope in scopes)
    named = ", ".join(f"`{event}`" for event in events)
    return text.replace("%STEPS%", steps).replace("%SCOPES%", rows).replace("%EVENTS%", named)
