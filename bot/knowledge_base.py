"""The knowledge base of an installation, as its settings say: the one place that opens it."""

from __future__ import annotations

from bot.settings import Settings
from knowledge.base import KnowledgeBase


def knowledge_of(settings: Settings, *, owner: bool) -> KnowledgeBase:
    """Documents can always be written; only an owner fills the vector index.

    Raises:
        KnowledgeBusy: `owner`, and the folder has one.
    """
    return KnowledgeBase.open(
        settings.folder / "knowledge",
        owner=owner,
        url=settings.knowledge_url,
        choice=settings.embeddings,
        chroma=settings.chroma,
        vectors=settings.file.knowledge.vectors,
        limits=settings.knowledge_limits,
    )
