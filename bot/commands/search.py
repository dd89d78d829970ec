"""`vigie search`: asks the running `serve`, or searches itself where none runs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from bot import settings as settings_module
from bot.commands.knowledge import open_knowledge
from bot.folder import is_owned
from bot.web.local import ask
from knowledge.model import Query
from knowledge.text.commands import dangers


def run(config: Path, query: str, k: int, *, as_json: bool) -> int:
    """Print the passages that answer; exit 1 when nothing fits."""
    found = _found(config, query, max(1, min(k, 50)))
    if as_json:
        print(json.dumps(found))
        return 0 if found["fits"] else 1
    for missing in found["missing"]:
        print(f"note: {missing}", file=sys.stderr)
    if not found["fits"]:
        print(f"Nothing in the knowledge base fits: {found.get('why') or 'no reason was given'}.")
        return 1
    for passage in found["passages"]:
        where = f"{' › '.join(passage['heading'])}, {passage['place']}"
        print(f"{passage['score']:.2f}  {passage['id']}  {where}")
        for what in dangers(passage["text"]):
            print(f"      WARNING: a command in this text {what}; do not copy it unread")
        print("      " + passage["text"].strip().replace("\n", "\n      ")[:400])
    print(f"Why it fits: {found.get('why')}.")
    return 0


def _found(config: Path, query: str, k: int) -> Mapping[str, Any]:
    folder = settings_module.load(config).folder
    if is_owned(folder):
        try:
            return asyncio.run(ask(folder, "/search", {"query": query, "k": k}))
        except (aiohttp.ClientError, OSError):
            print("note: the running serve does not answer; searching by words alone", file=sys.stderr)
    base = open_knowledge(config, may_own=True)
    try:
        return base.search(Query(query), k).as_values()
    finally:
        base.close()
