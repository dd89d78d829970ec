"""What may be set for a source: how its severities read, and where a mapped payload holds what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.alert import Severity
from bot.domain.flags import unknown_severity


@dataclass(frozen=True, slots=True)
class Options:
    """`unknown` is what an alert without a known severity counts as; `words` go before our own.

    `fields` says where a payload of kind json or cloudevents holds what, `resolved` by which words its status
    says that the alert is over.
    """

    unknown: Severity = Severity.WARNING
    words: Mapping[str, Severity] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    resolved: frozenset[str] = frozenset({"resolved", "ok", "recovered", "closed", "up"})

    def severity(self, text: str) -> Severity:
        """What the source's typed severity field means."""
        return self._known(text) or self.unknown

    def graded(self, text: str, flags: set[str]) -> Severity:
        """The same, of an alert that is read: a word that nobody knows is flagged."""
        if text.strip() and self._known(text) is None:
            flags.add(unknown_severity(text, self.unknown.word))
        return self.severity(text)

    def _known(self, text: str) -> Severity | None:
        word = text.strip().lower()
        return self.words.get(word) or Severity.known(word)

    def is_over(self, status: str) -> bool:
        """Whether a status says that the alert is over."""
        return status.strip().lower() in self.resolved


PLAIN = Options()
