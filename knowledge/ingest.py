"""Reads files into the store, one transaction a document, so that a batch cut anywhere is completed by
running it again. A file that holds what it held is not parsed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from knowledge.chunking import Piece, Sizes, chunk
from knowledge.documents import DocumentStore
from knowledge.errors import DocumentQuarantined, DocumentRefused
from knowledge.files import FileRecords, Quarantined, name_of
from knowledge.finding import Finding, Found
from knowledge.likeness import Likeness, sketch
from knowledge.loaders import format_of
from knowledge.model import FORMAT, KINDS, ORIGINS, Document, IngestReport, Outcome
from knowledge.reading import Reader
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact, without_private_keys

MAX_ID = 400
# So many documents may say nearly the same; more of them would only crowd out what says something else.
MOST_ALIKE = 20
Progress = Callable[[int, int, str], None]


def clean(document: Document, *, keyless: bool = False) -> Document:
    """The document with every text normalised and its secrets replaced.

    `keyless`: a private key in its text is taken out, as a person has looked and let the rest in.
    Raises DocumentRefused for a field that cannot be taken, DocumentQuarantined for a private key.
    """
    _check(document)
    if keyless:
        document = replace(document, text=without_private_keys(document.text))
    changed: dict[str, str | tuple[str, ...]] = {}
    for name in ("title", "text", "service", "owner", "cause", "source", "language", "replaced_by"):
        changed[name] = _clean_text(getattr(document, name))
    for name in ("alerts", "actions", "access"):
        changed[name] = tuple(_clean_text(one) for one in getattr(document, name))
    # A name is one line, whatever the source made of it.
    changed["title"] = " ".join(str(changed["title"]).split())
    return replace(document, **changed)  # type: ignore[arg-type]  # texts and tuples of texts, as the fields are


def _check(document: Document) -> None:
    id = document.id
    if not id or len(id) > MAX_ID or id != id.strip() or normalise(id)[0] != id or set(id) & set("#@|\n\t"):
        raise DocumentRefused(
            "id", "empty, too long, or with one of # @ | or hidden characters", "Rename the document."
        )
    if redact(id).found or redact(id).private_key:
        raise DocumentRefused("id", "looks like a secret", "Rename the file.")
    if document.kind not in KINDS:
        raise DocumentRefused("kind", "not a known value", f"Write one of: {', '.join(KINDS)}.")
    if document.origin not in ORIGINS:
        raise DocumentRefused("origin", "not a known value", f"Write one of: {', '.join(ORIGINS)}.")
    if not document.title.strip():
        raise DocumentRefused("title", "is empty", "Give the document a title.")


def _clean_text(text: str) -> str:
    redacted = redact(normalise(text)[0])
    if redacted.private_key:
        raise DocumentQuarantined("it holds a private key; take the key out, revoke it, and ingest it again")
    return redacted.text


def limited(document: Document, limits: Mapping[str, tuple[str, ...]]) -> Document:
    """The document with the limits of the folders it lies in; its own front matter may only narrow them.

    Raises DocumentRefused when nobody would be left.
    """
    access = document.access
    for folder, allowed in sorted(limits.items()):
        if not document.id.startswith(f"{folder.strip('/')}/"):
            continue
        access = tuple(one for one in access if one in allowed) if access else allowed
        if not access:
            raise DocumentRefused(
                "access",
                f"names nobody of {', '.join(allowed)}, to whom {folder} is limited",
                "Name one of them.",
            )
    return replace(document, access=access)


def pieces(document: Document, size: Sizes) -> list[Piece]:
    """The document's passages, one at least; they know their page where there are pages."""
    found = chunk(document.text, size) or [Piece((), document.title, 1, 1)]
    return [piece.on_pages(document.page_starts) for piece in found]


