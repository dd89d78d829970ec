"""Makes PDFs as a word processor prints them: pages of lines, each with the size it is set in."""

from __future__ import annotations

from pathlib import Path

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

Line = tuple[int, str]


def make_pdf(path: Path, pages: list[list[Line]], title: str = "", password: str = "") -> None:
    """Write a PDF; each page is a list of (points, text)."""
    writer = PdfWriter()
    font = DictionaryObject()
    font.update(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    for lines in pages:
        page = writer.add_blank_page(595, 842)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        stream.set_data(_drawn(lines))
        page[NameObject("/Contents")] = stream
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password)
    with path.open("wb") as file:
        writer.write(file)


def _drawn(lines: list[Line]) -> bytes:
    parts, height = [], 800
    for points, text in lines:
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        parts.append(f"BT /F1 {points} Tf 1 0 0 1 50 {height} Tm ({escaped}) Tj ET")
        height -= points + 8
    return "\n".join(parts).encode("cp1252")
