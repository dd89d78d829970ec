"""Reads the entities.xml of a Confluence space export: the current version of every page.

xwiki.org describes its shape, "Confluence XML Format": objects of class Page, each with BodyContent objects.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from knowledge.errors import DocumentRefused
from knowledge.loaders.front_matter import Fields
from knowledge.loaders.markdown import document_of
from knowledge.loaders.markup import to_markdown
from knowledge.model import Document

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\] ?>", re.DOTALL)
_CODE = re.compile(r"<ac:plain-text-body>(.*?)</ac:plain-text-body>", re.DOTALL)
_PARAMETER = re.compile(r"<ac:parameter\b[^>]*>.*?</ac:parameter>", re.DOTALL)
_MOST_OF_AN_ID = 80


@dataclass(slots=True)
class _Space:
    """Titles by page, whose child a page is, and the bodies that belong to pages."""

    titles: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)


def load(path: Path, document_id: str) -> list[Document]:
    """One document a page, its id the titles of the pages above it and its own.

    Raises DocumentRefused for XML of another kind, with a document type, or broken.
    """
    space = _read(path)
    if not space.titles:
        raise DocumentRefused("file", "holds no page of a Confluence space", "Export the space as XML.")
    prefix = document_id.rpartition("/")[0]
    return list(_pages(space, path, f"{prefix}/" if prefix else ""))


def _pages(space: _Space, path: Path, prefix: str) -> Iterator[Document]:
    taken: set[str] = set()
    for page, title in space.titles.items():
        _, text = to_markdown(_as_html(space.bodies.get(page, "")))
        id = prefix + "/".join(_above(space, page))
        while id in taken:
            id += f"-{page}"
        taken.add(id)
        if text.strip():
            yield document_of(text, replace(Fields(), title=title), path, id)


def _above(space: _Space, page: str) -> list[str]:
    """The names on the way to a page. A page that is above itself ends the walk."""
    names: list[str] = []
    seen: set[str] = set()
    while page in space.titles and page not in seen and len(names) < 8:
        seen.add(page)
        names.insert(0, _slug(space.titles[page]) or page)
        page = space.parents.get(page, "")
    return names


def _slug(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:_MOST_OF_AN_ID]


def _read(path: Path) -> _Space:
    from lxml import etree

    found = _Space()
    try:
        objects = etree.iterparse(
            path, events=("end",), tag="object", resolve_entities=False, no_network=True, load_dtd=False
        )
        for _, element in objects:
            if element.getroottree().docinfo.doctype:
                raise DocumentRefused("file", "declares a document type", "Export the space again as XML.")
            if element.get("class") == "Page":
                _note_page(found, element)
            elif element.get("class") == "BodyContent":
                _note_body(found, element)
            element.clear()
    except etree.XMLSyntaxError as error:
        raise DocumentRefused(
            "file", f"is not whole XML (line {error.lineno})", "Export the space again as XML."
        ) from error
    return found


def _note_page(space: _Space, element: Any) -> None:  # noqa: ANN401  # lxml is loaded late
    """Older versions name the page that they are an older version of; drafts and the bin are no pages."""
    said = {one.get("name"): one for one in element.findall("property")}
    page = (element.findtext("id") or "").strip()
    status = said["contentStatus"].text if "contentStatus" in said else "current"
    title = " ".join((said["title"].text or "").split()) if "title" in said else ""
    if "originalVersion" in said or not page or not title or (status or "current").strip() != "current":
        return
    space.titles[page] = title
    if "parent" in said:
        space.parents[page] = (said["parent"].findtext("id") or "").strip()


def _note_body(space: _Space, element: Any) -> None:  # noqa: ANN401  # lxml is loaded late
    said = {one.get("name"): one for one in element.findall("property")}
    if "content" in said and "body" in said:
        space.bodies[(said["content"].findtext("id") or "").strip()] = said["body"].text or ""


def _as_html(storage: str) -> str:
    """Confluence's own elements as those of HTML; what a macro says stays, its parameters go."""
    text = _PARAMETER.sub("", storage)
    text = _CDATA.sub(lambda match: html.escape(match[1]), text)
    return f"<html><body>{_CODE.sub(lambda match: f'<pre>{match[1]}</pre>', text)}</body></html>"