class Ingest:
    """One call of `ingest`: what it knows while it goes from file to file."""

    def __init__(
        self,
        store: DocumentStore,
        files: FileRecords,
        size: Callable[[], Sizes],
        *,
        dry_run: bool = False,
        rebuild: bool = False,
        limits: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._store, self._files, self._size = store, files, size
        self._dry_run, self._rebuild, self._limits = dry_run, rebuild, dict(limits or {})
        self._held, self._quarantined = files.held(), files.quarantined()
        self._versions = store.versions()
        self._likeness = Likeness(store.sketches())
        self._present: set[str] = set()
        self._read: set[str] = set()
        self._outcomes: dict[str, list[Outcome]] = {name: [] for name in IngestReport.__slots__}

    def run(
        self, paths: Sequence[Path], *, delete_missing: bool = False, progress: Progress | None = None
    ) -> IngestReport:
        """Reads all files; what fails is named and the rest goes on."""
        with Finding() as finding, Reader() as reader:
            finding.add(paths)
            self._outcomes["failed"].extend(finding.failed)
            for number, file in enumerate(finding.found, start=1):
                self._file(file, reader)
                if progress is not None:
                    progress(number, len(finding.found), file.source)
            if delete_missing:
                self._remove_missing(finding)
        return IngestReport(**{name: tuple(entries) for name, entries in self._outcomes.items()})

    def _file(self, file: Found, reader: Reader) -> None:
        try:
            digest = _digest(file.path, repr(sorted(self._limits.items())))
            if self._is_unchanged(file, digest):
                return
            documents = reader.read(file.path, file.document_id)
        except DocumentRefused as error:
            self._note("failed", file, file.document_id, str(error))
            return
        except OSError as error:
            why = f"cannot be read ({error.strerror or type(error).__name__}); check the file and its rights"
            self._note("failed", file, file.document_id, why)
            return
        self._present.update(document.id for document in documents)
        self._read.add(file.source)
        taken = [self._document(replace(one, source=file.source), file, digest) for one in documents]
        if not self._dry_run and all(taken):
            self._files.note(name_of(file.source, file.document_id), digest, [one for one in taken if one])

    def _is_unchanged(self, file: Found, digest: str) -> bool:
        """Whether the file holds what it held, and the store still has all of it."""
        known = self._held.get(name_of(file.source, file.document_id))
        if self._rebuild or known is None or known[0] != digest:
            return False
        if any(self._versions.get(id) != version for id, version in known[1]):
            return False
        self._read.add(file.source)
        for id, _ in known[1]:
            self._present.add(id)
            self._note("unchanged", file, id)
        return True

    def _document(self, document: Document, file: Found, digest: str) -> tuple[str, str] | None:
        """Takes one document in; its id and version, or None when it was not taken."""
        aside = self._quarantined.get(document.id)
        released = aside is not None and aside.released and aside.digest == digest
        try:
            document = limited(clean(document, keyless=released), self._limits)
            if not released:
                self._refuse_one_more_copy(document)
        except DocumentRefused as error:
            self._note("failed", file, document.id, str(error))
            return None
        except DocumentQuarantined as error:
            if not self._dry_run:
                self._files.set_aside(document.id, file.source, digest, str(error))
            self._note("quarantined", file, document.id, str(error))
            return None
        held = self._store.get(document.id)
        if held is not None and held.origin != document.origin:
            reason = f"a document of origin {held.origin!r} has this id; rename the file"
            self._note("failed", file, document.id, reason)
            return None
        self._note(self._written(document, held), file, document.id)
        if aside is not None and not released and not self._dry_run:
            self._files.forget(document.id)
        self._likeness.add(document.id, sketch(document.text))
        return document.id, document.version

    def _written(self, document: Document, held: Document | None) -> str:
        if held is not None and held.version == document.version and not self._rebuild:
            return "unchanged"
        if self._dry_run:
            same = held is not None and held.version == document.version
            return "added" if held is None else "unchanged" if same else "changed"
        return self._store.write(document, pieces(document, self._size()), again=self._rebuild)

    def _refuse_one_more_copy(self, document: Document) -> None:
        alike = self._likeness.alike(document.id, sketch(document.text))
        if len(alike) >= MOST_ALIKE and document.id not in self._versions:
            raise DocumentQuarantined(
                f"{len(alike)} documents say nearly the same, for example {alike[0]}; "
                "remove some of them, or release this one"
            )

    def _remove_missing(self, finding: Finding) -> None:
        """Imported documents that came from below one of the folders and have no file there any more.

        What could not be read is not gone; and of a folder without a single file nothing is removed, as it
        is rather not mounted than emptied.
        """
        there = {file.source for file in finding.found if file.source not in self._read}
        for root in finding.roots:
            mine = [d for d in self._store.all() if d.origin == "import" and d.source.startswith(root)]
            gone = [d for d in mine if d.id not in self._present and d.source not in there]
            gone = [d for d in gone if not d.source.startswith(tuple(finding.unread))]
            if gone and not any(file.source.startswith(root) for file in finding.found):
                why = f"no file was found in it, so its {len(gone)} documents were kept; remove them by id"
                self._outcomes["failed"].append(Outcome(root, "", why))
                continue
            for document in gone:
                self._present.add(document.id)
                if not self._dry_run:
                    self._store.remove(document.id)
                self._outcomes["removed"].append(Outcome(document.source, document.id, "its file is gone"))

    def _note(self, what: str, file: Found, document_id: str, reason: str = "") -> None:
        self._outcomes[what].append(Outcome(file.source, document_id, reason))


def release(
    store: DocumentStore,
    files: FileRecords,
    aside: Quarantined,
    size: Callable[[], Sizes],
    limits: Mapping[str, tuple[str, ...]],
) -> str:
    """Lets in a document that is in quarantine, without its private keys: "added", "changed" or "unchanged".

    Raises DocumentRefused when its file is gone or holds something else than when it was set aside.
    """
    if "!/" in aside.source:
        archive, _, inner = aside.source.partition("!/")
        raise DocumentRefused("source", f"it lies in {archive}", f"Unpack it and ingest {inner} by itself.")
    path = Path(aside.source)
    if not path.is_file() or _digest(path, repr(sorted(limits.items()))) != aside.digest:
        raise DocumentRefused("source", f"{path} is not what it was", "Ingest it again; then look again.")
    root_id = aside.document_id if format_of(path) and path.stem in aside.document_id else path.stem
    with Reader() as reader:
        found = [one for one in reader.read(path, root_id) if one.id == aside.document_id]
    if not found:
        raise DocumentRefused("id", f"{path} gives no document of this id", "Ingest it again.")
    document = limited(clean(replace(found[0], source=aside.source), keyless=True), limits)
    written = store.write(document, pieces(document, size()))
    files.release(aside.document_id)
    return written


def _digest(path: Path, rules: str) -> str:
    """The sha256 of the file's content, and of how it is read."""
    format = format_of(path)
    digest = hashlib.sha256(f"{FORMAT} {format.module if format else ''} {rules}\n".encode())
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
