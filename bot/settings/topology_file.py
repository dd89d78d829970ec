"""Who calls whom, from a JSON or YAML file that somebody else keeps up to date."""

from __future__ import annotations

import json
from pathlib import Path

from bot.errors import BadInput
from bot.triage.topology import Topology, topology_of

MOST_BYTES = 5_000_000


def read_topology(path: Path) -> Topology:
    """Read a file of `{"calls": {"checkout": ["payments", ...]}}`, or of that inner mapping alone.

    Raises:
        BadInput: it cannot be read or has another shape; the message names the file and the field.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise BadInput(f"{path}: is larger than {MOST_BYTES} bytes.")
    try:
        text = content.decode()
        raw = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: cannot be understood: {error}.") from None
    if isinstance(raw, dict) and set(raw) == {"topology"}:
        raw = raw["topology"]
    return topology_of(raw, str(path))


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
