"""A folder of files that somebody made to hurt whoever reads them, and one good runbook among them."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import docx

from tests.pdf_maker import make_pdf

KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "-----END OPENSSH PRIVATE KEY-----"
)
TOKEN = "glpat-Zx81kQpLmN04vRtYwB7s"
COPIES = 60
_ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def make(folder: Path, template_url: str) -> Path:
    """Write all of them; `template_url` is what a Word file asks to be fetched."""
    folder.mkdir()
    (folder / "good.md").write_text("# Good runbook\n\nRestart the relay.\n")
    _bombs(folder)
    _entities(folder)
    _escapes(folder)
    _acting(folder, template_url)
    _broken(folder)
    (folder / "token.md").write_text(f"# Deploy\n\nexport GITLAB={TOKEN}\n")
    (folder / "key.md").write_text(f"# Relay login\n\nUse this key:\n\n{KEY}\n\nThen log in.\n")
    (folder / "line\nbreak.md").write_text("# Two lines\n")
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    copies = folder / "copies"
    copies.mkdir()
    for number in range(COPIES):
        (copies / f"copy{number}.md").write_text(f"# Copy {number}\n\n{_FILLER} The number is {number}.\n")
    return folder


_FILLER = " ".join(f"When worker{n} waits for the queue{n % 7}, look at the relay{n % 5}." for n in range(40))


def _word(path: Path) -> Path:
    document = docx.Document()
    document.add_heading("A Word file", 0)
    document.add_paragraph("With a text.")
    document.save(str(path))
    return path


def _rewritten(path: Path, name: str, change: tuple[bytes, bytes]) -> None:
    """The Word file with one part changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    parts[name] = parts.get(name, change[0]).replace(*change)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content)


def _bombs(folder: Path) -> None:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("big.md", b"\0" * (32 * 1024 * 1024))
    path = _word(folder / "bomb.docx")
    _rewritten(path, "word/document.xml", (b"<w:body>", b"<w:body>" + b" " * (70 * 1024 * 1024)))


def _entities(folder: Path) -> None:
    for name, doctype in (("xxe", _ENTITY), ("laughs", _laughs())):
        path = _word(folder / f"{name}.docx")
        _rewritten(path, "word/document.xml", (b"<w:document", f"{doctype}<w:document".encode()))
        space = folder / f"space-{name}"
        space.mkdir()
        page = '<object class="Page"><id name="id">1</id><property name="title">&e;</property></object>'
        (space / "entities.xml").write_text(f"{doctype}<hibernate-generic>{page}</hibernate-generic>")


def _laughs() -> str:
    entities = ['<!ENTITY a0 "ha">']
    entities += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    return f'<!DOCTYPE x [{"".join(entities)}<!ENTITY e "&a9;">]>'


def _escapes(folder: Path) -> None:
    with zipfile.ZipFile(folder / "slip.zip", "w") as archive:
        for name in ("../../slipped.md", "/slipped.md", "a\\..\\slipped.md", "line\nbreak.md"):
            archive.writestr(zipfile.ZipInfo(name), "# Slipped\n")
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inside.md", "# Inside\n\nGood.\n")
    (folder / "link.md").symlink_to("/etc/passwd")


def _acting(folder: Path, template_url: str) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{kind}" Target="{template_url}/t.dotm" TargetMode="External"/>'
        "</Relationships>"
    ).encode()
    path = _word(folder / "template.docx")
    _rewritten(path, "word/_rels/settings.xml.rels", (rels, rels))
    _word(folder / "macros.docm")
    script = f"<p>words</p><script>fetch('{template_url}/s')</script><img src='{template_url}/i.png'>"
    (folder / "script.html").write_text(
        f"<html><body>{script}<svg onload='x()'><text>drawn</text></svg></body></html>"
    )


def _broken(folder: Path) -> None:
    make_pdf(folder / "locked.pdf", [[(12, "x")]], password="p")
    (folder / "torn.docx").write_bytes(_word(folder / "whole.docx").read_bytes()[:900])
    (folder / "pdf.docx").write_bytes(b"%PDF-1.4\n" + b"x" * 500)
    (folder / "latin.md").write_bytes(b"caf\xe9")
