"""Opens the knowledge base beside a running `serve`, or as its owner where none runs."""

from __future__ import annotations

from pathlib import Path

from bot import settings as settings_module
from bot.folder import is_owned
from bot.knowledge_base import knowledge_of
from knowledge.base import KnowledgeBase


def open_knowledge(config: Path, *, may_own: bool) -> KnowledgeBase:
    """Documents can always be written; only an owner touches the vector index."""
    settings = settings_module.load(config)
    owner = may_own and not is_owned(settings.folder)
    base = knowledge_of(settings, owner=owner)
    if owner:
        base.warm()
    return base
