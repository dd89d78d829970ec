"""Reads files into the store, one transaction a document, so that a batch cut anywhere is completed by
running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.chunking import Piece, Sizes, chunk
from knowledge.documents import DocumentStore
from knowledge.errors import DocumentQuarantined, DocumentRefused
from knowledge.loaders import LOADERS
from knowledge.model import KINDS, ORIGINS, Document, IngestReport, Outcome
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact

MAX_ID = 400
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read and the id that its document gets."""

    path: Path
    document_id: str


def clean(document: Document) -> Document:
    """The document with every text normalised and its secrets replaced.

    Raises DocumentRefused for a field that cannot be taken, DocumentQuarantined for a private key.
    """
    _check(document)
    changed: dict[str, str | tuple[str, ...]] = {}
    for name in ("title", "text", "service", "owner", "cause", "source", "language"):
        changed[name] = _clean_text(getattr(document, name))
    for name in ("alerts", "actions"):
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


def pieces(document: Document, size: Sizes) -> list[Piece]:
    """The document's passages, one at least."""
    found = chunk(document.text, size)
    return found or [Piece((), document.title, 1, 1)]


def find(paths: Sequence[Path]) -> tuple[list[Found], list[Outcome]]:
    """The files to read, in order, and what of the paths cannot be used."""
    found: list[Found] = []
    failed: list[Outcome] = []
    seen: dict[str, Path] = {}
    for given in paths:
        if not given.exists():
            failed.append(Outcome(str(given), "", "there is no such file or folder; check the path"))
            continue
        if given.is_file() and given.suffix.lower() not in LOADERS:
            failed.append(Outcome(str(given), "", f"this ending is not read; known: {', '.join(LOADERS)}"))
            continue
        root = given if given.is_dir() else given.parent
        for path in _files(given):
            id = path.relative_to(root).with_suffix("").as_posix()
            if id in seen and seen[id] != path:
                failed.append(Outcome(str(path), id, f"{seen[id]} has the same id; rename one of them"))
            elif id not in seen:
                seen[id] = path
                found.append(Found(path, id))
    return found, failed


def _files(given: Path) -> Iterator[Path]:
    if given.is_file():
        yield given
        return
    root = given.resolve()
    for path in sorted(given.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(given).parts)
        # A link must not bring in what lies elsewhere.
        inside = path.resolve().is_relative_to(root)
        if path.suffix.lower() in LOADERS and not hidden and inside and path.is_file():
            yield path


def ingest(
    store: DocumentStore,
    paths: Sequence[Path],
    size: Callable[[], Sizes],
    *,
    dry_run: bool = False,
    rebuild: bool = False,
    delete_missing: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Reads all files; what fails is named and the rest goes on. `size` is asked for only when something
    changed.
    """
    found, failed = find(paths)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in IngestReport.__slots__}
    outcomes["failed"].extend(failed)
    for number, file in enumerate(found, start=1):
        what, reason = _ingest_one(store, file, size, dry_run, rebuild)
        outcomes[what].append(Outcome(str(file.path), file.document_id, reason))
        if progress is not None:
            progress(number, len(found), str(file.path))
    if delete_missing:
        outcomes["removed"].extend(
            _remove_missing(store, paths, {file.document_id for file in found}, dry_run)
        )
    return IngestReport(**{name: tuple(entries) for name, entries in outcomes.items()})


def _ingest_one(
    store: DocumentStore, file: Found, size: Callable[[], Sizes], dry_run: bool, rebuild: bool
) -> tuple[str, str]:
    try:
        document = clean(LOADERS[file.path.suffix.lower()](file.path, file.document_id))
    except DocumentRefused as error:
        return "failed", str(error)
    except DocumentQuarantined as error:
        return "quarantined", str(error)
    except OSError as error:
        return (
            "failed",
            f"cannot be read ({error.strerror or type(error).__name__}); check the file and its rights",
        )
    held = store.get(document.id)
    if held is not None and held.origin != document.origin:
        return "failed", f"a document of origin {held.origin!r} has this id; rename the file"
    if held is not None and held.version == document.version and not rebuild:
        return "unchanged", ""
    if dry_run:
        return (
            "added" if held is None else "unchanged" if held.version == document.version else "changed"
        ), ""
    return store.write(document, pieces(document, size()), again=rebuild), ""


def _remove_missing(
    store: DocumentStore, paths: Sequence[Path], present: set[str], dry_run: bool
) -> Iterator[Outcome]:
    """Imported documents that came from below one of the folders and have no file there any more."""
    roots = [path.resolve() for path in paths if path.is_dir()]
    for document in store.all():
        below = any(Path(document.source).is_relative_to(root) for root in roots)
        if document.origin == "import" and document.source and below and document.id not in present:
            if not dry_run:
                store.remove(document.id)
            yield Outcome(document.source, document.id, "its file is gone")
