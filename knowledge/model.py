"""The values that go in and out of the knowledge base."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

KINDS = ("runbook", "incident", "postmortem", "note")
# What is followed is looked at again; what happened once is true for ever.
FOLLOWED = ("runbook", "note")
ORIGINS = ("import", "person", "resolution")
# Raised when the same text would be cut into other passages, so that an upgrade re-reads every document.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Document:
    """One runbook, past incident, postmortem or note. `source` is a path or e.g. "incident 12" and is no
    part of the version.

    `access`: the channels and teams that may see it, everybody when empty. `page_starts`: the line on which
    each page begins, where its file had pages; used to cut it, and not kept. `review_every`: days after which
    somebody should look at it again, None where the installation's own number holds.
    """

    id: str
    title: str
    kind: str
    text: str
    language: str = "en"
    service: str = ""
    owner: str = ""
    reviewed: date | None = None
    expires: date | None = None
    replaced_by: str = ""
    alerts: tuple[str, ...] = ()
    cause: str = ""
    actions: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    origin: str = "import"
    source: str = ""
    review_every: int | None = None
    page_starts: tuple[int, ...] = field(default=(), compare=False)

    @property
    def version(self) -> str:
        """The first 8 hex digits of the sha256 over everything but `source`."""
        reviewed = self.reviewed.isoformat() if self.reviewed else ""
        content = [FORMAT, self.id, self.title, self.kind, self.text, self.language, self.service, self.owner]
        content += [reviewed, list(self.alerts), self.cause, list(self.actions), self.origin]
        content += [list(self.access)] if self.access else []
        content += [{"expires": self.expires.isoformat()}] if self.expires else []
        content += [{"replaced_by": self.replaced_by}] if self.replaced_by else []
        content += [{"review_every": self.review_every}] if self.review_every else []
        return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, word for word. `id` is unique for ever; `superseded` says that a newer version
    exists.

    `score` lies between 0 and 1 and only orders the passages of one answer. A document that has expired, or
    that another replaces, is still found; nothing is proposed because of it.
    """

    id: str
    document_id: str
    title: str
    kind: str
    heading: tuple[str, ...]
    text: str
    place: str
    version: str
    language: str = "en"
    service: str = ""
    owner: str = ""
    reviewed: date | None = None
    expires: date | None = None
    replaced_by: str = ""
    alerts: tuple[str, ...] = ()
    cause: str = ""
    actions: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    origin: str = "import"
    score: float = 0.0
    superseded: bool = False

    def outdated(self, today: date) -> str:
        """Why nothing may be proposed because of it; empty where it counts."""
        if self.replaced_by:
            return f"it is replaced by {self.replaced_by}"
        if self.expires is not None and self.expires <= today:
            return f"it has expired on {self.expires:%Y-%m-%d}"
        return "it has changed since" if self.superseded else ""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. `alert_name` and `service` are the typed fields of an alert; `kinds` empty means all.

    `seen_by`: who reads the answer, as the channels and people that `access` of a document names; None: the
    operator of this host, who may read all.
    """

    text: str
    alert_name: str = ""
    service: str = ""
    kinds: tuple[str, ...] = ()
    seen_by: frozenset[str] | None = None

    def may_see(self, access: tuple[str, ...]) -> bool:
        """Whether a document with this `access` may be looked at to answer."""
        return not access or self.seen_by is None or not self.seen_by.isdisjoint(access)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages, best first. `fits` is False when nothing answers, `why` says what that rests on; `missing`
    says what could not be used.
    """

    passages: tuple[Passage, ...]
    fits: bool
    missing: tuple[str, ...] = ()
    why: str = ""

    def as_values(self) -> dict[str, Any]:
        """All of it as JSON values; dates are texts."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self), default=date.isoformat))
        return values


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; `reason` says why and what to do."""

    path: str
    document_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of all files, each in exactly one place."""

    added: tuple[Outcome, ...] = field(default=())
    changed: tuple[Outcome, ...] = field(default=())
    unchanged: tuple[Outcome, ...] = field(default=())
    removed: tuple[Outcome, ...] = field(default=())
    quarantined: tuple[Outcome, ...] = field(default=())
    failed: tuple[Outcome, ...] = field(default=())
