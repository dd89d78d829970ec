"""HTML to Markdown: headings, steps, tables and code stay; whatever could act is dropped."""

from __future__ import annotations

import re
from typing import Any

# None of these holds words for a reader, or it holds what a browser would run or fetch.
_DROPPED = (
    *("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "applet"),
    *("audio", "video", "canvas", "form", "input", "button", "select", "textarea", "link", "meta", "base"),
    *("nav", "footer"),
)
_BLANKS = re.compile(r"\n{3,}")
_DEEPEST = 200


def to_markdown(html: str | bytes) -> tuple[str, str]:
    """(title, Markdown) of a page. Links keep their words alone: where one leads is not for the model."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "lxml")
    title = " ".join(page.title.get_text().split()) if page.title else ""
    for name in (*_DROPPED, "head"):
        for element in page.find_all(name):
            element.decompose()
    for element in _at_depth(page, _DEEPEST):
        element.replace_with(element.get_text(" "))
    text = _converter().convert_soup(page.find("main") or page.find("article") or page.body or page)
    return title, _BLANKS.sub("\n\n", text).strip("\n") + "\n"


def _at_depth(page: Any, depth: int) -> list[Any]:  # noqa: ANN401  # bs4 is loaded late
    """The elements that lie so deep that walking below them would exhaust the stack."""
    from bs4 import Tag

    level = [page]
    for _ in range(depth):
        level = [child for element in level for child in element.children if isinstance(child, Tag)]
    return level


def _converter() -> Any:  # noqa: ANN401  # markdownify is loaded late
    from markdownify import ATX, MarkdownConverter

    return MarkdownConverter(
        heading_style=ATX,
        bullets="-",
        strip=["a", "img"],
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        table_infer_header=True,
        code_language="",
    )
