"""Reads Word files. Macros, embedded objects, remote templates and pictures are never looked at."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from knowledge.archives import Bounds, checked
from knowledge.errors import DocumentRefused
from knowledge.loaders.front_matter import Fields
from knowledge.loaders.markdown import document_of
from knowledge.loaders.markup import to_markdown
from knowledge.model import Document

_BOUNDS = Bounds(entries=5_000, entry=64 * 1024 * 1024, total=128 * 1024 * 1024, ratio=200)
_STYLES = r"""
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Code'] => pre:separator('\n')
p[style-name='Code Block'] => pre:separator('\n')
p[style-name='HTML Preformatted'] => pre:separator('\n')
p[style-name='Macro Text'] => pre:separator('\n')
p[style-name='No Spacing'] => p:fresh
r[style-name='HTML Code'] => code
"""
# An encrypted file and one of the old kind are both of this container, which is no zip.
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def load(path: Path, document_id: str) -> list[Document]:
    """The document of a .docx file; the title of its properties or its first heading is the title.

    Raises DocumentRefused for what is no Word file, is encrypted, holds a document type, or is out of bounds.
    """
    import mammoth

    _look_inside(path)
    with path.open("rb") as file:
        try:
            html = mammoth.convert_to_html(
                file,
                style_map=_STYLES,
                include_embedded_style_map=False,
                external_file_access=False,
                convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
            ).value
        except (KeyError, ValueError, AttributeError, RecursionError, zipfile.BadZipFile) as error:
            raise _broken(f"cannot be read as a Word file ({type(error).__name__})") from error
    _, text = to_markdown(f"<html><body>{html}</body></html>")
    if not text.strip():
        raise DocumentRefused("file", "holds no text", "Pictures of text are not read; write it out.")
    return [document_of(text, replace(Fields(), title=_titled(path)), path, document_id)]


def _look_inside(path: Path) -> None:
    """Refuse, before any parser sees it, what is out of bounds or declares entities."""
    with path.open("rb") as file:
        if file.read(4) == _OLD_OFFICE:
            raise DocumentRefused(
                "file", "is encrypted, or an old Word file", "Save it as .docx without a password."
            )
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in checked(archive, _BOUNDS):
                if entry.filename.endswith((".xml", ".rels")) and _declares(archive, entry):
                    raise _broken(f"{entry.filename[:80]} declares a document type, which no Word file does")
            if "word/document.xml" not in archive.namelist():
                raise _broken("holds no Word document")
    except zipfile.BadZipFile as error:
        raise _broken("is no Word file, or is cut off") from error


def _declares(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether an XML part declares a document type, in any of the encodings that a parser would accept."""
    with archive.open(entry) as part:
        head = part.read(64 * 1024).replace(b"\0", b"")
    return b"<!DOCTYPE" in head.upper()


def _titled(path: Path) -> str:
    """The title of the file's properties, if somebody gave it one."""
    from lxml import etree

    with zipfile.ZipFile(path) as archive:
        try:
            raw = archive.read("docProps/core.xml")
        except KeyError:
            return ""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        found = etree.fromstring(raw, parser).findtext("{http://purl.org/dc/elements/1.1/}title")
    except etree.XMLSyntaxError:
        return ""
    named = " ".join((found or "").split())
    # What Word writes by itself tells nothing.
    return "" if named.lower() in ("", "word document", "microsoft word", "document") else named


def _broken(problem: str) -> DocumentRefused:
    return DocumentRefused("file", problem, "Open it in Word and save it again as .docx.")
