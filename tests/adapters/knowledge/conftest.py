"""A small shop's knowledge, and bases over it that are closed with the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from knowledge.base import KnowledgeBase
from knowledge.embeddings.ngram import NgramEmbedder

_VOCABULARY = find_spec("llama_index")
for _place in (_VOCABULARY.submodule_search_locations or []) if _VOCABULARY else []:
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(Path(_place) / "core/_static/tiktoken_cache"))

SHOP = {
    "runbooks/stale-lock": """---
title: Stale lock file
service: orders
alerts: [OrderWorkersStuck]
actions: [clear_stale_lock]
---
# Stale lock file

A worker pool waits for a lock file whose owner has died. Orders pile up in the queue and none is finished.

## Steps

1. Read the process id in the lock file.
2. Make sure that no process has this id.
3. Remove the lock file.
""",
    "runbooks/bad-reload": """---
title: Bad configuration reload
service: checkout
alerts: [CheckoutConfigInvalid]
---
# Bad configuration reload

The checkout rejects a new configuration and answers with errors. Roll back to the last good configuration
file.
""",
    "runbooks/disk-full": """---
title: Disk full
service: database
alerts: [DiskFull]
---
# Disk full

The volume of the database has no free space. Old write-ahead segments are the usual reason. Delete archived
segments.
""",
    "incidents/verrou-mars": """---
title: Commandes bloquées par un verrou
kind: incident
language: fr
service: orders
alerts: [OrderWorkersStuck]
cause: stale_lock
---
Les commandes étaient bloquées. Un verrou abandonné retenait toutes les tâches après le redémarrage brutal
du serveur.
""",
    "incidents/certificate": """---
title: Expired certificate on the payment gateway
kind: incident
service: payments
cause: expired_certificate
---
Payments failed with TLS errors. The certificate of the gateway had expired during the night. It was renewed
by hand.
""",
}

Open = Callable[..., KnowledgeBase]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the shop's documents."""
    root = tmp_path / "shop"
    for id, content in SHOP.items():
        path = root / f"{id}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


@pytest.fixture
def open_base(tmp_path: Path) -> Iterator[Open]:
    """Opens bases in one folder (owner, n-gram embedder unless told otherwise)."""
    opened: list[KnowledgeBase] = []

    def open_it(**options: Any) -> KnowledgeBase:  # noqa: ANN401  # the options of KnowledgeBase.open
        settings: dict[str, Any] = {"owner": True, "embedder": NgramEmbedder()} | options
        base = KnowledgeBase.open(settings.pop("folder", tmp_path / "data"), **settings)
        opened.append(base)
        return base

    yield open_it
    for base in opened:
        base.close()
