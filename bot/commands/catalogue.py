"""`vigie catalogue`: validates the whitelist, prints tools as N3 see them, shows what waits for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot import settings as settings_module
from bot.commands.tool_card import card
from bot.errors import CatalogueError, Misconfigured
from bot.mistakes.mistake import Mistake, told
from bot.sign_off.policy import Policy
from bot.tools.catalogue import Catalogue, dangers_of, file_names, lint_of, parse, read_files


def check(config: Path, file: Path | None, *, strict: bool = False, as_json: bool = False) -> int:
    """Print each tool as N3 will see it, with what is wrong or dangerous.

    Exit code 1 where something is wrong, with `strict` also where something is dangerous.

    Raises:
        CatalogueError: there is no such file, or it is no text.
    """
    path = file or settings_module.load(config, only=()).catalogue
    names, content = file_names(path), read_files(path)
    try:
        catalogue = parse(content, names)
        wrong, dangers = lint_of(catalogue, names), dangers_of(catalogue, names)
    except CatalogueError as error:
        return _refused(error, as_json)
    policy = _policy(config)
    failed = bool(wrong) or (strict and bool(dangers))
    if as_json:
        print(json.dumps(_report(catalogue, policy, wrong, dangers, failed)))
        return int(failed)
    for tool in sorted(catalogue.tools.values(), key=lambda tool: (tool.kind, tool.name)):
        print("\n".join(card(tool, catalogue, policy)))
        print()
    if dangers:
        print(f"To think about ({len(dangers)}):")
        print("\n".join(f"  {danger}" for danger in dangers))
        print()
    if wrong:
        print(f"vigie: {CatalogueError(told(wrong))}", file=sys.stderr)
        return 1
    rest = f"{len(dangers)} to think about" if dangers else "nothing to think about"
    print(f"{len(catalogue.tools)} tools, no errors, {rest}.")
    if failed:
        print("vigie: --strict takes what is to be thought about for an error.", file=sys.stderr)
    return int(failed)


def diff(config: Path, *, as_json: bool = False) -> int:
    """What the files say and N3 have not signed yet; exit code 1 where something waits."""
    from bot.commands.waiting import waiting_changes

    found = waiting_changes(config)
    if as_json:
        print(json.dumps({"waiting": [change.report() for change in found]}))
        return int(bool(found))
    for change in found:
        print(f"The {change.what}: {change.state}.")
        print("\n".join(f"    {line}" for line in change.difference.splitlines()))
    if not found:
        print("Nothing waits: what the files say is in force.")
    return int(bool(found))


def schema() -> int:
    """Print the JSON Schema of a catalogue file."""
    from bot.tools.schema import text

    print(text(), end="")
    return 0


def _refused(error: CatalogueError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": False, "errors": error.detail.splitlines(), "warnings": [], "tools": []}))
    else:
        print(f"vigie: {error}", file=sys.stderr)
    return 1


def _report(
    catalogue: Catalogue, policy: Policy | None, wrong: list[Mistake], dangers: list[Mistake], failed: bool
) -> dict[str, object]:
    return {
        "ok": not failed,
        "errors": [str(mistake) for mistake in wrong],
        "warnings": [str(danger) for danger in dangers],
        "tools": [
            {
                "name": tool.name,
                "kind": tool.kind.value,
                "risk": tool.risk.value,
                "file": catalogue.places[name],
            }
            | {"shown": card(tool, catalogue, policy)}
            for name, tool in sorted(catalogue.tools.items())
        ],
    }


def _policy(config: Path) -> Policy | None:
    """The policy of vigie.toml, to say who must sign; None where there is none beside the catalogue."""
    try:
        return settings_module.load(config, only=()).policy
    except Misconfigured:
        return None
