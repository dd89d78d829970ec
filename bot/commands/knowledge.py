"""Opens the knowledge base beside a running `serve`, or as its owner where none runs."""

from __future__ import annotations

from pathlib import Path

from bot import settings as settings_module
from bot.folder import is_owned
from knowledge.base import KnowledgeBase


def open_knowledge(config: Path, *, may_own: bool) -> KnowledgeBase:
    """Documents can always be written; only an owner touches the vector index."""
    settings = settings_module.load(config)
    owner = may_own and not is_owned(settings.folder)
    base = KnowledgeBase.open(
        settings.folder / "knowledge",
        owner=owner,
        url=settings.knowledge_url,
        vectors=settings.file.knowledge.vectors,
        limits=settings.knowledge_limits,
        glossary=settings.glossary,
    )
    if owner:
        base.warm()
    return base
