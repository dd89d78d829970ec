"""`vigie init`: asks a little where somebody is there, writes everything, and says what to do next."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.commands.init.choices import Choices, ask, is_somebody_there
from bot.commands.init.contents import contents
from bot.commands.init.write import write_all
from bot.errors import BadInput
from bot.slack.manifest import manifest

_URL = "https://vigie.example.com"


def run(folder: Path, given: Choices, *, force: bool, as_json: bool) -> int:
    """Write the files of a new installation; exit 2, and nothing written, where some are there already."""
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file. Name a folder.")
    chosen = given.checked()
    if not as_json and is_somebody_there():
        chosen = ask(chosen).checked()
    url = (chosen.url or _URL) if chosen.mode == "http" else ""
    steps = _steps(folder, chosen)
    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    files = contents(folder, chosen, manifest(url), text)
    kept = write_all(folder, files, force=force)
    if as_json:
        told = {
            "folder": str(folder),
            "files": sorted(files),
            "kept": [str(old) for old in kept],
            "next": steps,
        }
        print(json.dumps(told))
        return 0
    print(f"Written to {folder}: {', '.join(sorted(files))}.")
    for old in kept:
        print(f"Kept what was there: {old}")
    print(f"\nNext:\n{text}")
    return 0


def _steps(folder: Path, chosen: Choices) -> list[str]:
    """What to do next, each step as a sentence with its exact commands."""
    command = _command()
    channel = (chosen.channel or "incidents").removeprefix("#")
    config = f"--config {shlex.quote(str(folder / 'vigie.toml'))}"
    create = (
        "At api.slack.com/apps choose Create New App, From a manifest, your workspace, JSON, and paste"
        " `slack-manifest.json`. Then Install App, Install to workspace."
    )
    propose = (
        f"In #{channel} open the thread of the incident, press Propose, and have somebody else, of N3,"
        " press Sign."
    )
    return [
        create,
        *_token_steps(chosen),
        f"In Slack make the public channel #{channel} and say `/invite @Vigie` in it.",
        *_n3_steps(chosen),
        f"`{command} doctor {config}` says what is still missing. Again until all is ok.",
        f"`{command} ingest {config} {shlex.quote(str(folder / 'docs'))}` reads the example's two documents.",
        f"`{command} serve {config}` starts Vigie. Leave it running.",
        f"In another terminal send the first alert, as Alertmanager would:\n\n```sh\n{_curl(folder)}\n```",
        propose,
    ]


def _token_steps(chosen: Choices) -> list[str]:
    bot = "OAuth & Permissions › Bot User OAuth Token (`xoxb-`) goes to SLACK_BOT_TOKEN in `vigie.env`."
    if chosen.mode != "http":
        app = (
            "Basic Information › App-Level Tokens › Generate, with the scope connections:write: that token"
            " (`xapp-`) goes to SLACK_APP_TOKEN in `vigie.env`."
        )
        return [bot, app]
    signing = "Basic Information › Signing Secret goes to SLACK_SIGNING_SECRET in `vigie.env`."
    where = chosen.url or f"{_URL} (put your own address into the manifest)"
    return [bot, signing, f"Have a proxy with TLS pass {where}/slack/events on to Vigie's port."]


def _n3_steps(chosen: Choices) -> list[str]:
    if chosen.n3:
        return []
    if chosen.n3_group:
        return [f"Put those who may sign into the user group @{chosen.n3_group.removeprefix('@')}."]
    said = (
        "In `vigie.toml` under [n3] say who may sign: `usergroup` where your plan has user groups, else"
        " `pinned` (in Slack: profile › ⋮ › Copy member ID; the team id stands in Slack's web address)."
    )
    return [said]


def _command() -> str:
    beside = Path(sys.executable).with_name("vigie")
    return shlex.quote(str(beside)) if beside.exists() else "vigie"


def _curl(folder: Path) -> str:
    return f"""\
. {shlex.quote(str(folder / "vigie.env"))}
curl -sS http://127.0.0.1:8710/alerts/alertmanager \\
  -H "Authorization: Bearer $VIGIE_INTAKE_TOKEN" -H "Content-Type: application/json" -d '{{
    "version": "4", "status": "firing", "alerts": [{{
      "status": "firing", "startsAt": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'", "endsAt": "0001-01-01T00:00:00Z",
      "labels": {{"alertname": "ExampleLampRed", "severity": "critical",
                 "service": "example-lamp", "environment": "example"}},
      "annotations": {{"summary": "The lamp of the example is red"}}}}]}}'"""


def parse(values: Sequence[str] | None) -> tuple[str, ...]:
    """People of the command line, blanks or commas between them."""
    return tuple(part for value in values or () for part in value.replace(",", " ").split())
